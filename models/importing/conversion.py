"""Neutral entries become vouchers: exact figures are rounded line by line, and what lacks is told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from models.errors import BadInput
from models.importing.entries import ImportEntry, ImportLine
from models.inputs import LineInput, VoucherInput
from models.money import format_plain, to_minor

TOLERANCE = 10
"""Minor units per line that an entry may lack to zero; what lacks more isn't rounding's doing.

Rounding makes at most a half per line. Sources allow themselves tolerances of their own, such as half
a cent of price times the shares that were bought.
"""


class Converted(Struct, frozen=True):
    """An entry in minor units: its lines, and what they lack to zero."""

    entry: ImportEntry
    amounts: list[int]
    lack: int


def convert(entry: ImportEntry, decimals: int) -> Converted:
    """Round an entry's amounts half-even, line by line.

    Raises BadInput for amounts that books can't hold, and for an entry that lacks too much to zero.
    """
    amounts = [to_minor(line.amount, decimals) for line in entry.lines]
    lack = -sum(amounts)
    if abs(lack) > TOLERANCE * len(amounts):
        raise BadInput(
            "it doesn't balance: its lines sum to %(sum)s instead of zero",
            sum=format_plain(-lack, decimals),
        )
    return Converted(entry, amounts, lack)


def says_nothing(converted: Converted) -> bool:
    """Tell whether no line of an entry has an amount or a quantity; such ones can't be posted."""
    return not any(converted.amounts) and not any(line.quantity for line in converted.entry.lines)


def voucher(
    converted: Converted, book: int, stids: Mapping[str, int], rounding: int | None
) -> VoucherInput:
    """Return an entry as the voucher to post, with a line to ``rounding`` for what it lacks.

    A quantity's decimals beyond 18 digits are refused by the posting, never rounded.
    """
    entry = converted.entry
    lines = [
        _line(line, amount, stids[line.account])
        for line, amount in zip(entry.lines, converted.amounts, strict=True)
    ]
    if converted.lack and rounding is not None:
        lines.append(LineInput(rounding, converted.lack))
    text = " | ".join(part for part in (entry.payee, entry.text) if part)
    return VoucherInput(book, entry.date, text, lines)


def _line(line: ImportLine, amount: int, stid: int) -> LineInput:
    if line.quantity is None or line.commodity is None:
        return LineInput(stid, amount)
    return LineInput(stid, amount, quantity=_trimmed(line.quantity), commodity=line.commodity)


def _trimmed(quantity: Decimal) -> Decimal:
    """The same number without needless zeros, which a source writes by the dozen."""
    _, digits, exponent = quantity.as_tuple()
    if len(digits) <= 18 and isinstance(exponent, int) and -18 <= exponent <= 0:
        return quantity
    return quantity.normalize()
