"""What cron lines mean, told minute by minute, and what sentences about them mean. Nothing of the program is used."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTH_NAMES = tuple(name.upper() for name in calendar.month_abbr[1:])
WEEKDAYS = ("Sunday", *calendar.day_name[:6])
MONTHS = tuple(calendar.month_name[1:])
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def weekday_of(day: datetime) -> int:
    """0 is Sunday."""
    return (day.weekday() + 1) % 7


def days_in_month(day: datetime) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def last_working_day(day: datetime) -> int:
    month = calendar.Calendar().itermonthdays2(day.year, day.month)
    return max(number for number, weekday in month if number and weekday < 5)


# Lines


def fits(line: str, at: datetime) -> bool:
    """Tell whether a minute is one of a line's, by the rules of Debian's crontab(5) and the program's L, LW and #."""
    minute, hour, day, month, weekday = line.upper().split()
    by_day = any(_day_fits(term, at) for term in day.split(","))
    by_weekday = any(_weekday_fits(term, at) for term in weekday.split(","))
    star = day.startswith("*") or weekday.startswith("*")
    return (
        _fits(minute, at.minute, 0, 59)
        and _fits(hour, at.hour, 0, 23)
        and _fits(month, at.month, 1, 12, MONTH_NAMES)
        and (by_day and by_weekday if star else by_day or by_weekday)
    )


def _day_fits(term: str, at: datetime) -> bool:
    if term == "L":
        return at.day == days_in_month(at)
    if term == "LW":
        return at.day == last_working_day(at)
    return _fits(term, at.day, 1, 31)


def _weekday_fits(term: str, at: datetime) -> bool:
    here = weekday_of(at)
    if term.endswith("L"):
        return here == int(term[:-1]) % 7 and at.day + 7 > days_in_month(at)
    if "#" in term:
        wanted, count = term.split("#")
        return here == _number(wanted, 0, DAY_NAMES) % 7 and (at.day + 6) // 7 == int(count)
    numbers = [here, 7] if here == 0 else [here]
    return any(_fits(term, number, 0, 7, DAY_NAMES) for number in numbers)


def _fits(field: str, value: int, lowest: int, highest: int, names: tuple[str, ...] = ()) -> bool:
    for term in field.split(","):
        range_, _, step = term.partition("/")
        if range_ == "*":
            first, last = lowest, highest
        elif "-" in range_:
            first, last = (_number(end, lowest, names) for end in range_.split("-"))
        else:
            first = _number(range_, lowest, names)
            last = highest if step else first
        if first <= value <= last and (value - first) % int(step or 1) == 0:
            return True
    return False


def _number(text: str, lowest: int, names: tuple[str, ...]) -> int:
    return names.index(text) + lowest if text in names else int(text)


def walk(line: str, after: datetime, count: int, days: int) -> Iterator[datetime]:
    """Yield the first times after a moment that a line names, going minute by minute, for so many days at most."""
    at = after.replace(second=0, microsecond=0) + MINUTE
    end = at + timedelta(days=days)
    while at < end and count:
        if fits(line, at):
            yield at
            count -= 1
        at += MINUTE


# Sentences

Test = Callable[[datetime], bool]


class Unclear(Exception):
    """Raised where a sentence can't be understood."""


_NUMBER, _CLOCK = r"\d+", r"\d\d:\d\d"
_WEEKDAY, _MONTH = f"(?:{'|'.join(WEEKDAYS)})", f"(?:{'|'.join(MONTHS)})"


def _listed(one: str) -> str:
    """The pattern of "1, 2 through 4, and 6", of whatever there is one of."""
    item = rf"{one}(?: through {one})?"
    return rf"({item}(?:, {item})*(?:,? and {item})?)(?![\w:])"


def meaning(sentence: str) -> Test:
    """Return what a sentence says of a minute. Raises Unclear."""
    return _Reading(sentence).test()


class _Reading:
    """A sentence, read clause by clause; each narrows what it speaks of, and days may be joined by "or"."""

    def __init__(self, sentence: str) -> None:
        self.rest = sentence[0].lower() + sentence[1:]
        self.minutes, self.hours = set(range(60)), set(range(24))
        self.months: set[int] = set(range(1, 13))
        self.days: list[Test] = []
        self.either: list[Test] = []
        self.step = ("", 1)

    def test(self) -> Test:
        while self.rest:
            if not any(self._clause(pattern, act) for pattern, act in CLAUSES):
                raise Unclear(self.rest)
            self.rest = self.rest.removeprefix(",").lstrip()
        return self._fits

    def _clause(self, pattern: str, act: Callable[..., None]) -> bool:
        found = re.match(rf"(?:{pattern})(?=,|$)", self.rest)
        if found is None:
            return False
        self.rest = self.rest[found.end() :]
        act(self, *found.groups())
        return True

    def _fits(self, at: datetime) -> bool:
        by_days = all(test(at) for test in self.days)
        if self.either:
            by_days = by_days or any(test(at) for test in self.either)
        return (
            at.minute in self.minutes and at.hour in self.hours and at.month in self.months and by_days
        )  # fmt: skip

    # Clauses

    def clock(self, listed: str) -> None:
        times = re.findall(r"(\d\d):(\d\d)", listed)
        self.hours = {int(hour) for hour, _ in times}
        if self.minutes == set(range(60)):
            self.minutes = {int(minute) for _, minute in times}
            assert len(self.minutes) == 1
        else:
            assert {minute for _, minute in times} == {"00"}

    def every_minutes(self, step: str = "1") -> None:
        self.minutes, self.step = set(range(0, 60, int(step))), ("minute", int(step))

    def minutes_between(self, first: str, last: str) -> None:
        step = self.step[1] if self.step[0] == "minute" else 1
        self.minutes = set(range(int(first), int(last) + 1, step))

    def minutes_from(self, first: str) -> None:
        assert self.step[0] == "minute"
        self.minutes = set(range(int(first), 60, self.step[1]))

    def at_minutes(self, listed: str) -> None:
        self.minutes = set(_numbers(listed))

    def every_hours(self, step: str = "1") -> None:
        if self.minutes == set(range(60)):
            self.minutes = {0}
        self.hours, self.step = set(range(0, 24, int(step))), ("hour", int(step))

    def hours_between(self, first: str, last: str, minute: str) -> None:
        assert minute in ("00", "59")
        step = self.step[1] if self.step[0] == "hour" else 1
        self.hours = set(range(int(first), int(last) + 1, step))

    def minutes_of_an_hour(self, hour: str, first: str, last: str) -> None:
        self.hours, self.minutes = {int(hour)}, set(range(int(first), int(last) + 1))

    def hours_from(self, first: str) -> None:
        assert self.step[0] == "hour"
        self.hours = set(range(int(first), 24, self.step[1]))

    def every_day(self) -> None:
        """Says nothing of which."""

    def every_days(self, step: str) -> None:
        self.step = ("day", int(step))
        self.days.append(lambda at: (at.day - 1) % int(step) == 0)

    def days_from(self, first: str) -> None:
        assert self.step[0] == "day"
        step = self.step[1]
        self.days[-1] = lambda at: at.day >= int(first) and (at.day - int(first)) % step == 0

    def days_between(self, first: str, last: str) -> None:
        step = 1
        if self.step[0] == "day":
            step = self.step[1]
            self.days.pop()
        self.days.append(lambda at: at.day in range(int(first), int(last) + 1, step))

    def on_days(self, listed: str) -> None:
        wanted = set(_numbers(listed))
        self.days.append(lambda at: at.day in wanted)

    def last_day(self) -> None:
        self.days.append(lambda at: at.day == days_in_month(at))

    def last_weekday(self) -> None:
        self.days.append(lambda at: at.day == last_working_day(at))

    def weekdays(self, joined: str | None, listed: str) -> None:
        wanted = set(_numbers(listed, WEEKDAYS, 0))
        (self.either if joined else self.days).append(lambda at: weekday_of(at) in wanted)

    def nth_weekday(self, joined: str | None, nth: str, name: str) -> None:
        def test(at: datetime) -> bool:
            if weekday_of(at) != WEEKDAYS.index(name):
                return False
            if nth == "last":
                return at.day + 7 > days_in_month(at)
            return (at.day - 1) // 7 == ORDINALS.index(nth)

        (self.either if joined else self.days).append(test)

    def every_months(self, step: str) -> None:
        self.months, self.step = set(range(1, 13, int(step))), ("month", int(step))

    def months_between(self, first: str, last: str) -> None:
        step = self.step[1] if self.step[0] == "month" else 1
        self.months = set(range(MONTHS.index(first) + 1, MONTHS.index(last) + 2, step))

    def only_months(self, listed: str) -> None:
        self.months = set(_numbers(listed, MONTHS, 1))


def _numbers(listed: str, names: tuple[str, ...] = (), lowest: int = 0) -> Iterator[int]:
    def number(text: str) -> int:
        return names.index(text) + lowest if text in names else int(text)

    for item in re.split(r",? and |, ", listed):
        first, _, last = item.partition(" through ")
        if names == WEEKDAYS and last and number(last) < number(first):  # Friday through Sunday
            yield from (day % 7 for day in range(number(first), number(last) + 8))
        else:
            yield from range(number(first), number(last or first) + 1)


_R = _Reading
CLAUSES: tuple[tuple[str, Callable[..., None]], ...] = (
    (rf"at {_listed(_NUMBER)} minutes past the hour", _R.at_minutes),
    (rf"at {_listed(_CLOCK)}", _R.clock),
    (r"every minute between (\d\d):(\d\d) and \d\d:(\d\d)", _R.minutes_of_an_hour),
    (r"every minute", _R.every_minutes),
    (r"every (\d+) minutes", _R.every_minutes),
    (r"minutes (\d+) through (\d+) past the hour", _R.minutes_between),
    (r"starting at (\d+) minutes past the hour", _R.minutes_from),
    (r"every hour", _R.every_hours),
    (r"every (\d+) hours", _R.every_hours),
    (r"between (\d\d):00 and (\d\d):(\d\d)", _R.hours_between),
    (r"starting at (\d\d):00", _R.hours_from),
    (r"every day", _R.every_day),
    (r"every (\d+) days", _R.every_days),
    (r"starting on day (\d+) of the month", _R.days_from),
    (r"between day (\d+) and (\d+) of the month", _R.days_between),
    (rf"on day {_listed(_NUMBER)} of the month", _R.on_days),
    (r"on the last day of the month", _R.last_day),
    (r"on the last weekday of the month", _R.last_weekday),
    (rf"(or )?on the (last|{'|'.join(ORDINALS)}) ({_WEEKDAY}) of the month", _R.nth_weekday),
    (rf"(?:only on|(or) on) {_listed(_WEEKDAY)}", _R.weekdays),
    (rf"(or )?({_WEEKDAY} through {_WEEKDAY})", _R.weekdays),
    (r"every (\d+) months", _R.every_months),
    (rf"({_MONTH}) through ({_MONTH})", _R.months_between),
    (rf"only in {_listed(_MONTH)}", _R.only_months),
)
