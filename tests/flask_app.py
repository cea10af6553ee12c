"""A small Flask application on routed models, and a server that a test drives step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
from flask import Flask, abort, request, stream_with_context
from werkzeug.test import EnvironBuilder

from routed_models import Item, Person
from tenants import Router, current_entry
from tenants.flask import init_app


def identify(request: flask.Request) -> tuple[str, str | None] | None:
    """Tell who asks by what the test sends: `X-Token` and `X-Tenant`; `X-Refuse` refuses."""
    if "X-Refuse" in request.headers:
        abort(403)
    if "X-Break" in request.headers:
        raise RuntimeError("identify broke")
    if "X-Token" not in request.headers:
        return None
    return request.headers["X-Token"], request.headers.get("X-Tenant")


def make_app(router: Router, **options: Any) -> Flask:
    """Make an application that shows items of whoever asks."""
    app = Flask("items")
    app.testing = True  # errors come out
    init_app(app, router, identify, **options)

    @app.get("/key")
    def key() -> dict[str, Any]:
        entry = current_entry()
        return {"key": list(entry.key) if entry is not None else None}

    @app.get("/items")
    def items() -> list[str]:
        return texts()

    @app.get("/people")
    def people() -> list[str]:
        return [person.name for person in Person.select()]

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(each_text())

    @app.get("/stream-with-context")
    def with_context() -> flask.Response:
        return flask.Response(stream_with_context(each_text(lambda: request.headers["X-Tenant"])))

    @app.get("/write/<text>")
    def write(text: str) -> str:
        Item.create(journal=1, text=text)
        return text

    return app


def texts() -> list[str]:
    """Return the items' texts in the current entry."""
    return [item.text for item in Item.select().order_by(Item.id).limit(3)]


def each_text(name: Any = None) -> Iterator[str]:
    """Yield the items' texts one by one, each from a query of its own."""
    for number in (1, 2, 3):
        text = Item.get_by_id(number).text
        yield f"{name()}: {text}\n" if name is not None else f"{text}\n"


class Exchange:
    """One request to a WSGI application, whose body is read as the test says."""

    def __init__(self, app: Flask, path: str, tenant: str | None = None, **headers: str) -> None:
        sent = {"X-Token": f"digest-{tenant}", "X-Tenant": tenant} if tenant else {}
        environ = EnvironBuilder(path, headers={**sent, **headers}).get_environ()
        self.status = ""
        self.body: Any = app.wsgi_app(environ, self._start)

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        self.status = status

    def step(self) -> str:
        """Return the next piece of the body."""
        return next(self.body).decode()

    def rest(self) -> str:
        """Return what is left of the body, and close it."""
        try:
            return "".join(piece.decode() for piece in self.body)
        finally:
            self.close()

    def close(self) -> None:
        """Close the body, as a server does that has sent it or has nobody to send it to."""
        self.body.close()
