"""What callers hand in to make a voucher, and the checks that need nothing but it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import msgspec

from models.dates import FIRST_YEAR, LAST_YEAR
from models.errors import BadInput, NotBalanced
from models.money import LIMIT
from models.texts import clean_line, clean_text

FIRST_DAY = datetime.date(FIRST_YEAR, 1, 1)
LAST_DAY = datetime.date(LAST_YEAR, 12, 31)
"""Dates of vouchers; a later year is one of the Buddhist era that somebody forgot to convert."""

MOST_DECIMALS = 18
"""Of a quantity; its digits altogether make less than 10**18."""


class LineInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a voucher.

    Attributes:
        account_stid: the account's stid.
        amount: in minor units of the company's currency, debit positive.
        quantity: exact, of ``commodity``; both or neither.
        register: the kind of register row it is about ("customer"), with ``register_stid``; both or neither.
    """

    account_stid: int
    amount: int
    text: str = ""
    quantity: Decimal | None = None
    commodity: str | None = None
    register: str | None = None
    register_stid: int | None = None


class VoucherInput(msgspec.Struct, frozen=True):
    """A voucher as somebody wants it; ``book`` is a journal book's stid."""

    book: int
    date: datetime.date
    text: str
    lines: list[LineInput]
    reference: str = ""


# What msgspec knows of a line is made here, by the one thread that imports this: made at its first use, by two threads
# at once, it ends the process (a segmentation fault, seen with msgspec 0.22.0).
_LINES = msgspec.json.Decoder(list[LineInput])


def read_lines(stored: str) -> list[LineInput]:
    """Return the lines that a draft holds as JSON."""
    return _LINES.decode(stored)


def check_input(given: VoucherInput) -> VoucherInput:
    """Return ``given`` with its texts cleaned; BadInput for what no voucher or draft may hold."""
    check_date(given.date)
    _check_id(given.book, "book")
    lines = [_checked_line(line, n) for n, line in enumerate(given.lines, 1)]
    text = given.text if _plain(given.text, 500) else clean_text(given.text, "text", longest=2000)
    reference = given.reference
    if not _plain(reference, 100):
        reference = clean_line(reference, "reference", longest=100)
    return VoucherInput(given.book, given.date, text, lines, reference)


def check_postable(lines: list[LineInput]) -> int:
    """Return the sum of the debits of a voucher that may post.

    Raises BadInput for fewer than two lines and for lines that all say nothing, NotBalanced for those
    that don't sum to zero.
    """
    if len(lines) < 2:
        raise BadInput(
            "A voucher needs two lines at least, and this one has %(count)d.",
            field="lines",
            count=len(lines),
        )
    total = debit = 0
    says = False
    for line in lines:
        amount = line.amount
        total += amount
        if amount > 0:
            debit += amount
        says = says or amount != 0 or line.quantity is not None
    if total:
        raise NotBalanced(
            "The voucher doesn't balance: its lines sum to %(total)d minor units instead of zero.",
            field="lines",
            total=total,
        )
    if not says:
        raise BadInput("No line of the voucher has an amount.", field="lines")
    return debit


def check_date(date: Any) -> None:
    """Raise BadInput unless ``date`` is a calendar date that books can hold."""
    if type(date) is not datetime.date:
        raise BadInput("The date is missing or isn't a date.", field="date")
    if not FIRST_DAY <= date <= LAST_DAY:
        raise BadInput(
            "The date %(date)s is outside of what books hold (%(first)s to %(last)s).",
            field="date",
            date=date.isoformat(),
            first=FIRST_DAY.isoformat(),
            last=LAST_DAY.isoformat(),
        )


def scaled(quantity: Decimal) -> tuple[int, int]:
    """Return ``quantity`` as (integer, decimals): Decimal("1.50") is (150, 2)."""
    sign, digits, exponent = quantity.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("not a finite number")
    number = int("".join(map(str, digits)) or "0")
    if exponent > 0:
        if exponent > MOST_DECIMALS:
            raise ValueError("too large")
        number, exponent = number * 10**exponent, 0
    if number >= LIMIT or -exponent > MOST_DECIMALS:
        raise ValueError("too long")
    return (-number if sign else number), -exponent


def unscaled(quantity: int, decimals: int) -> Decimal:
    """Return the Decimal that ``scaled`` took apart, exactly."""
    sign = 1 if quantity < 0 else 0
    return Decimal((sign, tuple(map(int, str(abs(quantity)))), -decimals))


def _checked_line(line: LineInput, n: int) -> LineInput:
    amount = line.amount
    _check_id(line.account_stid, f"lines.{n}.account")
    if type(amount) is not int:
        raise BadInput(
            "The amount of line %(n)d isn't a whole number of minor units.",
            field=f"lines.{n}.amount",
            n=n,
        )
    if not -LIMIT < amount < LIMIT:
        raise BadInput(
            "The amount of line %(n)d is too large for the books.", field=f"lines.{n}.amount", n=n
        )
    if line.quantity is not None or line.commodity is not None:
        _check_quantity(line, n)
    if line.register is not None or line.register_stid is not None:
        _check_register(line, n)
    if _plain(line.text, 500):
        return line
    return msgspec.structs.replace(
        line, text=clean_text(line.text, f"lines.{n}.text", longest=2000)
    )


def _check_quantity(line: LineInput, n: int) -> None:
    field = f"lines.{n}.quantity"
    if not line.commodity or line.quantity is None:
        raise BadInput(
            "Line %(n)d has a quantity without a commodity, or the other way round; give both.",
            field=field,
            n=n,
        )
    clean = clean_line(line.commodity, f"lines.{n}.commodity", longest=40, required=True)
    try:
        if clean != line.commodity or not isinstance(line.quantity, Decimal):
            raise ValueError("not exact")
        scaled(line.quantity)
    except ValueError as error:
        raise BadInput(
            "The quantity of line %(n)d can't be kept exactly: at most 18 digits.", field=field, n=n
        ) from error


def _check_register(line: LineInput, n: int) -> None:
    field = f"lines.{n}.register"
    if not line.register or line.register_stid is None:
        raise BadInput(
            "Line %(n)d names a register without a row, or the other way round; give both.",
            field=field,
            n=n,
        )
    _check_id(line.register_stid, field)
    if not (line.register.isascii() and line.register.isidentifier() and len(line.register) <= 40):
        raise BadInput("Line %(n)d names no register.", field=field, n=n)


def _check_id(value: Any, field: str) -> None:
    if type(value) is not int or not 0 < value < 2**63:
        raise BadInput("%(field)s is missing or isn't an id.", field=field)


def _plain(text: Any, longest: int) -> bool:
    """Tell whether ``text`` is clean at a glance, as nearly all texts on the hot path are."""
    return (
        type(text) is str
        and len(text) <= longest
        and text.isascii()
        and text.isprintable()
        and text[:1] != " "
        and text[-1:] != " "
    )
