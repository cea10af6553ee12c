"""What one entry, or one thread, has in hand of a database: a connection, and what is open on it."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from peewee import OperationalError, __exception_wrapper__, _ConnectionState, _manual

from . import sqlite
from .errors import ReadOnlyStore, TenantError
from .statements import Kind, asks_what_was_written, kind_of
from .store_locks import Writer

if TYPE_CHECKING:
    from .cursors import SharedCursor
    from .leasing.leases import Lease
    from .snapshots.gate import Gate
    from .store import Store

log = logging.getLogger("tenants")

_execute = sqlite.driver.Cursor.execute


class ConnectionState(_ConnectionState, Writer):
    """One entry's (or, of the shared database, one thread's) connection, and what is open on it.

    Attributes:
        store: whose connection it is.
        lease: the entry's, which the connection is part of; None of the shared database.
        cursors: weak references to its cursors, so that none keeps a read snapshot alive past the entry.
        spoiled: True once something on it differs from a new connection; it is then closed, and never pooled.
        archived: True in an entry of a tenant that is archived, in which writing is refused.
        reading: True while a snapshot is read, in which writing is refused.
        ended: True once the entry was left; a transaction that ends later finds nothing to do.
        written_before: how many rows others had changed on the connection when it came from them; None of one's own.
        task: the asyncio task that has a transaction open on it, where there is one.
        gate: of a snapshot, what each statement passes; None elsewhere.
        cursor_class: its cursors' class, where that isn't the database's.
    """

    gate: Gate | None = None
    cursor_class: type[SharedCursor] | None = None

    def __init__(self, store: Store, lease: Lease | None = None) -> None:
        self.reset()  # which is all that Peewee's own does
        self.conn: Any
        self.commit_callbacks: list[Callable[[], object]]
        self.store = store
        self.lease = lease
        self.cursors: list[weakref.ref[Any]] = []
        self.spoiled = False
        self.archived = False
        self.reading = False
        self.ended = False
        self.written_before: int | None = None
        self.task: object | None = None
        self.hooks = 0
        self._prune_at = 256

    # The connection

    def open(self) -> Any:
        """Return its connection, borrowed from the pool where there is none yet."""
        if self.conn is None:
            lease = self.lease
            if lease is None:
                self.conn = self.store.router.pool.take(self.store)
            else:
                self.conn = lease.connection(self.store)
                self.archived = lease.tenant.is_archived
            self.closed = False
            self.hooks = self.store.database.hooks
        return self.conn

    def hand_out(self) -> Any:
        """Return its connection to somebody who does with it what nobody knows: it isn't used again after."""
        connection = self.open()
        self.spoiled = True
        return connection

    def track(self, cursor: Any) -> None:
        """Remember a cursor for as long as it lives."""
        self.cursors.append(weakref.ref(cursor))
        if len(self.cursors) > self._prune_at:
            self.cursors = [ref for ref in self.cursors if ref() is not None]
            self._prune_at = max(256, 2 * len(self.cursors))

    def has_cursors(self) -> bool:
        """True while somebody has a cursor of it, whose rows may not have been fetched yet."""
        return any(ref() is not None for ref in self.cursors)

    def hand_back(self) -> None:
        """End what is open on the connection and give it back: to the pool if it is as new, else to nobody."""
        connection, cursors = self.conn, self.cursors
        if connection is not None:
            try:
                for ref in cursors:
                    cursor = ref()
                    if cursor is not None:
                        cursor.close()
                self.undo()
            except sqlite.driver.Error:  # it was closed behind our back
                self.spoiled = True
            self.conn = None  # first: once the next has it, it mustn't be ours, even if Ctrl-C comes between
            self._part_with(connection)
        if self.store.made_lock is not None:
            self.unlock()
        self.cursors = []
        self.spoiled = self.reading = False
        self.written_before = None
        self.reset()

    def _part_with(self, connection: Any) -> None:
        if self.spoiled or self.hooks != self.store.database.hooks:
            self._discard(connection)
        elif self.lease is None:
            self.store.router.pool.give_back(self.store, connection)

    def _discard(self, connection: Any) -> None:
        if self.lease is None:
            self.store.router.pool.discard(connection)
        else:
            self.lease.discard(self.store)

    # Its transactions

    def lock(self, patience: float | None = None) -> None:
        """Take the store's write lock; the same connection may take it again.

        Args:
            patience: seconds to wait; the lock's own unless given.

        Raises:
            LockTimeout: the turn didn't come in time.
            ReadOnlyStore: the tenant is archived, or the store may only be read.
        """
        self.open()  # whoever waits for room while holding the lock would hold up those who have room
        if self.archived:
            raise ReadOnlyStore(
                f"{self.store.label} belongs to a tenant that is archived, and can only be read: resume the tenant to "
                f"write."
            )
        self.store.require_writable()
        self.store.lock.acquire_in_turn(self.store.queue(), patience, owner=self)

    def name_tables(self, tables: tuple[str, ...]) -> None:
        """Say what the next transaction, or this one from now on, writes; to an engine with a lock for each table."""

    def unlock(self) -> None:
        """Release the lock, however often it was taken: a connection has one transaction at a time."""
        lock = self.store.made_lock
        if lock is not None:
            lock.release_wholly(self)

    def exchange(self, heir: Writer) -> None:
        """Give whoever writes next this connection for his own, as long as nobody can tell the one from the other.

        Its cache has the pages as the file has them now; on his, SQLite would drop all, and read them again.
        """
        if (
            isinstance(heir, ConnectionState)
            and heir.store is self.store
            and self._is_as_new()
            and heir._is_as_new()
        ):
            store, ours, theirs = self.store, self.conn, heir.conn
            mine, his = self._leased(), heir._leased()
            self.written_before, heir.written_before = theirs.total_changes, ours.total_changes
            # One statement that calls nothing: Ctrl-C comes before it or after, and leaves no connection with two.
            self.conn, mine[store], heir.conn, his[store] = theirs, theirs, ours, ours

    def _is_as_new(self) -> bool:
        connection = self.conn
        return (
            connection is not None
            and not self.spoiled  # or it might even be closed
            and not connection.in_transaction
            and self.hooks == self.store.database.hooks
            and not self.has_cursors()
        )

    def _leased(self) -> dict[Store, Any]:
        """Return where its entry's connections are kept; what is lent to a thread is kept nowhere else."""
        return self.lease.connections if self.lease is not None else {}

    def settle(self) -> None:
        """Let the next writer in, unless a transaction that was begun as SQL is still open."""
        if self.conn is None or not self.conn.in_transaction:
            self.unlock()

    def begin(self, lock_type: str | None = None, patience: float | None = None) -> None:
        """Begin a transaction: an immediate one once the store's lock is had, a deferred one at once."""
        if lock_type is not None and lock_type.upper() == "DEFERRED":
            self.run("BEGIN DEFERRED")
            return
        self.lock(patience)
        try:
            self._begin(f"BEGIN {lock_type or 'IMMEDIATE'}")
        except BaseException:
            self.unlock()
            raise

    def _begin(self, statement: str) -> None:
        try:
            self.run(statement)
        except OperationalError as error:
            if not self.ends_old_reads(error):
                raise
            self.run(statement)

    def ends_old_reads(self, error: OperationalError) -> bool:
        """Where a write found the database busy: True if our own unfinished queries may be why, and are so no more.

        Whoever writes while going through rows holds a snapshot, and as soon as anyone else has written, SQLite can't
        let a write begin on it, however often it is tried. So the rows that are left are fetched now.
        """
        if not sqlite.is_busy(error) or not self.has_cursors():
            return False
        for ref in self.cursors:
            cursor = ref()
            if cursor is not None:
                cursor.set_aside()
        return True

    def commit(self) -> None:
        """Commit, and let the next writer in."""
        self.run("COMMIT")
        self.unlock()

    def rollback(self) -> None:
        """Undo what is open, let the next writer in, and forget what was to be called after the commit."""
        self.undo()
        del self.commit_callbacks[:]
        self.unlock()

    def undo(self) -> None:
        """Roll back what is open. Where that fails the connection is closed; the error that led here stays the one."""
        try:
            if self.conn is not None and self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
        except sqlite.driver.Error:
            log.exception(
                "%s: a rollback failed; the connection is closed instead.", self.store.label
            )
            connection, self.conn, self.closed = self.conn, None, True
            self._discard(connection)

    def run_callbacks(self) -> None:
        """Call what was to be called after the commit."""
        callbacks, self.commit_callbacks = self.commit_callbacks, []
        for callback in callbacks:
            callback()

    # Its statements

    def run(self, sql: str, params: tuple[Any, ...] = ()) -> Any:
        """Run a statement of our own, with errors told as Peewee tells them."""
        try:
            return self.open().execute(sql, params)
        except sqlite.driver.Error as error:
            self.judge(error)
            with __exception_wrapper__:
                raise

    def execute(self, cursor: Any, sql: str, params: Any) -> Any:
        """Run a statement of the application on a cursor of this connection."""
        self.require_own_answer(sql)
        try:
            return _execute(cursor, sql, params or ())
        except sqlite.driver.Error as error:
            self.judge(error)
            with __exception_wrapper__:
                raise

    def admit(self, sql: str) -> Kind:
        """Say what a statement does, and refuse one that must not run here.

        Raises:
            OperationalError: its transaction was rolled back by a fault, so that it would be committed by itself.
            TenantError: it attaches another file.
        """
        kind = kind_of(sql)
        if self.transactions:
            self._require_whole()
        if kind is Kind.SETTING:
            self.spoiled = True
        elif kind is Kind.ATTACH:
            raise TenantError(
                f"{self.store.label} can't be joined to another file: query each store by itself."
            )
        return kind

    def refused_write(self) -> ReadOnlyStore:
        """Return the error for a write where a snapshot is read."""
        return ReadOnlyStore(
            f"{self.store.label} is being read as a snapshot here: write before or after that block."
        )

    def _require_whole(self) -> None:
        connection = self.conn
        if connection is not None and connection.in_transaction:
            return
        if not isinstance(self.transactions[-1], _manual):
            raise OperationalError(
                f"The transaction on {self.store.label} was rolled back by an earlier fault: leave its block and "
                f"begin again; nothing of it was kept."
            )

    def require_own_answer(self, sql: str) -> None:
        """Refuse to tell what was written last where the connection came from another, who wrote it.

        Raises:
            OperationalError: that is what the statement asks.
        """
        if self.written_before is None:
            return
        if self.conn.total_changes != self.written_before:
            self.written_before = None  # what was written last is ours
        elif asks_what_was_written(sql):
            raise OperationalError(
                f"What was written last on the connection to {self.store.label} is another's by now: ask in the "
                f"transaction that writes, or take the cursor's `lastrowid` and `rowcount`."
            )

    def judge(self, error: BaseException) -> None:
        """Draw what follows from an error: after a fault of disk or file the store isn't written any more.

        Raises:
            ReadOnlyStore: it was a write where writing is refused.
        """
        if sqlite.fault(error) is not None:
            self.spoiled = True
            self.store.note(error)
        elif sqlite.is_refused_write(error):
            if self.reading:
                raise self.refused_write() from error
            raise ReadOnlyStore(
                f"{self.store.label} can't be written ({error}): may this process write to its file and folder?"
            ) from error
