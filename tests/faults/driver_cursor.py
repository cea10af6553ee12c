"""The driver's cursor: statements, what they are given, and the rows they come to."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import apsw

from .driver_errors import is_injected, of
from .driver_truth import code_of

if TYPE_CHECKING:
    from .driver_connection import Connection

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
