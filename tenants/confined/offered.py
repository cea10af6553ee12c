"""An offered file, as the confined process reads it: nothing of its schema is run, its tables are walked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

import zstandard

from .. import sqlite
from .limits import Limits
from .pattern import Pattern, Table, quoted

#: Of SQLite's authorizer (https://www.sqlite.org/c3ref/c_alter_table.html).
_PRAGMA, _READ, _SELECT = 19, 20, 21
_OK, _DENY = 0, 1

#: What a program of SQLite's machine consists of that goes through one table and nothing else
#: (https://www.sqlite.org/opcode.html).
_WALKING = {
    "Init", "Transaction", "Goto", "OpenRead", "Rewind", "Rowid", "Column", "RealAffinity", "ResultRow", "Next", "Halt",
}  # fmt: skip

_ZSTD = b"\x28\xb5\x2f\xfd"
_LARGEST_WINDOW = 1 << 27

#: Numbers that a table counts on from may be so high, or the next one couldn't be given.
_HIGHEST = 2**53


class Refused(Exception):
    """Raised where the file isn't taken; says why."""


def open_file(path: str, limits: Limits) -> int:
    """Open an offered file. Returns a descriptor. Raises `Refused` where it isn't a plain file of a bearable size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"it can't be opened ({error.strerror}); a link isn't followed") from error
    try:
        _require_bearable(descriptor, path, limits)
    except Refused:
        os.close(descriptor)
        raise
    return descriptor


def _require_bearable(descriptor: int, path: str, limits: Limits) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise Refused("it isn't a file (a folder, a pipe or a device?)")
    if found.st_size > limits.offered_bytes:
        raise Refused(
            f"it has {found.st_size} bytes, and {limits.offered_bytes} is the most that is read"
        )
    for suffix in ("-wal", "-journal"):
        if os.path.lexists(f"{path}{suffix}"):
            raise Refused(
                f"it isn't closed: {suffix[1:]} lies beside it, without which it may lack what was committed; offer a "
                f"copy that SQLite's backup call made"
            )


def is_compressed(descriptor: int) -> bool:
    """True for a file that zstandard has compressed."""
    return os.pread(descriptor, 4, 0) == _ZSTD


def unpack(descriptor: int, path: str, limits: Limits) -> None:
    """Decompress a file into a new one, as far as it is bearable."""
    size = 0
    try:
        with (
            open(descriptor, "rb", closefd=False) as packed,
            open(path, "xb") as target,
            zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(
                packed
            ) as plain,
        ):
            while chunk := plain.read(1 << 20):
                size += len(chunk)
                if size > limits.unpacked_bytes:
                    raise Refused(
                        f"unpacked it has more than {limits.unpacked_bytes} bytes, the most that is read"
                    )
                target.write(chunk)
    except zstandard.ZstdError as error:
        raise Refused(f"it can't be decompressed ({error})") from error


class Offered:
    """An offered database.

    Args:
        path: the file.
        pattern: what its tables are to be like.

    Attributes:
        roots: the first page of each table that is wanted.
        left_out: what else there is.
    """

    def __init__(self, path: str, pattern: Pattern) -> None:
        self.pattern = pattern
        self.roots: dict[str, int] = {}
        self.left_out: list[str] = []
        self._reading = ""
        # Immutable: nothing beside it is looked for, no lock taken, no log made or read.
        uri = sqlite.uri(path).replace("mode=rw", "mode=ro&immutable=1")
        self.connection = sqlite.driver.connect(uri, isolation_level=None, uri=True)

    def open(self) -> None:
        """Look what there is. Raises `Refused` where it isn't a database of ours of that version."""
        self.connection.executescript(
            "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
            "PRAGMA mmap_size = 0; PRAGMA foreign_keys = OFF; PRAGMA automatic_index = OFF;"
        )
        self._require_ours()
        self._find_tables()
        self.connection.set_authorizer(self._authorize)

    def _require_ours(self) -> None:
        (application,) = self.connection.execute("PRAGMA application_id").fetchone()
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if application != sqlite.APPLICATION_ID:
            raise Refused(f"it says that it is another program's (application id {application:#x})")
        if version != self.pattern.version:
            raise Refused(
                f"it is at version {version} of its schema, and this program takes files of version "
                f"{self.pattern.version}: bring it there with the program that made it"
            )

    def _find_tables(self) -> None:
        wanted = {table.name.lower() for table in self.pattern.tables}
        roots, others = self.roots, self.left_out
        rows = self.connection.execute(
            "SELECT type, name, rootpage FROM sqlite_schema WHERE type IN ('table', 'view')"
        )
        for kind, name, root in rows:
            lower = str(name).lower()
            if lower not in wanted and lower != "sqlite_sequence":
                others.append(f"{kind} {str(name)[:60]!r}")
            elif lower in roots:
                raise Refused(f"it has two tables named {str(name)[:60]!r}")
            elif kind != "table" or not isinstance(root, int) or root < 2:
                raise Refused(
                    f"{str(name)[:60]!r} in it is no table of its own (a view? a virtual table?)"
                )
            else:
                roots[lower] = root
        # Those of our own are left there, too, and told of nobody: the new file gets them from the pattern.
        ours = set(self.pattern.later)
        query = "SELECT sql FROM sqlite_schema WHERE type = 'trigger'"
        triggers = sum(sql not in ours for (sql,) in self.connection.execute(query))
        if triggers:
            others.append(f"{triggers} triggers of its own making")

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a table, each with the pattern's columns.

        Raises:
            Refused: the file has no such table, or it isn't a plain one with those columns.
        """
        self._require_columns(table)
        return self._walk(table.name, [name for name, _ in table.columns])

    def _require_columns(self, table: Table) -> None:
        if table.name.lower() not in self.roots:
            raise Refused(f"it has no table {table.name!r}")
        self._reading = table.name.lower()
        found = {
            str(row[1]).lower(): row[6]
            for row in self.connection.execute(f"PRAGMA main.table_xinfo({quoted(table.name)})")
        }
        wanted = {name.lower() for name, _ in table.columns}
        missing, foreign = sorted(wanted - found.keys()), sorted(found.keys() - wanted)
        if missing or foreign:
            lists = ", ".join(repr(name[:60]) for name in (missing or foreign)[:5])
            raise Refused(f"its table {table.name!r} {'lacks' if missing else 'also has'} {lists}")
        if any(found.values()):
            raise Refused(f"its table {table.name!r} has generated or hidden columns")

    def _walk(self, name: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
        self._reading = name.lower()
        # NOT INDEXED: an index of the file's own making may say something else than its table.
        listed = ", ".join(map(quoted, columns))
        query = f"SELECT {listed} FROM main.{quoted(name)} NOT INDEXED"  # noqa: S608 -- our names, quoted
        program = self.connection.execute(f"EXPLAIN {query}").fetchall()
        opened = [line[3] for line in program if line[1] == "OpenRead"]
        if {line[1] for line in program} - _WALKING or opened != [self.roots[self._reading]]:
            raise Refused(f"{name!r} in it isn't a plain table")
        rows: Iterator[tuple[Any, ...]] = self.connection.execute(query)
        return rows

    def highest(self, table: str) -> int:
        """Return the highest number that a table says it has ever given; 0 where it says nothing sensible."""
        if "sqlite_sequence" not in self.roots:
            return 0
        found = [
            number
            for name, number in self._walk("sqlite_sequence", ["name", "seq"])
            if name == table and isinstance(number, int)
        ]
        highest = max(found, default=0)
        if highest > _HIGHEST:
            raise Refused(f"its table {table!r} counts on from {highest}, which leaves no numbers")
        return highest

    def _authorize(self, action: int, table: Any, _: Any, schema: Any, source: Any) -> int:
        if action == _SELECT and source is None:
            return _OK
        plain = source is None and schema == "main" and str(table).lower() == self._reading
        if action == _READ and plain:
            return _OK
        return _OK if action == _PRAGMA and table == "table_xinfo" else _DENY
