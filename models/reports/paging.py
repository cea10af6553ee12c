"""Pages that follow each other by key: where one ends, not how many rows came before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from typing import Any

from models.errors import BadInput

MOST_ROWS = 500
"""Of one page; more is a dead browser."""

_FIRST, _LAST = "0001-01-01", "9999-12-31"


def encode_key(date: str, *numbers: int) -> str:
    """Return a row's place as one word for a link: "2026-02-28.17.2"."""
    return ".".join((date, *map(str, numbers)))


def decode_key(word: str, numbers: int) -> tuple[Any, ...]:
    """Return the place that ``encode_key`` wrote: a date's text and that many numbers.

    Raises BadInput for anything else.
    """
    date, *rest = word.split(".") if isinstance(word, str) and len(word) <= 80 else ("",)
    try:
        key = (Date.fromisoformat(date).isoformat(), *map(_number, rest))
    except ValueError:
        key = ()
    if len(key) != 1 + numbers:
        raise BadInput(
            "This link leads to no page of the list; start again at its top.", field="page"
        )
    return key


def page_limit(limit: int) -> int:
    """Return ``limit`` within 1 and MOST_ROWS."""
    return max(1, min(limit, MOST_ROWS))


def window(
    rows: Sequence[Any], limit: int, backward: bool, keyed: bool
) -> tuple[list[Any], bool, bool]:
    """Return a page's rows in order, and whether there are rows before and after it.

    Args:
        rows: up to ``limit + 1`` rows in the order in which they were read.
        backward: whether they were read backward, from a page that follows.
        keyed: whether the page begins at a key, so that there is something on its other side.
    """
    more = len(rows) > limit
    page = list(rows[:limit])
    if backward:
        page.reverse()
        return page, more, keyed
    return page, keyed, more


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text)
    return int(text)
