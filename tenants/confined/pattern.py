"""What a store of ours is like: its schema, taken from one that our program made, never from what was offered."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import msgspec

from .. import sqlite
from ..errors import TenantError

#: Tables that say what a file is, rather than hold what people wrote: their rows come with the pattern.
OURS = ("store_identity", "store_schema", "schema_migration")


class Table(msgspec.Struct, frozen=True):
    """A table of a store.

    Attributes:
        name: its name.
        sql: what makes it.
        columns: name and declared type of each, in order.
        counts: True where SQLite counts on from the highest number that it ever gave (AUTOINCREMENT).
        rows: what is in it from the start; for our own tables alone.
    """

    name: str
    sql: str
    columns: list[tuple[str, str]]
    counts: bool = False
    rows: list[list[Any]] | None = None


class Pattern(msgspec.Struct, frozen=True):
    """The schema of a store.

    Attributes:
        role: `books`, …
        version: of its schema (`PRAGMA user_version`).
        page_size: bytes.
        tables: in the order in which they were made.
        later: what makes its indexes, views and triggers, in order: once the rows are there.
    """

    role: str
    version: int
    page_size: int
    tables: list[Table]
    later: list[str]


def pattern_of(path: str) -> Pattern:
    """Return the pattern of a store's file that our program made, and that nobody has open.

    Raises:
        TenantError: it has virtual tables, whose rows can't be copied as rows.
    """
    uri = sqlite.uri(path).replace("mode=rw", "mode=ro&immutable=1")
    with closing(sqlite.driver.connect(uri, uri=True)) as blank:
        found = blank.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
        ).fetchall()
        role = blank.execute("SELECT role FROM store_identity").fetchone()[0]
        tables = [
            _table(blank, name, sql, role)
            for kind, name, sql in found
            if kind == "table" and not name.startswith("sqlite_")
        ]
        return Pattern(
            role=role,
            version=blank.execute("PRAGMA user_version").fetchone()[0],
            page_size=blank.execute("PRAGMA page_size").fetchone()[0],
            tables=tables,
            later=_later(found),
        )


def _table(blank: Any, name: str, sql: str, role: str) -> Table:
    if sql.upper().startswith("CREATE VIRTUAL"):
        raise TenantError(
            f"The {role!r} stores have a virtual table, {name}, so that an offered file can't be copied into one by "
            f"rows: restore what a backup of ours vouches for instead."
        )
    columns = [
        (row[1], row[2])
        for row in blank.execute(f"PRAGMA table_xinfo({quoted(name)})")
        if not row[6]
    ]
    rows = None
    if name in OURS:
        rows = [list(row) for row in blank.execute(f"SELECT * FROM {quoted(name)}")]  # noqa: S608 -- quoted
    return Table(name, sql, columns, counts="AUTOINCREMENT" in sql.upper(), rows=rows)


def _later(found: list[tuple[str, str, str]]) -> list[str]:
    # Triggers come last: they are there for those who write from now on, and would refuse rows that are put back.
    order = ("index", "view", "trigger")
    return [sql for wanted in order for kind, _, sql in found if kind == wanted]


def quoted(name: str) -> str:
    """Return an identifier as SQL."""
    return '"' + name.replace('"', '""') + '"'
