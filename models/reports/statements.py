"""Statements of account: what customers owed before some days, what moved since, and what they owe after them.

A line belongs to a customer where it names one. What is owed stands in the balance sheet, so only lines on accounts of
assets and liabilities count: income that names the customer too is the other side of the same thing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date as Date

from msgspec import Struct

from models.accounts import account_tree
from models.dates import check_range
from models.errors import BadInput
from models.registers import Customer
from models.reports.figures import Figures, Scope
from models.reports.scope import report_scope
from models.reports.tree import below
from tenants import current_store

AT_ONCE = 5_000
"""Lines that are fetched at a time."""

CUSTOMERS_AT_ONCE = 500
"""Rows of the register that are read at a time."""

_OWED = "a.type IN ('asset', 'liability')"

SUMS = f"""
SELECT l.register_stid,
       SUM(CASE WHEN l.date < ? THEN l.amount ELSE 0 END),
       SUM(CASE WHEN l.date >= ? AND l.amount > 0 THEN l.amount ELSE 0 END),
       SUM(CASE WHEN l.date >= ? AND l.amount < 0 THEN -l.amount ELSE 0 END),
       SUM(l.date >= ?)
FROM lines l JOIN accounts a ON a.stid = l.account_stid
WHERE l.register = 'customer' AND l.register_stid IS NOT NULL AND l.date <= ? AND {_OWED}
"""  # noqa: S608 -- our own words
_BY_CUSTOMER = " GROUP BY l.register_stid"

LINES = f"""
SELECT l.date, l.voucher_id, l.n, v.number, CASE WHEN l.text <> '' THEN l.text ELSE v.text END, v.reference, l.amount
FROM lines l JOIN accounts a ON a.stid = l.account_stid JOIN vouchers v ON v.id = l.voucher_id
WHERE l.register = 'customer' AND l.register_stid = ? AND l.date BETWEEN ? AND ? AND {_OWED}
"""  # noqa: S608 -- our own words
_IN_ORDER = " ORDER BY l.date, l.voucher_id, l.n"

StatementLine = tuple[str, int, int, str, str, str, int]
"""Date, voucher's id, line's number in it, voucher's number, text, reference, amount in minor units, debit positive."""


class Statement(Struct, frozen=True):
    """A customer with the figures of the range, and how many lines it has there."""

    customer: Customer
    figures: Figures
    count: int


class Statements(Struct, frozen=True):
    """The statements of some customers, whose lines are read one statement after the other.

    Attributes:
        accounts: stids of the accounts that count; None for all of the balance sheet.
        figures: of each customer by stid, with the number of lines.
    """

    scope: Scope
    accounts: tuple[int, ...] | None
    figures: dict[int, tuple[Figures, int]]

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(lines for _, lines in self.figures.values())

    def each(self) -> Iterator[Statement]:
        """Yield the statements by the customers' codes; within the snapshot in which they were begun."""
        after = ""
        while rows := Customer.page(after=after, limit=CUSTOMERS_AT_ONCE, inactive=True):
            after = rows[-1].code
            for row in rows:
                if row.stid in self.figures:
                    yield Statement(row, *self.figures[row.stid])

    def lines(self, of: Statement) -> Iterator[StatementLine]:
        """Yield a statement's lines in order of date and posting."""
        first, last = (self.scope.first or Date.min).isoformat(), self.scope.last.isoformat()
        only, stids = _only(self.accounts)
        sql = LINES + only + _IN_ORDER
        cursor = current_store("books").execute_sql(sql, (of.customer.stid, first, last, *stids))
        while part := cursor.fetchmany(AT_ONCE):
            yield from part


def statements(
    first: Date | None,
    last: Date,
    *,
    customers: Collection[int] = (),
    account: int | None = None,
) -> Statements:
    """Begin to read the current company's statements for the range, both days inclusive.

    Args:
        first: None for the beginning of the books.
        customers: stids of those that are wanted, whatever they have; all with lines in the range unless given.
        account: stid of the account, or of the group of accounts, that alone counts.

    Raises BadInput for a reversed range, unknown customers, an account that isn't of the balance sheet, or where no
    customer has anything in the range.
    """
    if first is not None:
        check_range(first, last)
    with current_store("books").reading():
        scope = report_scope(first, last)
        accounts = _accounts(account)
        only, stids = _only(accounts)
        begin = (first or Date.min).isoformat()
        days = (begin, begin, begin, begin, last.isoformat())
        found = current_store("books").execute_sql(SUMS + only + _BY_CUSTOMER, (*days, *stids))
        sums = {stid: (Figures(*figures), count) for stid, *figures, count in found}
    if customers:
        _demand_known(customers)
        wanted = {stid: sums.get(stid, (Figures(), 0)) for stid in customers}
    else:
        wanted = {stid: had for stid, had in sums.items() if had[1]}
    if not wanted:
        raise BadInput(
            "No customer has anything posted in these days, so there is no statement to make.",
            field="last",
        )
    return Statements(scope, accounts, wanted)


def _accounts(account: int | None) -> tuple[int, ...] | None:
    if account is None:
        return None
    nodes = below(account_tree(), account)
    if not nodes or nodes[0].type not in ("asset", "liability"):
        raise BadInput(
            "Statements are of what is owed: choose an account of assets or liabilities.",
            field="account",
        )
    return tuple(node.stid for node in nodes)


def _only(accounts: tuple[int, ...] | None) -> tuple[str, tuple[int, ...]]:
    """A condition and its parameters."""
    if accounts is None:
        return "", ()
    return f" AND l.account_stid IN ({','.join('?' * len(accounts))})", accounts


def _demand_known(customers: Collection[int]) -> None:
    stids = sorted(customers)
    known: set[int] = set()
    for start in range(0, len(stids), CUSTOMERS_AT_ONCE):
        part = stids[start : start + CUSTOMERS_AT_ONCE]
        rows = Customer.select(Customer.stid).where(Customer.stid.in_(part))
        known |= {row.stid for row in rows}
    for stid in stids:
        if stid not in known:
            raise BadInput(
                "There is no customer with the id %(stid)s.", field="customers", stid=stid
            )
