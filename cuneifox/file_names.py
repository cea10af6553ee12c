"""What files are called, so that two downloads can be told apart: whose, what, and of which days.

Names are of ASCII letters, digits and dashes, which every system and every header takes as they are.
"""

from __future__ import annotations

import re
from datetime import date as Date

from tenants import current_entry

LONGEST = 40
"""Characters of a part."""

_FORBIDDEN = re.compile(r"[^A-Za-z0-9]+")


def file_name(what: str, *more: Date | str | None, whose: str | None = None) -> str:
    """Return a file's name, without its ending, as in ``acme-ledger-1111-2026-01-01-2026-12-31``.

    Args:
        what: what it is.
        more: what tells it from others: days, an account; what is None or without a character that fits is left out.
        whose: short names; the current company's unless given.
    """
    if whose is None:
        entry = current_entry()
        whose = entry.tenant.slug if entry is not None and entry.tenant is not None else ""
    parts = (_part(each) for each in (whose, what, *more))
    return "-".join(part for part in parts if part)


def _part(given: Date | str | None) -> str:
    text = given.isoformat() if isinstance(given, Date) else given or ""
    return _FORBIDDEN.sub("-", text[:LONGEST]).strip("-")
