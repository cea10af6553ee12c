"""A connection that is lent to a migration as a Peewee database: what it may not do there, and for how long."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from peewee import OperationalError, SqliteDatabase

from .. import sqlite

#: Of SQLite's authorizer, whose names the driver doesn't carry (https://www.sqlite.org/c3ref/c_alter_table.html).
_PRAGMA, _TRANSACTION, _ATTACH, _DETACH = 19, 22, 24, 25
_DENIED = {
    _TRANSACTION: "begins or ends a transaction",
    _ATTACH: "reaches for another file",
    _DETACH: "reaches for another file",
}
_DROP_TRIGGER = re.compile(r"\s*DROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?[\"'`\[]?(\w+)", re.IGNORECASE)
#: Steps of SQLite's virtual machine between two looks at the clock: a millisecond or less.
_STEPS = 10_000


class TooLong(BaseException):
    """Raised within a migration whose time is up; not an Exception, so that none is taken for one of its own."""


class LentDatabase(SqliteDatabase):
    """What migrations get for `db`: it is in a transaction that they neither began nor may end.

    Args:
        connection: the store's, in a transaction.
        label: what people call the store.
        deadline: on the monotonic clock, in seconds.

    Attributes:
        dropped: names of the triggers that were dropped by name.
        denied: what was refused last, in words.
        wrote_schema: True where it may have written to the schema's own table, which SQLite takes as it comes.
    """

    def __init__(self, connection: Any, label: str, deadline: float) -> None:
        super().__init__(label, autoconnect=False)
        self.lent = connection
        self.deadline = deadline
        self.dropped: set[str] = set()
        self.denied = ""
        self.wrote_schema = False
        self._state.set_connection(connection)
        # So that `db.atomic()` makes a savepoint, and not a transaction.
        self._state.transactions.append(self)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        if monotonic() > self.deadline:
            raise TooLong
        if not self.lent.in_transaction:
            raise OperationalError(
                "The store's transaction was rolled back by an earlier statement; nothing more is run."
            )
        found = _DROP_TRIGGER.match(sql)
        if found:
            self.dropped.add(found.group(1).lower())
        return super().execute_sql(sql, params)

    def close(self) -> bool:
        """Refused: the connection is merely lent."""
        raise OperationalError("A migration can't close the store; leave that to who lent it.")

    def is_closed_by_driver(self) -> bool:
        """True where the lent connection was closed past `close`."""
        try:
            self.lent.total_changes  # noqa: B018 - raises where it is closed
        except sqlite.driver.ProgrammingError:
            return True
        return False

    def _authorize(self, action: int, name: str | None, *_: Any) -> int:
        if action == _PRAGMA and name and name.lower() == "writable_schema":
            self.wrote_schema = True
        if action in _DENIED:
            self.denied = _DENIED[action]
            return 1  # SQLITE_DENY
        return 0

    @contextmanager
    def bounded(self, folder: str) -> Iterator[None]:
        """Keep what runs in the block within its transaction and its time.

        A statement that takes too long is interrupted; a loop in the migration's own Python is, too. What neither
        comes back to SQLite nor runs lines of the migration (`time.sleep`, say) can't be seen from here.

        Args:
            folder: where the migrations' code lies.

        Raises:
            TooLong: the time is up.
        """
        traced = sys.gettrace() is None  # a debugger's own look at the lines goes first
        self.lent.set_authorizer(self._authorize)
        self.lent.set_progress_handler(lambda: monotonic() > self.deadline, _STEPS)
        if traced:
            sys.settrace(self._watch(folder))
        try:
            yield
        finally:
            if traced:
                sys.settrace(None)
            with suppress(sqlite.driver.ProgrammingError):  # of a connection that is closed
                self.lent.set_progress_handler(None, 0)
                self.lent.set_authorizer(None)
        if monotonic() > self.deadline:
            raise TooLong

    def _watch(self, folder: str) -> Any:
        def lines(frame: Any, event: str, argument: Any) -> Any:
            if monotonic() > self.deadline:
                raise TooLong
            return lines

        def calls(frame: Any, event: str, argument: Any) -> Any:
            if not frame.f_code.co_filename.startswith(folder):
                return None
            frame.f_trace_opcodes = True  # `while True: pass` stays on its line
            return lines

        return calls
