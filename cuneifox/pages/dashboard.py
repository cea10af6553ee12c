"""The first page of a company: how the month went, what was posted last, what still waits."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from cuneifox.clock import today
from cuneifox.i18n import _l
from cuneifox.identify import current_actor
from cuneifox.navigation import Link
from cuneifox.scope_form import last_worked
from cuneifox.words import MONTH_STATES
from models.dates import FIRST_YEAR, LAST_YEAR, first_of_month, last_of_month
from models.fiscal import month_days, month_of
from models.months import month_states
from models.reports.journal import journal
from models.reports.monthly import MonthResult, monthly_results
from tenants import current_store

MONTHS = 12
"""Shown in the chart, the chosen one last."""

LATEST = 8
DRAFTS = 5

blueprint = Blueprint("dashboard", __name__, url_prefix="/c/<slug>")

navigation = [Link(_l("Overview"), "dashboard.index", 10, "")]


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The overview of one month; ?month=202602 chooses it, else it is the one worked in last.

    Who may not read the ledger sees the company's name and the links that are theirs.
    """
    if not current_actor().may("ledger", "read"):
        return render_template("dashboard/index.html", ledger=None)
    with current_store("books").reading():
        shown = _ledger()
    return render_template("dashboard/index.html", ledger=shown)


def _ledger() -> dict[str, object]:
    first = _chosen_month()
    begin = first
    for _n in range(MONTHS - 1):
        begin = first_of_month(begin - timedelta(days=1))
    results = monthly_results(month_of(begin), month_of(first))
    latest = journal(limit=LATEST)
    drafts = journal(status="draft", limit=DRAFTS + 1)
    return {
        "first": first,
        "last": month_days(month_of(first))[1],
        "before": month_of(first_of_month(first - timedelta(days=1))),
        "after": month_of(last_of_month(first) + timedelta(days=1))
        if first < first_of_month(today())
        else None,
        "result": results[-1],
        "bars": _bars(results),
        "latest": latest.rows,
        "decimals": latest.decimals,
        "currency": latest.currency,
        "drafts": drafts.rows[:DRAFTS],
        "more_drafts": len(drafts.rows) > DRAFTS,
        "states": [
            (month_days(month)[0], state)
            for month, state in month_states(month_of(begin), month_of(first)).items()
        ],
        "state_names": MONTH_STATES,
    }


def _chosen_month() -> Date:
    asked = request.args.get("month", "")
    try:
        known = len(asked) == 6 and asked.isascii() and asked.isdigit()
        if known and FIRST_YEAR < int(asked[:4]) <= LAST_YEAR:  # the chart begins a year earlier
            return month_days(int(asked))[0]
    except ValueError:
        pass  # no month: show the usual one
    return first_of_month(last_worked(today()))


def _bars(results: list[MonthResult]) -> list[dict[str, object]]:
    """Return the chart's bars, heights in hundredths of the highest."""
    highest = max(max(abs(row.income), abs(row.expense)) for row in results) or 1
    return [
        {
            "row": row,
            "day": month_days(row.month)[0],
            "income": max(row.income, 0) * 100 // highest,
            "expense": max(row.expense, 0) * 100 // highest,
        }
        for row in results
    ]
