"""What Prometheus fetches: figures about the server, for whoever holds the token, or administers."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client.exposition import choose_encoder

from cuneifox.access import public
from cuneifox.metrics import Metrics
from cuneifox.request import this_request
from cuneifox.services import services

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public
def show() -> ResponseReturnValue:
    """Figures for Prometheus; for the bearer of the token of [metrics], and for administrators."""
    _require_reader()
    metrics: Metrics = current_app.extensions["metrics"]
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(metrics.registry), content_type=content_type)


def _require_reader() -> None:
    """Whoever sends an Authorization header is asked for the token alone; others have to be signed in."""
    given = request.headers.get("Authorization")
    if given is not None:
        if not _is_token(given):
            abort(401)
        return
    visit = this_request().visit
    if visit is None:
        abort(401)
    if not visit.user.is_administrator or visit.user.must_change_password:
        abort(403)


def _is_token(given: str) -> bool:
    """Compared in a time that doesn't depend on how much of it is right."""
    scheme, _space, token = given.partition(" ")
    right = services().metrics_token
    same = hmac.compare_digest(token.strip().encode("utf-8", "replace"), right)
    return bool(right) and same and scheme.lower() == "bearer"
