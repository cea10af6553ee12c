"""The one adapter to a web framework: each Flask request is an entry, from its first step to its last byte."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from threading import get_ident
from typing import Any

import flask

from . import routers
from .current import NOWHERE, Entry, current
from .router import Router
from .tenant import Tenant

#: What `identify` returns: the session's or API token's digest and the tenant, or None for whoever isn't signed in.
Identity = tuple[str, Tenant | str | None] | None

_HOLD = "tenants.hold"


def init_app(
    app: flask.Flask,
    router: Router,
    identify: Callable[[flask.Request], Identity],
    may_enter: Callable[[str, Tenant], bool] | None = None,
) -> None:
    """Route each request of the app.

    Args:
        app: gets `db_dict`, the router's own.
        router: whose tenants the app serves.
        identify: called as the first step of each request, with no entry; checks session and membership and returns
            `(session_token, tenant)`. With None for the tenant, the entry has universal models alone; where it
            returns None, the request has no entry. To refuse, it raises or aborts.
        may_enter: may the session of that token enter that tenant? Asked when `router.using` is called within a
            request for another tenant than the request's; without it, the answer is no.
    """
    app.db_dict = router.db_dict  # type: ignore[attr-defined]
    app.extensions["tenants"] = router
    if may_enter is not None:
        router.may_enter = may_enter
    if _router_of_app not in routers.finders:
        routers.finders.append(_router_of_app)

    def enter() -> None:
        environ = flask.request.environ
        hold = environ.get(_HOLD)
        if hold is None:
            # A request context that a test or a shell pushed, with no server underneath.
            hold = environ[_HOLD] = Hold(router)
        router.started = True
        identity = identify(flask.request)
        if identity is not None:
            token, tenant = identity
            hold.enter(token, tenant)

    def note_what_lasts(response: flask.Response) -> flask.Response:
        hold = flask.request.environ.get(_HOLD)
        if hold is not None:
            calls_back = bool(response._on_close)
            if response.status_code >= 400 and not response.direct_passthrough:
                response.make_sequence()  # Werkzeug makes a stream of its own error pages
            hold.lasts = calls_back or response.is_streamed
        return response

    def leave(error: BaseException | None) -> None:
        hold = flask.request.environ.get(_HOLD)
        # A copied request context ends in its own thread, while the request that it was copied from goes on.
        if hold is not None and hold.is_mine() and not (hold.lasts and hold.served):
            hold.leave()

    app.before_request_funcs.setdefault(None, []).insert(0, enter)
    app.after_request(note_what_lasts)
    app.teardown_request(leave)
    app.wsgi_app = HoldingMiddleware(app.wsgi_app, router)  # type: ignore[method-assign]


def _router_of_app() -> Router | None:
    return flask.current_app.extensions.get("tenants") if flask.has_app_context() else None


class Hold:
    """One request's entry.

    Args:
        router: whose tenants are served.
        served: True under the middleware, which ends it after the last byte.

    Attributes:
        lasts: True once a response was made that needs the entry after Flask is done: it streams, or calls back when
            it is closed.
    """

    def __init__(self, router: Router, served: bool = False) -> None:
        self.router = router
        self.served = served
        self.lasts = False
        self.entry: Entry | None = None
        self.thread = get_ident()
        # A test may call the app from within a transaction of its own; any other ends with the request.
        self.outermost = not router.universal.in_transaction()

    def is_mine(self) -> bool:
        """True in the thread that serves the request."""
        return self.thread == get_ident()

    def enter(self, token: str, tenant: Tenant | str | None) -> None:
        """Enter, under a request id that the server makes; leave what the same request entered before."""
        if self.entry is not None:
            self.leave()
        found = self.router.tenant(tenant) if tenant is not None else None
        self.entry = self.router.enter((token, secrets.token_hex(8)), found)

    def adopt(self) -> None:
        """Give the entry to the calling thread, in which the server goes on with the body."""
        self.thread = get_ident()
        if self.entry is not None:
            self.entry.adopt()

    def leave(self) -> None:
        """Leave, and give back what the request used of the shared database. Idempotent."""
        entry, self.entry = self.entry, None
        if entry is not None:
            self.router.leave(entry)
        if not current.get().live:
            self.router.universal.release(wholly=self.outermost)


class HoldingMiddleware:
    """Makes sure of what Flask's teardown can't: that the entry ends, whatever a hook raised, with the body's end.

    Each request runs in a context of its own, the steps of its body too: what is entered in one is current in no other,
    however the server interleaves them, and nothing of an earlier request is current in it.
    """

    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]], router: Router) -> None:
        self.wsgi_app = wsgi_app
        self.router = router

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        context = copy_context()
        context.run(current.set, NOWHERE)
        hold = environ[_HOLD] = Hold(self.router, served=True)
        try:
            body = context.run(self.wsgi_app, environ, start_response)
        except BaseException:
            context.run(hold.leave)
            raise
        return HeldBody(body, hold, context)


class HeldBody:
    """A response's body: each step of it runs in the request's entry, and closing it leaves the entry.

    Args:
        body: what the application returned.
        hold: the request's.
        context: the request's.
    """

    def __init__(self, body: Iterable[bytes], hold: Hold, context: Context) -> None:
        self.body = body
        self.hold = hold
        self.context = context
        self.steps: Iterator[bytes] | None = None

    def __iter__(self) -> HeldBody:
        return self

    def __next__(self) -> bytes:
        self.hold.adopt()
        return self.context.run(self._step)

    def _step(self) -> bytes:
        try:
            if self.steps is None:
                self.steps = iter(self.body)
            return next(self.steps)
        except StopIteration:
            raise
        except BaseException:
            self.hold.leave()
            raise

    def close(self) -> None:
        """End the body, then the entry, whatever the body's own close raises."""
        self.hold.adopt()
        self.context.run(self._end)

    def _end(self) -> None:
        try:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()
        finally:
            self.hold.leave()
