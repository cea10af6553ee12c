"""The part of the pool that lends connections without a lease: of the shared database, and to scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import NoRoom, TenantError
from .warm import Warm, close

if TYPE_CHECKING:
    from ..store import Store
    from .homes import Home

#: In a forked child: the connections that its parent had in hand. SQLite forbids using them, and even closing them …
_inherited: list[Any] = []
#: … and as it remembers their locks, which a child doesn't have, their files can't be opened there either.
_barred: set[str] = set()


class Lending:
    """Connections that are counted, and never wait.

    A request has one of the shared database in hand while it takes its lease: were it to wait for that, it would wait
    for itself. What they take beyond the budget comes from what the budget leaves of the process's limit.
    """

    patience: float
    closed: bool
    warm: Warm
    _mutex: threading.Lock
    _lent: dict[Any, Store]
    _held: int
    _opens: int
    _reuses: int
    _evictions: int

    def is_nested(self, thread: int) -> bool:
        """True where a thread has a lease already, or maintains a store."""
        raise NotImplementedError

    def _serve(self) -> list[Any]:
        raise NotImplementedError

    def open(self, store: Store) -> Any:
        """Open a connection for whoever has room for it.

        Raises:
            TenantError: this process was forked while its parent had the file open.
            WrongFile: the store's file isn't what the catalogue expects.
            NoRoom: the process has no descriptors left, though it was to have.
        """
        if store.path in _barred:
            raise TenantError(
                f"{store.label} was in use as this process was forked, and SQLite can't open it here any more: fork "
                f"outside of entries and transactions, or start the process anew."
            )
        self._opens += 1
        try:
            return store.open()
        except NoRoom:
            if not self.close_idle():
                raise
            return store.open()

    def close_idle(self) -> bool:
        """Close all that lies idle: the process has fewer descriptors than the budget. False where nothing did."""
        with self._mutex:
            surplus = self.warm.take_all()
            self._evictions += len(surplus)
        close(surplus)
        return bool(surplus)

    def _require_open(self, store: Store) -> None:
        if self.closed:
            raise TenantError(f"{store.label} is used after its router was closed.")

    def take(self, store: Store) -> Any:
        """Lend a warm connection of the store, or a new one, without a lease and without waiting.

        Raises:
            TenantError: the pool is closed.
            WrongFile: the store's file isn't what the catalogue expects.
        """
        with self._mutex:
            self._require_open(store)
            connection = self.warm.take(store)
            if connection is not None and connection.is_in_place(store.path, monotonic()):
                self._reuses += 1
                self._held += store.engine.descriptors
                self._lent[connection] = store
                return connection
        if connection is not None:
            connection.close()
        return self._open_beyond(store)

    def _open_beyond(self, store: Store) -> Any:
        with self._mutex:
            self._held += store.engine.descriptors
            surplus = self._serve()
        close(surplus)
        try:
            connection = self.open(store)
        except BaseException:
            self._free(store)
            raise
        self._lent[connection] = store
        return connection

    def _free(self, store: Store) -> None:
        with self._mutex:
            self._held -= store.engine.descriptors
            surplus = self._serve()
        close(surplus)

    @contextmanager
    def opened(self, store: Store) -> Iterator[Any]:
        """Lend a connection that is new, and closed at the end. Nobody else maintains its store meanwhile.

        Raises:
            LockTimeout: the store was maintained for longer than this may wait.
        """
        if not store.owner:
            with self._fresh(store) as connection:
                yield connection
            return
        home = store.home
        home.lease(self.patience, self.is_nested(threading.get_ident()))
        try:
            self._count(home)
            with self._fresh(store) as connection:
                yield connection
        finally:
            self._count(home)
            home.release()

    def _count(self, home: Home) -> None:
        with self._mutex:
            self.warm.homes[home] = None
            surplus = self._serve()
        close(surplus)

    @contextmanager
    def _fresh(self, store: Store) -> Iterator[Any]:
        connection = self._open_beyond(store)
        try:
            yield connection
        finally:
            self.discard(connection)

    def give_back(self, store: Store, connection: Any) -> None:
        """Keep a lent connection warm."""
        with self._mutex:
            if self._lent.pop(connection, None) is None:
                return  # a parent's, in a forked child
            self._held -= store.engine.descriptors
            self.warm.put({store: connection})
            surplus = self._serve()
        close(surplus)

    def discard(self, connection: Any) -> None:
        """Close a lent connection that nobody else should get."""
        store = self._lent.pop(connection, None)
        if store is not None:
            connection.close()
            self._free(store)


def leave_to_parent(inherited: dict[Any, Store]) -> None:
    """Keep connections from being used, and even closed, in a forked child, and their files from being opened."""
    _inherited.extend(inherited)
    _barred.update(store.path for store in inherited.values() if store.engine.descriptors)
