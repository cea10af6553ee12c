"""Sums of accounts over any range of dates, at a cost that doesn't grow with the vouchers.

Whole months come from the balances that are kept as vouchers post. Where a range begins or ends
within a month, the lines of that month's shorter side are added or taken off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from datetime import timedelta

from msgspec import Struct

from models.fiscal import month_days, month_of
from models.reports.figures import NOTHING, Figures
from tenants import current_store

KEPT_SUMS = """
SELECT account_stid,
       SUM(CASE WHEN month <= ? THEN debit - credit ELSE 0 END),
       SUM(CASE WHEN month > ? THEN debit ELSE 0 END),
       SUM(CASE WHEN month > ? THEN credit ELSE 0 END)
FROM balances
WHERE month <= ?{conditions}
GROUP BY account_stid
"""
"""Balance up to the first month, debits and credits in later months up to the second."""

LINE_SUMS = """
SELECT l.account_stid,
       SUM(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
       SUM(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END)
FROM accounts a CROSS JOIN lines l ON l.account_stid = a.stid
WHERE l.date BETWEEN ? AND ?{conditions}
GROUP BY l.account_stid
"""
"""Debits and credits of a few days: one stretch of the index per account."""

_WITHOUT_CLOSING = " AND l.voucher_id NOT IN (SELECT id FROM vouchers WHERE closing)"

_KEPT = {
    (True, False): KEPT_SUMS.format(conditions=""),
    (True, True): KEPT_SUMS.format(conditions=" AND account_stid = ?"),
    (False, False): KEPT_SUMS.format(conditions=" AND NOT closing"),
    (False, True): KEPT_SUMS.format(conditions=" AND NOT closing AND account_stid = ?"),
}
_LINES = {
    (True, False): LINE_SUMS.format(conditions=""),
    (True, True): LINE_SUMS.format(conditions=" AND a.stid = ?"),
    (False, False): LINE_SUMS.format(conditions=_WITHOUT_CLOSING),
    (False, True): LINE_SUMS.format(conditions=_WITHOUT_CLOSING + " AND a.stid = ?"),
}
"""By whether closing vouchers count, and whether one account alone is wanted."""


def account_sums(
    first: Date | None, last: Date, *, with_closing: bool = True, account: int | None = None
) -> dict[int, Figures]:
    """Return opening, debits and credits by account stid, for the range from first to last.

    Args:
        first: the range's first day; None for the beginning of the books.
        with_closing: whether closing vouchers (and their reversals) count, in the opening too.
        account: the stid of the only account that is wanted.

    Accounts without figures may be left out. To be called within one snapshot.
    """
    which = (with_closing, account is not None)
    only = () if account is None else (account,)
    begin = _end_of_day(first - timedelta(days=1)) if first is not None else _Moment(0)
    end = _end_of_day(last)
    months = (begin.month, begin.month, begin.month, end.month)
    sums = {
        stid: Figures(*figures)
        for stid, *figures in current_store("books").execute_sql(_KEPT[which], months + only)
    }
    for stid, debit, credit in begin.lines(_LINES[which], only):
        had = sums.get(stid, NOTHING)
        sums[stid] = Figures(had.opening + debit - credit, had.debit - debit, had.credit - credit)
    for stid, debit, credit in end.lines(_LINES[which], only):
        had = sums.get(stid, NOTHING)
        sums[stid] = Figures(had.opening, had.debit + debit, had.credit + credit)
    return sums


def one_account(account: int, first: Date | None, last: Date) -> Figures:
    """Return the figures of one account for the range, closing vouchers included."""
    return account_sums(first, last, account=account).get(account, NOTHING)


class _Moment(Struct, frozen=True):
    """The end of a day: the months that count whole, and the days to add to or take off them."""

    month: int
    sign: int = 0
    first: str = ""
    last: str = ""

    def lines(self, sql: str, only: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
        """Yield account, debits and credits of the days to add; negative for those to take off."""
        if self.sign:
            found = current_store("books").execute_sql(sql, (self.first, self.last, *only))
            for stid, debit, credit in found:
                yield stid, self.sign * debit, self.sign * credit


def _end_of_day(day: Date) -> _Moment:
    """The end of ``day``, by whichever side of its month has fewer days."""
    month = month_of(day)
    begin, end = month_days(month)
    if day == end:
        return _Moment(month)
    if day.day * 2 > end.day:
        return _Moment(month, -1, (day + timedelta(days=1)).isoformat(), end.isoformat())
    return _Moment(month_of(begin - timedelta(days=1)), 1, begin.isoformat(), day.isoformat())
