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
from models.jobs.schedules import cleaned_cron

LONGEST = 100
"""Characters of a cron line."""

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
    if _is_described_otherwise(fields):
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


def _is_described_otherwise(fields: list[str]) -> bool:
    """A day field that begins with a star must fit along with the other one; described it is as if either would do."""
    day, weekday = fields[2], fields[4]
    return "*" not in (day, weekday) and (day.startswith("*") or weekday.startswith("*"))


def _with_names(said: str, language: str) -> str:
    """Return a sentence with the names of days and months, which it has in English, in another language, and tidied."""
    for names in (get_day_names, get_month_names):
        theirs = names("wide", locale=language)
        for number, name in names("wide", locale="en").items():
            said = said.replace(name, theirs[number])
    return re.sub(" +", " ", re.sub(r",(?= (?: |และ))", "", said)).strip()
