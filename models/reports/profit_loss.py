"""Profit and loss: what came in, what went out, and what is left of it."""

from __future__ import annotations

from datetime import date as Date

from msgspec import Struct

from models.accounts import account_tree
from models.dates import check_range
from models.reports.figures import Figures, Scope, Section
from models.reports.scope import report_scope
from models.reports.sums import account_sums
from models.reports.tree import section
from tenants import current_store


class ProfitLoss(Struct, frozen=True):
    """Income and expenses of a range of dates, each counted positive where it usually stands.

    Figures begin with the range: there are no opening balances. ``result`` is income less expense, a
    profit if positive.
    """

    scope: Scope
    income: Section
    expense: Section
    result: int


def profit_loss(
    first: Date | None, last: Date, *, with_closing: bool = False, empty: bool = False
) -> ProfitLoss:
    """Return the current company's profit and loss for the range, both days inclusive.

    Args:
        first: None for the beginning of the books.
        with_closing: True counts closing vouchers too, after which a closed year shows zeros.
        empty: whether accounts without figures are shown.

    Raises BadInput for a reversed range.
    """
    if first is not None:
        check_range(first, last)
    with current_store("books").reading():
        scope = report_scope(first, last)
        nodes = account_tree()
        found = account_sums(first, last, with_closing=with_closing)
    sums = {stid: Figures(0, had.debit, had.credit) for stid, had in found.items()}
    income = section(nodes, sums, "income", empty=empty)
    expense = section(nodes, sums, "expense", empty=empty)
    return ProfitLoss(scope, income, expense, income.moved - expense.moved)
