"""Where the queue is: what the settings may say of it, and how it is told without its secrets."""

from __future__ import annotations

import importlib
import re
from urllib.parse import unquote

EXTRAS = {
    "redis": "redis", "rediss": "redis", "unix": "redis",
    "postgresql": "postgresql", "postgres": "postgresql",
}  # fmt: skip
"""By the URL's scheme, the extra that brings the library."""

LIBRARIES = {"redis": "redis", "postgresql": "psycopg"}

HIDDEN = "***"


def check_place(place: str) -> None:
    """Make sure that a queue can be there, without looking whether it is.

    Args:
        place: a URL, or "" for a file in the data folder.

    Raises:
        ValueError: there is no such kind of queue, its library isn't installed, or the URL can't be understood.
    """
    if not place:
        return
    extra = EXTRAS.get(place.partition("://")[0]) if "://" in place else None
    if extra is None:
        raise ValueError(
            f"{public(place)} is of no known kind: leave it empty for a file in the data folder, or give "
            f"redis://… or postgresql://…"
        )
    try:
        importlib.import_module(LIBRARIES[extra])
    except ImportError:
        raise ValueError(
            f"{public(place)} needs the extra {extra}: pip install 'cuneifox[{extra}]'"
        ) from None
    try:
        _understand(place, extra)
    except Exception as error:  # noqa: BLE001 - each library has errors of its own
        raise ValueError(f"{public(place)} can't be used: {redacted(error, place)}") from None


def _understand(place: str, extra: str) -> None:
    if extra == "redis":
        from cuneifox.jobs.storages import redis_pool

        redis_pool(place).make_connection()
    else:
        from psycopg.conninfo import conninfo_to_dict

        conninfo_to_dict(place)


def public(place: str) -> str:
    """Return a queue's place as it may be told: without names, passwords and options."""
    scheme, found, rest = place.partition("://")
    if not found:
        return "queue.db" if not place else f"{place[:12]!r}"
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def redacted(error: object, place: str) -> str:
    """Return an error's text in one line, without anything of a URL that is nobody's business."""
    text = " ".join(str(error).split())
    for secret in sorted(_secrets(place), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text[:300]


def _secrets(place: str) -> set[str]:
    """What must not be told: the password, whatever a library may take for it, and the options' values."""
    rest = place.partition("://")[2]
    before, options = rest.rpartition("@")[0], rest.partition("?")[2]
    password = before.partition(":")[2]
    found = {password, *re.split("[@:/?#]", password)}
    found |= {each.partition("=")[2] for each in options.split("&")}
    found |= {unquote(each) for each in found}
    return found - {""}
