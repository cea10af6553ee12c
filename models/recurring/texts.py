"""Texts with placeholders in braces, which are filled in by the voucher's date: Rent for {month_name} {year}.

They are written in the template's language: in Thai, years are of the Buddhist era and months have their Thai names.
Braces around anything else are an error; nothing but these words is ever looked up.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from babel.dates import get_month_names

from models.dates import BUDDHIST_OFFSET
from models.errors import BadInput

LANGUAGES = ("en", "th")
"""In which texts may be filled in."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

Word = Callable[[datetime.date, str], str]
"""From the date and the language to what stands there."""


def _year(day: datetime.date, language: str) -> str:
    return str(day.year + BUDDHIST_OFFSET if language == "th" else day.year)


def _month(day: datetime.date, language: str) -> str:
    return str(get_month_names("wide", locale=language)[day.month])


def _month_short(day: datetime.date, language: str) -> str:
    return str(get_month_names("abbreviated", locale=language)[day.month])


PLACEHOLDERS: dict[str, Word] = {
    "date": lambda day, language: f"{day.day} {_month(day, language)} {_year(day, language)}",
    "day": lambda day, language: f"{day.day:02}",
    "month": lambda day, language: f"{day.month:02}",
    "month_name": _month,
    "month_short": _month_short,
    "year": _year,
    "year_be": lambda day, language: str(day.year + BUDDHIST_OFFSET),
    "year_ce": lambda day, language: str(day.year),
}
"""What may stand in braces."""


def demand_placeholders(text: str, field: str) -> None:
    """Raise BadInput where braces hold something that isn't a placeholder."""
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            raise BadInput(
                "{%(word)s} is no placeholder; there are %(words)s.",
                field=field,
                word=name[:40],
                words=", ".join(f"{{{known}}}" for known in PLACEHOLDERS),
            )


def filled(text: str, day: datetime.date, language: str) -> str:
    """Return the text with its placeholders filled in by a day; what isn't one stays as it is."""

    def word(found: re.Match[str]) -> str:
        known = PLACEHOLDERS.get(found[1])
        return known(day, language) if known else found[0]

    return _PLACEHOLDER.sub(word, text)
