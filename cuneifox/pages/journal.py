"""The journal: all vouchers, newest first, narrowed as the reader likes; on screen, as JSON, as CSV."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.downloads import csv_response
from cuneifox.i18n import LazyText, _, _l, error_text
from cuneifox.journal_scope import all_pages, asked_of, wanted_of
from cuneifox.navigation import Link
from cuneifox.one_state import one_state
from cuneifox.report_json import json_response
from cuneifox.report_tables import journal_table
from cuneifox.words import shown_name
from models.errors import BadInput
from models.journals import list_books
from models.reports.journal import Journal, journal

PER_PAGE = 50

STATUSES: dict[str, LazyText] = {
    "posted": _l("All that is posted"),
    "draft": _l("Drafts"),
    "reversed": _l("Reversed"),
    "reversal": _l("Reversals"),
    "closing": _l("Closing vouchers"),
}

blueprint = Blueprint("journal", __name__, url_prefix="/c/<slug>")

navigation = [Link(_l("Journal"), "journal.index", 20, "ledger", ("ledger", "read"))]


@needs("ledger", "read")
def index(form: str) -> ResponseReturnValue:
    """A page of vouchers; a filter that can't be understood is told on the form."""
    with one_state(whole=form == "csv"):
        return _answer(form)


def _answer(form: str) -> ResponseReturnValue:
    asked = asked_of(request.args)
    try:
        wanted = wanted_of(asked)
        keys: dict[str, Any] = {name: request.args.get(name) for name in ("after", "before")}
        page = journal(**wanted, **keys, limit=PER_PAGE)
        if form == "csv":
            table = journal_table(all_pages(wanted), wanted["first"], wanted["last"])
            return csv_response(table, bom=request.args.get("bom", "1") != "0")
    except BadInput as error:
        if form == "json":
            raise
        return refused(asked, error)
    if form == "json":
        return json_response(page)
    return _page(asked, page, {})


blueprint.add_url_rule("/journal", "index", index, defaults={"form": "html"})
blueprint.add_url_rule("/journal.<any(json, csv):form>", "index", index)


def refused(asked: dict[str, str], error: BadInput) -> ResponseReturnValue:
    """Tell on the form what is wrong with what was asked for."""
    return _page(asked, None, {error.field: error_text(error)}), 422


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
