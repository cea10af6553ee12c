"""The whole general ledger: all accounts one after the other, each line of them, read a stretch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date

from msgspec import Struct

from models.accounts import AccountNode, account_tree
from models.dates import check_range
from models.errors import BooksDamaged, NotFound
from models.reports.figures import NOTHING, Figures, Scope
from models.reports.scope import report_scope
from models.reports.sums import account_sums
from tenants import current_store

AT_ONCE = 5_000
"""Lines of one query: memory is bounded by them, and so is what an interrupted query has to give up."""

_FROM_TOP = """
SELECT l.date, l.voucher_id, l.n, v.number, CASE WHEN l.text <> '' THEN l.text ELSE v.text END, v.reference, l.amount
FROM lines l JOIN vouchers v ON v.id = l.voucher_id
WHERE l.account_stid = ? AND l.date BETWEEN ? AND ?
"""
_ORDER = " ORDER BY l.date, l.voucher_id, l.n LIMIT ?"

FROM_TOP = _FROM_TOP + _ORDER
AFTER = _FROM_TOP + " AND (l.date, l.voucher_id, l.n) > (?, ?, ?)" + _ORDER

COUNTS = """
SELECT a.stid, (SELECT COUNT(*) FROM lines l WHERE l.account_stid = a.stid AND l.date BETWEEN ? AND ?)
FROM accounts a
"""
"""One stretch of the index per account."""

LedgerLine = tuple[str, int, int, str, str, str, int]
"""Date, voucher's id, line's number in it, voucher's number, text (the voucher's where the line has none), reference,
and the amount in minor units, debit positive."""


class LedgerAccount(Struct, frozen=True):
    """An account with its figures over the range, and how many lines it has there."""

    account: AccountNode
    figures: Figures
    count: int


class WholeLedger(Struct, frozen=True):
    """The accounts that have a balance or lines in the scope, in the order of the chart."""

    scope: Scope
    accounts: list[LedgerAccount]

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(each.count for each in self.accounts)

    @property
    def total(self) -> Figures:
        """The sum of all accounts' figures."""
        return sum((each.figures for each in self.accounts), NOTHING)

    def lines(self, of: LedgerAccount) -> Iterator[list[LedgerLine]]:
        """Yield an account's lines in order of date and posting, up to AT_ONCE at a time.

        To be called within the snapshot in which the ledger was begun.

        Raises BooksDamaged where they don't lead from its opening to its closing balance.
        """
        balance = of.figures.opening
        for part in _stretches(of.account.stid, self.scope.first, self.scope.last):
            yield part
            balance += sum(line[6] for line in part)
        if balance != of.figures.closing:
            raise BooksDamaged(
                "The kept balances of account %(code)s aren't those of its lines; `cuneifox check` says more.",
                code=of.account.code,
            )


def whole_ledger(first: Date | None, last: Date, *, account: int | None = None) -> WholeLedger:
    """Begin to read the current company's ledger for the range, both days inclusive; closing vouchers count.

    Args:
        first: None for the beginning of the books.
        account: stid of the only account that is wanted, which is there whatever it has.

    Raises BadInput for a reversed range, NotFound for an unknown account.
    """
    if first is not None:
        check_range(first, last)
    with current_store("books").reading():
        scope = report_scope(first, last)
        nodes = [node for node in account_tree() if account in (None, node.stid)]
        if account is not None and not nodes:
            raise NotFound("There is no account with the id %(stid)s.", stid=account)
        sums = account_sums(first, last, account=account)
        days = (scope.first or Date.min).isoformat(), last.isoformat()
        counts = dict(current_store("books").execute_sql(COUNTS, days).fetchall())
    found = [LedgerAccount(node, sums.get(node.stid, NOTHING), counts[node.stid]) for node in nodes]
    return WholeLedger(scope, [each for each in found if account or each.figures or each.count])


def _stretches(account: int, first: Date | None, last: Date) -> Iterator[list[LedgerLine]]:
    store = current_store("books")
    begin, end = (first or Date.min).isoformat(), last.isoformat()
    part = store.execute_sql(FROM_TOP, (account, begin, end, AT_ONCE)).fetchall()
    while part:
        yield part
        if len(part) < AT_ONCE:
            return
        key = part[-1][:3]
        part = store.execute_sql(AFTER, (account, key[0], end, *key, AT_ONCE)).fetchall()
