"""Idempotency keys: what a caller sends twice under one key is done once."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from models.texts import clean_line


def checked_key(key: str | None, action: str, content: Any) -> tuple[str | None, str | None]:
    """Return an idempotency key, cleaned, and the digest of what is asked for under it."""
    if key is None:
        return None, None
    digest = hashlib.sha256(_encode((action, content))).hexdigest()
    return clean_line(key, "key", longest=200, required=True), digest


_encode = msgspec.json.Encoder().encode
