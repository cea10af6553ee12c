"""Reversals: a posted voucher is taken back by another one, exactly, linked, and once."""

from __future__ import annotations

import datetime

from models.actors import Actor
from models.errors import BadInput, Conflict, NotFound
from models.inputs import LineInput, VoucherInput, check_date, unscaled
from models.keys import checked_key
from models.posted import Voucher
from models.posting import anchored, find_posted
from models.recording import Posted, Special, record
from models.texts import clean_line
from tenants import Store, current_store


def reverse(
    voucher_id: int, *, date: datetime.date, by: Actor, reason: str, key: str | None = None
) -> Voucher:
    """Post the reversal of a voucher, dated ``date``, and return it; ``reason`` becomes its text.

    Every line comes back with its amount and quantity negated. A voucher that closed a fiscal year is
    reversed by ``years.reopen_year``, not here. Raises NotAllowed, NotFound, BadInput, PeriodLocked;
    Conflict if it is reversed already, is a reversal itself, or the key was used for something else.
    """
    by.demand("ledger", "edit")
    store = current_store("books")
    check_date(date)
    text = clean_line(reason, "reason", longest=500, required=True)
    key, digest = checked_key(key, "reverse", (voucher_id, date, text))

    def write() -> Posted:
        if key is not None and (earlier := find_posted(store, key, digest)):
            return earlier
        voucher = reversible(voucher_id)
        if voucher.closing:
            raise Conflict(
                "%(number)s closes a fiscal year; to take it back, open that year again.",
                number=voucher.number,
            )
        if date < voucher.date:
            raise BadInput(
                "A reversal can't be dated before what it reverses (%(date)s).",
                field="date",
                date=voucher.date.isoformat(),
            )
        given = reversal_of(store, voucher, date, text)
        special = Special(reverses=voucher.id)
        return record(store, given, by, key=key, digest=digest, special=special)

    return Voucher.get_by_id(anchored(store, store.write(write)).id)


def reversible(voucher_id: int) -> Voucher:
    """Return a voucher that may be reversed; NotFound or Conflict if it can't."""
    known = 0 < voucher_id < 2**63
    voucher = Voucher.get_or_none(Voucher.id == voucher_id) if known else None
    if voucher is None:
        raise NotFound("There is no posted voucher with the id %(id)s.", id=voucher_id)
    if voucher.reverses_id is not None:
        raise Conflict(
            "%(number)s is a reversal itself; enter the voucher anew instead.",
            number=voucher.number,
        )
    later = Voucher.get_or_none(Voucher.reverses == voucher)
    if later is not None:
        raise Conflict(
            "%(number)s is reversed already, by %(by)s.", number=voucher.number, by=later.number
        )
    return voucher


def reversal_of(store: Store, voucher: Voucher, date: datetime.date, text: str) -> VoucherInput:
    """Return what takes a voucher back."""
    lines = [
        LineInput(
            account,
            -amount,
            line_text,
            -unscaled(quantity, decimals) if quantity is not None else None,
            *about,
        )
        for account, amount, line_text, quantity, decimals, *about in store.execute_sql(
            _LINES, (voucher.id,)
        )
    ]
    return VoucherInput(voucher.book_stid, date, text, lines, voucher.number)


_LINES = (
    "SELECT account_stid, amount, text, quantity, quantity_decimals, commodity, register, register_stid"
    " FROM lines WHERE voucher_id = ? ORDER BY n"
)
