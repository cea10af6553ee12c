"""Calendar arithmetic of months and fiscal years. A month is a number: 202602 is February 2026."""

from __future__ import annotations

import calendar
import datetime


def month_of(date: datetime.date) -> int:
    """Return 202602 for 28 February 2026."""
    return date.year * 100 + date.month


def month_days(month: int) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last day of a month; ValueError for a number that is no month."""
    year, number = divmod(month, 100)
    first = datetime.date(year, number, 1)
    return first, first.replace(day=calendar.monthrange(year, number)[1])


def month_name(month: int) -> str:
    """Return "2026-02" for 202602."""
    return f"{month // 100:04d}-{month % 100:02d}"


def fiscal_year_of(date: datetime.date, start_month: int) -> int:
    """Return the fiscal year of a date, named by the year CE in which it ends.

    With 10 for the start month, as in Thailand's government, 1 October 2025 is in 2026.
    """
    return date.year + (1 < start_month <= date.month)


def fiscal_year_days(fiscal_year: int, start_month: int) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last day of a fiscal year."""
    first = datetime.date(fiscal_year - (start_month > 1), start_month, 1)
    return first, datetime.date(first.year + 1, start_month, 1) - datetime.timedelta(days=1)


def last_year_ended(month: int, start_month: int) -> int:
    """Return the last fiscal year that is over when ``month`` is."""
    last_day = month_days(month)[1]
    fiscal_year = fiscal_year_of(last_day, start_month)
    return (
        fiscal_year
        if fiscal_year_days(fiscal_year, start_month)[1] == last_day
        else fiscal_year - 1
    )
