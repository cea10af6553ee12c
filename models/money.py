"""Amounts of money between the text that people write and the integers that books keep.

An amount is an ``int`` in the currency's minor unit (satang, cent); ``decimals`` says how many
digits of it stand behind the point (2 for THB and USD, 0 for JPY, 3 for KWD). No floats anywhere.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

from models.errors import BadInput

LIMIT = 10**18
"""Every single amount is smaller than this many minor units; sums of nine still fit 64 bits."""

_LONGEST = 60
"""Characters; the longest amount under LIMIT, grouped and padded, is far shorter."""

_TO_ASCII = str.maketrans("๐๑๒๓๔๕๖๗๘๙\u2212", "0123456789-")
_NUMBER = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.([0-9]*))?", re.ASCII)
_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)


def parse_amount(text: str, decimals: int) -> int:
    """Return the minor units that ``text`` writes, such as 123456 for "1,234.56" and 2 decimals.

    Understood are Thai digits, thousands grouped by commas in threes, spaces around, a sign in
    front (also U+2212), and parentheses for negative amounts. A comma is never a decimal sign:
    "1,5" is an error and not 15.

    Raises BadInput for anything else: no digits, exponents, NaN, more decimals than the currency
    has (zeros too: "1.500" is 1,500 to many readers), and amounts of LIMIT minor units or more.
    """
    number, negative = _unsigned(_ascii(text), text)
    match = _NUMBER.fullmatch(number)
    whole, fraction = match.groups(default="") if match else ("", "")
    if not match or not (whole or fraction):
        raise _bad("%(text)s is not an amount; write it like 1,234.56.", text)
    if len(fraction) > decimals:
        raise _bad(
            "%(text)s has more than %(decimals)s decimals; this currency has no smaller unit.",
            text,
            decimals=decimals,
        )
    minor = int(whole.replace(",", "") + fraction.ljust(decimals, "0"))
    if minor >= LIMIT:
        raise _bad("%(text)s is too large an amount for the books.", text)
    return -minor if negative else minor


def format_amount(minor: int, decimals: int) -> str:
    """Return ``minor`` units as people read them: "-1,234.56"."""
    return _write(minor, decimals, ",")


def format_plain(minor: int, decimals: int) -> str:
    """Return ``minor`` units as programs read them, without grouping: "-1234.56"."""
    return _write(minor, decimals, "")


def to_minor(value: Decimal, decimals: int) -> int:
    """Return ``value`` in minor units, rounded half-even; BadInput if not finite or too large."""
    if not value.is_finite():
        raise _bad("%(text)s is not an amount; write it like 1,234.56.", str(value))
    if value.adjusted() + decimals >= 18:
        raise _bad("%(text)s is too large an amount for the books.", str(value))
    with localcontext(_EXACT):
        minor = int(value.scaleb(decimals).to_integral_value(ROUND_HALF_EVEN))
    if abs(minor) >= LIMIT:
        raise _bad("%(text)s is too large an amount for the books.", str(value))
    return minor


def to_decimal(minor: int, decimals: int) -> Decimal:
    """Return ``minor`` units as an exact Decimal with ``decimals`` places."""
    return Decimal(minor).scaleb(-decimals, _EXACT)


def _ascii(text: Any) -> str:
    if not isinstance(text, str):
        raise _bad("%(text)s is not an amount; write it as text, like 1,234.56.", repr(text))
    if len(text) > _LONGEST:
        raise _bad("%(text)s is not an amount; it is too long to be one.", text)
    number = text.strip().translate(_TO_ASCII)
    if not number:
        raise _bad("The amount is empty; write it like 1,234.56.", text)
    return number


def _unsigned(number: str, text: str) -> tuple[str, bool]:
    """Take sign or parentheses off; both at once are an error."""
    if number.startswith("(") and number.endswith(")"):
        inner = number[1:-1].strip()
        if inner[:1] in ("+", "-"):
            raise _bad("%(text)s has both a sign and parentheses; use one of them.", text)
        return inner, True
    if number[:1] in ("+", "-"):
        return number[1:].lstrip(), number[0] == "-"
    return number, False


def _write(minor: int, decimals: int, group: str) -> str:
    sign = "-" if minor < 0 else ""
    whole, fraction = divmod(abs(minor), 10**decimals)
    grouped = f"{whole:,}" if group else str(whole)
    return f"{sign}{grouped}.{fraction:0{decimals}d}" if decimals else sign + grouped


def _bad(msgid: str, text: str, **params: Any) -> BadInput:
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return BadInput(msgid, field="amount", text=shown, **params)
