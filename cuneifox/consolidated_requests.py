"""The consolidated trial balance from what was asked for, as its page and its jobs have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cuneifox.calendar_scope import CalendarScope
from cuneifox.clock import today
from cuneifox.consolidation import Wanted
from cuneifox.i18n import LazyText, _l
from cuneifox.report_requests import check_days
from models.errors import BadInput

TITLE = _l("Consolidated trial balance")

FIGURES: dict[str, LazyText] = {
    "closing": _l("Closing balance"),
    "moved": _l("Movement"),
    "opening": _l("Opening balance"),
}
"""What the columns may show; each is a property of an account's figures."""

KINDS: dict[str, LazyText] = {
    "asset": _l("Assets"),
    "liability": _l("Liabilities"),
    "equity": _l("Equity"),
    "income": _l("Income"),
    "expense": _l("Expenses"),
}
"""Headings of the accounts of each type, in the order of a report."""


class Asked(NamedTuple):
    """What was asked for besides the companies.

    Attributes:
        wanted: what is read of each.
        figure: what the columns show, one of FIGURES.
        parentheses: negative amounts stand in parentheses, on paper.
    """

    wanted: Wanted
    figure: str
    parentheses: bool


def asked_of(given: Mapping[str, str], scope: CalendarScope) -> Asked:
    """Return what is meant by names and values as the page's query string has them.

    Args:
        given: `show`, `before_closing`, `empty` and `negative`.
        scope: the days, which show from now on how they were understood.

    Raises BadInput, whose `field` names what is wrong.
    """
    first, last = scope.read(today())
    check_days(first, last)
    figure = given.get("show") or "closing"
    if figure not in FIGURES:
        raise BadInput("Choose from the list what to show.", field="show")
    return Asked(
        Wanted(
            first,
            last,
            with_closing=given.get("before_closing") != "1",
            empty=given.get("empty") == "1",
        ),
        figure,
        given.get("negative") == "parentheses",
    )
