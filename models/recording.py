"""The one way by which a voucher comes to be posted: checks, number, rows, balances and chain.

It is the hot path, so its SQL is compiled once: read where the books stand, check, take the next number,
write lines and voucher, keep the balances, move the chain on. What fails at any step leaves nothing, so
that no number is used up.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from models.actors import Actor
from models.balances import keep_sql
from models.chain import chain_hash
from models.errors import BadInput, YearClosed
from models.fiscal import fiscal_year_of, month_of
from models.inputs import LineInput, VoucherInput, check_postable, scaled
from models.months import refuse_month
from models.numbering import NEXT_NUMBER, format_number
from models.settings import TURNOVER_LIMIT
from tenants import Store


class Posted(msgspec.Struct, frozen=True):
    """What came of a posting.

    Attributes:
        chain_before: the hash of the voucher before it.
        repeated: its key had been posted before, and this is that outcome.
    """

    id: int
    number: str
    chain_no: int
    chain_hash: str
    chain_before: str
    repeated: bool = False


class Special(msgspec.Struct, frozen=True):
    """What sets a voucher apart that the rules make, and nobody enters.

    Attributes:
        reverses: the voucher that it takes back.
        closing: it closes a fiscal year, or opens it again, so that the year's lock doesn't hold for it.

    Both take amounts off accounts that were fit for them once, and may have been made inactive since.
    """

    reverses: int | None = None
    closing: bool = False

    @property
    def takes_off(self) -> bool:
        """Whether its book and accounts aren't asked if they still take postings."""
        return self.closing or self.reverses is not None


ORDINARY = Special()


def record(
    store: Store,
    given: VoucherInput,
    by: Actor,
    *,
    key: str | None = None,
    digest: str | None = None,
    voucher_id: int | None = None,
    special: Special = ORDINARY,
) -> Posted:
    """Post a voucher whose input was checked, within the caller's transaction.

    ``voucher_id`` is the draft's, where there was one. The caller writes the chain's head to the
    catalogue (``anchored``) once the transaction is committed.
    """
    debit = check_postable(given.lines)
    month = month_of(given.date)
    stand = _Stand._make(store.execute_sql(_WHERE_BOOKS_STAND, (month, given.book)).fetchone())
    fiscal_year = fiscal_year_of(given.date, stand.start_month)
    _demand_period(stand, month, fiscal_year, by, special)
    if not special.takes_off:
        _demand_book(given.book, stand)
        _demand_accounts(store, given.lines)
    if stand.turnover + debit > TURNOVER_LIMIT:
        raise BadInput("With this voucher the books would exceed what they can sum up.")

    id = stand.last_id + 1 if voucher_id is None else voucher_id
    book, date, closing = given.book, given.date.isoformat(), int(special.closing)
    serial, prefix = store.execute_sql(NEXT_NUMBER, (book, fiscal_year, stand.code)).fetchone()
    number, count = format_number(prefix, fiscal_year, serial, stand.era), stand.posted + 1
    voucher = (
        id, number, book, fiscal_year, serial, date, given.text, given.reference, closing,
        special.reverses, key, digest, count, by.user_id, by.name, time.time_ns() // 1000,
    )  # fmt: skip
    lines = _line_rows(given.lines)
    head = chain_hash(stand.head, voucher, lines)
    _write_lines(store, id, date, lines)
    store.execute_sql(_ADD_VOUCHER, (*voucher, head))
    _keep_balances(store, lines, month, closing)
    state = (count, head, stand.turnover + debit, max(id, stand.last_id))
    store.execute_sql(_MOVE_ON, state)
    return Posted(id, number, count, head, stand.head)


class _Stand(NamedTuple):
    """Where the books stand as a voucher is to be posted, as _WHERE_BOOKS_STAND reads it."""

    start_month: int
    era: str
    code: str | None
    active: bool | None
    posted: int
    head: str
    turnover: int
    last_id: int
    closed_year: int
    month_state: str | None
    closed_through: int | None


_WHERE_BOOKS_STAND = (
    "SELECT s.fiscal_start_month, s.era, b.code, b.active, l.count, l.head, l.turnover,"
    " l.last_voucher_id, l.closed_year, (SELECT state FROM months WHERE month = ?),"
    " (SELECT max(month) FROM months WHERE state = 'closed')"
    " FROM ledger_state l JOIN settings s ON s.id = l.id LEFT JOIN journal_books b ON b.stid = ?"
)
_ADD_VOUCHER = (
    "INSERT INTO vouchers (id, number, book_stid, fiscal_year, serial, date, text, reference, closing,"
    " reverses_id, key, digest, chain_no, posted_by, posted_by_name, posted_at, chain_hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MOVE_ON = "UPDATE ledger_state SET count = ?, head = ?, turnover = ?, last_voucher_id = ?"

_AT_ONCE = 500
"""Rows, or ids, in one statement; SQLite takes 32,766 parameters."""


@lru_cache(maxsize=_AT_ONCE)
def _add_lines_sql(count: int) -> str:
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * count)
    return (
        "INSERT INTO lines (voucher_id, date, n, account_stid, amount, text, quantity,"  # noqa: S608 -- marks alone
        f" quantity_decimals, commodity, register, register_stid) VALUES {rows}"
    )


@lru_cache(maxsize=_AT_ONCE)
def _fit_accounts_sql(count: int) -> str:
    marks = ", ".join("?" * count)
    return (
        "SELECT stid, commodity FROM accounts WHERE active AND NOT is_group"  # noqa: S608 -- marks alone
        f" AND stid IN ({marks})"
    )


def _line_rows(lines: list[LineInput]) -> list[tuple[Any, ...]]:
    """Return each line as the values of the columns that the chain covers."""
    rows: list[tuple[Any, ...]] = []
    for n, line in enumerate(lines, 1):
        quantity, decimals = (None, None) if line.quantity is None else scaled(line.quantity)
        rows.append(
            (
                n, line.account_stid, line.amount, line.text, quantity, decimals, line.commodity,
                line.register, line.register_stid,
            )
        )  # fmt: skip
    return rows


def _write_lines(store: Store, id: int, date: str, lines: list[tuple[Any, ...]]) -> None:
    for start in range(0, len(lines), _AT_ONCE):
        part = lines[start : start + _AT_ONCE]
        params = [value for line in part for value in (id, date, *line)]
        store.execute_sql(_add_lines_sql(len(part)), params)


def _keep_balances(store: Store, lines: list[tuple[Any, ...]], month: int, closing: int) -> None:
    sums: dict[int, list[int]] = {}
    for line in lines:
        amount = line[2]
        if amount:
            row = sums.get(line[1])
            if row is None:
                row = sums[line[1]] = [line[1], month, closing, 0, 0]
            if amount > 0:
                row[3] += amount
            else:
                row[4] -= amount
    rows = list(sums.values())
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        store.execute_sql(keep_sql(len(part)), [value for row in part for value in row])


def _demand_period(
    stand: _Stand, month: int, fiscal_year: int, by: Actor, special: Special
) -> None:
    refuse_month(month, stand.month_state, stand.closed_through, by)
    if fiscal_year <= stand.closed_year and not special.closing:
        raise YearClosed(
            "The fiscal year %(year)d is closed; reverse its closing voucher to work in it.",
            year=fiscal_year,
        )


def _demand_book(stid: int, stand: _Stand) -> None:
    if stand.code is None:
        raise BadInput("There is no journal book with the id %(stid)d.", field="book", stid=stid)
    if not stand.active:
        raise BadInput(
            "The journal book %(code)s is inactive; choose another.", field="book", code=stand.code
        )


def _demand_accounts(store: Store, lines: list[LineInput]) -> None:
    """Raise BadInput unless every line's account takes postings, of the line's commodity if it has one."""
    wanted = list({line.account_stid for line in lines})
    fit: dict[int, str | None] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        fit.update(store.execute_sql(_fit_accounts_sql(len(part)), part).fetchall())
    for n, line in enumerate(lines, 1):
        if line.account_stid not in fit:
            _refuse_account(store, line.account_stid, n)
        only = fit[line.account_stid]
        if only and line.commodity and line.commodity != only:
            raise BadInput(
                "The account of line %(n)d takes %(only)s alone, and the line has %(commodity)s.",
                field=f"lines.{n}.commodity",
                n=n,
                only=only,
                commodity=line.commodity,
            )


def _refuse_account(store: Store, stid: int, n: int) -> None:
    found = store.execute_sql("SELECT code, is_group FROM accounts WHERE stid = ?", (stid,))
    row = found.fetchone()
    field = f"lines.{n}.account"
    if row is None:
        raise BadInput("Line %(n)d names an account that isn't in these books.", field=field, n=n)
    if row[1]:
        raise BadInput(
            "Line %(n)d names %(code)s, which is a group; post to an account below it.",
            field=field,
            n=n,
            code=row[0],
        )
    raise BadInput(
        "Line %(n)d names %(code)s, which is inactive; choose another account.",
        field=field,
        n=n,
        code=row[0],
    )
