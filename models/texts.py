"""Text that people typed, as it is stored: trimmed, normalized, free of what breaks things."""

from __future__ import annotations

import unicodedata
from typing import Any

from models.errors import BadInput

THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

_CONTROLS = ("Cc", "Cs")
_BREAKING = (*_CONTROLS, "Zl", "Zp")
"""What Unicode calls such characters. Python's ``isprintable`` is false for all of them and some harmless
ones, and tells at once of the text that has none."""


def clean_line(value: Any, field: str, *, longest: int, required: bool = False) -> str:
    """Return ``value`` as one trimmed line in Unicode's NFC, of at most ``longest`` characters.

    Raises BadInput naming ``field`` if it isn't text, is too long, is missing though ``required``,
    or holds control characters, line breaks or half surrogates.
    """
    line = _normal(value, field, longest)
    if not line.isprintable() and any(unicodedata.category(c) in _BREAKING for c in line):
        raise BadInput(
            "%(field)s holds a line break or a control character; take it out.", field=field
        )
    if required and not line:
        raise BadInput("%(field)s is missing; fill it in.", field=field)
    return line


def clean_text(value: Any, field: str, *, longest: int) -> str:
    """Like ``clean_line``, with line breaks and tabs allowed (line breaks become ``\\n``)."""
    text = _normal(value, field, longest).replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable() and any(
        unicodedata.category(c) in _CONTROLS and c not in "\n\t" for c in text
    ):
        raise BadInput("%(field)s holds a control character; take it out.", field=field)
    return text


def like_pattern(text: str) -> str:
    """Return ``text`` as a LIKE pattern for "contains", to be used with ESCAPE '\\'."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _normal(value: Any, field: str, longest: int) -> str:
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise BadInput("%(field)s is not text; write it as text.", field=field)
    if len(value) > 4 * longest:
        raise _too_long(field, longest)
    text = unicodedata.normalize("NFC", value.strip())
    if len(text) > longest:
        raise _too_long(field, longest)
    return text


def _too_long(field: str, longest: int) -> BadInput:
    return BadInput(
        "%(field)s is longer than %(longest)s characters; shorten it.", field=field, longest=longest
    )
