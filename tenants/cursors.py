"""Cursors that know their entry, and tell the store of a failing disk."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import sqlite, stamps
from .current import Entry, current

if TYPE_CHECKING:
    from .connections import ConnectionState
    from .store import Store


class SharedCursor(sqlite.driver.Cursor):
    """A cursor of the shared database, which belongs to everybody."""

    state: ConnectionState
    rest: deque[Any] | None = None

    def set_aside(self) -> None:
        """Fetch what is left of the rows, for later: a statement that is done holds no snapshot any more."""
        with suppress(sqlite.driver.ProgrammingError):  # it was closed, or has no rows
            self.rest = deque([*(self.rest or ()), *sqlite.driver.Cursor.fetchall(self)]) or None

    def _from_rest(self, count: int) -> list[Any]:
        rest = self.rest or deque()
        rows = [rest.popleft() for _ in range(min(count, len(rest)))]
        self.rest = rest or None
        return rows

    def fetchone(self) -> Any:
        return super().fetchone() if self.rest is None else self._from_rest(1)[0]

    def fetchmany(self, *args: Any) -> Any:
        if self.rest is None:
            return super().fetchmany(*args)
        return self._from_rest(args[0] if args else self.arraysize)

    def fetchall(self) -> Any:
        return super().fetchall() if self.rest is None else self._from_rest(len(self.rest))

    def __next__(self) -> Any:
        return super().__next__() if self.rest is None else self._from_rest(1)[0]

    def execute(self, sql: str, *args: Any) -> Any:
        self.state.admit(sql)
        self.state.require_own_answer(sql)
        self.rest = None
        return self._judged(super().execute, sql, *args)

    def executemany(self, sql: str, *args: Any) -> Any:
        self.state.admit(sql)
        return self._judged(super().executemany, sql, *args)

    def executescript(self, *args: Any) -> Any:
        self.state.spoiled = True  # whatever is in it
        return self._judged(super().executescript, *args)

    def _judged(self, method: Any, *args: Any) -> Any:
        try:
            return method(*args)
        except sqlite.driver.Error as error:
            self.state.judge(error)
            raise


class StoreCursor(SharedCursor):
    """A cursor that works only where the store that it reads is held, and only while its entry lives."""

    entry: Entry
    store: Store

    def check(self, what: str) -> None:
        """Raise `WrongTenant` unless the current entry holds the cursor's store."""
        entry = current.get()
        if entry is self.entry and entry.live:
            return
        store = entry.stores.get(self.store.role)
        if store is None or store.stamp != self.store.stamp:
            raise stamps.stray(what, self.store.stamp, entry)

    def _require_open(self) -> None:
        self.check("This cursor")
        if not self.entry.live:
            raise stamps.stray("This cursor, whose entry was left,", self.store.stamp)
        if self.entry.thread != get_ident():
            raise self.entry.of_another_thread()

    def execute(self, *args: Any) -> Any:
        self._require_open()
        return super().execute(*args)

    def executemany(self, *args: Any) -> Any:
        self._require_open()
        return super().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        self._require_open()
        return super().executescript(*args)

    def fetchone(self) -> Any:
        self._require_open()
        try:
            return super().fetchone()
        except sqlite.driver.Error as error:
            self.state.judge(error)
            raise

    def fetchmany(self, *args: Any) -> Any:
        self._require_open()
        try:
            return super().fetchmany(*args)
        except sqlite.driver.Error as error:
            self.state.judge(error)
            raise

    def fetchall(self) -> Any:
        self._require_open()
        try:
            return super().fetchall()
        except sqlite.driver.Error as error:
            self.state.judge(error)
            raise

    def __next__(self) -> Any:
        self._require_open()
        return super().__next__()
