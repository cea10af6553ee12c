"""For whoever watches over the server: is it there, and can it do its work. Public, and says nothing confidential."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue

from cuneifox.access import public
from cuneifox.errors import RETRY_SECONDS
from cuneifox.readiness import Readiness, is_ready

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """Says that the process answers, and asks no database."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Whether the server can do its work, as JSON: 503 where it can't, with what is wrong in a word each."""
    readiness: Readiness = current_app.extensions["readiness"]
    found = readiness.look()
    answer = jsonify(ready=is_ready(found), checks=found)
    if not is_ready(found):
        answer.status_code = 503
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
