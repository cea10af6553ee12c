"""A shop's live sessions in memory, its books in a file: `flask --app examples.live.app run`."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Request, abort, request

from tenants import LockTimeout, Router, Tenant, UnknownTenant, current_store
from tenants.flask import init_app

from .presence import SHOP, Clock, Presence, TooLate


def create_app(folder: str = "live-data", clock: Clock | None = None) -> Flask:
    app = Flask(__name__)
    router = Router(folder, engines={"presence": "memory:"})
    presence = app.extensions["presence"] = Presence(
        router, clock or Clock(), Path(folder) / "presence"
    )

    def identify(request: Request) -> tuple[str, Tenant] | None:
        # A real application looks up here who asks, and whether that shop is theirs.
        if not request.view_args:
            return None
        return "anyone", shop(request.view_args["slug"])

    def shop(slug: str) -> Tenant:
        try:
            return router.tenant(slug)
        except UnknownTenant:
            return router.create(slug, models=SHOP, template="shop")

    @app.get("/<slug>/")
    def who(slug: str) -> object:
        rows = presence.who(current_store("presence"))
        return [{"token": token, "hits": hits, "events": events} for token, hits, events in rows]

    @app.post("/<slug>/")
    def come(slug: str) -> object:
        return {"token": presence.come(current_store("presence"))}

    @app.post("/<slug>/<token>")
    def act(slug: str, token: str) -> object:
        try:
            at = presence.act(current_store("presence"), token, request.get_data(as_text=True))
        except TooLate:
            abort(410)
        return {"at": at}

    @app.errorhandler(LockTimeout)
    def busy(error: LockTimeout) -> object:
        return "Too much to do: try again.", 503, {"Retry-After": "1"}

    init_app(app, router, identify)
    return app
