"""The confined process: opens what was offered, gives up all else, and copies its rows into a fresh file of ours.

It is told by one JSON object what to do, answers with one, and ends. What comes out is our schema with the file's
values; nothing that the file says *is to be done* (triggers, views, expressions) is ever run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import msgspec

from .. import sqlite
from .cage import confine
from .limits import Limits
from .offered import Offered, Refused, is_compressed, open_file, unpack
from .pattern import Pattern, Table, quoted


class Job(msgspec.Struct):
    """What is to be done.

    Attributes:
        offered: the file, by its path.
        target: the file that is made, in a folder of its own.
        pattern: its schema.
        limits: how much it may take.
    """

    offered: str
    target: str
    pattern: Pattern
    limits: Limits


class Answer(msgspec.Struct, omit_defaults=True):
    """What came of it.

    Attributes:
        refused: why the file wasn't taken; empty where it was.
        rows: how many were copied, by table.
        left_out: what else was in the file.
        odd: columns that hold values of another kind than they are declared for, and how many.
        unpacked: whether it was compressed.
        held: how this process was confined.
    """

    refused: str = ""
    rows: dict[str, int] = {}
    left_out: list[str] = []
    odd: dict[str, int] = {}
    unpacked: bool = False
    held: list[str] = []


def run(job: Job) -> Answer:
    """Do the job in this process, which can do nothing else from then on."""
    answer = Answer()
    descriptor = -1
    try:
        descriptor = open_file(job.offered, job.limits)
        folder = os.path.dirname(job.target)
        answer.held = confine(job.limits, [descriptor], folder)
        path = f"/proc/self/fd/{descriptor}" if os.path.isdir("/proc/self/fd") else job.offered
        if is_compressed(descriptor):
            path, answer.unpacked = f"{folder}/unpacked.db", True
            unpack(descriptor, path, job.limits)
        _copy(path, job, answer)
    except Refused as error:
        answer.refused = str(error)
    except UnicodeError:  # in what SQLite says of it, too
        answer.refused = "names in it aren't text"
    except MemoryError:
        answer.refused = f"reading it takes more than {job.limits.memory_bytes} bytes of memory"
    except sqlite.driver.Error as error:
        answer.refused = _said(error)
    except OSError as error:
        answer.refused = f"it can't be copied ({error.strerror})"
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return answer


def _said(error: Exception) -> str:
    if sqlite.primary_code(error) == 13:  # SQLITE_FULL
        return "there is no room for its rows"
    return f"SQLite says of it: {str(error)[:200]!r}"


def _copy(path: str, job: Job, answer: Answer) -> None:
    offered = Offered(path, job.pattern)
    with closing(offered.connection):
        offered.open()
        _copy_tables(offered, job, answer)


def _copy_tables(offered: Offered, job: Job, answer: Answer) -> None:
    pattern = job.pattern
    answer.left_out = [
        *offered.left_out[:50],
        *(["and more"] if len(offered.left_out) > 50 else []),
    ]
    with closing(_fresh(job)) as target:
        for table in pattern.tables:
            target.execute(table.sql)
        for table in pattern.tables:
            _fill(target, table, offered.rows(table) if table.rows is None else table.rows)
            if table.rows is None:
                (answer.rows[table.name],) = target.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()  # noqa: S608 # fmt: skip
            if table.counts:
                _count_on(target, table.name, offered.highest(table.name))
        for statement in pattern.later:
            target.execute(statement)
        _require_sound(target)
        answer.odd = _odd(target, pattern)
        target.execute("COMMIT")


def _fresh(job: Job) -> Any:
    pattern, limits = job.pattern, job.limits
    descriptor = os.open(job.target, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600)
    os.close(descriptor)
    target = sqlite.driver.connect(sqlite.uri(job.target), isolation_level=None, uri=True)
    target.executescript(
        f"PRAGMA page_size = {pattern.page_size}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        f"PRAGMA max_page_count = {limits.written_bytes // pattern.page_size};"
        f"PRAGMA application_id = {sqlite.APPLICATION_ID}; PRAGMA user_version = {pattern.version};"
        "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; BEGIN;"
    )
    return target


def _fill(target: Any, table: Table, rows: Iterable[Any]) -> None:
    columns = ", ".join(quoted(name) for name, _ in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    target.executemany(f"INSERT INTO {quoted(table.name)} ({columns}) VALUES ({marks})", rows)  # noqa: S608 -- quoted


def _count_on(target: Any, table: str, highest: int) -> None:
    """Let a table give no number that it has given before, also of rows that are gone."""
    changed = target.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (highest, table)
    ).rowcount
    if not changed and highest > 0:
        target.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, highest))


def _require_sound(target: Any) -> None:
    stray = target.execute("PRAGMA foreign_key_check").fetchone()
    if stray is not None:
        raise Refused(
            f"row {stray[1]} of {stray[0]} in it refers to one of {stray[2]} that isn't there"
        )
    found = target.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise Refused(f"its rows don't make a sound store: {found[:200]}")


#: By how a column's type is declared, in SQLite's own order (https://www.sqlite.org/datatype3.html#affname): what a
#: value in it is. Any other may hold anything, as dates and decimals do.
_KINDS = (
    ("INT", "integer"),
    ("CHAR", "text"),
    ("CLOB", "text"),
    ("TEXT", "text"),
    ("BLOB", "blob"),
    ("REAL", "real"),
)


def _odd(target: Any, pattern: Pattern) -> dict[str, int]:
    odd: dict[str, int] = {}
    for table in pattern.tables:
        kinds = {name: _kind(declared) for name, declared in table.columns if _kind(declared)}
        if table.rows is not None or not kinds:
            continue
        counts = ", ".join(
            f"sum(typeof({quoted(c)}) NOT IN ('null', '{k}'))" for c, k in kinds.items()
        )
        found = target.execute(f"SELECT {counts} FROM {quoted(table.name)}").fetchone()  # noqa: S608 -- quoted
        odd |= {f"{table.name}.{c}": n for c, n in zip(kinds, found, strict=True) if n}
    return odd


def _kind(declared: str) -> str:
    return next((kind for part, kind in _KINDS if part in declared.upper()), "")


_JOB = msgspec.json.Decoder(Job)


def main() -> None:
    """Do the job that stands on the standard input."""
    job = _JOB.decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.json.encode(run(job)))
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing is left to be tidied that could still go wrong


if __name__ == "__main__":
    main()
