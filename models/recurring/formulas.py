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
import re
from collections.abc import Callable, Iterator
from decimal import (
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any, NamedTuple, Protocol

from models.errors import BadInput
from models.money import LIMIT

LONGEST = 300
"""Characters of a formula."""

DEEPEST = 20
"""Parentheses within each other."""

MOST_DIGITS = 24
"""Digits before the point of whatever is worked out on the way; amounts have fewer than 19."""

MOST_PLACES = 6
"""Decimals to which ``round`` rounds at most, as many as a currency may have."""

REST = "rest"
"""What stands for the amount that a voucher lacks to zero."""

_MATHS = Context(
    prec=50, rounding=ROUND_HALF_EVEN, Emin=-99, Emax=99,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)  # fmt: skip
_TOO_LARGE = Decimal(10) ** MOST_DIGITS

_TO_ASCII = str.maketrans("๐๑๒๓๔๕๖๗๘๙\u2212×÷“”‘’", "0123456789-*/\"\"''")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?![0-9A-Za-z_.])
      | (?P<name>[A-Za-z_]+)
      | "(?P<double>[^"]{0,40})" | '(?P<single>[^']{0,40})'
      | (?P<sign>[-+*/();,%])
    )""",
    re.VERBOSE | re.ASCII,
)


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


class Number(NamedTuple):
    """A number as it stands there."""

    value: Decimal


class Call(NamedTuple):
    """A name with what stands in its parentheses, if anything: formulas, or the code of an account."""

    name: str
    given: tuple[Any, ...]


class Sum(NamedTuple):
    """Two parts with a sign between them."""

    sign: str
    left: Any
    right: Any


class Formula(NamedTuple):
    """A formula that was read; `text` is what was typed."""

    text: str
    root: Any

    @property
    def is_fixed(self) -> bool:
        """Whether it comes to the same on every day, whatever the books hold."""
        return not any(isinstance(n, Call) and n.name not in _PLAIN for n in _nodes(self.root))

    @property
    def accounts(self) -> list[str]:
        """The codes of the accounts that it names."""
        return [
            node.given[0]
            for node in _nodes(self.root)
            if isinstance(node, Call) and node.name in _OF_ACCOUNT
        ]


def read_formula(text: str) -> Formula:
    """Return the formula that `text` writes; BadInput, which says what is wrong, where it writes none."""
    if len(text) > LONGEST:
        raise BadInput(
            "The formula is longer than %(longest)s characters; shorten it.",
            field="amount",
            longest=LONGEST,
        )
    return Formula(text, _Reader(text).read())


def worth(formula: Formula, known: Known) -> Decimal:
    """Return what a formula comes to, not rounded yet.

    Raises BadInput for a division by zero, for what is too large, for an account that isn't there, and for ``previous``
    without a voucher before.
    """
    try:
        return _Worker(formula, known).worth(formula.root)
    except DivisionByZero:
        raise _divided_by_zero(formula.text, known.day) from None
    except InvalidOperation:  # 0 / 0
        raise _divided_by_zero(formula.text, known.day) from None
    except Overflow:
        raise _too_large(formula.text) from None


def rounded(value: Decimal, places: int) -> Decimal:
    """Return a value with so many decimals, halves away from zero: 0.125 is 0.13, and -0.125 is -0.13."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _MATHS)


def to_units(value: Decimal, decimals: int, text: str) -> int:
    """Return an amount in minor units, rounded as `rounded` does; BadInput where books can't hold it."""
    if abs(value) >= Decimal(LIMIT).scaleb(-decimals):
        raise _too_large(text)
    minor = int(rounded(value, decimals).scaleb(decimals, _MATHS))
    if abs(minor) >= LIMIT:
        raise _too_large(text)
    return minor


class _Reader:
    """Reads a formula by recursive descent, no deeper than DEEPEST."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens(text.translate(_TO_ASCII)))
        self.at = 0
        self.depth = 0

    def _tokens(self, text: str) -> Iterator[tuple[str, str]]:
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._unknown(text[at:].strip())
            at = found.end()
            kind = found.lastgroup or ""
            yield ("text" if kind in ("double", "single") else kind), found[kind]

    def read(self) -> Any:
        """Return the formula's outermost part."""
        if not self.tokens:
            raise BadInput("The amount is missing: give a number or a formula.", field="amount")
        root = self._sum()
        if self.at < len(self.tokens):
            raise self._unknown(self.tokens[self.at][1])
        return root

    def _sum(self) -> Any:
        left = self._product()
        while sign := self._take("+", "-"):
            left = Sum(sign, left, self._product())
        return left

    def _product(self) -> Any:
        left = self._signed()
        while sign := self._take("*", "/"):
            left = Sum(sign, left, self._signed())
        return left

    def _signed(self) -> Any:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        value = self._atom()
        while self._take("%"):
            value = Sum("/", value, Number(Decimal(100)))
        return Sum("-", Number(Decimal(0)), value) if negative else value

    def _atom(self) -> Any:
        kind, text = self._next()
        if kind == "number":
            return self._number(text)
        if kind == "name":
            return self._call(text.lower())
        if text != "(" or kind != "sign":
            raise self._unknown(text)
        self._deeper()
        inner = self._sum()
        self._close()
        return inner

    def _number(self, text: str) -> Number:
        value = Decimal(text.replace(",", ""))
        if value >= _TOO_LARGE:
            raise _too_large(self.text)
        return Number(value)

    def _call(self, name: str) -> Call:
        known = _NAMES.get(name)
        if known is None:
            raise BadInput(
                "There is no %(word)s in formulas; they know %(words)s.",
                field="amount",
                word=name[:40],
                words=", ".join(_NAMES),
            )
        given = self._arguments() if self._take("(") else ()
        if not known.fits(given):
            raise BadInput(
                "%(word)s isn't used like that in a formula; write it like %(example)s.",
                field="amount",
                word=name,
                example=known.example,
            )
        return Call(name, given)

    def _arguments(self) -> tuple[Any, ...]:
        self._deeper()
        given = [self._argument()]
        while self._take(";", ","):
            given.append(self._argument())
        self._close()
        return tuple(given)

    def _argument(self) -> Any:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "text":
            return self._next()[1].strip()
        return self._sum()

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadInput(
                "The formula has more than %(most)s parentheses within each other; make it simpler.",
                field="amount",
                most=DEEPEST,
            )

    def _close(self) -> None:
        self.depth -= 1
        if not self._take(")"):
            raise BadInput(
                "A ) is missing in the formula %(formula)s.",
                field="amount",
                formula=_short(self.text),
            )

    def _take(self, *signs: str) -> str:
        """Return the next sign if it is one of these, and step over it; "" otherwise."""
        if self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind == "sign" and text in signs:
                self.at += 1
                return text
        return ""

    def _next(self) -> tuple[str, str]:
        if self.at == len(self.tokens):
            raise BadInput(
                "The formula %(formula)s ends where a number or a name should follow.",
                field="amount",
                formula=_short(self.text),
            )
        self.at += 1
        return self.tokens[self.at - 1]

    def _unknown(self, text: str) -> BadInput:
        return BadInput(
            "%(part)s can't stand where it does in the formula %(formula)s. Formulas are of numbers, + - * / ( ) and "
            'names such as balance("1100").',
            field="amount",
            part=_short(text, 20),
            formula=_short(self.text),
        )


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
        if abs(value) >= _TOO_LARGE:
            raise _too_large(self.formula.text)
        return value

    def _call(self, call: Call) -> Decimal:
        if call.name in _OF_ACCOUNT:
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
            formula=_short(self.formula.text),
        )


_SIGNS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _MATHS.add, "-": _MATHS.subtract, "*": _MATHS.multiply, "/": _MATHS.divide,
}  # fmt: skip

_OF_ACCOUNT = ("balance", "movement")

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
    "abs": lambda given: abs(given[0]),
}


class _Name(NamedTuple):
    example: str
    fits: Callable[[tuple[Any, ...]], bool]


def _is_code(given: tuple[Any, ...]) -> bool:
    return len(given) == 1 and isinstance(given[0], str) and bool(given[0])


def _is_sums(fewest: int, most: int) -> Callable[[tuple[Any, ...]], bool]:
    return lambda given: (
        fewest <= len(given) <= most and not any(isinstance(each, str) for each in given)
    )


def _is_rounding(given: tuple[Any, ...]) -> bool:
    if not _is_sums(1, 2)(given):
        return False
    places = given[1] if len(given) > 1 else Number(Decimal(0))
    return isinstance(places, Number) and places.value in range(MOST_PLACES + 1)


_NAMES: dict[str, _Name] = {
    "balance": _Name('balance("1100")', _is_code),
    "movement": _Name('movement("4100")', _is_code),
    "previous": _Name("previous(1000)", _is_sums(0, 1)),
    **{name: _Name(name, _is_sums(0, 0)) for name in _OF_DAY},
    "round": _Name("round(previous(1000) * 1.05; 2)", _is_rounding),
    "min": _Name("min(previous(1000); 500)", _is_sums(2, 20)),
    "max": _Name("max(previous(1000); 500)", _is_sums(2, 20)),
    "abs": _Name('abs(balance("1100"))', _is_sums(1, 1)),
}


def _nodes(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Sum):
            waiting += [node.left, node.right]
        elif isinstance(node, Call):
            waiting += node.given


def _divided_by_zero(text: str, day: datetime.date) -> BadInput:
    return BadInput(
        "The formula %(formula)s divides by zero for the voucher of %(date)s.",
        field="amount",
        formula=_short(text),
        date=day.isoformat(),
    )


def _too_large(text: str) -> BadInput:
    return BadInput(
        "The formula %(formula)s comes to more than books can hold.",
        field="amount",
        formula=_short(text),
    )


def _short(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
