"""What an entry has in hand of a store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from peewee import __exception_wrapper__

from .. import sqlite
from ..connections import ConnectionState
from ..store_locks import Writer
from .memory_connections import LockingCursor, MemoryConnection
from .memory_databases import private


class MemoryState(ConnectionState):
    """A connection whose statements lock the tables that they use."""

    conn: MemoryConnection
    names: tuple[str, ...] | None = None

    def open(self) -> Any:
        if self.conn is None:
            hold = super().open().hold
            if hold is not None:
                hold.user = self  # whose turn to write is the connection's
        return self.conn

    def execute(self, cursor: Any, sql: str, params: Any) -> Any:
        try:
            return LockingCursor.execute(cursor, sql, params or ())
        except sqlite.driver.Error as error:
            self.judge(error)
            with __exception_wrapper__:
                raise

    def exchange(self, heir: Writer) -> None:
        """Do nothing: the pages are in memory, whichever the connection, and its table locks know whose it is."""

    def name_tables(self, tables: tuple[str, ...]) -> None:
        self.open()
        if self.conn.hold is None:
            return
        if self.conn.in_transaction:
            self.conn.hold.take_to_write(self.conn, tables)
        else:
            self.names = tables

    def begin(self, lock_type: str | None = None, patience: float | None = None) -> None:
        hold = self.open().hold
        if hold is not None:
            hold.names, hold.patience = self.names, patience
        self.names = None
        try:
            super().begin(lock_type, patience)
        finally:
            if hold is not None:
                hold.names = hold.patience = None

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Read a copy in the block, which no writer has to wait for."""
        shared = self.open()
        copy = private(self.store, shared)
        self.conn = copy
        try:
            yield
        finally:
            if self.conn is copy:
                self.conn = shared
            copy.close()

    def _part_with(self, connection: Any) -> None:
        if connection.hold is not None:
            connection.hold.user = None
        super()._part_with(connection)
