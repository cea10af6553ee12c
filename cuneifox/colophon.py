"""What a file says of itself: whose books, over which days, made when, by whom, from which state of the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date

from cuneifox import formats
from cuneifox.i18n import _
from cuneifox.papers import Table
from cuneifox.words import shown_name
from models.reports.figures import Scope
from models.settings import LedgerState, books_settings


def scope_text(first: Date | None, last: Date | None) -> str:
    """Return a range of days in words; None is open."""
    if first and last:
        begin, end = formats.date(first, "wide"), formats.date(last, "wide")
        return _("%(first)s to %(last)s", first=begin, last=end)
    if last:
        return _("Up to %(date)s", date=formats.date(last, "wide"))
    return _("From %(date)s", date=formats.date(first, "wide")) if first else _("All dates")


def footer_lines(title: str, scope: str, made: str, by: str) -> list[str]:
    """Return a file's footer: whose and what, when and by whom, and how far the books had come.

    Reads the books: the numbers are of the state that is read where it is called.

    Args:
        scope: what it covers, in words.
        made: the moment, as people read it.
        by: the name of who asked for it.
    """
    state = LedgerState.get_by_id(1)
    return [
        " · ".join(part for part in (shown_name(books_settings()), title, scope) if part),
        _("Made %(moment)s by %(name)s", moment=made, name=by),
        _("Books of %(count)s vouchers, chain %(hash)s", count=f"{state.count:,}", hash=state.head),
    ]


def signed(
    table: Table, scope: Scope, made: str, by: str, parentheses: bool = False, as_of: bool = False
) -> Table:
    """Return a report's table with what stands above it, and its footer.

    Args:
        as_of: it is of its last day alone.
        parentheses: negative amounts stand in parentheses.
    """
    days = (
        _("As of %(date)s", date=formats.date(scope.last, "wide"))
        if as_of
        else scope_text(scope.first, scope.last)
    )
    facts = [
        (_("Company"), shown_name(books_settings())),
        (_("Period"), days),
        (_("Currency"), scope.currency),
    ]
    footer = footer_lines(table.title, days, made, by)
    return replace(table, facts=facts, footer=footer, parentheses=parentheses)
