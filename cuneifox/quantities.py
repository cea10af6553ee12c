"""Quantities of commodities (foreign currency, shares, hours) as forms write them."""

from __future__ import annotations

import re
from decimal import Decimal

from models.errors import BadInput

_TO_ASCII = str.maketrans("๐๑๒๓๔๕๖๗๘๙−", "0123456789-")
_NUMBER = re.compile(r"([+-]?)((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)")

LONGEST = 40
"""Characters; books keep 18 digits."""


def read_quantity(text: str, amount: int) -> Decimal:
    """Return the quantity that was typed on a line of `amount` (minor units, debit positive).

    Without a sign it goes the way of the amount: what is credited goes out. Raises BadInput.
    """
    found = _NUMBER.fullmatch(text.strip().translate(_TO_ASCII)[: LONGEST + 1])
    if found is None or len(text) > LONGEST:
        raise BadInput(
            "%(text)s is not a quantity; write it like 1,234.5 or -3.",
            field="quantity",
            text=text[:LONGEST],
        )
    size = Decimal(found[2].replace(",", ""))
    return -size if found[1] == "-" or (amount < 0 and not found[1]) else size


def shown_quantity(quantity: Decimal | None, amount: int) -> str:
    """Return what `read_quantity` takes for just this quantity on a line of `amount`."""
    if quantity is None:
        return ""
    if amount < 0:
        return f"{-quantity:f}" if quantity <= 0 else f"+{quantity:f}"
    return f"{quantity:f}"
