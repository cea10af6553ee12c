"""A line of the log, as text or as JSON. Whatever is in a message, one record never looks like two."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from cuneifox.logs.facts import discreet, facts

MOST_MESSAGE = 10_000
"""Characters of a message."""

MOST_TRACE = 30_000
"""Characters of a trace, the last ones: what was raised stands at the end."""

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # what ends a line or turns a terminal's colours
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns text around
    "\u2028\u2029\ufeff\ufff9-\ufffb\ufffe\uffff"  # what some programs take for the end of a line, or nothing at all
    "\U000e0000-\U000e007f\ud800-\udfff]"  # invisible tags, halves of characters
)

INDENT = "    | "
"""Begins each line of a trace in the form of text; no record begins so."""


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time, level, logger, message, what it concerns; `trace` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message(record),
            **facts(),
        }
        if found := trace(self, record):
            line["trace"] = found
        # Within JSON these stand in strings alone, where their escapes mean the same.
        return _CONTROL.sub(_as_json, json.dumps(line, ensure_ascii=False))


class TextLines(logging.Formatter):
    """Each record as a line of text with the same facts; the lines of a trace follow, set off."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines."""
        told = " ".join(f"{name}={_fact(value)}" for name, value in facts().items())
        head = f"{moment(record)} {record.levelname} {record.name} [{told}] {message(record)}"
        found = trace(self, record).splitlines()
        return "\n".join([plain(head), *(INDENT + plain(line) for line in found)])


FORMS: dict[str, type[logging.Formatter]] = {"text": TextLines, "json": JsonLines}
"""The forms that the settings know."""


def moment(record: logging.LogRecord) -> str:
    """Return when it was, as RFC 3339 has it, in UTC, to the millisecond."""
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(record: logging.LogRecord) -> str:
    """Return what it says; a message whose arguments don't fit it, with them beside it."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - what is to be logged may be of any kind
        text = f"{record.msg} {record.args!r}"
    return discreet(text)[:MOST_MESSAGE]


def trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return where what was raised came from; "" where nothing was."""
    found = []
    if record.exc_info and record.exc_info[0] is not None:
        found.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        found.append(formatter.formatStack(record.stack_info))
    return discreet("\n".join(found))[-MOST_TRACE:]


def plain(text: str) -> str:
    r"""Return a text on one line: control characters and marks of direction as escapes, such as \n or \x1b."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _as_json(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(str(part) for part in value if part is not None)
    return "-" if value is None else str(value)
