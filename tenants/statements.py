"""What an SQL statement does to the connection that runs it, and where one statement of a script ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from .sqlite import driver


class Kind(Enum):
    """What matters about a statement on a connection that others will use after us."""

    READ = "reads"
    WRITE = "writes rows or schema"
    CONTROL = "begins or ends a transaction or savepoint"
    SETTING = "changes the connection for whoever gets it next: a pragma, a temporary table"
    ATTACH = "reaches for another file"


# What nearly every statement starts with, so that telling its kind costs one look-up.
_COMMON = {
    "SELECT": Kind.READ,
    "INSERT": Kind.WRITE,
    "UPDATE": Kind.WRITE,
    "DELETE": Kind.WRITE,
    "REPLAC": Kind.WRITE,
    "SAVEPO": Kind.CONTROL,
    "RELEAS": Kind.CONTROL,
}

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
_READS = frozenset({"SELECT", "VALUES", "EXPLAIN"})
_CONTROLS = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})
_ATTACHES = frozenset({"ATTACH", "DETACH"})
_TEMPORARY = re.compile(r"CREATE\s+TEMP", re.IGNORECASE)
_WRITING_WITH = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE\s|DELETE\s+FROM)", re.IGNORECASE
)
_PRAGMA = re.compile(r"PRAGMA\s+(?:(?:\w+|\"\w+\"|\[\w+\])\s*\.\s*)?(\w+)\s*([=(]?)", re.IGNORECASE)
#: Pragmas that take an argument and change nothing.
_ASKING = frozenset(
    {
        "foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo", "integrity_check",
        "quick_check", "table_info", "table_list", "table_xinfo", "wal_checkpoint",
    }
)  # fmt: skip

_OF_THE_CONNECTION = re.compile(
    r"\b(?:last_insert_rowid|changes|total_changes)\s*\(\s*\)", re.IGNORECASE
)


def asks_what_was_written(sql: str) -> bool:
    """Return whether a statement may ask what the connection that runs it has written last."""
    return _OF_THE_CONNECTION.search(sql) is not None


def kind_of(sql: str) -> Kind:
    """Return what a statement does."""
    kind = _COMMON.get(sql[:6])
    return kind if kind is not None else _look_closer(sql)


def _look_closer(sql: str) -> Kind:
    start = _LEADING.match(sql).end()  # type: ignore[union-attr]  # it matches nothing, too
    found = _WORD.match(sql, start)
    word = found.group().upper() if found else ""
    if word == "WITH":
        return Kind.WRITE if _WRITING_WITH.search(sql, start) else Kind.READ
    if word == "PRAGMA":
        return _kind_of_pragma(sql, start)
    if word in _READS or not word:
        return Kind.READ
    if word in _CONTROLS:
        return Kind.CONTROL
    if word in _ATTACHES:
        return Kind.ATTACH
    return Kind.SETTING if _TEMPORARY.match(sql, start) else Kind.WRITE


def _kind_of_pragma(sql: str, start: int) -> Kind:
    found = _PRAGMA.match(sql, start)
    if found is None:
        return Kind.SETTING
    name, argument = found.group(1).lower(), found.group(2)
    if not argument or name in _ASKING:
        return Kind.READ
    return Kind.WRITE if name == "user_version" else Kind.SETTING


def split(script: str) -> Iterator[tuple[int, str]]:
    """Yield each statement of a script with the number of the line on which it starts.

    Semicolons within strings, comments and triggers end no statement.
    """
    start = 0
    for found in re.finditer(";", script):
        if driver.complete_statement(script[start : found.end()]):
            yield from _located(script, start, found.end())
            start = found.end()
    yield from _located(script, start, len(script))


def _located(script: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    begin = min(_LEADING.match(script, start).end(), end)  # type: ignore[union-attr]
    statement = script[begin:end]
    if statement.strip("; \t\r\n"):
        yield script.count("\n", 0, begin) + 1, statement
