"""Cron lines that somebody typed: understood, or told which field is wrong, and why."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

from models.errors import BadInput

LONGEST = 100
"""Characters of a cron line."""

FIELDS: dict[str, Field] = {
    "minute": Field.MINUTE,
    "hour": Field.HOUR,
    "day": Field.DAY,
    "month": Field.MONTH,
    "weekday": Field.DOW,
}
"""What a line consists of, by our names, in order."""

_STEPS_OF_ONE = re.compile(r"(?<!\w)(\w+)-\1/[0-9]+")
"""A range of one, in steps: it is that one, and would be read as if it had no end."""

_BEFORE_A_LEAP_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def cleaned_cron(text: str) -> str:
    """Return a cron line as it is kept: with single spaces, and a range of one as that one.

    Raises:
        BadInput: it is too long, hasn't five fields, or one of them can't be understood; or no time ever fits them all.
    """
    line = " ".join(text.split())
    if len(line) > LONGEST:
        raise BadInput("A cron line has %(most)d characters at most.", field="cron", most=LONGEST)
    parts = line.split()
    if len(parts) != len(FIELDS):
        raise BadInput(
            "A cron line has five fields: minute, hour, day of the month, month, day of the week, as in 30 3 * * 1-5. "
            "This one has %(count)d.",
            field="cron",
            count=len(parts),
        )
    for name, part in zip(FIELDS, parts, strict=True):
        for term in part.split(","):
            _demand_readable(name, term)
    line = _STEPS_OF_ONE.sub(r"\1", line)
    _demand_possible(line, *line.split()[2:])
    return line


def _demand_readable(name: str, term: str) -> None:
    """Raise BadInput where a term of a field, between its commas, can't be understood."""
    if _is_read(name, term):
        return
    given = {"cron_field": name, "cron_values": name, "text": term}
    range_, _slash, step = term.partition("/")
    ends = range_.split("-")
    if step and not step.strip("0"):
        raise BadInput(
            "The %(cron_field)s can't be %(text)s, as a step is a number from 1 on, like */5. "
            "It holds %(cron_values)s.",
            field="cron",
            **given,
        )
    if not _is_read(name, range_) and len(ends) == 2 and all(_is_one(name, end) for end in ends):
        raise BadInput(
            "The %(cron_field)s can't be %(text)s, as a range begins with its smaller end. "
            "It holds %(cron_values)s.",
            field="cron",
            **given,
        )
    if len(ends) <= 2 and any(_is_too_large(name, end) for end in ends):
        raise BadInput(
            "The %(cron_field)s can't be %(text)s, which is out of range: it holds %(cron_values)s.",
            field="cron",
            **given,
        )
    raise BadInput(
        "The %(cron_field)s can't be “%(text)s”, which isn't understood: it holds %(cron_values)s; * for all of them, "
        "lists like 1,15, ranges like 1-5 and steps like */2.",
        field="cron",
        **given,
    )


def _is_read(name: str, term: str) -> bool:
    try:
        FIELDS[name].parse(term.upper())
    except CronSimError:
        return False
    return True


def _is_one(name: str, end: str) -> bool:
    """Whether it is a number, or a name of a month or day, that the field may hold."""
    return end.isalnum() and end.upper() not in ("L", "LW") and _is_read(name, end)


def _is_too_large(name: str, end: str) -> bool:
    return end.isascii() and end.isdigit() and not _is_read(name, end)


def _demand_possible(line: str, day: str, month: str, weekday: str) -> None:
    try:
        next(CronSim(line, _BEFORE_A_LEAP_DAY))
    except (CronSimError, StopIteration):
        raise BadInput(
            "It would never be due: no day ever fits the day of the month, %(day)s, the month, %(months)s, and the day "
            "of the week, %(weekday)s, just as there is no 31 February. Change one of them.",
            field="cron",
            day=day,
            months=month,
            weekday=weekday,
        ) from None
