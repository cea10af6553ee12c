"""A driver that looks like pysqlite3 and stands on apsw, whose files a test can hold in its hands.

It is what Peewee and `tenants` need of one: connections and cursors that may be subclassed, no transactions of its own
(as with `isolation_level=None`), errors with SQLite's codes. Rows are stepped through as pysqlite3 does: the statement
has ended, and holds no snapshot any more, once its last row was handed out. `test_faults_driver.py` runs parts of the
ordinary suite on it.

`install` puts it in the place of pysqlite3. It must come before Peewee is imported, in a process of its own: two SQLite
libraries on one file drop each other's locks.
"""

from __future__ import annotations

import datetime
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import apsw

from .driver_errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
    is_injected,
    of,
)
from .driver_truth import code_of

__all__ = [
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "complete_statement",
    "connect",
    "install",
]

sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(map(int, sqlite_version.split(".")))
version = apsw.apsw_version()
apilevel, paramstyle, threadsafety = "2.0", "qmark", 1
PARSE_DECLTYPES, PARSE_COLNAMES = 1, 2
Binary = memoryview
complete_statement = apsw.complete

vfs: str | None = None
"""The file system that connections are opened on; SQLite's own where it is None."""

on_connect: Callable[[apsw.Connection], object] | None = None
"""Called with each new connection, for settings that a run wants."""

_END: Any = object()
_DML = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_adapters: dict[type, Callable[[Any], Any]] = {
    datetime.date: lambda value: value.isoformat(),
    datetime.datetime: lambda value: value.isoformat(" "),
}


def register_adapter(kind: type, adapter: Callable[[Any], Any]) -> None:
    """Let values of a type be stored as what the adapter returns."""
    _adapters[kind] = adapter


def register_converter(name: str, converter: Callable[[bytes], Any]) -> None:
    """Nothing: converters work with `detect_types` alone, which nobody here asks for."""


def _adapted(params: Any) -> Any:
    if isinstance(params, dict):
        return {name: _adapt(value) for name, value in params.items()}
    return [_adapt(value) for value in params]


def _adapt(value: Any) -> Any:
    adapter = _adapters.get(type(value))
    return adapter(value) if adapter is not None else value


def _tracer(columns: list[Any]) -> Callable[[apsw.Cursor, str, Any], bool]:
    """Note the columns of each statement as it begins: apsw knows none of one that is done.

    A function that knows nothing of our cursor, which is to go, and end its statement, with its last reference.
    """

    def begun(cursor: apsw.Cursor, sql: str, params: Any) -> bool:
        columns[:] = [(name, *[None] * 6) for name, _ in cursor.get_description()]
        return True

    return begun


class Cursor:
    """One statement after another, and the rows of the latest."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursor = connection._open().cursor()
        self._columns: list[Any] = []
        self._cursor.exec_trace = _tracer(self._columns)
        self._ahead: Any = _END
        self._begun = False
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def _do(self, call: Callable[[], Any]) -> Any:
        self.connection._require_thread()
        try:
            return call()
        except apsw.ExecutionCompleteError:
            return _END
        except apsw.Error as error:
            if not is_injected(error):
                raise of(error) from None
            code = code_of(self.connection._db)
            if code:
                raise of(error, code) from None
            if (
                self._columns
            ):  # a row that tells of it, as of `PRAGMA integrity_check`: apsw has thrown it away
                raise of(error) from None
            return _END  # SQLite has come to terms with it

    def execute(self, sql: str, params: Any = ()) -> Cursor:
        """Run one statement as far as its first row."""
        self._ahead, self._begun, self.description = _END, False, None
        self._columns.clear()
        self._do(lambda: self._cursor.execute(sql, _adapted(params)))
        self._begun = True
        self.description = tuple(self._columns) or None
        self._count(sql, -1)
        return self

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run a statement once for each row of parameters."""
        count = 0
        for row in rows:
            self.execute(sql, row)
            count += max(self.rowcount, 0)
        self.rowcount = count
        return self

    def executescript(self, script: str) -> Cursor:
        """Run statements one after another, once what is open is committed."""
        if self.connection.in_transaction:
            self.connection.commit()
        self._do(lambda: self._cursor.execute(script).fetchall())
        self._ahead, self._begun = _END, False
        return self

    def _count(self, sql: str, otherwise: int) -> None:
        changes = sql.lstrip()[:8].upper().startswith(_DML)
        self.rowcount = self.connection._db.changes() if changes else otherwise
        if changes:
            self.lastrowid = self.connection._db.last_insert_rowid()

    def fetchone(self) -> Any:
        """Return the next row, or None; the statement is taken as far as the row after it."""
        if not self._begun:
            self.connection._open()
            self._do(lambda: self._cursor.connection)
            return None
        row = self._step() if self._ahead is _END else self._ahead
        self._ahead = _END if row is _END else self._step()
        if self._ahead is _END:
            self._begun = False
        return None if row is _END else row

    def _step(self) -> Any:
        return self._do(lambda: next(self._cursor, _END))

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        rows: list[Any] = []
        for _ in range(self.arraysize if size is None else size):
            row = Cursor.fetchone(self)
            if row is None:
                break
            rows.append(row)
        return rows

    def fetchall(self) -> list[Any]:
        """Return what is left."""
        rows: list[Any] = []
        while (row := Cursor.fetchone(self)) is not None:
            rows.append(row)
        return rows

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        row = Cursor.fetchone(self)
        if row is None:
            raise StopIteration
        return row

    def close(self) -> None:
        """End the statement."""
        self.connection._require_thread()
        self._ahead, self._begun = _END, False
        self._cursor.close(True)


class Connection:
    """A connection without transactions of its own: what is begun is begun by SQL."""

    def __init__(
        self,
        database: str | os.PathLike[str],
        timeout: float = 5.0,
        detect_types: int = 0,
        isolation_level: str | None = None,
        check_same_thread: bool = True,
        factory: Any = None,
        cached_statements: int = 128,
        uri: bool = False,
    ) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        if uri:
            flags |= apsw.SQLITE_OPEN_URI
        self._thread = threading.get_ident() if check_same_thread else None
        try:
            self._db = apsw.Connection(os.fspath(database), flags=flags, vfs=vfs)
        except apsw.Error as error:
            raise of(error) from None
        self._is_open = True
        self._db.set_busy_timeout(int(timeout * 1000))
        if on_connect is not None:
            on_connect(self._db)
        self.isolation_level = isolation_level
        self.row_factory: Any = None
        self.text_factory = str

    def _open(self) -> apsw.Connection:
        if not self._is_open:
            raise ProgrammingError("Cannot operate on a closed database.")
        self._require_thread()
        return self._db

    def _require_thread(self) -> None:
        if self._thread is not None and self._thread != threading.get_ident():
            raise ProgrammingError("SQLite objects created in a thread can only be used in that.")

    def cursor(self, factory: Any = Cursor) -> Any:
        """Return a new cursor, of the class that is wanted."""
        return factory(self)

    def execute(self, sql: str, *params: Any) -> Any:
        """Run a statement on a cursor of its own."""
        return Cursor.execute(self.cursor(), sql, *params)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Any:
        """Run a statement once for each row, on a cursor of its own."""
        return Cursor.executemany(self.cursor(), sql, rows)

    def executescript(self, script: str) -> Any:
        """Run statements one after another on a cursor of its own."""
        return Cursor.executescript(self.cursor(), script)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._open().in_transaction

    @property
    def total_changes(self) -> int:
        """How many rows were changed since it was opened."""
        return self._open().total_changes()

    def commit(self) -> None:
        """Commit what is open, if anything is."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo what is open, if anything is."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close it, with its cursors."""
        self._require_thread()
        self._is_open = False
        try:
            self._db.close()
        except apsw.Error as error:
            if not is_injected(error):  # of what fails as a file is closed nobody is told
                raise of(error) from None

    def interrupt(self) -> None:
        """End the statements that run."""
        self._open().interrupt()

    def backup(
        self,
        target: Connection,
        *,
        pages: int = -1,
        progress: Callable[[int, int, int], object] | None = None,
        name: str = "main",
        sleep: float = 0.25,
    ) -> None:
        """Copy the database into another one, by so many pages at a time."""
        try:
            with target._open().backup("main", self._open(), name) as backup:
                while not backup.done:
                    try:
                        backup.step(pages)
                    except (apsw.BusyError, apsw.LockedError):
                        time.sleep(sleep)
                    if progress is not None:
                        progress(0, backup.remaining, backup.page_count)
        except apsw.Error as error:
            raise of(error) from None

    def create_function(
        self, name: str, narg: int, func: Any, *, deterministic: bool = False
    ) -> None:
        """Let SQL call a function."""
        self._open().create_scalar_function(name, func, narg, deterministic=deterministic)

    def create_aggregate(self, name: str, narg: int, aggregate: Any) -> None:
        """Let SQL sum up by a class with `step` and `finalize`."""

        def begin() -> tuple[Any, Any, Any]:
            kept = aggregate()
            return kept, lambda kept, *v: kept.step(*v), lambda kept: kept.finalize()

        self._open().create_aggregate_function(name, begin, narg)

    def create_window_function(self, name: str, narg: int, aggregate: Any) -> None:
        """Let SQL sum up over a window by a class."""
        self._open().create_window_function(name, aggregate, narg)

    def create_collation(self, name: str, compare: Any) -> None:
        """Let SQL sort by a function."""
        self._open().create_collation(name, compare)

    def set_progress_handler(self, handler: Any, steps: int) -> None:
        """Call a function every so many steps; a true answer ends the statement."""
        self._open().set_progress_handler(handler, max(steps, 1))

    def set_authorizer(self, authorizer: Any) -> None:
        """Ask a function what statements may do."""
        self._open().set_authorizer(authorizer)

    def set_trace_callback(self, callback: Any) -> None:
        """Tell a function of each statement."""
        self._open().set_exec_trace(callback and (lambda _, sql, params: callback(sql) or True))

    def enable_load_extension(self, enable: bool) -> None:
        """Let extensions be loaded."""
        self._open().enable_load_extension(enable)

    def load_extension(self, path: str) -> None:
        """Load an extension."""
        self._open().load_extension(path)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()


class Row:
    """Nobody here asks for it."""


Sequence.register(Row)  # as pysqlite3 does


def connect(database: Any, *args: Any, factory: Any = Connection, **options: Any) -> Any:
    """Open a database."""
    return factory(database, *args, **options)


def install() -> None:
    """Take the place of pysqlite3 in this process.

    Raises:
        RuntimeError: it is too late, or a second SQLite would come in.
    """
    if "peewee" in sys.modules or "pysqlite3" in sys.modules:
        raise RuntimeError("The driver is to be installed before Peewee or pysqlite3 is imported.")
    ours = sys.modules[__name__]
    package = ModuleType("pysqlite3")
    package.__dict__.update({k: v for k, v in vars(ours).items() if not k.startswith("__")})
    package.dbapi2 = ours  # type: ignore[attr-defined]
    sys.modules["pysqlite3"] = package
    sys.modules["pysqlite3.dbapi2"] = ours
    ours.__name__ = "pysqlite3.dbapi2"
