"""Dates come in either era and in Thai digits; what no calendar has is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dates import (
    FIRST_YEAR,
    LAST_YEAR,
    first_of_month,
    last_of_month,
    parse_date,
    parse_range,
)
from models.errors import BadInput

days = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-28",
        "2026-2-28",
        "28/2/2026",
        "28/02/2026",
        "28.2.2026",
        "28-2-2026",
        "28/2/2569",
        "2569-02-28",
        "๒๘/๒/๒๕๖๙",
        "๒๕๖๙-๐๒-๒๘",
        "  28/2/2569\t",
    ],
)
def test_both_eras_and_both_orders_are_understood(text):
    """All of these are the last day of February 2026."""
    assert parse_date(text) == date(2026, 2, 28)


def test_leap_days_are_those_of_the_common_era():
    """2567 is 2024, a leap year; 2568 is 2025, none, although 2568 divides by four."""
    assert parse_date("29/2/2567") == date(2024, 2, 29)
    with pytest.raises(BadInput, match="calendar"):
        parse_date("29/2/2568")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "2026-02-30",
        "30/2/2569",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "32/1/2026",
        "1/13/2026",
        "28/2/26",
        "28/2/69",
        "28/2-2026",
        "28/2",
        "2026-02",
        "2026/02/28",
        "20260228",
        "2026-02-28T00:00",
        "2026-02-28 00:00:00",
        "-2026-02-28",
        "0000-01-01",
        "0001-01-01",
        "1857-12-31",
        "2943-01-01",
        "9999-12-31",
        "12026-01-01",
        "28 Feb 2026",
        "today",
        "NaN",
        "٢٠٢٦-٠٢-٢٨",
        "２０２６-02-28",
        "2026-02-28\x00",
        "9" * 10_000,
        None,
        20260228,
        date(2026, 2, 28),
        b"2026-02-28",
    ],
)
def test_anything_else_is_refused(text):
    """What isn't plainly a date is BadInput that names its field; no other error ever comes."""
    with pytest.raises(BadInput) as caught:
        parse_date(text)
    assert caught.value.field == "date"
    assert len(str(caught.value)) < 200


@given(days)
def test_every_day_is_read_in_both_eras(day):
    """Each day that books can hold is read from its text in either era and in Thai digits."""
    thai = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
    buddhist = f"{day.day}/{day.month}/{day.year + 543}"
    assert parse_date(day.isoformat()) == day
    assert parse_date(buddhist) == day
    assert parse_date(buddhist.translate(thai)) == day


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text):
    """Any text at all is either a date or BadInput."""
    with suppress(BadInput):
        assert FIRST_YEAR <= parse_date(text).year <= LAST_YEAR


def test_a_reversed_range_is_refused():
    """A range that ends before it begins says so; one day is a range."""
    assert parse_range("1/1/2569", "2026-01-01") == (date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(BadInput, match="before it begins"):
        parse_range("2026-01-02", "2026-01-01")


@given(days)
def test_a_month_reaches_from_its_first_to_its_last_day(day):
    """The day before the first and the day after the last are in other months."""
    first, last = first_of_month(day), last_of_month(day)
    assert first <= day <= last
    assert first.month == last.month == day.month
    assert (first - timedelta(days=1)).month != day.month
    assert (last + timedelta(days=1)).month != day.month
