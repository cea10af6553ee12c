"""Calendar dates between the text that people write, in either era, and ``datetime.date``."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Any

from models.errors import BadInput

BUDDHIST_OFFSET = 543
"""The Buddhist era counts from 543 years earlier: 2569 is 2026."""

FIRST_YEAR, LAST_YEAR = 1858, 2399
"""Years CE of dates in books; from 2400 on a year can only mean the Buddhist era (2400 is 1857)."""

_TO_ASCII = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})", re.ASCII)


def parse_date(text: str) -> date:
    """Return the date that ``text`` writes: 2026-02-28, 28/2/2026, 28.2.2569 or ๒๘/๒/๒๕๖๙.

    A year of 2400 or more counts in the Buddhist era. The day comes first unless the year does;
    years have four digits. Raises BadInput for anything else and for days that no calendar has.
    """
    if not isinstance(text, str):
        raise _bad("%(text)s is not a date; write it like 2026-02-28 or 28/2/2569.", repr(text))
    number = text.strip().translate(_TO_ASCII)
    if not number:
        raise _bad("The date is empty; write it like 2026-02-28 or 28/2/2569.", text)
    if match := _YEAR_FIRST.fullmatch(number):
        year, month, day = map(int, match.groups())
    elif match := _DAY_FIRST.fullmatch(number):
        day, month, year = int(match[1]), int(match[3]), int(match[4])
    else:
        raise _bad("%(text)s is not a date; write it like 2026-02-28 or 28/2/2569.", text)
    return _on_calendar(year, month, day, text)


def _on_calendar(year: int, month: int, day: int, text: str) -> date:
    common = year - BUDDHIST_OFFSET if year > LAST_YEAR else year
    if not FIRST_YEAR <= common <= LAST_YEAR:
        raise _bad("The year of %(text)s is outside what books can hold.", text)
    try:
        return date(common, month, day)
    except ValueError:
        raise _bad("%(text)s is not on the calendar; check day and month.", text) from None


def parse_range(first: str, last: str) -> tuple[date, date]:
    """Return both dates of an inclusive range; BadInput if either is bad or the last is earlier."""
    begin, end = parse_date(first), parse_date(last)
    check_range(begin, end)
    return begin, end


def check_range(first: date, last: date) -> None:
    """Raise BadInput if the inclusive range from ``first`` to ``last`` is reversed."""
    if last < first:
        raise BadInput(
            "The range ends on %(last)s, before it begins on %(first)s; swap the two dates.",
            field="last",
            first=first.isoformat(),
            last=last.isoformat(),
        )


def first_of_month(day: date) -> date:
    """Return the first day of the month that ``day`` lies in."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of the month that ``day`` lies in."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _bad(msgid: str, text: str, **params: Any) -> BadInput:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return BadInput(msgid, field="date", text=shown, **params)
