"""Which tables of a shared cache a statement locks, and how: SQLite itself tells, in the statement's own program."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .. import sqlite
from ..statements import Kind, kind_of

_FIRST_WORDS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))*(\w+)(?:\s+(\w+))?", re.DOTALL)
#: Statements of which SQLite tells the tables: those that read and write rows.
_ROWS = frozenset({"SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE", "REPLACE"})
#: Pragmas that read pages whatever tables they belong to.
_READS_ALL = re.compile(r"\b(?:integrity_check|quick_check|incremental_vacuum|optimize)\b", re.I)
_VIRTUAL = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND rootpage = 0 LIMIT 1"
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"


class Plan(NamedTuple):
    """What a statement needs of a database's locks.

    Attributes:
        tables: the tables that it locks, by name, each with True where it is written.
        writes: it needs the turn to write.
        alone: it needs the whole database for itself: it changes the schema, say.
        begins: `DEFERRED`, `IMMEDIATE` or `EXCLUSIVE` where it begins a transaction.
        rows: the tables aren't known yet: `read` tells them.
        alters: it changes the connection, and so perhaps what its later statements lock.
    """

    tables: tuple[tuple[str, bool], ...] = ()
    writes: bool = False
    alone: bool = False
    begins: str = ""
    rows: bool = False
    alters: bool = False


def outline(sql: str) -> Plan:
    """Return what a statement needs by its first words alone."""
    kind = kind_of(sql)
    found = _FIRST_WORDS.match(sql)
    first, second = (
        word.upper() if word else "" for word in (found.groups() if found else ("", ""))
    )
    if kind is Kind.CONTROL:
        if first == "BEGIN":
            return Plan(begins=second if second in ("IMMEDIATE", "EXCLUSIVE") else "DEFERRED")
        return Plan(begins="DEFERRED" if first == "SAVEPOINT" else "")
    if kind is Kind.SETTING:
        return Plan(alters=True)
    writes = kind is Kind.WRITE
    if first in _ROWS:
        return Plan(writes=writes, rows=True)
    return Plan(writes=writes, alone=writes or bool(_READS_ALL.search(sql)))


def read(connection: Any, sql: str, params: Any, writes: bool, state: object = 0) -> Plan:
    """Return what a statement on rows needs, as SQLite compiles it now.

    Of what is shared by several connections SQLite locks each table that a statement reads or writes, those of foreign
    keys and triggers too, and says so in the program that it makes (https://www.sqlite.org/sharedcache.html).

    Args:
        connection: the driver's, in a shared cache, whose schema nobody changes meanwhile.
        sql: the statement.
        params: for it; that they are there in their number is enough.
        writes: by its first words it writes.
        state: differs wherever the schema, or what the connection makes of it, may differ.
    """
    # Unlike any other statement, one that merely explains isn't compiled anew when the schema has changed: the driver
    # would hand out the one that it has kept, so that its text has to differ.
    tables: dict[str, bool] = {}
    virtual = False
    for _, opcode, _, _, p3, p4, *_ in _rows(connection, f"EXPLAIN /* {state} */ {sql}", params):
        if opcode == b"TableLock":
            name = p4.decode()
            tables[name] = tables.get(name, False) or p3 == 1
        elif opcode in (b"VUpdate", b"VBegin"):
            return Plan(writes=True, alone=True)
        elif opcode == b"VOpen":
            virtual = True
    if tables.pop("sqlite_master", False):
        return Plan(writes=True, alone=True)
    if virtual and _rows(connection, _VIRTUAL):
        # What stands behind a virtual table is read by statements of its own, which nobody sees from here.
        for (name,) in _rows(connection, _TABLES):
            tables.setdefault(name.decode(), False)
    return Plan(tuple(sorted(tables.items())), writes or any(tables.values()))


def to_write(connection: Any, table: str, state: object = 0) -> dict[str, bool]:
    """Return what all that may be done to a table's rows locks.

    Raises:
        OperationalError: there is no such table, say.
    """
    name = f'"{table.replace(chr(34), chr(34) * 2)}"'
    columns = [
        f'"{column.decode().replace(chr(34), chr(34) * 2)}"'
        for _, column, _, _, _, _, hidden in _rows(connection, f"PRAGMA table_xinfo({name})")
        if hidden == 0
    ]
    found: dict[str, bool] = {}
    assignments = ", ".join(f"{column} = {column}" for column in columns or ["rowid"])
    for sql in (  # quoted above
        f"INSERT INTO {name} DEFAULT VALUES",
        f"DELETE FROM {name}",  # noqa: S608
        f"UPDATE {name} SET {assignments}",  # noqa: S608
    ):
        for locked, written in read(connection, sql, (), True, state).tables:
            found[locked] = found.get(locked, False) or written
    return found


def _rows(connection: Any, sql: str, params: Any = ()) -> list[Any]:
    # A program's operands needn't be text, and whatever the connection makes of text and rows is for its user.
    factory, connection.text_factory = connection.text_factory, bytes
    try:
        cursor = connection.plain_cursor()
        cursor.row_factory = None
        found: list[Any] = sqlite.driver.Cursor.execute(cursor, sql, params).fetchall()
        return found
    finally:
        connection.text_factory = factory
