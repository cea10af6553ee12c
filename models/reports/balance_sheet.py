"""The balance sheet: what the company has, what it owes, and what is its owners'."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from functools import partial

from msgspec import Struct

from models.accounts import account_tree
from models.reports.figures import NOTHING, Scope, Section
from models.reports.scope import fiscal_year_start, report_scope
from models.reports.sums import account_sums
from models.reports.tree import section
from tenants import current_store


class OpenResult(Struct, frozen=True):
    """Income less expense, posted but not yet carried to retained earnings by closing a year.

    Attributes:
        earlier: of fiscal years before the one of the report's day, as far as they aren't closed.
        earlier_last: the last day of those years.
        current: of the fiscal year of the report's day, up to that day.
        current_first: the first day of that year. With the two days a profit and loss tells more.
    """

    earlier: int
    earlier_last: Date
    current: int
    current_first: Date

    @property
    def total(self) -> int:
        """What stands in the balance sheet beside the equity accounts."""
        return self.earlier + self.current


class BalanceSheet(Struct, frozen=True):
    """Balances at the end of the scope's last day, each counted positive where it usually stands.

    ``assets.closing`` equals ``liabilities.closing + equity.closing + open_result.total``.
    """

    scope: Scope
    assets: Section
    liabilities: Section
    equity: Section
    open_result: OpenResult

    @property
    def equity_total(self) -> int:
        """Equity with the result that isn't closed yet."""
        return self.equity.closing + self.open_result.total

    @property
    def funds_total(self) -> int:
        """Liabilities and all equity: the other side of the assets."""
        return self.liabilities.closing + self.equity_total


def balance_sheet(last: Date, *, empty: bool = False) -> BalanceSheet:
    """Return the current company's balance sheet at the end of ``last``.

    A year that isn't closed shows the result computed so far. ``empty`` shows accounts without a
    balance too.
    """
    with current_store("books").reading():
        first = fiscal_year_start(last)
        scope = report_scope(first, last)
        nodes = account_tree()
        sums = account_sums(first, last)
    results = [sums.get(n.stid, NOTHING) for n in nodes if n.type in ("income", "expense")]
    standing = partial(section, nodes, sums, counts=lambda had: had.closing, empty=empty)
    return BalanceSheet(
        scope=scope,
        assets=standing("asset"),
        liabilities=standing("liability"),
        equity=standing("equity"),
        open_result=OpenResult(
            earlier=-sum(figures.opening for figures in results),
            earlier_last=first - timedelta(days=1),
            current=-sum(figures.moved for figures in results),
            current_first=first,
        ),
    )
