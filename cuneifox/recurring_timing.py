"""When a recurring voucher is due, as the form offers it: simple choices, or a cron line that is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from babel.dates import get_day_names
from werkzeug.datastructures import MultiDict

from cuneifox import formats
from cuneifox.i18n import LazyText, _, _l, current_language, error_text
from models.errors import BadInput
from models.recurring.scheduling import Timing, checked_timing

LAST = "L"
"""Stands for the last day of a month, as in cron lines."""

DAYS = (*map(str, range(1, 29)), LAST)
"""Days of the month that are offered: each month has them."""

MOST_TYPED = 100
"""Characters of a field."""

_MONTHLY = re.compile(r"([0-9]+|L) \* \*")
_WEEKLY = re.compile(r"\* \* ([0-6])")
_QUARTERLY = re.compile(r"([0-9]+|L) ([0-9]+),([0-9]+),([0-9]+),([0-9]+) \*")
_YEARLY = re.compile(r"([0-9]+|L) ([0-9]+) \*")
_TIME = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})", re.ASCII)

_TO_ASCII = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

EVERY: dict[str, LazyText] = {
    "month": _l("Every month"),
    "week": _l("Every week"),
    "quarter": _l("Every three months"),
    "year": _l("Every year"),
    "cron": _l("By a cron line"),
}


@dataclass
class TimingForm:
    """What was chosen and typed; `every` is a word of EVERY, the others belong to one of those each."""

    every: str = "month"
    month_day: str = "1"
    week_day: str = "1"
    quarter_month: str = "1"
    quarter_day: str = "1"
    year_month: str = "1"
    year_day: str = "1"
    cron: str = ""
    time: str = "08:00"
    zone: str = ""
    missed: str = "each"

    @classmethod
    def typed(cls, given: MultiDict[str, str]) -> TimingForm:
        """Return the form that was sent."""
        values = {part.name: given.get(part.name, "").strip()[:MOST_TYPED] for part in fields(cls)}
        return cls(**values)

    @classmethod
    def of(cls, timing: Timing) -> TimingForm:
        """Return the form that shows a timing: as an offer, where it is one."""
        minute, hour, *rest = timing.cron.split()
        form = cls(
            every="cron", cron=timing.cron, zone=timing.zone, missed=timing.missed,
            time=f"{int(hour):02}:{int(minute):02}",
        )  # fmt: skip
        form._recognize(" ".join(rest))
        return form

    def _recognize(self, days: str) -> None:
        if (found := _MONTHLY.fullmatch(days)) and found[1] in DAYS:
            self.every, self.month_day = "month", found[1]
        elif found := _WEEKLY.fullmatch(days):
            self.every, self.week_day = "week", found[1]
        elif (found := _QUARTERLY.fullmatch(days)) and found[1] in DAYS:
            first = int(found[2])
            if [int(month) for month in found.groups()[1:]] == _quarters(first):
                self.every, self.quarter_day, self.quarter_month = "quarter", found[1], str(first)
        elif (found := _YEARLY.fullmatch(days)) and found[1] in DAYS:
            self.every, self.year_day, self.year_month = "year", found[1], found[2]

    def read(self, errors: dict[str, str]) -> Timing | None:
        """Return the timing, or None with what is wrong put among `errors`, by field."""
        line = self._line(errors)
        if line is None:
            return None
        try:
            return checked_timing(Timing(line, self.zone, self.missed))
        except BadInput as error:
            field = error.field if error.field in ("cron", "zone", "missed") else "cron"
            errors[field] = error_text(error)
            return None

    def _line(self, errors: dict[str, str]) -> str | None:
        if self.every == "cron":
            return self.cron
        time = _TIME.fullmatch(self.time.translate(_TO_ASCII))
        if time is None or int(time[1]) > 23 or int(time[2]) > 59:
            errors["time"] = _("Give the time of day, like 08:00.")
            return None
        days = self._days()
        if days is None:
            errors["every"] = _("Choose from the list when it is due.")
            return None
        return f"{int(time[2])} {int(time[1])} {days}"

    def _days(self) -> str | None:
        days = {
            "month": (self.month_day, "*", "*"),
            "week": ("*", "*", self.week_day),
            "quarter": (self.quarter_day, self.quarter_month, "*"),
            "year": (self.year_day, self.year_month, "*"),
        }.get(self.every)
        if days is None:
            return None
        day, month, weekday = days
        if day not in (*DAYS, "*") or weekday not in (*map(str, range(7)), "*"):
            return None
        if month not in (*map(str, range(1, 13)), "*"):
            return None
        if self.every == "quarter":
            month = ",".join(map(str, _quarters(int(month))))
        return f"{day} {month} {weekday}"


def _quarters(first: int) -> list[int]:
    """Return the months that are three months apart, of which `first` is one."""
    return [(first - 1) % 3 + 1 + 3 * quarter for quarter in range(4)]


def month_days() -> list[tuple[str, str]]:
    """Return what is offered for the day of a month: value and label."""
    return [(day, _("the last day") if day == LAST else day) for day in DAYS]


def weekdays() -> list[tuple[str, str]]:
    """Return what is offered for the day of a week, from Monday on."""
    names = get_day_names("wide", locale=current_language())
    return [(str((number + 1) % 7), names[number]) for number in range(7)]


def months() -> list[tuple[str, str]]:
    """Return what is offered for a month."""
    return [(str(number), formats.month(number)) for number in range(1, 13)]


def quarters() -> list[tuple[str, str]]:
    """Return what is offered for the months of a quarter."""
    return [
        (str(first), ", ".join(formats.month(month, "abbreviated") for month in _quarters(first)))
        for first in (1, 2, 3)
    ]
