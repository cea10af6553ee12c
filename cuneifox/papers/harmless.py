"""Texts that people typed, for paper: what would turn or hide other text is shown instead of obeyed."""

from __future__ import annotations

import re
import unicodedata

SHOWN = "\ufffd"
"""Stands where a character was that can't be printed."""

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions
    "\u2028\u2029\ufeff\ufff9-\ufffb\ufffe\uffff"  # separators and what is no character
    "\U000e0000-\U000e007f\ud800-\udfff]"  # invisible tags, halves of characters
)
_WORD = re.compile(r"[^\s\u200b\u0e00-\u0e7f]+")
_PIECE = 12
_BEFORE_BREAK = ":/._-"

IN_COLUMN, ON_LINE = 24, 70
"""Characters of a word that fit into a table's column, and on a line of its own: a hash does."""


def harmless(text: str) -> str:
    """Return the text with each control character and each mark of direction replaced by SHOWN."""
    return _UNPRINTABLE.sub(SHOWN, text.replace("\r\n", "\n"))


def wrapping(text: str, longest: int = IN_COLUMN) -> str:
    """Return a harmless text in which words longer than that may be broken; Thai ones can be as they are."""
    plain = harmless(text).replace("\t", " ")

    def broken(found: re.Match[str]) -> str:
        word = found[0]
        return _pieces(word, min(_PIECE, longest)) if _breadth(word) > longest else word

    return _WORD.sub(broken, plain)


def _breadth(word: str) -> float:
    """How many characters' room a word takes: capitals are broad."""
    return len(word) + sum(map(str.isupper, word)) / 4


def _pieces(word: str, most: int) -> str:
    """Offer a break after what parts names and numbers, and after so many characters at the latest."""
    pieces, start = [], 0
    for at in range(1, len(word)):
        parts = word[at - 1] in _BEFORE_BREAK and word[at] not in _BEFORE_BREAK
        if (parts or at - start >= most) and not unicodedata.combining(word[at]):
            pieces.append(word[start:at])
            start = at
    return "\u200b".join([*pieces, word[start:]])
