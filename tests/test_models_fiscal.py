"""Fiscal years start in any month, have no gaps between them, and are named by the year in which they end."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fiscal import (
    fiscal_year_days,
    fiscal_year_of,
    last_year_ended,
    month_days,
    month_name,
    month_of,
)

DATES = st.dates(datetime.date(1860, 1, 1), datetime.date(2398, 12, 31))
STARTS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("date", "start", "year"),
    [
        ("2026-01-01", 1, 2026),
        ("2026-12-31", 1, 2026),
        ("2025-10-01", 10, 2026),  # Thailand's budget year 2569
        ("2025-09-30", 10, 2025),
        ("2026-04-05", 4, 2027),
        ("2026-03-31", 4, 2026),
        ("2024-02-29", 2, 2025),
        ("2026-12-01", 12, 2027),
    ],
)
def test_a_date_lies_in_the_year_that_ends_next(date: str, start: int, year: int) -> None:
    """Worked examples."""
    assert fiscal_year_of(datetime.date.fromisoformat(date), start) == year


@given(date=DATES, start=STARTS)
def test_every_date_lies_within_its_fiscal_year(date: datetime.date, start: int) -> None:
    """The year's days hold the date, are a whole year, and end on the day before the next one's first."""
    year = fiscal_year_of(date, start)
    first, last = fiscal_year_days(year, start)
    assert first <= date <= last
    assert (first.day, first.month, last.year) == (1, start, year)
    assert (last - first).days in (364, 365)
    assert fiscal_year_days(year + 1, start)[0] == last + datetime.timedelta(days=1)


@given(date=DATES, start=STARTS)
def test_the_last_year_that_a_month_ends(date: datetime.date, start: int) -> None:
    """It is over with the month's last day, and the one after it isn't."""
    month = month_of(date)
    year = last_year_ended(month, start)
    assert fiscal_year_days(year, start)[1] <= month_days(month)[1]
    assert fiscal_year_days(year + 1, start)[1] > month_days(month)[1]


def test_months_are_numbers_with_days_and_names() -> None:
    """February of a leap year has 29 days; a month that isn't is an error."""
    assert month_days(202402) == (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    assert month_name(202402) == "2024-02"
    for wrong in (202400, 202413, 0):
        with pytest.raises(ValueError, match=r"month|year"):
            month_days(wrong)
