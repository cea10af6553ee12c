"""One edit behind our back, at random: what is done to which row, and what must be said of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tenants.sqlite import driver

from .files import Files, Table
from .insiders import cut_tail, reseal, rewrite

UNSEEN = {("schema_migration", "applied")}
"""Columns of which nothing else tells: when a migration was applied."""

DATES = ("date", "slot")
CHOICES = {
    "state": ("open", "frozen", "closed"),
    "type": ("asset", "liability", "equity", "income", "expense"),
    "era": ("buddhist", "common"),
    "vat": ("none", "input", "output"),
    "kind": ("general", "sales", "purchases"),
    "date_rule": ("same_day", "month_start", "month_end"),
    "language": ("en", "th"),
}


class Done(NamedTuple):
    """What was done, in words, and the vouchers that must be named: by id, or in words that one finding must have."""

    told: str
    ids: frozenset[int] = frozenset()
    words: tuple[str, ...] = ()


class Impossible(Exception):
    """Raised where the edit can't be made: the file's own indexes refuse it, or there is no such row."""


def edit(files: Files, chance: random.Random) -> Done:
    """Make one edit that the chance decides."""
    while True:
        kind = chance.choices(list(KINDS), list(WEIGHTS.values()))[0]
        try:
            return KINDS[kind](files, chance)
        except (Impossible, driver.IntegrityError):
            files.put_back()


def _update(files: Files, chance: random.Random) -> Done:
    table = chance.choice(files.tables)
    column = chance.choice(list(table.columns))
    if (table.name, column) in UNSEEN:
        raise Impossible
    with files.behind_our_back(table.role) as connection:
        row = _pick(connection, table, chance)
        value = other_value(chance, table, column, row[column])
        _set(connection, table, row, {column: value})
        told = (
            f"{table.role}: {table.name} {_key(table, row)}: {column} {row[column]!r} -> {value!r}"
        )
        return Done(told, *_named(connection, table, row, row | {column: value}))


def _delete(files: Files, chance: random.Random) -> Done:
    table = chance.choice(files.tables)
    with files.behind_our_back(table.role) as connection:
        row = _pick(connection, table, chance)
        connection.execute(f'DELETE FROM "{table.name}" WHERE {_where(table)}', _of(table, row))
        told = f"{table.role}: {table.name} {_key(table, row)} deleted"
        if table.name == "vouchers":
            return Done(told, frozenset(), (f"voucher {row['chain_no']} of the chain",))
        if table.name == "attachment":
            return Done(told)
        return Done(told, *_named(connection, table, row))


def _insert(files: Files, chance: random.Random) -> Done:
    table = chance.choice(files.tables)
    with files.behind_our_back(table.role) as connection:
        row = _pick(connection, table, chance)
        new = {column: row[column] for column in table.columns}
        for column in _unique(connection, table):
            new[column] = other_value(chance, table, column, row[column])
        listed = ", ".join(f'"{column}"' for column in new)
        marks = ", ".join("?" * len(new))
        connection.execute(
            f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})', list(new.values())
        )
        told = f"{table.role}: {table.name} {_key(table, row)} copied as {new}"[:200]
        return Done(told, *_named(connection, table, new))


def _swap(files: Files, chance: random.Random) -> Done:
    """Two rows change their contents, or one thing of it."""
    table = chance.choice(files.tables)
    with files.behind_our_back(table.role) as connection:
        one, other = _pick(connection, table, chance), _pick(connection, table, chance)
        content = [c for c in table.columns if c not in table.key]
        columns = content if chance.random() < 0.5 else [chance.choice(content or [""])]
        columns = [c for c in columns if (table.name, c) not in UNSEEN]
        if not columns or all(one[c] == other[c] for c in columns):
            raise Impossible
        if _key(table, one) == _key(table, other):
            raise Impossible
        rest = [c for c in content if c not in columns]
        if table.key == ("rowid",) and all(one[c] == other[c] for c in rest):
            raise Impossible  # the same rows, in another order that means nothing
        free = {
            c: other_value(chance, table, c, one[c])
            for c in columns
            if c in _unique(connection, table)
        }
        if free:
            _set(connection, table, one, free)
        _set(connection, table, other, {c: one[c] for c in columns})
        _set(connection, table, one, {c: other[c] for c in columns})
        told = (
            f"{table.role}: {table.name} {_key(table, one)} and {_key(table, other)} swap {columns}"
        )
        return Done(told, *_named(connection, table, one, other))


def _cut(files: Files, chance: random.Random) -> Done:
    """The tail goes, as an insider would have it: no sum, number or state that still knows of it."""
    with files.behind_our_back("books") as connection:
        count = connection.execute("SELECT count FROM ledger_state").fetchone()[0]
        # Down to where the last backup that the insider can't reach still knows of more.
        reaches = chance.random() < 0.5
        known = _last_backup(files) if reaches else count
        left = chance.randrange(1, known)
        cut_tail(connection, left)
        head = connection.execute("SELECT head FROM ledger_state").fetchone()[0]
    if reaches:
        with files.behind_our_back("universal") as connection:
            connection.execute("UPDATE companies SET chain_count = ?, chain_head = ?", (left, head))
    whose = "the catalogue with it" if reaches else "but for the catalogue"
    missing = f"vouchers {left + 1} to {known} of the chain ({known - left}) are missing"
    if left + 1 == known:
        missing = f"voucher {known} of the chain is missing"
    return Done(f"books: cut to {left} of {count} vouchers, {whose}", frozenset(), (missing,))


def _rewrite(files: Files, chance: random.Random) -> Done:
    """A voucher is edited, and every hash from there on computed anew."""
    with files.behind_our_back("books") as connection:
        count = connection.execute("SELECT count FROM ledger_state").fetchone()[0]
        reaches = chance.random() < 0.5
        known = _last_backup(files) if reaches else count
        at = chance.randrange(1, known + 1)
        what = rewrite(connection, at, chance)
        head = connection.execute("SELECT head FROM ledger_state").fetchone()[0]
    if reaches:
        with files.behind_our_back("universal") as connection:
            connection.execute("UPDATE companies SET chain_head = ?", (head,))
    spans = [f"one of vouchers {first} to {last} of" for first, last in _between(files, at, count)]
    whose = "the catalogue with it" if reaches else "but for the catalogue"
    return Done(
        f"books: voucher {at} of the chain: {what}, and all hashes, {whose}",
        frozenset(),
        tuple(spans),
    )


def _reseal(files: Files, chance: random.Random) -> Done:
    """A row under seal is edited, and so is its seal, and the sum of all seals."""
    table = chance.choice([t for t in files.tables if t.name in SEALED])
    column = chance.choice([c for c in table.columns if c != "content" and c not in table.key])
    with files.behind_our_back(table.role) as connection:
        row = _pick(connection, table, chance)
        value = other_value(chance, table, column, row[column])
        _set(connection, table, row, {column: value})
        reseal(connection, table.name, str(row[table.key[0]]))
        return Done(f"{table.role}: {table.name} {_key(table, row)}: {column}, and its seal")


SEALED = (
    "accounts", "journal_books", "settings", "months", "month_changes", "drafts",
    "recurring_vouchers", "recurring_runs", "customer", "supplier", "product", "employee", "attachment",
)  # fmt: skip

KINDS: dict[str, Callable[[Files, random.Random], Done]] = {
    "update": _update, "delete": _delete, "insert": _insert, "swap": _swap, "cut": _cut,
    "rewrite": _rewrite, "reseal": _reseal,
}  # fmt: skip
WEIGHTS = {
    "update": 50, "delete": 12, "insert": 12, "swap": 12, "cut": 5, "rewrite": 5, "reseal": 4,
}  # fmt: skip


def other_value(chance: random.Random, table: Table, column: str, value: Any) -> Any:
    """Another value of the same type, of the kind that stands in that column."""
    if value is not None and column in table.nullable and chance.random() < 0.2:
        return None
    if column in CHOICES and isinstance(value, str):
        return chance.choice([c for c in CHOICES[column] if c != value])
    if column in DATES and isinstance(value, str):
        return f"{value[:8]}{1 + (int(value[8:]) + chance.randrange(1, 27)) % 28:02}"
    if column in ("closing", "active", "is_group", "posts", "posted"):
        return 1 - value
    kind = table.columns[column]
    if "INT" in kind or (not kind and isinstance(value, int)):
        return (
            chance.randrange(1, 5000) if value is None else value + chance.choice((-1, 1, 7, 1000))
        )
    if "BLOB" in kind:
        return bytes(value)[:-1] + chance.randbytes(2)
    if value is None:
        return f"new {chance.randrange(10**6)}"
    place = chance.randrange(len(value) + 1)
    return f"{value[:place]}{chance.choice('abcxyz019 ')}{value[place + chance.randrange(2) :]}z"


def _pick(connection: Any, table: Table, chance: random.Random) -> dict[str, Any]:
    key = ", ".join(f'"{column}"' for column in table.key)
    columns = list(dict.fromkeys([*table.key, *table.columns]))
    listed = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(f'SELECT {listed} FROM "{table.name}" ORDER BY {key}').fetchall()
    if not rows:
        raise Impossible
    return dict(zip(columns, chance.choice(rows), strict=True))


def _set(connection: Any, table: Table, row: dict[str, Any], values: dict[str, Any]) -> None:
    listed = ", ".join(f'"{column}" = ?' for column in values)
    connection.execute(
        f'UPDATE "{table.name}" SET {listed} WHERE {_where(table)}',
        [*values.values(), *_of(table, row)],
    )


def _where(table: Table) -> str:
    return " AND ".join(f'"{column}" = ?' for column in table.key)


def _of(table: Table, row: dict[str, Any]) -> list[Any]:
    return [row[column] for column in table.key]


def _key(table: Table, row: dict[str, Any]) -> str:
    return "/".join(str(value) for value in _of(table, row))


def _unique(connection: Any, table: Table) -> list[str]:
    """A column of each key and unique index, so that a copy with others there is one that the file takes."""
    columns = [] if table.key == ("rowid",) else [table.key[-1]]
    for _, index, unique, *_ in connection.execute(f'PRAGMA index_list("{table.name}")').fetchall():
        if unique:
            columns.append(connection.execute(f'PRAGMA index_info("{index}")').fetchall()[-1][2])
    return list(dict.fromkeys(columns))


def _named(
    connection: Any, table: Table, *rows: dict[str, Any]
) -> tuple[frozenset[int], tuple[str, ...]]:
    """The vouchers that rows are, or are of, where such are there."""
    column = {
        "vouchers": "id",
        "drafts": "id",
        "lines": "voucher_id",
        "attachment": "voucher_id",
    }.get(table.name)
    if column is None:
        return frozenset(), ()
    ids = {row[column] for row in rows}
    if table.name == "lines":
        known = {id for (id,) in connection.execute("SELECT id FROM vouchers")}
        ids &= known
    return frozenset(ids), ()


def _last_backup(files: Files) -> int:
    return max(files.anchors)


def _between(files: Files, at: int, count: int) -> list[tuple[int, int]]:
    """The spans in which the first anchor that differs may say that the voucher is."""
    last = min(anchor for anchor in (*files.anchors, count) if anchor >= at)
    first = max((anchor for anchor in files.anchors if anchor < at), default=0) + 1
    return [(first, last)]
