"""Connections to a database in memory, and their cursors, which lock what they read and hand out copies."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import sqlite, statements
from ..errors import LockTimeout, TenantError
from ..opened import Connection

if TYPE_CHECKING:
    from .memory_databases import MemoryDatabase
    from .table_locks import Hold

_LOCKED = 6
driver = sqlite.driver


class LockingCursor(sqlite.driver.Cursor):
    """A cursor whose statement has its locks while it runs, and until its transaction ends.

    All of its rows are fetched at once: SQLite locks a table for as long as a statement that reads it isn't done.
    """

    connection: MemoryConnection
    _kept: deque[Any] | None = None

    def execute(self, sql: str, params: Any = ()) -> Any:
        return self._locked(sql, params, super().execute, sql, params)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Any:
        every = list(rows)
        return self._locked(sql, every[0] if every else (), super().executemany, sql, every)

    def executescript(self, script: str) -> Any:
        self.connection.commit()  # as the driver's own does
        for _, statement in statements.split(script):
            self.execute(statement)
        return self

    def _locked(self, sql: str, params: Any, method: Any, *args: Any) -> Any:
        connection = self.connection
        hold = connection.hold
        if hold is None:
            return method(*args)
        self._kept = None
        try:
            hold.prepare(connection, sql, params)
            method(*args)
            if self.description is not None:
                self._kept = deque(super().fetchall())
        except driver.OperationalError as error:
            if sqlite.primary_code(error) != _LOCKED:
                raise
            raise LockTimeout(
                f"{connection.database.label} is in use in a way that can't be waited for ({error}): try again."
            ) from error
        finally:
            if not connection.in_transaction:
                hold.release(connection)
        return self

    def fetchone(self) -> Any:
        if self._kept is None:
            return super().fetchone()
        return self._kept.popleft() if self._kept else None

    def fetchmany(self, size: int | None = None) -> Any:
        count = self.arraysize if size is None else size
        if self._kept is None:
            return super().fetchmany(count)
        return [self._kept.popleft() for _ in range(min(count, len(self._kept)))]

    def fetchall(self) -> Any:
        if self._kept is None:
            return super().fetchall()
        rows, self._kept = list(self._kept), deque()
        return rows

    def __next__(self) -> Any:
        if self._kept is None:
            return super().__next__()
        if not self._kept:
            raise StopIteration
        return self._kept.popleft()

    def close(self) -> None:
        self._kept = None
        super().close()


@lru_cache(maxsize=64)
def _locking(kind: type[Any]) -> type[Any]:
    """Return a class of cursors as one that locks."""
    if issubclass(kind, LockingCursor):
        return kind
    if kind is driver.Cursor:
        return LockingCursor
    return type(kind.__name__, (kind, LockingCursor), {"__doc__": kind.__doc__})


class MemoryConnection(Connection):
    """One of a database's connections, or one to a copy of it that nobody shares.

    Attributes:
        database: whose connection it is.
        hold: what it has of the database's locks; None of a private copy, which needs none.
    """

    database: MemoryDatabase
    hold: Hold | None = None

    def cursor(self, factory: Any = LockingCursor) -> Any:
        return super().cursor(_locking(factory))

    def plain_cursor(self) -> Any:
        """Return a cursor that locks nothing, for whoever has the locks."""
        return super().cursor(driver.Cursor)

    def commit(self) -> None:
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        super().close()
        if self.hold is not None:
            self.hold.release(self)

    def backup(self, target: Any, **options: Any) -> None:
        """Copy all of it, as of one instant; writers wait for that long."""
        hold = self.hold
        if hold is None:
            super().backup(target, **options)
            return
        if self.in_transaction:
            raise TenantError(
                f"{self.database.label} can't be copied by a connection that is in a transaction: end that first."
            )
        try:
            hold.stop_writers(self)
            super().backup(target, **options)
        finally:
            hold.release(self)

    def open_blob(self, *args: Any, **options: Any) -> Any:
        """Refused: nobody would know how long its table is to be locked."""
        raise TenantError(
            f"{self.database.label} lives in memory, where blobs are read and written as values: by SELECT and UPDATE."
        )

    def is_in_place(self, path: str, now: float) -> bool:
        return not self.database.removed
