"""Income and expense by fiscal year: which year's result isn't carried to retained earnings yet."""

from __future__ import annotations

from tenants import current_store


def earliest_result(last_month: int, start_month: int) -> int | None:
    """Return the earliest fiscal year with a result that isn't carried, of the months up to ``last_month``.

    Each year is looked at by itself, so that a gain and a loss of the same size in two years aren't taken
    for nothing. None if every account of every year is at zero.
    """
    found = current_store("books").execute_sql(_EARLIEST, (start_month, start_month, last_month))
    return found.fetchone()[0]


_EARLIEST = (
    "SELECT min(year) FROM ("
    "SELECT b.month / 100 + CASE WHEN ? > 1 AND b.month % 100 >= ? THEN 1 ELSE 0 END AS year"
    " FROM balances b JOIN accounts a ON a.stid = b.account_stid"
    " WHERE a.type IN ('income', 'expense') AND b.month <= ?"
    " GROUP BY b.account_stid, year HAVING sum(b.debit) <> sum(b.credit)"
    ") AS results"
)
