"""Amounts by formula: a small language of our own, worked out in decimals. Nothing of Python's is ever evaluated.

    formula   numbers such as 1,234.50 and 7%, + - * / and ( ), names, and names with arguments in parentheses
    balance("1100")     what the account, or those below a group, stand at on the voucher's date: debits less credits
    movement("4100")    what they took from the first of the voucher's month to its date: debits less credits
    previous            this line's amount in the template's voucher before; previous(1000) is 1000 where there was none
    day, month, year    of the voucher's date, in the common era; days_in_month, days_in_year
    round(x; 2), min(x; y), max(x; y), abs(x)

Arguments are separated by ; or by a comma that can't belong to a number. Divisions are carried to 50 digits. What comes
out is rounded once, at the end, to the currency's smallest unit, halves away from zero; so does ``round``.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable
from decimal import (
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any, Protocol

from models.errors import BadInput
from models.money import LIMIT
from models.recurring.formula_reading import (
    OF_ACCOUNT,
    REST,
    TOO_LARGE,
    Call,
    Formula,
    Number,
    Sum,
    read_formula,
    short,
    too_large,
)

__all__ = ["REST", "Formula", "Known", "read_formula", "rounded", "to_units", "worth"]

_MATHS = Context(
    prec=50, rounding=ROUND_HALF_EVEN, Emin=-99, Emax=99,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)  # fmt: skip


class Known(Protocol):
    """What formulas may ask of the books. Amounts are in units of the currency, debit positive."""

    @property
    def day(self) -> datetime.date:
        """The voucher's date."""

    def balance(self, code: str) -> Decimal:
        """What the account of that code stands at; BadInput where there is none."""

    def movement(self, code: str) -> Decimal:
        """What it took in the voucher's month; BadInput where there is none."""

    def previous(self) -> Decimal | None:
        """This line's amount in the template's voucher before, on the line's side; None where there was none."""


def worth(formula: Formula, known: Known) -> Decimal:
    """Return what a formula comes to, not rounded yet.

    Raises BadInput for a division by zero, for what is too large, for an account that isn't there, and for ``previous``
    without a voucher before.
    """
    try:
        return _Worker(formula, known).worth(formula.root)
    except (DivisionByZero, InvalidOperation):  # the latter for 0 / 0
        raise _divided_by_zero(formula, known.day) from None
    except Overflow:
        raise too_large(formula.text) from None


def rounded(value: Decimal, places: int) -> Decimal:
    """Return a value with so many decimals, halves away from zero: 0.125 is 0.13, and -0.125 is -0.13."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _MATHS)


def to_units(value: Decimal, decimals: int, text: str) -> int:
    """Return an amount in minor units, rounded as `rounded` does; BadInput where books can't hold it."""
    if value.copy_abs() >= Decimal(LIMIT).scaleb(-decimals):
        raise too_large(text)
    minor = int(rounded(value, decimals).scaleb(decimals, _MATHS))
    if abs(minor) >= LIMIT:
        raise too_large(text)
    return minor


class _Worker:
    """Works one formula out."""

    def __init__(self, formula: Formula, known: Known) -> None:
        self.formula, self.known = formula, known

    def worth(self, node: Any) -> Decimal:
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Sum):
            value = _SIGNS[node.sign](self.worth(node.left), self.worth(node.right))
        else:
            value = self._call(node)
        if value.copy_abs() >= TOO_LARGE:
            raise too_large(self.formula.text)
        return value

    def _call(self, call: Call) -> Decimal:
        if call.name in OF_ACCOUNT:
            found: Decimal = getattr(self.known, call.name)(call.given[0])
            return found
        if call.name == "previous":
            return self._previous(call.given)
        if call.name in _OF_DAY:
            return Decimal(_OF_DAY[call.name](self.known.day))
        if call.name == "round":
            places = int(call.given[1].value) if len(call.given) > 1 else 0
            return rounded(self.worth(call.given[0]), places)
        return _PLAIN[call.name]([self.worth(each) for each in call.given])

    def _previous(self, given: tuple[Any, ...]) -> Decimal:
        before = self.known.previous()
        if before is not None:
            return before
        if given:
            return self.worth(given[0])
        raise BadInput(
            "There is no voucher before it from which %(formula)s could take the amount; write previous(1000) to begin "
            "with 1000.",
            field="amount",
            formula=short(self.formula.text),
        )


_SIGNS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _MATHS.add, "-": _MATHS.subtract, "*": _MATHS.multiply, "/": _MATHS.divide,
}  # fmt: skip

_OF_DAY: dict[str, Callable[[datetime.date], int]] = {
    "day": lambda day: day.day,
    "month": lambda day: day.month,
    "year": lambda day: day.year,
    "days_in_month": lambda day: calendar.monthrange(day.year, day.month)[1],
    "days_in_year": lambda day: 365 + calendar.isleap(day.year),
}

_PLAIN: dict[str, Callable[[list[Decimal]], Decimal]] = {
    "round": lambda given: given[0],  # whose places are read from the formula itself
    "min": min,
    "max": max,
    "abs": lambda given: given[0].copy_abs(),
}


def _divided_by_zero(formula: Formula, day: datetime.date) -> BadInput:
    if formula.is_fixed:
        return BadInput(
            "The formula %(formula)s divides by zero.", field="amount", formula=short(formula.text)
        )
    return BadInput(
        "The formula %(formula)s divides by zero for the voucher of %(date)s.",
        field="amount",
        formula=short(formula.text),
        date=day.isoformat(),
    )
