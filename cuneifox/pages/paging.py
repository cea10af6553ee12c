"""Lists that page by key: ?before= names the last row seen, and the next page begins under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request, url_for

PAGE = 50
"""Rows on a page."""


def before() -> int | None:
    """The id that this page begins under; None on the first page, or where it is no id."""
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def following(rows: Sequence[Any], **args: Any) -> str | None:
    """The address of the next page, if this one is full."""
    if len(rows) < PAGE or request.endpoint is None:
        return None
    return url_for(request.endpoint, before=rows[-1].id, **args)
