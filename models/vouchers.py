"""Vouchers, whether draft, posted or reversed.

A voucher has one id all its life. As a draft it is one row of ``drafts``. Posting takes that row away and
writes a row of ``vouchers`` with its ``lines``, where the database refuses every update and delete. So
whatever reads ``vouchers`` and ``lines`` reads what is posted, and needs no filter. A voucher is reversed
when another one names it in ``reverses``.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import msgspec

from models.drafts import Draft, delete_draft, get_draft, list_drafts, save_draft
from models.errors import NotFound
from models.inputs import LineInput, VoucherInput, read_lines, unscaled
from models.posted import Line, Voucher
from tenants import Store, current_store

__all__ = [
    "Draft",
    "Line",
    "LineInput",
    "LineView",
    "Voucher",
    "VoucherInput",
    "VoucherView",
    "delete_draft",
    "get_draft",
    "get_voucher",
    "list_drafts",
    "save_draft",
]


class LineView(msgspec.Struct, frozen=True):
    """A line as it is shown; ``amount`` in minor units, debit positive."""

    n: int
    account_stid: int
    account_code: str
    account_name: str
    account_local_name: str
    amount: int
    text: str
    quantity: Decimal | None
    commodity: str | None
    register: str | None
    register_stid: int | None


class VoucherView(msgspec.Struct, frozen=True):
    """A voucher as it is shown.

    Attributes:
        status: "draft", "posted" or "reversed".
        version: a draft's, to be handed back with the change; 0 once posted.
        number: empty for a draft.
        reverses: the id of the voucher that this one takes back, and its number.
        reversed_by: the id of the voucher that takes this one back, and its number.
        by_name: who posted it, or changed the draft last; ``at`` is when (microseconds since 1970, UTC).
    """

    id: int
    status: str
    version: int
    number: str
    book_stid: int
    book_code: str
    book_name: str
    book_local_name: str
    date: datetime.date
    fiscal_year: int
    text: str
    reference: str
    closing: bool
    reverses: int | None
    reverses_number: str
    reversed_by: int | None
    reversed_by_number: str
    chain_no: int
    chain_hash: str
    by_name: str
    at: int
    lines: list[LineView]

    @property
    def debit(self) -> int:
        """The sum of the debits, in minor units."""
        return sum(line.amount for line in self.lines if line.amount > 0)

    @property
    def difference(self) -> int:
        """What the lines sum to, in minor units; zero for whatever is posted."""
        return sum(line.amount for line in self.lines)


def get_voucher(voucher_id: int) -> VoucherView:
    """Return a voucher of any status with its lines, by one query each; NotFound if there is none."""
    store = current_store("books")
    with store.reading():
        row = store.execute_sql(_HEADER, (voucher_id,)).fetchone() if _is_id(voucher_id) else None
        if row is not None:
            return _posted_view(row, store.execute_sql(_LINES, (voucher_id,)))
        row = store.execute_sql(_DRAFT, (voucher_id,)).fetchone() if _is_id(voucher_id) else None
        if row is None:
            raise NotFound("There is no voucher with the id %(id)s.", id=voucher_id)
        return _draft_view(store, row)


_HEADER = (
    "SELECT v.id, v.number, v.book_stid, b.code, b.name, b.local_name, v.date, v.fiscal_year, v.text,"
    " v.reference, v.closing, o.id, o.number, r.id, r.number, v.chain_no, v.chain_hash,"
    " v.posted_by_name, v.posted_at"
    " FROM vouchers v JOIN journal_books b ON b.stid = v.book_stid"
    " LEFT JOIN vouchers o ON o.id = v.reverses_id LEFT JOIN vouchers r ON r.reverses_id = v.id"
    " WHERE v.id = ?"
)
_LINES = (
    "SELECT l.n, l.account_stid, a.code, a.name, a.local_name, l.amount, l.text, l.quantity,"
    " l.quantity_decimals, l.commodity, l.register, l.register_stid"
    " FROM lines l JOIN accounts a ON a.stid = l.account_stid WHERE l.voucher_id = ? ORDER BY l.n"
)
_DRAFT = (
    "SELECT d.id, d.version, d.book_stid, b.code, b.name, b.local_name, d.date, d.text, d.reference,"
    " d.lines, d.changed_by_name, d.changed_at"
    " FROM drafts d JOIN journal_books b ON b.stid = d.book_stid WHERE d.id = ?"
)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def _posted_view(row: tuple[Any, ...], lines: Any) -> VoucherView:
    id, number, book, code, name, local_name, date, fiscal_year, text, reference = row[:10]
    closing, reverses, reverses_number, reversed_by, reversed_by_number = row[10:15]
    chain_no, chain_hash, by_name, at = row[15:]
    return VoucherView(
        id, "reversed" if reversed_by else "posted", 0, number, book, code, name, local_name,
        datetime.date.fromisoformat(date), fiscal_year, text, reference, bool(closing),
        reverses, reverses_number or "", reversed_by, reversed_by_number or "",
        chain_no, chain_hash, by_name, at, [_line_view(line) for line in lines],
    )  # fmt: skip


def _line_view(row: tuple[Any, ...]) -> LineView:
    quantity = unscaled(row[7], row[8]) if row[7] is not None else None
    return LineView(*(*row[:7], quantity, *row[9:]))


def _draft_view(store: Store, row: tuple[Any, ...]) -> VoucherView:
    id, version, book, code, name, local_name, date, text, reference, lines, by_name, at = row
    given = read_lines(lines)
    names = {
        stid: shown
        for stid, *shown in store.execute_sql("SELECT stid, code, name, local_name FROM accounts")
    }
    return VoucherView(
        id, "draft", version, "", book, code, name, local_name, datetime.date.fromisoformat(date),
        0, text, reference, False, None, "", None, "", 0, "", by_name, at,
        [_draft_line(n, line, names) for n, line in enumerate(given, 1)],
    )  # fmt: skip


def _draft_line(n: int, line: LineInput, names: dict[int, list[str]]) -> LineView:
    # The account may have been deleted since the draft was saved; posting will refuse it.
    code, name, local_name = names.get(line.account_stid, ("?", "", ""))
    return LineView(
        n, line.account_stid, code, name, local_name, line.amount, line.text, line.quantity,
        line.commodity, line.register, line.register_stid,
    )  # fmt: skip
