"""Cron lines in words, in the reader's language: "At 08:00, on day 1 of the month".

The sentences are built by cron-descriptor. Its Thai leaves out whatever nobody has translated yet, days and months
among it, so that its texts are looked up in our own catalogue; what isn't there, and what it describes otherwise than
the server goes by it, is shown as the line itself rather than by halves.
"""

from __future__ import annotations

import re
from functools import lru_cache

from babel.dates import get_day_names, get_month_names
from cron_descriptor import ExpressionDescriptor, Options

from cuneifox.i18n import LazyText, _l, current_language, speaking
from models.errors import BadInput
from models.jobs.cron import LONGEST, cleaned_cron

TEXTS: tuple[LazyText, ...] = (
    _l("At "),
    _l("At"),
    _l(" and"),
    _l(" and "),
    _l("every minute"),
    _l("every hour"),
    _l(", every day"),
    _l(", every hour"),
    _l(", every minute"),
    _l("every {0} minutes"),
    _l("every {0} hours"),
    _l("Every minute between {0} and {1}"),
    _l("minutes {0} through {1} past the hour"),
    _l("at {0} minutes past the hour"),
    _l("between {0} and {1}"),
    _l("at {0}"),
    _l(", starting {0}"),
    _l(", {0} through {1}"),
    _l(", hour {0} through hour {1}"),
    _l(", minute {0} through minute {1}"),
    _l(", month {0} through month {1}"),
    _l(", every {0} days"),
    _l(", every {0} days of the week"),
    _l(", every {0} weeks"),
    _l(", every {0} months"),
    _l(", on day {0} of the month"),
    _l(", between day {0} and {1} of the month"),
    _l(", on the last day of the month"),
    _l(", on the last weekday of the month"),
    _l(", on the last {0} of the month"),
    _l(", on the "),
    _l("first"),
    _l("second"),
    _l("third"),
    _l("fourth"),
    _l("fifth"),
    _l(" {0} of the month"),
    _l(", only on {0}"),
    _l(", or on {0}"),
    _l(", only in {0}"),
)
"""What cron-descriptor says of lines of five fields, piece by piece; {0} and {1} are filled in by it."""

_KNOWN = {text.msgid: text for text in TEXTS}

# Pieces that it asks for ahead of their use, whatever the line.
_UNUSED = ("every second", "at {0} minutes past the hour [grThen20]")


class _Unsaid(Exception):
    """Raised where a piece has no translation."""


class _Descriptor(ExpressionDescriptor):
    """cron-descriptor, speaking by our own catalogue."""

    def translate(self, message: str) -> str:
        """Return a piece of a sentence in the current language."""
        if current_language() == "en":
            return super().translate(message)
        if message in _UNUSED:
            return ""
        known = _KNOWN.get(message)
        if known is None:
            raise _Unsaid(message)
        return str(known)


def in_words(cron: str) -> str:
    """Return what a cron line means in the current language; the line itself where that can't be said."""
    return cron if len(cron) > LONGEST else _in_words(cron, current_language())


@lru_cache(maxsize=500)
def _in_words(cron: str, language: str) -> str:
    try:
        fields = cleaned_cron(cron).split()
    except BadInput:
        return cron
    if not _can_be_told(fields):
        return cron
    minute, hour, *_days = fields
    options = Options(
        locale_code="en_US", use_24hour_time_format=True,
        verbose=minute.isdigit() and hour.isdigit(),
    )  # fmt: skip
    try:
        with speaking(language):
            said = _Descriptor(" ".join(fields), options).get_description()
    except Exception:  # noqa: BLE001 -- it has errors of its own, and the line says it all the same
        return cron
    return said if language == "en" else _with_names(said, language)


_ONE = r"(?:[0-9]+|[A-Z]{3})"
_RANGE = rf"{_ONE}-{_ONE}"
_STEPS = rf"(?:[*]|{_ONE}|{_RANGE})/(?:[2-9]|[1-9][0-9])"
_LIST = rf"{_ONE}(?:,{_ONE})*"
_LIST_OF_RANGES = rf"{_ONE}(?:-{_ONE})?(?:,{_ONE}(?:-{_ONE})?)*"

_SHAPES = (
    rf"[*]|{_STEPS}|{_LIST_OF_RANGES}",
    rf"[*]|{_STEPS}|{_RANGE}|{_LIST}",
    rf"[*]|{_STEPS}|{_LIST_OF_RANGES}|LW?",
    rf"[*]|{_STEPS}|{_LIST_OF_RANGES}",
    rf"[*]|(?!0-7){_RANGE}|{_LIST}|{_ONE}#[1-5]|[0-7]L",
)
"""What each field may look like for cron-descriptor to tell all of it, and nothing else."""


def _can_be_told(fields: list[str]) -> bool:
    """Tell whether cron-descriptor says of a line what the server does by it."""
    minute, hour, day, _month, weekday = fields = [field.upper() for field in fields]
    if not all(re.fullmatch(shape, field) for shape, field in zip(_SHAPES, fields, strict=True)):
        return False
    if minute.startswith("*") or "/" in minute:  # "every minute, at 07:00 and 09:00"
        return not re.search("[,/]", hour) and _days_can_be_told(day, weekday)
    return _days_can_be_told(day, weekday)


def _days_can_be_told(day: str, weekday: str) -> bool:
    """Of two fields it says "or" before a list of weekdays alone, and also where both must fit: after a star."""
    if "*" in (day, weekday):
        return True
    return not day.startswith("*") and re.fullmatch(_LIST, weekday) is not None


def _with_names(said: str, language: str) -> str:
    """Return a sentence with the names of days and months, which it has in English, in another language, and tidied."""
    for names in (get_day_names, get_month_names):
        theirs = names("wide", locale=language)
        for number, name in names("wide", locale="en").items():
            said = said.replace(name, theirs[number])
    said = re.sub(r"(?<=[ก-๙])(?=[0-9])|(?<=[0-9])(?=[ก-๙])", " ", said)
    return re.sub(" +", " ", re.sub(r",(?= (?: |และ))", "", said)).strip()
