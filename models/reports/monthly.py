"""Income and expenses month by month, from the balances that are kept as vouchers post."""

from __future__ import annotations

from msgspec import Struct

from tenants import current_store

SUMS = """
SELECT b.month, a.type, SUM(b.credit - b.debit)
FROM balances b JOIN accounts a ON a.stid = b.account_stid
WHERE a.type IN ('income', 'expense') AND NOT b.closing AND b.month BETWEEN ? AND ?
GROUP BY b.month, a.type
"""
TURNOVER = "SELECT month, SUM(debit) FROM balances WHERE month BETWEEN ? AND ? GROUP BY month"


class MonthResult(Struct, frozen=True):
    """A month, 202602 for February 2026; ``income`` and ``expense`` in minor units."""

    month: int
    income: int = 0
    expense: int = 0

    @property
    def result(self) -> int:
        """Income less expense."""
        return self.income - self.expense


def monthly_results(first: int, last: int) -> list[MonthResult]:
    """Return every month from ``first`` to ``last``, closing vouchers left out."""
    sums: dict[int, dict[str, int]] = {}
    for month, type, credit in current_store("books").execute_sql(SUMS, (first, last)):
        sums.setdefault(month, {})[type] = credit if type == "income" else -credit
    results = []
    month = first
    while month <= last:
        results.append(MonthResult(month, **sums.get(month, {})))
        month = month + 1 if month % 100 < 12 else month + 89
    return results


def monthly_turnover(first: int, last: int) -> dict[int, int]:
    """Return the debits of every month that has any."""
    return dict(current_store("books").execute_sql(TURNOVER, (first, last)).fetchall())
