"""The trial balance: every account's opening balance, debits, credits and closing balance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date

from msgspec import Struct

from models.accounts import account_tree
from models.dates import check_range
from models.errors import NotFound
from models.reports.figures import AccountRow, Figures, Scope
from models.reports.scope import report_scope
from models.reports.sums import account_sums
from models.reports.tree import account_rows, below, grand_total
from tenants import current_store


class Sides(Struct, frozen=True):
    """Balances summed by the side on which they stand, as the foot of a trial balance has them."""

    debit: int
    credit: int


class TrialBalance(Struct, frozen=True):
    """Rows in the order of the chart, groups before what is below them.

    ``total`` sums the accounts themselves, no group counted; its debit and credit are equal, and so
    are the two sides of ``opening`` and ``closing``, unless only a part of the chart was asked for.
    """

    scope: Scope
    rows: list[AccountRow]
    total: Figures
    opening: Sides
    closing: Sides


def trial_balance(
    first: Date | None,
    last: Date,
    *,
    with_closing: bool = True,
    empty: bool = False,
    account: int | None = None,
) -> TrialBalance:
    """Return the current company's trial balance for the range from first to last, both inclusive.

    Args:
        first: None for the beginning of the books.
        with_closing: False leaves closing vouchers out, as before the year was closed.
        empty: whether accounts without figures are shown.
        account: stid of the account or group to which the report is restricted.

    Raises BadInput for a reversed range, NotFound for an unknown account.
    """
    if first is not None:
        check_range(first, last)
    with current_store("books").reading():
        scope = report_scope(first, last)
        nodes = account_tree()
        sums = account_sums(first, last, with_closing=with_closing)
    if account is not None:
        nodes = below(nodes, account)
        if not nodes:
            raise NotFound("There is no account with the id %(stid)s.", stid=account)
    rows = account_rows(nodes, sums, empty=empty)
    return TrialBalance(
        scope=scope,
        rows=rows,
        total=grand_total(rows),
        opening=sides_of(row.own.opening for row in rows),
        closing=sides_of(row.own.closing for row in rows),
    )


def sides_of(balances: Iterable[int]) -> Sides:
    """Return the sum of the positive balances, and that of the negative ones."""
    debit = credit = 0
    for balance in balances:
        if balance > 0:
            debit += balance
        else:
            credit -= balance
    return Sides(debit, credit)
