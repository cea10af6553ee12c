"""Kinds of entries in `db_dict`, by their keys."""

from __future__ import annotations

from tenants import UNIVERSAL

KINDS = ("client", "server", "universal")
"""Somebody signed in (their request, or work that it started), the server itself, everybody."""


def kind_of(key: tuple[str, str | None]) -> str:
    """Return which of KINDS the entry of a key is."""
    if key == UNIVERSAL:
        return "universal"
    return "client" if key[1] is not None else "server"
