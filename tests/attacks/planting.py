"""Puts a mark into every text column of every table, found by walking the tables themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from attacks.marks import LONG, mark_of

Run = Callable[..., Any]
"""Runs SQL on one database: run(sql, params)."""

CLOSED = "one of a few words, and the database or the page refuses any other"
PROOF = "computed from the rows, and checked against them; long enough to tell by itself"

SHAPED: dict[tuple[str, str], str] = {
    ("accounts", "type"): CLOSED,
    ("journal_books", "kind"): CLOSED,
    ("journal_books", "vat"): CLOSED,
    ("settings", "era"): CLOSED,
    ("months", "state"): CLOSED,
    ("month_changes", "state"): CLOSED,
    ("lines", "register"): CLOSED,
    ("drafts", "lines"): "JSON, whose texts carry the mark",
    ("drafts", "digest"): PROOF,
    ("recurring_vouchers", "date_rule"): CLOSED,
    ("recurring_vouchers", "language"): CLOSED,
    ("recurring_vouchers", "lines"): "JSON, whose texts carry the mark",
    ("vouchers", "digest"): PROOF,
    ("vouchers", "chain_hash"): PROOF,
    ("ledger_state", "head"): PROOF,
    ("attachment", "sha256"): PROOF,
    ("seals", "digest"): PROOF,
    ("seal_state", "total"): PROOF,
    ("attachment", "added_at"): "a time",
    ("customer", "country"): "a country's two letters",
    ("supplier", "country"): "a country's two letters",
    ("employee", "country"): "a country's two letters",
    ("store_identity", "store"): "whose the file is; it opens no more with another",
    ("schema_migration", "name"): "a step of the program's, the same in all companies",
    ("store_identity", "role"): "likewise",
    ("store_identity", "owner"): "likewise",
    ("companies", "chain_head"): PROOF,
    ("companies", "currency"): "the books' own, shown beside the name",
    ("user", "password_hash"): PROOF,
    ("user", "language"): CLOSED,
    ("membership", "ledger"): CLOSED,
    ("membership", "receivables"): CLOSED,
    ("membership", "inventory"): CLOSED,
    ("membership", "assets"): CLOSED,
    ("membership", "wages"): CLOSED,
    ("signin", "event"): CLOSED,
    ("tenant", "slug"): "stands in every address; attacks send it themselves",
    ("tenant", "created_at"): "a time",
    ("tenant", "state"): CLOSED,
    ("store", "schema"): "tells which program made its tables; the same in all companies",
    ("store", "role"): "a file's name",
    ("store", "url"): "a file's name, with the tenant's id in it, which tells",
    ("tenant_store", "role"): "a file's name",
    ("tombstone", "purged_at"): "a time",
    ("purged_store", "role"): "a file's name",
    ("purged_store", "purged_at"): "a time",
    ("backup", "digest"): PROOF,
    ("backup", "facts"): "JSON, with what the books hold",
    ("backup", "place"): "where all backups are",
    ("backup_state", "signature"): "sizes and times of files",
    ("backup_state", "looked_at"): "a time",
    ("drill", "stamp"): "a time",
    ("drill", "at"): "a time",
    ("kept_store", "id"): "the store's",
    ("kept_store", "schema"): "tells which program made its tables; the same in all companies",
    ("kept_store", "since"): "a time",
    ("kept_store", "gone_at"): "a time",
    ("restorations", "at"): "a time",
    ("restorations", "roles"): CLOSED,
    ("restorations", "source"): "a time",
    ("restorations", "head"): PROOF,
    ("restorations", "lost_head"): PROOF,
    ("seal_anchors", "total"): PROOF,
    ("jobs", "kind"): CLOSED,
    ("jobs", "language"): CLOSED,
    ("jobs", "state"): CLOSED,
    ("jobs", "reason"): CLOSED,
    ("jobs", "result_place"): "a file's name, with the job's id in it",
    ("schedules", "kind"): CLOSED,
    ("schedules", "cron"): "minutes, hours and days",
    ("schedules", "zone"): CLOSED,
    ("schedules", "missed"): CLOSED,
}
"""Text columns that can't carry a mark, and why. What isn't named here and carries none fails a test."""


class Column(NamedTuple):
    """A text column of a table."""

    table: str
    name: str
    is_key: bool
    nullable: bool


def text_columns(run: Run) -> Iterator[Column]:
    """Yield every column that holds texts (or bytes), of every table that isn't SQLite's own."""
    tables = run(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    for (table,) in tables:
        refers = {row[3] for row in run(f'PRAGMA foreign_key_list("{table}")').fetchall()}
        for _n, name, kind, not_null, _d, key in run(f'PRAGMA table_info("{table}")').fetchall():
            if any(word in kind.upper() for word in ("CHAR", "TEXT", "CLOB", "BLOB", "JSON")):
                yield Column(table, name, bool(key) or name in refers, not not_null)


def plant(run: Run, owner: str) -> None:
    """Put the owner's mark into every text column of a store that has none yet.

    What the database refuses to change is changed all the same: its triggers are taken off meanwhile.
    """
    triggers = run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _sql in triggers:
        run(f'DROP TRIGGER "{name}"')
    for number, column in enumerate(text_columns(run)):
        if not column.is_key and (column.table, column.name) not in SHAPED:
            _plant_column(run, column, f"{mark_of(owner)}c{number:02}r")
    for _name, sql in triggers:
        run(sql)


def _plant_column(run: Run, column: Column, prefix: str) -> None:
    table, name = f'"{column.table}"', f'"{column.name}"'
    keys = [f'"{row[1]}"' for row in run(f"PRAGMA table_info({table})").fetchall() if row[5]]
    row = " || 'x' || ".join(keys or ["rowid"])
    lacks = f"instr(lower(CAST({name} AS TEXT)), ?) = 0"
    run(f"UPDATE {table} SET {name} = ? || {row} WHERE {lacks}", (prefix, prefix[:8]))


def unmarked(run: Run, owner: str) -> list[str]:
    """Return the text columns of a store in which no row carries the owner's mark, and no reason says why."""
    return [
        f"{column.table}.{column.name}"
        for column in text_columns(run)
        if not column.is_key
        and (column.table, column.name) not in SHAPED
        and not carries(run, column, mark_of(owner))
    ]


def carries(run: Run, column: Column, mark: str) -> bool:
    """Tell whether a row of a column carries a mark."""
    query = (
        f'SELECT 1 FROM "{column.table}" WHERE instr(lower(CAST("{column.name}" AS TEXT)), ?) > 0'
    )
    return run(f"{query} LIMIT 1", (mark,)).fetchone() is not None


def telling(run: Run, rows: Callable[[Column], str] = lambda _column: "1") -> set[str]:
    """Return the values without a mark that tell by themselves whose they are: ids, digests.

    Args:
        rows: the condition of the rows that are looked at, for a column.
    """
    found: set[str] = set()
    for column in text_columns(run):
        query = (
            f'SELECT DISTINCT "{column.name}" FROM "{column.table}" WHERE length("{column.name}")'
            f" >= {LONG} AND typeof(\"{column.name}\") = 'text' AND ({rows(column)})"
        )
        found |= {text for (text,) in run(query).fetchall() if " " not in text}
    return {text for text in found if not text.startswith("0" * LONG)}
