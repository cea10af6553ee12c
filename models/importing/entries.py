"""What a reader of files hands over, and what it hears when that can't be posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from models.errors import BadInput

Kind = Literal["asset", "liability", "equity", "income", "expense"]

Problem = tuple[int, str]
"""A line of the source (0: none in particular) and what is wrong there, in English."""

MOST_PROBLEMS = 100
"""More are counted and not listed."""


class ImportLine(Struct, frozen=True, array_like=True):
    """One line of an entry.

    Attributes:
        account: the account's full name, its parts joined by colons: "Assets:Bank:Checking".
        amount: its value in the company's currency, debit positive, with as many decimals as the
            source has; zero for what has no value in that currency.
        quantity: how much of ``commodity`` it is; None for plain amounts.
        commodity: what the quantity is of: a currency, shares, hours.
    """

    account: str
    amount: Decimal
    quantity: Decimal | None = None
    commodity: str | None = None


class ImportEntry(Struct, frozen=True, array_like=True):
    """One transaction of the source.

    Attributes:
        line: where it stands in the source, from 1; 0 where that means nothing.
        payee: who was paid or paid; may be empty.
        fingerprint: what tells it from every other entry, also of the same content; an entry of a
            fingerprint that the books have is not posted again.
        book: code of the journal book to post it in; empty for that of the whole import.
    """

    date: Date
    line: int
    payee: str
    text: str
    fingerprint: str
    lines: list[ImportLine]
    book: str = ""


class ImportAccount(Struct, frozen=True, array_like=True):
    """An account that the source declares."""

    name: str
    kind: Kind
    opened: Date
    line: int


class ImportBatch(Struct, frozen=True):
    """A whole file. ``currency`` is what its amounts are in; entries are posted in their order."""

    currency: str
    accounts: list[ImportAccount]
    entries: list[ImportEntry]


class ImportRefused(BadInput):
    """Raised when a batch can't be posted; ``problems`` says why, by line. Nothing was changed."""

    code = "import-refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        listed = sorted(set(problems))
        self.problems: list[Problem] = listed[:MOST_PROBLEMS]
        if len(listed) > MOST_PROBLEMS:
            self.problems.append((0, f"and {len(listed) - MOST_PROBLEMS} more"))
        super().__init__("Nothing was imported: %(problems)s", problems="; ".join(self.lines()))

    def lines(self) -> list[str]:
        """Each problem as one line of text."""
        return [f"line {line}: {text}" if line else text for line, text in self.problems]
