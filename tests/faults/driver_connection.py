"""The driver's connection, and on which file system it is opened."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import apsw

from .driver_cursor import Cursor
from .driver_errors import ProgrammingError, is_injected, of

vfs: str | None = None
"""The file system that connections are opened on; SQLite's own where it is None."""

on_connect: Callable[[apsw.Connection], object] | None = None
"""Called with each new connection, for settings that a run wants."""


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
