"""Reading formulas: from what was typed to the parts that it is made of, or to what is wrong with it.

What formulas mean is told in `models.recurring.formulas`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from models.errors import BadInput

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

TOO_LARGE = Decimal(10) ** MOST_DIGITS
"""What nothing may come to on the way, of either sign."""

OF_ACCOUNT = ("balance", "movement")
"""Names that take the code of an account."""

OF_DAY = ("day", "month", "year", "days_in_month", "days_in_year")
"""Names of what the voucher's date says."""

PLAIN = ("round", "min", "max", "abs")
"""Names of what comes of numbers alone."""

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
        return not any(isinstance(n, Call) and n.name not in PLAIN for n in _nodes(self.root))

    @property
    def accounts(self) -> list[str]:
        """The codes of the accounts that it names."""
        return [
            node.given[0]
            for node in _nodes(self.root)
            if isinstance(node, Call) and node.name in OF_ACCOUNT
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
        if value >= TOO_LARGE:
            raise too_large(self.text)
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
                formula=short(self.text),
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
                formula=short(self.text),
            )
        self.at += 1
        return self.tokens[self.at - 1]

    def _unknown(self, text: str) -> BadInput:
        return BadInput(
            "%(part)s can't stand where it does in the formula %(formula)s. Formulas are of numbers, + - * / ( ) and "
            'names such as balance("1100").',
            field="amount",
            part=short(text, 20),
            formula=short(self.text),
        )


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
    **{name: _Name(name, _is_sums(0, 0)) for name in OF_DAY},
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


def too_large(text: str) -> BadInput:
    """Return the error of a formula that comes to too much."""
    return BadInput(
        "The formula %(formula)s comes to more than books can hold.",
        field="amount",
        formula=short(text),
    )


def short(text: str, longest: int = 60) -> str:
    """Return the beginning of a text, for errors that quote it."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
