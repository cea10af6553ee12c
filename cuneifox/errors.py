"""What errors of the rooms below mean over HTTP, and how they are told to people and to programs."""

from __future__ import annotations

import json
import logging
import math
from http import HTTPStatus

from flask import Flask, Response, make_response, render_template, request
from peewee import OperationalError
from werkzeug.exceptions import HTTPException

from cuneifox.i18n import LazyText, _, _l, error_text
from cuneifox.papers import PaperFailed
from cuneifox.request import this_request
from cuneifox.words import shown_name
from models import errors as books
from tenants import errors as tenants
from tenants.sqlite import is_busy

log = logging.getLogger("cuneifox")

STATUS: dict[type[Exception], int] = {
    books.BadInput: 422,
    books.NotAllowed: 403,
    books.NotFound: 404,
    books.Conflict: 409,
    books.PeriodLocked: 409,
    books.PeriodNotReady: 409,
    books.BooksDamaged: 500,
    books.BooksError: 500,
    tenants.UnknownTenant: 404,
    tenants.NotAMember: 404,
    tenants.TenantSuspended: 403,
    tenants.BadChange: 409,
    tenants.SlugTaken: 409,
    tenants.BadSlug: 422,
    tenants.RefusedFile: 422,
    tenants.LockTimeout: 503,
    tenants.NoRoom: 503,
    tenants.ReadOnlyStore: 503,
    tenants.SnapshotTooOld: 503,
    tenants.WrongFile: 503,
    tenants.TenantError: 500,
}
"""The status of an error is that of the nearest class above it."""

TITLES = {
    400: _l("That didn't work"),
    401: _l("Please sign in"),
    403: _l("You may not do that"),
    404: _l("There is no such page"),
    405: _l("That can't be done here"),
    409: _l("Not as things stand"),
    413: _l("That is too large"),
    422: _l("Something in it isn't right"),
    429: _l("Too many tries"),
    500: _l("Something went wrong on our side"),
    503: _l("Not at the moment"),
}
DETAILS = {
    401: _l("You aren't signed in, or not any more. Sign in, then do it again."),
    403: _l("Ask an administrator for the right to it."),
    404: _l("Check the address. If it should exist, ask whether you have been given the company."),
    405: _l("Use the links and buttons of the pages."),
    413: _l("Send less at a time."),
    500: _l("Nothing was changed. The operator finds the cause in the log under %(id)s."),
    503: _l("Wait a moment, then try again."),
}
BUSY = _l(
    "Others are at work on it, and the wait was too long. Nothing was changed; try again in a moment."
)
RETRY_SECONDS = 5
"""What Retry-After says of a 503."""


class TooManyTries(Exception):
    """Raised when whoever signs in has to wait first; `seconds` says for how long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"Too many wrong sign-ins; wait {self.seconds} seconds.")


def status_of(error: Exception) -> int:
    """The HTTP status of an error of ours."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def init_app(app: Flask) -> None:
    """Answer every error as the table says, in the reader's language or as RFC 9457 JSON."""
    app.register_error_handler(books.BooksError, answer_ours)
    app.register_error_handler(tenants.TenantError, answer_ours)
    app.register_error_handler(OperationalError, answer_busy)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(TooManyTries, answer_too_many)
    app.register_error_handler(PaperFailed, answer_failed_paper)


def answer_ours(error: Exception) -> Response:
    """An error of the books or of the tenants."""
    status = status_of(error)
    waited = isinstance(error, tenants.LockTimeout) and not isinstance(error, tenants.WouldDeadlock)
    if waited or isinstance(
        error, tenants.NoRoom | tenants.SnapshotTooOld
    ):  # no fault of the code: there is too much to do
        log.warning("Request %s: %s", this_request().id, error)
    elif isinstance(error, tenants.WrongFile):  # the message says it all, for each request anew
        log.error("Request %s: %s", this_request().id, error)
    elif status >= 500:
        log.error("Request %s: %s", this_request().id, error, exc_info=error)
    shown = error_text(error) if isinstance(error, books.BooksError) else str(error)
    if isinstance(error, tenants.ReadOnlyStore):
        shown = _(
            "It can be read, and nothing can be written to it at the moment: it is archived, in quarantine, "
            "or its disk has failed. Nothing was changed; ask an administrator."
        )
    elif isinstance(error, tenants.SnapshotTooOld):
        shown = _(
            "It took longer than it may, and was ended; nothing was changed. Ask for less at a time, such as a shorter "
            "range of dates, or try again when others post less."
        )
    elif isinstance(error, tenants.TenantSuspended):
        shown = _suspended()
    elif isinstance(error, tenants.WrongFile):
        shown = _unopened(error)
    elif waited:
        shown = str(BUSY)
    elif status >= 500 or isinstance(error, tenants.UnknownTenant | tenants.NotAMember):
        shown = _detail(status)
    code = getattr(error, "code", None) or _code(type(error))
    extra = {"code": code, "field": getattr(error, "field", "")}
    response = _answer(status, shown, {key: value for key, value in extra.items() if value})
    if isinstance(error, tenants.WrongFile):
        response.headers.pop("Retry-After", None)  # it doesn't mend itself
    return response


def answer_busy(error: OperationalError) -> Response:
    """A database that other programs kept busy to the last try; any other error of its kind is a fault of ours."""
    if not is_busy(error):
        raise error
    log.warning("Request %s: %s", this_request().id, error)
    return _answer(503, str(BUSY), {"code": "busy"})


def _suspended() -> str:
    """For whoever was on the way in as their company was suspended; the next request is told the reason."""
    visit = this_request().visit
    if visit is None or visit.company is None:
        return _("It is suspended: nobody can open it for now.")
    return _("%(name)s is suspended: nobody can open it for now.", name=shown_name(visit.company))


UNOPENED: dict[type[Exception], LazyText] = {
    tenants.StoreBehind: _l("The program is newer than its files, which have to be migrated."),
    tenants.StoreAhead: _l("Its files are newer than the program."),
    tenants.WrongFile: _l("A file of it is missing or damaged."),
}
"""Why a company can't be opened, for its members; the nearest class above an error's decides."""


def _unopened(error: tenants.WrongFile) -> str:
    """What a company's files suffer from; which store, and what to do, is for administrators."""
    visit = this_request().visit
    if visit is None or visit.company is None:
        return _detail(status_of(error))
    why = next(UNOPENED[kind] for kind in type(error).__mro__ if kind in UNOPENED)
    shown = _(
        "%(name)s can't be opened: %(why)s Nothing was changed, and waiting won't mend it; other companies "
        "go on. An administrator has to see to it.",
        name=shown_name(visit.company),
        why=str(why),
    )
    return f"{shown} {error}" if visit.user.is_administrator else shown


def answer_http(error: HTTPException) -> Response:
    """What Flask and our own `abort` raise."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    if getattr(error, "original_exception", None) is not None:  # Flask has logged the traceback
        log.error("That was request %s.", this_request().id)
    if status == 401 and this_request().shown_again:
        error.description = _(
            "You aren't signed in any more. Sign in (it opens beside this page), come back and reload "
            "this page: what you typed is sent again."
        )
    own = type(error).description != error.description and status < 500
    response = _answer(status, (error.description or "") if own else _detail(status), {})
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def answer_too_many(error: TooManyTries) -> Response:
    """Sign-ins that have to wait."""
    text = _("Too many wrong sign-ins. Try again in %(seconds)s seconds.", seconds=error.seconds)
    response = _answer(429, text, {})
    response.headers["Retry-After"] = str(error.seconds)
    return response


def answer_failed_paper(error: PaperFailed) -> Response:
    """A PDF that couldn't be set; the log has the reason."""
    return _answer(503, str(error.text), {"code": "paper-failed"})


def wants_json() -> bool:
    """Whether the answer goes to a program: the path ends in .json, or Accept prefers JSON."""
    if request.path.endswith(".json"):
        return True
    kinds = ["text/html", "application/problem+json", "application/json"]
    return request.accept_mimetypes.best_match(kinds, "text/html") != "text/html"


def _answer(status: int, detail: str, extra: dict[str, str]) -> Response:
    if wants_json():
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "instance": request.path,
            **extra,
        }
        response = make_response(json.dumps(problem, ensure_ascii=False), status)
        response.content_type = "application/problem+json"
    else:
        title = TITLES.get(status) or HTTPStatus(status).phrase
        page = render_template("error.html", status=status, title=title, detail=detail)
        response = make_response(page, status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _detail(status: int) -> str:
    text = DETAILS.get(status, DETAILS[503] if status >= 500 else "")
    return str(text) % {"id": this_request().id} if text else ""


def _code(kind: type[Exception]) -> str:
    """UnknownTenant: unknown-tenant."""
    return "".join("-" + c.lower() if c.isupper() else c for c in kind.__name__).lstrip("-")
