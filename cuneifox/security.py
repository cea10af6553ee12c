"""What keeps other people's pages away from ours: headers, and tokens in forms (CSRF)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NoReturn

from flask import Flask, Response, abort, after_this_request, request

from cuneifox.i18n import _
from cuneifox.request import this_request
from cuneifox.services import services

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content security policy: nothing from elsewhere, and nothing inline, which is what injected
markup would be."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
VISITOR = "cuneifox_visitor"
"""The cookie that stands for a session in form tokens while nobody is signed in."""


def init_app(app: Flask) -> None:
    """Set the headers on every answer, and check the token of every unsafe request."""
    app.before_request(check_token)
    app.after_request(set_headers)
    app.jinja_env.globals["csrf_token"] = csrf_token


def set_headers(response: Response) -> Response:
    """Books are nobody's cache's business; the style sheet may be kept and asked about."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    _stay_here(response)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if services().config.server.https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _stay_here(response: Response) -> None:
    """Make redirects to our own pages relative: whatever Host a request named, nobody is sent there.

    The router completes addresses (a slash too few at the end, say) to absolute ones.
    """
    target = response.headers.get("Location", "")
    if target.startswith(request.host_url):
        response.headers["Location"] = "/" + target[len(request.host_url) :].lstrip("/\\")
        response.set_data("")  # which had the same address in it, as a link


def check_token() -> None:
    """Refuse an unsafe request without the token that our own forms carry."""
    if request.method in SAFE or request.endpoint is None:
        return
    if request.endpoint == "auth.sign_out" and this_request().visit is None:
        return  # the session ran out meanwhile: there is nothing to protect, and nothing to end
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    holder = _holder()
    right = holder is not None and hmac.compare_digest(
        _token(holder).encode(), given.encode("utf-8", "replace")
    )
    foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
    asked = this_request()
    asked.stale = not right and asked.visit is not None and asked.shown_again
    if foreign or not (right or asked.stale):
        refuse()


def refuse() -> NoReturn:
    """Answer a request without a right token: 400, and nothing was done."""
    abort(
        400,
        _("This form is too old or doesn't come from here. Go back, reload the page, try again."),
    )


def csrf_token() -> str:
    """The token for forms on this page; it is bound to the session, or to the visitor's cookie."""
    holder = _holder()
    if holder is None:
        holder = this_request().environ["cuneifox.visitor"] = secrets.token_urlsafe(32)
        after_this_request(_set_visitor)
    return _token(holder)


def _holder() -> str | None:
    asked = this_request()
    if asked.visit is not None:
        return asked.visit.session.digest
    return asked.environ.get("cuneifox.visitor") or asked.cookies.get(VISITOR) or None


def _token(holder: str) -> str:
    key = services().secret
    return hmac.new(key, b"csrf:" + holder.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _set_visitor(response: Response) -> Response:
    response.set_cookie(
        VISITOR,
        this_request().environ["cuneifox.visitor"],
        httponly=True,
        samesite="Lax",
        secure=services().config.server.https,
    )
    return response
