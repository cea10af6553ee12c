"""Inputs are cleaned where that is safe, and quantities come apart and together without a loss."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import BadInput
from models.inputs import LineInput, VoucherInput, check_date, check_input, scaled, unscaled
from models.texts import clean_text


@given(number=st.integers(-(10**18) + 1, 10**18 - 1), decimals=st.integers(0, 18))
def test_quantities_come_apart_and_together_exactly(number: int, decimals: int) -> None:
    """Whatever is below 10**18 in its smallest unit, with up to 18 decimals."""
    quantity = unscaled(number, decimals)
    assert quantity * 10**decimals == number
    assert scaled(quantity) == (number, decimals)


@given(quantity=st.decimals(allow_nan=True, allow_infinity=True))
def test_no_quantity_is_kept_wrong(quantity: Decimal) -> None:
    """A Decimal either comes back equal, or is refused."""
    try:
        taken = scaled(quantity)
    except ValueError:
        return
    assert unscaled(*taken) == quantity


def given_text(text: str, reference: str = "", line: str = "") -> VoucherInput:
    date = datetime.date(2026, 2, 28)
    return check_input(VoucherInput(1, date, text, [LineInput(1, 5, line)], reference))


def test_texts_are_trimmed_and_normalized() -> None:
    """Blanks around go, line breaks become one kind, and letters are composed (NFC)."""
    cleaned = given_text("  น้ำปลา\r\nfish ", " INV 7 ", " Cafe\u0301 ")
    assert (cleaned.text, cleaned.reference, cleaned.lines[0].text) == (
        "น้ำปลา\nfish",
        "INV 7",
        "Café",
    )


@example(text="fish ")
@example(text=" fish")
@example(text="fish\x7f")
@given(text=st.text(st.characters(codec="ascii"), max_size=40))
def test_what_is_taken_at_a_glance_is_what_thorough_cleaning_gives(text: str) -> None:
    """The short cut for plain texts changes nothing about what is stored or refused."""
    try:
        short = given_text(text).text
    except BadInput:
        short = None
    try:
        thorough = clean_text(text, "text", longest=2000)
    except BadInput:
        thorough = None
    assert short == thorough


@pytest.mark.parametrize("date", ["1857-12-31", "2400-01-01"])
def test_dates_outside_of_what_books_hold_are_refused(date: str) -> None:
    """The first and the last possible day are fine, the ones beyond aren't."""
    check_date(datetime.date(1858, 1, 1))
    check_date(datetime.date(2399, 12, 31))
    with pytest.raises(BadInput, match=date):
        check_date(datetime.date.fromisoformat(date))
