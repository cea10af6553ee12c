"""Entries of other programs, posted all together or not at all; a second time they add nothing.

A reader turns a file into an ``ImportBatch`` of neutral entries; what happens to them is here.
"""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Kind = Literal["asset", "liability", "equity", "income", "expense"]


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
    """

    date: Date
    line: int
    payee: str
    text: str
    fingerprint: str
    lines: list[ImportLine]


class ImportAccount(Struct, frozen=True, array_like=True):
    """An account that the source declares."""

    name: str
    kind: Kind
    opened: Date
    line: int
