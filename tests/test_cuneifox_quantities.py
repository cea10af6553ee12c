from __future__ import annotations

from decimal import Decimal

import pytest

from cuneifox.quantities import read_quantity, shown_quantity
from models.errors import BadInput


@pytest.mark.parametrize(
    ("text", "amount", "meant"),
    [
        ("5", 100, "5"),
        ("5", 0, "5"),
        ("5", -100, "-5"),
        ("+5", -100, "5"),
        ("-5", -100, "-5"),
        ("-5", 100, "-5"),
        (" ๑,๒๓๔.๕๐ ", 1, "1234.50"),
        (".5", 1, "0.5"),
    ],
)
def test_what_is_credited_goes_out(text: str, amount: int, meant: str) -> None:
    """A sign that is written counts; without one a quantity goes the way of its line."""
    assert str(read_quantity(text, amount)) == meant


@pytest.mark.parametrize("amount", [-1, 0, 1])
@pytest.mark.parametrize("number", ["5", "-5", "0", "0.10", "-1234567.000000000001", "1E+3"])
def test_what_is_shown_is_read_as_the_same(number: str, amount: int) -> None:
    """Whatever the side of the line."""
    quantity = Decimal(number)
    assert read_quantity(shown_quantity(quantity, amount), amount) == quantity


@pytest.mark.parametrize(
    "text", ["", "x", "1e5", "NaN", "1,2", "--5", "5-", "1.2.3", "9" * 41, "٣"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """With what was typed, at the field."""
    with pytest.raises(BadInput, match="is not a quantity") as caught:
        read_quantity(text, 1)
    assert caught.value.field == "quantity"
