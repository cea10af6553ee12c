"""A store as Peewee sees it: one `Database` for all, a connection of its own for each entry that touches it."""

from __future__ import annotations

import logging
import threading
from asyncio import _get_running_loop, current_task
from typing import TYPE_CHECKING, Any

from peewee import OperationalError, SqliteDatabase, sort_models
from peewee import logger as query_log

from . import stamps
from .compiling import RoutedContext, options_for
from .connections import ConnectionState
from .current import Entry, current, establish_key
from .cursors import SharedCursor, StoreCursor
from .equipment import EquippedDatabase
from .errors import NoTenant, SharedEntry, TenantError, WrongTenant
from .leasing.leases import Lease
from .null import NullDatabase
from .statements import Kind
from .transactions import StoreSavepoint, StoreTransaction

if TYPE_CHECKING:
    from .store import Store

get_ident = threading.get_ident


class RoutedDatabase(EquippedDatabase):
    """What store databases and the shared one have in common: pooled connections, one writer at a time, checks.

    Attributes:
        owner: the store.
    """

    context_class = RoutedContext
    cursor_class: type[SharedCursor] = SharedCursor

    def __init__(self, store: Store) -> None:
        self.owner = (
            store  # and nothing of Peewee's own set-up, which stands on the class: see below
        )
        self.database = store.path
        self.query_hooks: list[Any] = []
        self._options: dict[str, Any] | None = None

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Refused: the catalogue says where a store lies."""
        raise TenantError(
            f"{self.owner.label} stays where the catalogue places it; it can't be initialised."
        )

    def _use(self) -> ConnectionState:
        """Return the connection state of whoever calls."""
        raise NotImplementedError

    @staticmethod
    def running_task() -> object | None:
        """Return the asyncio task that runs, if one does."""
        return current_task() if _get_running_loop() is not None else None

    # Peewee keeps its connection in `_state`; ours depends on who asks.
    @property
    def _state(self) -> ConnectionState:
        return self._use()

    def is_closed(self) -> bool:
        return self._use().closed

    def connect(self, reuse_if_open: bool = False) -> bool:
        state = self._use()
        if not state.closed:
            if reuse_if_open:
                return False
            raise OperationalError("Connection already opened.")
        state.open()
        return True

    def close(self) -> bool:
        state = self._use()
        if state.transactions:
            raise OperationalError("Attempting to close database while transaction is open.")
        was_open = not state.closed
        state.hand_back()
        return was_open

    dispose = close  # Peewee's would lose the connection; there is none to lose after a fork

    def connection(self) -> Any:
        """Return the driver's connection. As nobody knows what is done to it, it isn't used again after the entry."""
        return self._use().hand_out()

    # Statements

    def cursor(self, named_cursor: str | None = None) -> Any:
        state = self._use()
        if state.gate is None:
            return self._cursor_of(state)
        with state.gate:
            return self._cursor_of(state)

    def _cursor_of(self, state: ConnectionState) -> Any:
        cursor = (state.conn or state.open()).cursor(state.cursor_class or self.cursor_class)
        cursor.state = state
        state.track(cursor)
        return cursor

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        state = self._use()
        if state.gate is not None:  # a snapshot, in which nothing is written
            with state.gate:
                state.admit(sql)
                return self._execute(state, sql, params)
        kind = state.admit(sql)
        if kind is Kind.READ or state.transactions:
            return self._execute(state, sql, params)
        state.lock()
        try:
            return self._execute(state, sql, params)
        except OperationalError as error:
            if not state.ends_old_reads(error):
                raise
            return self._execute(state, sql, params)
        finally:
            state.settle()

    def _execute(self, state: ConnectionState, sql: str, params: Any) -> Any:
        if self.query_hooks or query_log.isEnabledFor(logging.DEBUG):
            return super().execute_sql(sql, params)
        # The caller was checked a moment ago, so the driver's own execute will do.
        return state.execute(self._cursor_of(state), sql, params)

    def get_sql_context(self, **context_options: Any) -> Any:
        if self._options is None:
            self._options = options_for(self, self.get_context_options())
        return RoutedContext.starting_from(self._options, context_options)

    # Transactions

    def transaction(self, *args: Any, **kwargs: Any) -> StoreTransaction:
        return StoreTransaction(self, *args, **kwargs)

    def savepoint(self) -> StoreSavepoint:
        return StoreSavepoint(self)

    def begin(self, lock_type: str | None = None) -> None:
        self._use().begin(lock_type)

    def commit(self) -> None:
        self._use().commit()

    def rollback(self) -> None:
        self._use().rollback()

    # Tables

    def create_tables(self, models: Any, **options: Any) -> None:
        self._require_own(models)
        super().create_tables(models, **options)

    def drop_tables(self, models: Any, **kwargs: Any) -> None:
        self._require_own(models)
        super().drop_tables(models, **kwargs)

    def _require_own(self, models: Any) -> None:
        # Peewee sends each model's DDL to where the model resolves, not to the database that was asked.
        for model in sort_models(models):
            found = model._meta.database
            if isinstance(found, NullDatabase):
                raise found.refusal()
            if found is not self:
                raise WrongTenant(
                    f"{model.__name__} resolves to {found!r} here, not to {self.owner.label}: create "
                    f"its table inside an entry of the tenant that it belongs to."
                )

    # No way round

    def attach(self, filename: str, name: str) -> bool:
        """Refused: no statement reaches two stores."""
        raise TenantError(
            f"{self.owner.label} can't be joined to another file: query each store by itself."
        )

    def __deepcopy__(self, memo: Any) -> RoutedDatabase:
        # Whoever copies a query deeply wants its expressions copied, not the store that it is bound to.
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.owner.label}>"


# Peewee works out the same types, operations and functions for each database, which is most of what opening a company
# would cost. Here it is done once.
_PATTERN = SqliteDatabase(None, lock_type="IMMEDIATE", thread_safe=False)
for _name, _value in vars(_PATTERN).items():
    if _name not in ("_state", "database", "query_hooks", "deferred"):
        setattr(RoutedDatabase, _name, _value)
RoutedDatabase.deferred = False


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
        if (
            entry.thread != get_ident()
            or entry.generator is not None
            or _get_running_loop() is not None
        ):
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
        lease = entry.lease
        if lease is None and entry.tenant is not None:
            lease = entry.lease = Lease(self.store.router.pool, entry)
        state = entry.states[self] = self.store.engine.state_class(self.store, lease)
        return state

    def _require_owner(self, entry: Entry) -> None:
        if entry.thread != get_ident():
            raise entry.of_another_thread()
        if entry.generator is not None and entry.generator.f_back is None:
            raise SharedEntry(
                f"The entry {entry.key} was entered in a generator, which waits for the next step while its consumer "
                f"runs in the generator's entry instead of its own: leave it before each `yield`, or return a list."
            )
        task = self.running_task()
        if task is None:
            return
        if entry.task is None or entry.task.done():
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
