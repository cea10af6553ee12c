"""The date that a recurring voucher bears, by the day on which it is due."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from models.dates import first_of_month, last_of_month
from models.errors import BadInput

_ONE = datetime.timedelta(days=1)


def _next_month(day: datetime.date) -> datetime.date:
    return last_of_month(day) + _ONE


RULES: dict[str, Callable[[datetime.date], datetime.date]] = {
    "same_day": lambda day: day,
    "month_start": first_of_month,
    "month_end": last_of_month,
    "previous_month_end": lambda day: first_of_month(day) - _ONE,
    "next_month_start": _next_month,
    "next_month_end": lambda day: last_of_month(_next_month(day)),
}
"""By name: from the slot's day to the voucher's date."""


def cleaned_rule(name: str) -> str:
    """Return the name of a rule; BadInput where there is none of that name."""
    if name not in RULES:
        raise BadInput("Choose from the list which date the voucher bears.", field="date_rule")
    return name


def voucher_date(rule: str, slot: datetime.date) -> datetime.date:
    """Return the voucher's date, of a slot on that day."""
    return RULES[rule](slot)
