"""A store as Peewee sees it: one `Database` for all, a connection of its own for each entry that touches it."""

from __future__ import annotations

import logging
import threading
import weakref
from _asyncio import _get_running_loop
from asyncio import current_task
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from peewee import (
    OperationalError,
    SqliteDatabase,
    __exception_wrapper__,
    _ConnectionState,
    sort_models,
)
from peewee import logger as query_log

from . import sqlite, stamps
from .compiling import RoutedContext, options_for
from .current import Entry, current, establish_key
from .errors import NoTenant, SharedEntry, WrongTenant
from .transactions import StoreSavepoint, StoreTransaction

if TYPE_CHECKING:
    from .store import Store

log = logging.getLogger("tenants")
get_ident = threading.get_ident

_WRITES = {"INSERT", "UPDATE", "DELETE", "REPLAC", "CREATE", "ALTER ", "DROP T", "DROP I"}


_driver_execute = sqlite.driver.Cursor.execute


@lru_cache(maxsize=1024)
def _writes(sql: str) -> bool:
    return sql.lstrip()[:6].upper() in _WRITES


class StoreCursor(sqlite.driver.Cursor):
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
        return super().fetchone()

    def fetchmany(self, *args: Any) -> Any:
        self._require_open()
        return super().fetchmany(*args)

    def fetchall(self) -> Any:
        self._require_open()
        return super().fetchall()

    def __next__(self) -> Any:
        self._require_open()
        return super().__next__()


class SharedCursor(sqlite.driver.Cursor):
    """A cursor of the shared database, which belongs to everybody."""


class ConnectionState(_ConnectionState):
    """One entry's (or, of the shared database, one thread's) connection, and what is open on it.

    Attributes:
        cursors: weak references to its cursors, so that none keeps a read snapshot alive past the entry.
        locks: how often the store's write lock is held through it.
        ended: True once the entry was left; a transaction that ends later finds nothing to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cursors: list[weakref.ref[Any]] = []
        self.locks = 0
        self.ended = False
        self.reading = False

    def track(self, cursor: Any) -> None:
        """Remember a cursor for as long as it lives."""
        self.cursors.append(weakref.ref(cursor))
        if len(self.cursors) > 256:
            self.cursors = [ref for ref in self.cursors if ref() is not None]

    def undo(self) -> None:
        """Roll back what is open. A rollback that fails is logged, so that it doesn't hide why it was needed."""
        try:
            if self.conn is not None and self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
        except sqlite.driver.Error:
            log.exception("A rollback failed; the connection is closed instead.")
            self.conn.close()


class RoutedDatabase(SqliteDatabase):
    """What store databases and the shared one have in common: pooled connections, one writer at a time, checks."""

    context_class = RoutedContext
    cursor_class: type = SharedCursor
    _pattern: dict[str, Any]
    _OWN = frozenset({"owner", "store", "_local", "_options", "database", "_lock", "query_hooks"})

    def __init__(self, store: Store) -> None:
        self.owner = store
        self._options: dict[str, Any] | None = None
        self._become(store)

    def _become(self, store: Store) -> None:
        # Peewee works out the same types, operations and functions for each database, which is most of what opening
        # a company would cost: it is done once, and shared.
        cls = type(self)
        pattern = cls.__dict__.get("_pattern")
        if pattern is None:
            super().__init__(store.path, lock_type="IMMEDIATE")
            cls._pattern = {k: v for k, v in self.__dict__.items() if k not in self._OWN}
        else:
            self.__dict__.update(pattern)
            self.database = store.path
        self._lock = threading.Lock()
        self.connect_params, self.query_hooks = {}, []
        for name in ("_aggregates", "_collations", "_functions", "_window_functions", "_attached"):
            setattr(self, name, dict(getattr(self, name)))
        self._extensions = set()

    def _use(self) -> ConnectionState:
        """Return the connection state of whoever calls."""
        raise NotImplementedError

    # Peewee keeps its connection in `_state`; ours depends on who asks.
    @property
    def _state(self) -> ConnectionState:
        return self._use()

    @_state.setter
    def _state(self, value: Any) -> None:
        pass

    def is_closed(self) -> bool:
        return self._use().closed

    def connect(self, reuse_if_open: bool = False) -> bool:
        state = self._use()
        if not state.closed:
            if reuse_if_open:
                return False
            raise OperationalError("Connection already opened.")
        state.set_connection(self.owner.checkout())
        return True

    def close(self) -> bool:
        state = self._use()
        if state.transactions:
            raise OperationalError("Attempting to close database while transaction is open.")
        was_open = not state.closed
        self.hand_back(state)
        return was_open

    def hand_back(self, state: ConnectionState) -> None:
        """End what is open on a connection and give it back to the pool."""
        if not state.closed:
            for ref in state.cursors:
                cursor = ref()
                if cursor is not None:
                    cursor.close()
            state.undo()
            self.owner.give_back(state.conn)
        while state.locks:
            self.unlock(state)
        state.cursors = []
        state.reset()

    def cursor(self, named_cursor: str | None = None) -> Any:
        return self._cursor_of(self._use())

    def _cursor_of(self, state: ConnectionState) -> Any:
        if state.closed:
            state.set_connection(self.owner.checkout())
        cursor = state.conn.cursor(self.cursor_class)
        state.track(cursor)
        return cursor

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        state = self._use()
        if state.transactions or not _writes(sql):
            return self._execute(state, sql, params)
        self.lock(state)
        try:
            return self._execute(state, sql, params)
        finally:
            self.unlock(state)

    def _execute(self, state: ConnectionState, sql: str, params: Any) -> Any:
        if self.query_hooks or query_log.isEnabledFor(logging.DEBUG):
            return super().execute_sql(sql, params)
        try:
            # The caller was checked a moment ago, so the driver's own execute will do.
            return _driver_execute(self._cursor_of(state), sql, params or ())
        except sqlite.driver.Error as error:
            self.owner.note(error)
            with __exception_wrapper__:
                raise

    def commit(self) -> None:
        try:
            super().commit()
        except OperationalError as error:
            self.owner.note(error)
            raise

    def get_sql_context(self, **context_options: Any) -> Any:
        if self._options is None:
            self._options = options_for(self, self.get_context_options())
        return RoutedContext.starting_from(self._options, context_options)

    def transaction(self, *args: Any, **kwargs: Any) -> StoreTransaction:
        return StoreTransaction(self, *args, **kwargs)

    def savepoint(self) -> StoreSavepoint:
        return StoreSavepoint(self)

    def lock(self, state: ConnectionState) -> None:
        """Take the store's write lock for a connection; the same connection may take it again."""
        self.owner.require_writable()
        self.owner.lock.acquire(owner=state)
        state.locks += 1

    def unlock(self, state: ConnectionState) -> None:
        """Release it once."""
        if state.locks:
            state.locks -= 1
            self.owner.lock.release(owner=state)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.owner.label}>"


class SharedDatabase(RoutedDatabase):
    """The universal models' database: a connection for each thread that uses it."""

    def __init__(self, store: Store) -> None:
        self._local = threading.local()
        super().__init__(store)

    def _use(self) -> ConnectionState:
        state = getattr(self._local, "state", None)
        if state is None:
            state = self._local.state = ConnectionState()
        return state

    def execute_unhurried(self, sql: str, params: Any = ()) -> Any:
        """Run a write that doesn't wait for the disk: after a power failure it may be gone, and nothing else is.

        For what can be made good from elsewhere, such as a session's last use or the head of a company's chain.
        """
        connection = self.connection()
        if connection.in_transaction:
            return self.execute_sql(sql, params)
        connection.execute("PRAGMA synchronous = NORMAL")
        try:
            return self.execute_sql(sql, params)
        finally:
            connection.execute("PRAGMA synchronous = FULL")

    def release(self) -> None:
        """Give this thread's connection back, unless it is in the middle of a transaction."""
        state = getattr(self._local, "state", None)
        if state is not None and not state.closed and not state.transactions:
            self.hand_back(state)


class StoreDatabase(RoutedDatabase):
    """One store of one tenant: usable in entries that hold it, nowhere else."""

    cursor_class = StoreCursor

    def __init__(self, store: Store) -> None:
        self.store = store
        super().__init__(store)

    def _use(self) -> ConnectionState:
        entry = current.get()
        try:
            state = entry.states[self]
        except KeyError:
            state = self._hold(entry)
        if entry.thread != get_ident() or _get_running_loop() is not None:
            self._require_owner(entry)
        return state

    def _hold(self, entry: Entry) -> ConnectionState:
        held = entry.stores.get(self.store.role)
        if held is not self.store:
            if not entry.live:
                raise NoTenant(
                    f"The database of {self.store.label} was used under the key {establish_key()}: "
                    f"do it inside an entry, `with router.using(slug): …`."
                )
            raise stamps.stray("This query or database", self.store.stamp, entry)
        state = entry.states[self] = ConnectionState()
        return state

    def _require_owner(self, entry: Entry) -> None:
        if entry.thread != get_ident():
            raise SharedEntry(
                f"The entry {entry.key} belongs to another thread: start threads with router.start_thread(…), "
                f"which gives each an entry of its own."
            )
        task = current_task()
        if entry.task is None:
            entry.task = task
        elif entry.task is not task:
            raise SharedEntry(
                f"Two asyncio tasks use the entry {entry.key}: a connection can't serve both. Run such work in "
                f"threads of its own, with router.start_thread(…)."
            )

    def is_closed(self) -> bool:
        state = current.get().states.get(self)
        return state is None or state.closed

    def _cursor_of(self, state: ConnectionState) -> StoreCursor:
        cursor = super()._cursor_of(state)
        cursor.entry = current.get()
        cursor.store = self.store
        return cursor

    def create_tables(self, models: Any, **options: Any) -> None:
        self._require_own(models)
        super().create_tables(models, **options)

    def drop_tables(self, models: Any, **kwargs: Any) -> None:
        self._require_own(models)
        super().drop_tables(models, **kwargs)

    def _require_own(self, models: Any) -> None:
        # Peewee sends each model's DDL to where the model resolves, not to the database that was asked.
        for model in sort_models(models):
            if model._meta.database is not self:
                raise WrongTenant(
                    f"{model.__name__} resolves to {model._meta.database!r} here, not to {self.store.label}: create "
                    f"its table inside an entry of that tenant."
                )
