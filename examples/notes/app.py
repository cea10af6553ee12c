"""Notes of many teams, each team's in a database file of its own: `flask --app examples.notes.app run`."""

from __future__ import annotations

from flask import Flask, Request, redirect, render_template_string, request
from peewee import TextField

from tenants import BadSlug, RoutedModel, Router, Tenant, UnknownTenant
from tenants.flask import init_app

PAGE = """<!doctype html><title>Notes</title>
<ul>{% for note in notes %}<li>{{ note.text }}</li>{% endfor %}</ul>
<form method="post"><input name="text" required> <button>Add</button></form>"""


class Note(RoutedModel):
    text = TextField()

    class Meta:
        store = "books"


def create_app(folder: str = "notes-data") -> Flask:
    app, router = Flask(__name__), Router(folder)

    def identify(request: Request) -> tuple[str, Tenant] | None:
        # A real application looks up a session here, and whether its user belongs to the team.
        if not request.view_args:
            return None
        return "anyone", team(request.view_args["slug"])

    def team(slug: str) -> Tenant:
        try:
            return router.tenant(slug)
        except UnknownTenant:
            return router.create(slug, models=[Note])

    @app.route("/<slug>/", methods=["GET", "POST"])
    def notes(slug: str) -> object:
        if request.method == "POST":
            Note.create(text=request.form["text"])
            return redirect(request.path)
        return render_template_string(PAGE, notes=Note.select())

    app.register_error_handler(BadSlug, lambda error: ("No team can have that name.", 404))
    init_app(app, router, identify)
    return app
