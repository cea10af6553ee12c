"""The journal: all vouchers, newest first, narrowed as the reader likes; on screen, as JSON, as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.downloads import csv_response
from cuneifox.i18n import LazyText, _, _l, error_text
from cuneifox.navigation import Link
from cuneifox.one_state import one_state
from cuneifox.report_json import json_response
from cuneifox.report_tables import journal_table
from cuneifox.words import shown_name
from models.dates import check_range, parse_date
from models.errors import BadInput
from models.journals import list_books
from models.reports.journal import Journal, journal
from models.reports.paging import MOST_ROWS

PER_PAGE = 50

STATUSES: dict[str, LazyText] = {
    "posted": _l("All that is posted"),
    "draft": _l("Drafts"),
    "reversed": _l("Reversed"),
    "reversal": _l("Reversals"),
    "closing": _l("Closing vouchers"),
}

FILTERS = ("first", "last", "book", "status", "text")

blueprint = Blueprint("journal", __name__, url_prefix="/c/<slug>")

navigation = [Link(_l("Journal"), "journal.index", 20, "ledger", ("ledger", "read"))]


@needs("ledger", "read")
def index(form: str) -> ResponseReturnValue:
    """A page of vouchers; a filter that can't be understood is told on the form."""
    with one_state(whole=form == "csv"):
        return _answer(form)


def _answer(form: str) -> ResponseReturnValue:
    asked = {name: request.args.get(name, "").strip() for name in FILTERS}
    try:
        wanted = wanted_of(asked)
        keys: dict[str, Any] = {name: request.args.get(name) for name in ("after", "before")}
        page = journal(**wanted, **keys, limit=PER_PAGE)
    except BadInput as error:
        if form == "json":
            raise
        return refused(asked, error)
    if form == "json":
        return json_response(page)
    if form == "csv":
        return csv_response(
            journal_table(all_pages(wanted)), bom=request.args.get("bom", "1") != "0"
        )
    return _page(asked, page, {})


blueprint.add_url_rule("/journal", "index", index, defaults={"form": "html"})
blueprint.add_url_rule("/journal.<any(json, csv):form>", "index", index)


def refused(asked: dict[str, str], error: BadInput) -> ResponseReturnValue:
    """Tell on the form what is wrong with what was asked for."""
    return _page(asked, None, {error.field: error_text(error)}), 422


def wanted_of(asked: dict[str, str]) -> dict[str, Any]:
    """Return what the journal is asked for by a filter as typed. Raises BadInput."""
    first, last = _day(asked, "first"), _day(asked, "last")
    if first and last:
        check_range(first, last)
    book = asked["book"]
    if book and not (book.isascii() and book.isdigit() and len(book) < 19):
        raise BadInput("Choose the journal book from the list.", field="book")
    status = asked["status"] or "posted"
    if len(asked["text"]) > 200:
        raise BadInput("Search for 200 characters at most.", field="text")
    return {
        "first": first,
        "last": last,
        "book": int(book) if book else None,
        "status": status,
        "text": asked["text"],
    }


def _day(asked: dict[str, str], name: str) -> Date | None:
    try:
        day = parse_date(asked[name]) if asked[name] else None
    except BadInput as error:
        error.field = name
        raise
    asked[name] = day.isoformat() if day else ""
    return day


def all_pages(wanted: dict[str, Any]) -> Iterator[Journal]:
    """Yield every page, oldest vouchers first."""
    after = None
    while True:
        page = journal(**wanted, after=after, limit=MOST_ROWS, newest_first=False)
        yield page
        after = page.after
        if after is None:
            return


def _page(asked: dict[str, str], page: Journal | None, errors: dict[str, str]) -> str:
    kept = {name: value for name, value in asked.items() if value}

    def here(**changed: Any) -> str:
        return url_for("journal.index", **{**kept, **changed})

    books = list_books(inactive=True)
    return render_template(
        "journal/index.html",
        page=page,
        asked=asked,
        errors=errors,
        here=here,
        kept=kept,
        narrowed=bool(kept.keys() - {"status"}),
        statuses=list(STATUSES.items()),
        books=[("", _("All"))] + [(book.stid, f"{book.code} {shown_name(book)}") for book in books],
    )
