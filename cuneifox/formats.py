"""How dates and amounts are written for people: Buddhist era in Thai, grouped digits everywhere."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from cuneifox.i18n import current_language
from models.dates import BUDDHIST_OFFSET
from models.money import format_amount

Width = Literal["wide", "abbreviated"]


def year(number: int) -> int:
    """A year as the reader counts it."""
    return number + BUDDHIST_OFFSET if current_language() == "th" else number


def month(number: int, width: Width = "wide") -> str:
    """The name of month 1 to 12; `width` is "wide" or "abbreviated"."""
    return get_month_names(width, locale=current_language())[number]


def month_of(day: Date, width: Width = "wide") -> str:
    """A month with its year: February 2026, กุมภาพันธ์ 2569."""
    return f"{month(day.month, width)} {year(day.year)}"


def date(day: Date | str | None, width: Width = "abbreviated") -> str:
    """A day: 28 Feb 2026, 28 ก.พ. 2569; nothing for None. Text is taken as an ISO date."""
    if not day:
        return ""
    if isinstance(day, str):
        day = Date.fromisoformat(day[:10])
    return f"{day.day} {month_of(day, width)}"


def moment(at: datetime | None) -> str:
    """A day and the time of day, to the minute."""
    return f"{date(at)} {at:%H:%M}" if at else ""


def moment_in(at: float, zone: str) -> str:
    """UTC seconds as clocks of a time zone show them."""
    return moment(datetime.fromtimestamp(at, ZoneInfo(zone)))


def money(minor: int | None, decimals: int = 2, zero: str | None = None) -> str:
    """An amount of minor units as people write it: 1,234.56. Nothing for None; `zero` is for 0."""
    if minor is None:
        return ""
    return zero if minor == 0 and zero is not None else format_amount(minor, decimals)


def typed_date(text: Date | str) -> str:
    """Return a day as the reader would type it into a field; text that is no ISO date as it is."""
    try:
        day = text if isinstance(text, Date) else Date.fromisoformat(text)
    except ValueError:
        return str(text)
    return f"{day.day}/{day.month}/{year(day.year)}" if current_language() == "th" else str(day)


FILTERS: dict[str, Any] = {
    "date": date,
    "moment": moment,
    "money": money,
    "month_of": month_of,
    "typed_date": typed_date,
}
GLOBALS: dict[str, Any] = {"month_name": month, "shown_year": year}
