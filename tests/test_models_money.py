"""Amounts come in as people write them or not at all, and go out the way they came in."""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput
from models.money import LIMIT, format_amount, format_plain, parse_amount, to_decimal, to_minor

minors = st.integers(-LIMIT + 1, LIMIT - 1)
decimals = st.integers(0, 4)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1234.56", 123456),
        ("1,234.56", 123456),
        ("  1,234.5 ", 123450),
        ("\u00a07\u00a0", 700),
        ("๑,๒๓๔.๕๖", 123456),
        ("-๕", -500),
        ("\u22125", -500),
        ("- 5", -500),
        ("+5", 500),
        ("(5.01)", -501),
        ("( 5 )", -500),
        (".5", 50),
        ("5.", 500),
        ("0", 0),
        ("-0", 0),
        ("000,001", 100),
        ("9,999,999,999,999,999.99", LIMIT - 1),
    ],
)
def test_an_amount_is_understood_as_people_write_it(text, minor):
    """Grouping, Thai digits, signs, parentheses and blanks around are understood."""
    assert parse_amount(text, 2) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        ".",
        "-",
        "()",
        "abc",
        "NaN",
        "-Infinity",
        "inf",
        "1e5",
        "1E5",
        "0x10",
        "1_000",
        "1.234",
        "1.500",
        "0.001",
        "1,5",
        "1,23",
        "12,34.00",
        "1234,567.00",
        ",123",
        "1,,000",
        "1.2.3",
        "1 000",
        "--1",
        "+-1",
        "1-",
        "(-1)",
        "(+1)",
        "((1))",
        "(1",
        "1)",
        "1,234.5,6",
        "฿5",
        "5 THB",
        "=1+1",
        "10^18",
        "1000000000000000000",
        "-1000000000000000000",
        "10000000000000000",
        "9" * 5000,
        "1\n2",
        "1\x00",
        "１２",
        "½",
        "²",
        None,
        5,
        5.0,
        Decimal(5),
        b"5",
        ["5"],
    ],
)
def test_anything_else_is_refused(text):
    """What isn't plainly an amount is BadInput that names its field; no other error ever comes."""
    with pytest.raises(BadInput) as caught:
        parse_amount(text, 2)
    assert caught.value.field == "amount"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "places", "minor"), [("5", 0, 5), ("5.", 0, 5), ("1.234", 3, 1234), ("1", 3, 1000)]
)
def test_decimals_are_the_currencys(text, places, minor):
    """A yen has no smaller unit, a dinar a thousand."""
    assert parse_amount(text, places) == minor


def test_a_yen_has_no_half():
    """Decimals that the currency lacks are refused, not dropped."""
    with pytest.raises(BadInput, match="more than 0 decimals"):
        parse_amount("5.0", 0)


@given(minors, decimals)
def test_what_is_written_is_read_back(minor, places):
    """Both forms of writing an amount are read back as the same amount, in Thai digits too."""
    thai = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
    grouped = format_amount(minor, places)
    assert parse_amount(grouped, places) == minor
    assert parse_amount(grouped.translate(thai), places) == minor
    assert Decimal(format_plain(minor, places)) == Decimal(minor) / 10**places
    assert grouped.replace(",", "") == format_plain(minor, places)


@given(st.text(max_size=80), decimals)
def test_no_text_breaks_the_reader(text, places):
    """Any text at all is either an amount under the limit or BadInput."""
    with suppress(BadInput):
        assert abs(parse_amount(text, places)) < LIMIT


@pytest.mark.parametrize(
    ("minor", "places", "text"),
    [
        (0, 2, "0.00"),
        (-5, 2, "-0.05"),
        (123456789, 2, "1,234,567.89"),
        (-1000, 0, "-1,000"),
        (12345, 3, "12.345"),
    ],
)
def test_amounts_are_written_in_groups_of_three(minor, places, text):
    """Written amounts have all their decimals, groups of three, and the sign in front."""
    assert format_amount(minor, places) == text


@given(st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False), decimals)
def test_foreign_figures_are_rounded_half_even(value, places):
    """Rounding is half-even, as Decimal.quantize has it, and exact amounts stay as they are."""
    step = Decimal(1).scaleb(-places)
    expected = (
        value.quantize(step, ROUND_HALF_EVEN) if value.as_tuple().exponent < -places else value
    )
    assert to_decimal(to_minor(value, places), places) == expected


@pytest.mark.parametrize(
    ("text", "minor"), [("0.005", 0), ("0.015", 2), ("-0.025", -2), ("0.0250000001", 3)]
)
def test_halves_go_to_the_even_cent(text, minor):
    """Halves go to the even neighbour, and only halves do."""
    assert to_minor(Decimal(text), 2) == minor


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+16", "1E+999999", "9999999999999999.999"]
)
def test_figures_that_books_cannot_hold_are_refused(text):
    """Neither what is no number nor what is too large becomes an amount."""
    with pytest.raises(BadInput):
        to_minor(Decimal(text), 2)
