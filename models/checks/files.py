"""The files as SQLite sees them: whose they are, whether they are whole, and what guards them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.checks.findings import Fault

INTEGRITY = "PRAGMA integrity_check(20)"
FOREIGN_KEYS = "PRAGMA foreign_key_check"


def integrity(connection: Any) -> Iterator[Fault]:
    """Yield what SQLite's own check says of a file."""
    for (said,) in connection.execute(INTEGRITY):
        if said != "ok":
            for line in said.splitlines():
                yield Fault("integrity", f"SQLite finds: {line}")


def foreign_keys(connection: Any) -> Iterator[Fault]:
    """Yield the rows that refer to rows that aren't there, table by table."""
    missing: dict[tuple[str, str], list[Any]] = {}
    for table, row, parent, _ in connection.execute(FOREIGN_KEYS):
        missing.setdefault((table, parent), []).append(row)
    for (table, parent), rows in missing.items():
        named = [str(row) for row in rows[:5] if row is not None]
        which = f" (rows {', '.join(named)})" if named else ""
        yield Fault(
            "foreign-key",
            f"{len(rows)} rows of {table} refer to rows of {parent} that aren't there{which}",
        )
