"""What a database's tables come to, however they were made: to compare the models' with what migrations lead to."""

from __future__ import annotations

import re
from typing import Any

Shape = dict[str, dict[str, Any]]


def shape_of(connection: Any) -> Shape:
    """Return tables, indexes and triggers by name, whatever the order and spelling in which they were made."""
    found: Shape = {}
    for name, without_rowid, strict in connection.execute(
        "SELECT name, wr, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
    ).fetchall():
        if not name.startswith("sqlite_"):
            found[f"table {name}"] = _table(connection, name, without_rowid, strict)
    for kind, name, sql in connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ):
        found[f"{kind} {name}"] = {"sql": _plain(sql)}
    return found


def _table(connection: Any, name: str, without_rowid: int, strict: int) -> dict[str, Any]:
    sql = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]
    columns = connection.execute(f'PRAGMA table_xinfo("{name}")').fetchall()
    keys = connection.execute(f'PRAGMA foreign_key_list("{name}")').fetchall()
    unique = connection.execute(f'PRAGMA index_list("{name}")').fetchall()
    return {
        "columns": {row[1]: row[2:] for row in columns},
        "foreign keys": sorted(row[2:] for row in keys),
        "unique": sorted((row[3], row[2]) for row in unique if row[3] == "u"),
        "checks": sorted(_checks(sql)),
        "more": (without_rowid, strict, "AUTOINCREMENT" in sql.upper(), "DEFERRED" in sql.upper()),
    }


def _checks(sql: str) -> list[str]:
    """The conditions of CHECK constraints, to their closing bracket."""
    found = []
    for match in re.finditer(r"\bCHECK\s*\(", sql, re.IGNORECASE):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.append(_plain(sql[match.end() : end - 1]))
    return found


def _plain(sql: str) -> str:
    return " ".join(sql.replace("IF NOT EXISTS ", "").split())
