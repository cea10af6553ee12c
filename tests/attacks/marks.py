"""Marks: letters that stand in no language, by which a text says whose it is wherever it turns up."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

_CONSONANTS = "bcdfghjklmnpqrstvwxz"
LONG = 20
"""Characters from which on a value that nobody planted (an id, a digest) tells by itself whose it is."""

TOKENS = "sessions"
"""The owner of session tokens, which stand nowhere but in the browser's cookie."""

_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2}))")
_PACKED = re.compile(r"[A-Za-z0-9_-]{8,}")


def mark_of(label: str) -> str:
    """Return the mark of an owner: eight letters without a vowel, the same each time."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:6], "big")
    letters = ""
    for _n in range(6):
        number, rest = divmod(number, len(_CONSONANTS))
        letters += _CONSONANTS[rest]
    return "zq" + letters


class Texts:
    """Gives out texts that carry a mark, each another one."""

    def __init__(self, label: str) -> None:
        self.mark = mark_of(label)
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"{self.mark}n{self.given:03}"


class Sighting(NamedTuple):
    """A text of `owner` that turned up: in a body, say."""

    owner: str
    text: str


class Needles:
    """What is looked for: the marks of owners, and values of theirs that are like no others.

    Args:
        values: by owner, what was found in their rows and is long enough to tell.
    """

    def __init__(self, owners: Iterable[str], values: dict[str, set[str]]) -> None:
        self.owners = sorted(owners)
        self._marks = {mark_of(owner): owner for owner in self.owners}
        self._values = {v.lower(): owner for owner, held in values.items() for v in held}
        self._kept: dict[frozenset[str], list[str]] = {}
        self._any_mark = re.compile("(?:" + "|".join(self._marks) + ")[a-z0-9]*")

    def in_text(self, text: str, forbidden: frozenset[str], sent: str) -> set[Sighting]:
        """Return what of the forbidden owners stands in a text, less what the request itself brought.

        Args:
            forbidden: owners whose texts whoever asked mustn't get.
            sent: all that was sent, in lower case.
        """
        found = set()
        for view in _views(text):
            for hit in self._any_mark.finditer(view):
                owner = self._marks[hit[0][:8]]
                if owner in forbidden and hit[0] not in sent:
                    found.add(Sighting(owner, hit[0]))
            for value in self._of(forbidden):
                if value in view and value not in sent:
                    found.add(Sighting(self._values[value], value))
        return found

    def _of(self, owners: frozenset[str]) -> list[str]:
        if owners not in self._kept:
            self._kept[owners] = [v for v, owner in self._values.items() if owner in owners]
        return self._kept[owners]

    def in_cookie(self, text: str, forbidden: frozenset[str], sent: str) -> set[Sighting]:
        """Likewise in a header, whose parts may be packed as Flask packs its cookie."""
        found = self.in_text(text, forbidden, sent)
        if "ookie: " not in text:
            return found
        for packed in _unpacked(text):
            found |= self.in_text(packed, forbidden, sent)
        return found


def _views(text: str) -> Iterator[str]:
    """Yield a text as it is and as whoever reads it would decode it, in lower case."""
    lower = text.lower()
    yield lower
    if "&#" in lower:
        yield html.unescape(lower)
    if "%" in lower:
        yield unquote_plus(lower)
    if "\\u" in lower or "\\x" in lower:
        yield _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)), lower)


def _unpacked(text: str) -> Iterator[str]:
    for part in _PACKED.findall(text):
        try:
            raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except ValueError:
            continue
        yield raw.decode("latin-1")
        try:
            yield zlib.decompress(raw).decode("latin-1")
        except zlib.error:
            continue
