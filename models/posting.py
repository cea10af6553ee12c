"""Posting: what makes a voucher final, in one transaction.

The hot path is SQL that is compiled once: read where the books stand, check, take the next number, write
lines and voucher, keep the balances, move the chain on. A posting that fails at any step leaves nothing,
so that no number is used up.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from models.actors import Actor
from models.balances import keep_sql
from models.chain import anchor_head, chain_hash
from models.drafts import take_draft
from models.errors import BadInput, BooksError, Conflict, YearClosed
from models.fiscal import fiscal_year_of
from models.inputs import LineInput, VoucherInput, check_input, check_postable, scaled
from models.months import refuse_month
from models.numbering import NEXT_NUMBER, format_number
from models.posted import Voucher
from models.settings import TURNOVER_LIMIT
from models.texts import clean_line
from tenants import Store, current_store


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
        reverses: the voucher that it takes back. Its accounts and book were fit for it once, so that they
            aren't asked again.
        closing: it closes a fiscal year, or opens it again, so that the year's lock doesn't hold for it.
    """

    reverses: int | None = None
    closing: bool = False


ORDINARY = Special()


def post(
    voucher_id: int, *, by: Actor, key: str | None = None, version: int | None = None
) -> Voucher:
    """Post a draft (at ``version`` if given) and return the voucher, whose id is the draft's.

    With an idempotency ``key``, asking again gives the earlier outcome. Raises NotAllowed, NotFound,
    BadInput, NotBalanced, PeriodLocked; Conflict if it is posted already, was changed since, or the key
    was used for something else.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    key, digest = checked_key(key, "post", voucher_id)

    def write() -> Posted:
        if key is not None and (earlier := find_posted(store, key, digest)):
            return earlier
        draft = take_draft(voucher_id, version)
        return record(store, draft.as_input(), by, key=key, digest=digest, voucher_id=draft.id)

    return Voucher.get_by_id(anchored(store, store.write(write)).id)


def post_input(given: VoucherInput, *, by: Actor, key: str | None = None) -> Posted:
    """Make a voucher and post it in one go.

    With an idempotency ``key``, asking again with the same input gives the earlier outcome. Raises
    NotAllowed, BadInput, NotBalanced, PeriodLocked; Conflict if the key was used for something else.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    checked = check_input(given)
    key, digest = checked_key(key, "input", checked)
    return anchored(store, store.write(_post_checked, store, checked, by, key, digest))


def post_many(
    given: Iterable[tuple[VoucherInput, str | None]],
    *,
    by: Actor,
    progress: Callable[[int], None] | None = None,
) -> list[Posted]:
    """Post vouchers with their idempotency keys in one transaction: all of them or none.

    ``progress`` is told how many are done after each. Raises what ``post_input`` does; the error's
    ``index`` says for which one, counted from 0.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    checked = [_at(index, _checked_with_key, one, key) for index, (one, key) in enumerate(given)]

    def write() -> list[Posted]:
        outcomes = []
        for index, (whole, key, digest) in enumerate(checked):
            outcomes.append(_at(index, _post_checked, store, whole, by, key, digest))
            if progress is not None:
                progress(index + 1)
        return outcomes

    outcomes = store.write(write)
    fresh = [posted for posted in outcomes if not posted.repeated]
    if fresh:
        before = (fresh[0].chain_no - 1, fresh[0].chain_before)
        anchor_head(store, before, (fresh[-1].chain_no, fresh[-1].chain_hash))
    return outcomes


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
    date = given.date.isoformat()
    month = int(date[:4]) * 100 + int(date[5:7])
    (start_month, era, code, active, count, head, turnover, last_id, closed_year, state, closed) = (
        store.execute_sql(_WHERE_BOOKS_STAND, (month, given.book)).fetchone()
    )
    fiscal_year = fiscal_year_of(given.date, start_month)
    refuse_month(month, state, closed, by)
    if fiscal_year <= closed_year and not special.closing:
        raise YearClosed(
            "The fiscal year %(year)d is closed; reverse its closing voucher to work in it.",
            year=fiscal_year,
        )
    if special.reverses is None:
        _demand_book(given.book, code, active)
        _demand_accounts(store, given.lines)
    if turnover + debit > TURNOVER_LIMIT:
        raise BadInput("With this voucher the books would exceed what they can sum up.")

    serial, prefix = store.execute_sql(NEXT_NUMBER, (given.book, fiscal_year, code)).fetchone()
    id = last_id + 1 if voucher_id is None else voucher_id
    number = format_number(prefix, fiscal_year, serial, era)
    closing = int(special.closing)
    voucher = (
        id, number, given.book, fiscal_year, serial, date, given.text, given.reference, closing,
        special.reverses, key, digest, count + 1, by.user_id, by.name, time.time_ns() // 1000,
    )  # fmt: skip
    lines = _line_rows(given.lines)
    chained = chain_hash(head, voucher, lines)
    _write_lines(store, id, date, lines)
    store.execute_sql(_ADD_VOUCHER, (*voucher, chained))
    _keep_balances(store, lines, month, closing)
    last_id = max(id, last_id)
    store.execute_sql(_MOVE_ON, (count + 1, chained, turnover + debit, last_id))
    return Posted(id, number, count + 1, chained, head)


def anchored(store: Store, posted: Posted) -> Posted:
    """Write the chain's head to the catalogue, after the commit, and return ``posted``."""
    if not posted.repeated:
        before = (posted.chain_no - 1, posted.chain_before)
        anchor_head(store, before, (posted.chain_no, posted.chain_hash))
    return posted


def checked_key(key: str | None, action: str, content: Any) -> tuple[str | None, str | None]:
    """Return an idempotency key, cleaned, and the digest of what is asked for under it."""
    if key is None:
        return None, None
    digest = hashlib.sha256(_encode((action, content))).hexdigest()
    return clean_line(key, "key", longest=200, required=True), digest


def find_posted(store: Store, key: str, digest: str | None) -> Posted | None:
    """Return what was posted under a key, if anything; Conflict if that was something else."""
    row = store.execute_sql(_BY_KEY, (key,)).fetchone()
    if row is None:
        return None
    if row[-1] != digest:
        raise Conflict(
            "This was sent before with other content, and is posted as %(number)s; "
            "start over if another voucher is wanted.",
            number=row[1],
        )
    return Posted(*row[:4], "", repeated=True)


T = TypeVar("T")

_encode = msgspec.json.Encoder().encode

_BY_KEY = "SELECT id, number, chain_no, chain_hash, digest FROM vouchers WHERE key = ?"
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
        "INSERT INTO lines (voucher_id, date, n, account_stid, amount, text, quantity,"
        f" quantity_decimals, commodity, register, register_stid) VALUES {rows}"
    )


@lru_cache(maxsize=_AT_ONCE)
def _fit_accounts_sql(count: int) -> str:
    marks = ", ".join("?" * count)
    return (
        f"SELECT stid, commodity FROM accounts WHERE stid IN ({marks}) AND active AND NOT is_group"
    )


def _post_checked(
    store: Store, given: VoucherInput, by: Actor, key: str | None, digest: str | None
) -> Posted:
    if key is not None and (earlier := find_posted(store, key, digest)):
        return earlier
    return record(store, given, by, key=key, digest=digest)


def _checked_with_key(
    given: VoucherInput, key: str | None
) -> tuple[VoucherInput, str | None, str | None]:
    checked = check_input(given)
    return (checked, *checked_key(key, "input", checked))


def _at(index: int, act: Callable[..., T], *given: Any) -> T:
    try:
        return act(*given)
    except BooksError as error:
        error.index = index
        raise


def _line_rows(lines: list[LineInput]) -> list[tuple[Any, ...]]:
    """Return each line as the values of chain.LINE_COLUMNS."""
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


def _demand_book(stid: int, code: str | None, active: bool) -> None:
    if code is None:
        raise BadInput("There is no journal book with the id %(stid)d.", field="book", stid=stid)
    if not active:
        raise BadInput(
            "The journal book %(code)s is inactive; choose another.", field="book", code=code
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
