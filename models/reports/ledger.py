"""The general ledger of an account: every line, with the balance after it."""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal

from msgspec import Struct

from models.accounts import get_account
from models.dates import check_range
from models.inputs import unscaled
from models.reports.counters import AccountName, counter_accounts
from models.reports.figures import Figures, Scope
from models.reports.paging import decode_key, encode_key, page_limit, window
from models.reports.scope import report_scope
from models.reports.sums import one_account
from tenants import current_store

_COLUMNS = """
SELECT l.date, l.voucher_id, l.n, l.amount, l.text, l.quantity, l.quantity_decimals, l.commodity,
       l.register, l.register_stid, v.number, v.text, v.reference, v.closing, v.reverses_id
FROM lines l JOIN vouchers v ON v.id = l.voucher_id
WHERE l.account_stid = ? AND l.date BETWEEN ? AND ?
"""
_FORWARD = " ORDER BY l.date, l.voucher_id, l.n LIMIT ?"
_BACKWARD = " ORDER BY l.date DESC, l.voucher_id DESC, l.n DESC LIMIT ?"

FROM_TOP = _COLUMNS + _FORWARD
AFTER = _COLUMNS + " AND (l.date, l.voucher_id, l.n) > (?, ?, ?)" + _FORWARD
FROM_END = _COLUMNS + _BACKWARD
BEFORE = _COLUMNS + " AND (l.date, l.voucher_id, l.n) < (?, ?, ?)" + _BACKWARD

SAME_DAY = """
SELECT COALESCE(SUM(amount), 0) FROM lines
WHERE account_stid = ? AND date = ? AND (voucher_id, n) < (?, ?)
"""


class LedgerRow(Struct, frozen=True):
    """One line of the account; ``balance`` is the account's after it, debit positive.

    ``text`` is the line's own, ``voucher_text`` its voucher's. ``counter`` are the other accounts of
    the voucher, three at most. ``register`` and ``register_stid`` are a reference to resolve.
    """

    key: str
    date: Date
    voucher_id: int
    number: str
    line: int
    text: str
    voucher_text: str
    reference: str
    debit: int
    credit: int
    balance: int
    quantity: Decimal | None
    commodity: str | None
    register: str | None
    register_stid: int | None
    closing: bool
    reverses: int | None
    counter: list[AccountName]


class Ledger(Struct, frozen=True):
    """A page of an account's lines within a range of dates.

    Attributes:
        figures: of the whole range, whatever the page shows.
        carried: the balance before the page's first row.
        before: the key to ask for the page that precedes, None on the first; ``after`` likewise.
    """

    scope: Scope
    account: AccountName
    kind: str
    figures: Figures
    carried: int
    rows: list[LedgerRow]
    before: str | None
    after: str | None


def ledger(
    account: int,
    first: Date | None,
    last: Date,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 100,
    from_end: bool = False,
) -> Ledger:
    """Return a page of the ledger of the account with that stid, in order of date and posting.

    Args:
        first: None for the beginning of the books.
        after: key of the row after which the page begins.
        before: key of the row before which it ends; not together with ``after``.
        limit: rows of a page, at most MOST_ROWS.
        from_end: without a key, begin with the last page instead of the first.

    Raises NotFound for an unknown account, BadInput for a reversed range or a key that is none.
    """
    if first is not None:
        check_range(first, last)
    limit = page_limit(limit)
    key = decode_key(after or before or "", 2) if after or before else None
    backward = after is None and (before is not None or from_end)
    store = current_store("books")
    with store.reading():
        shown = get_account(account)
        figures = one_account(account, first, last)
        days = _days(first, last, key, backward)
        sql = _PAGES[backward, key is not None]
        found = store.execute_sql(sql, (account, *days, *(key or ()), limit + 1)).fetchall()
        lines, earlier, later = window(found, limit, backward, key is not None)
        carried = _balance_before(account, lines[0]) if lines else figures.opening
        counters = counter_accounts({line[1] for line in lines}, account)
        scope = report_scope(first, last)
    rows = _rows(lines, carried, counters)
    return Ledger(
        scope=scope,
        account=AccountName(shown.stid, shown.code, shown.name, shown.local_name),
        kind=shown.type,
        figures=figures,
        carried=carried,
        rows=rows,
        before=rows[0].key if rows and earlier else None,
        after=rows[-1].key if rows and later else None,
    )


_PAGES = {
    (False, False): FROM_TOP,
    (False, True): AFTER,
    (True, False): FROM_END,
    (True, True): BEFORE,
}


def _days(first: Date | None, last: Date, key: tuple | None, backward: bool) -> tuple[str, str]:
    """The days within which a page can lie, so that the index is entered at its key."""
    begin, end = first.isoformat() if first else "", last.isoformat()
    if key and backward:
        return begin, min(end, key[0])
    return (max(begin, key[0]), end) if key else (begin, end)


def _balance_before(account: int, line: tuple) -> int:
    """The account's balance before a line, at the cost of half a month's lines at most."""
    date, voucher_id, n = line[:3]
    opening = one_account(account, Date.fromisoformat(date), Date.fromisoformat(date)).opening
    same_day = current_store("books").execute_sql(SAME_DAY, (account, date, voucher_id, n))
    return opening + same_day.fetchone()[0]


def _rows(
    lines: list[tuple], carried: int, counters: dict[int, list[AccountName]]
) -> list[LedgerRow]:
    rows = []
    balance = carried
    for line in lines:
        amount = line[3]
        balance += amount
        rows.append(
            LedgerRow(
                key=encode_key(*line[:3]),
                date=Date.fromisoformat(line[0]),
                voucher_id=line[1],
                number=line[10],
                line=line[2],
                text=line[4],
                voucher_text=line[11],
                reference=line[12],
                debit=max(amount, 0),
                credit=max(-amount, 0),
                balance=balance,
                quantity=None if line[5] is None else unscaled(line[5], line[6]),
                commodity=line[7],
                register=line[8],
                register_stid=line[9],
                closing=bool(line[13]),
                reverses=line[14],
                counter=counters.get(line[1], []),
            )
        )
    return rows
