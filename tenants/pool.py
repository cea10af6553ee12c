"""Connections that stay warm between entries, within a bound for the whole process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .errors import TenantError

if TYPE_CHECKING:
    from .store import Store

#: In a forked child: the connections that its parent had in hand. SQLite forbids using them, and even closing them …
_inherited: list[Any] = []
#: … and as it remembers their locks, which a child doesn't have, their files can't be opened there either.
_barred: set[str] = set()


class Pool:
    """Idle connections by store; past the bound, those of the store that was idle longest are closed.

    Args:
        max_idle: how many connections may lie idle. Each costs three file descriptors and about 175 KB.
    """

    def __init__(self, max_idle: int = 64) -> None:
        self.max_idle = max_idle
        self.closed = False
        self._mutex = threading.Lock()
        self._idle: OrderedDict[Store, list[Any]] = OrderedDict()
        self._count = 0
        self._lent: dict[Any, Store] = {}

    def take(self, store: Store) -> Any:
        """Lend a warm connection of the store, or a new one.

        Raises:
            TenantError: the pool is closed.
            WrongFile: the store's file isn't what the catalogue expects.
        """
        with self._mutex:
            if self.closed:
                raise TenantError(f"{store.label} is used after its router was closed.")
            idle = self._idle.get(store)
            if idle:
                self._count -= 1
                connection = idle.pop()
                if not idle:
                    del self._idle[store]
                self._lent[connection] = store
                return connection
        return self._open(store)

    def _open(self, store: Store) -> Any:
        if store.path in _barred:
            raise TenantError(
                f"{store.label} was in use as this process was forked, and SQLite can't open it here any more: fork "
                f"outside of entries and transactions, or start the process anew."
            )
        connection = store.open()
        self._lent[connection] = store
        return connection

    @contextmanager
    def opened(self, store: Store) -> Iterator[Any]:
        """Lend a connection that is new, and closed at the end."""
        connection = self._open(store)
        try:
            yield connection
        finally:
            self.discard(connection)

    def give_back(self, store: Store, connection: Any) -> None:
        """Keep a connection warm, and close the ones that are then too many."""
        surplus = []
        with self._mutex:
            if connection not in self._lent:
                return  # a parent's, in a forked child
            del self._lent[connection]
            self._idle.setdefault(store, []).append(connection)
            self._idle.move_to_end(store)
            self._count += 1
            while self._count > self.max_idle or (self.closed and self._count):
                surplus.append(self._pop_oldest())
        for old in surplus:
            old.close()

    def discard(self, connection: Any) -> None:
        """Close a lent connection that nobody else should get."""
        if self._lent.pop(connection, None) is not None:
            connection.close()

    def _pop_oldest(self) -> Any:
        store, idle = next(iter(self._idle.items()))
        self._count -= 1
        connection = idle.pop(0)
        if not idle:
            del self._idle[store]
        return connection

    def close(self, store: Store | None = None) -> None:
        """Close the idle connections of one store, or of all."""
        with self._mutex:
            stores = list(self._idle) if store is None else [store]
            connections = [c for one in stores for c in self._idle.pop(one, [])]
            self._count -= len(connections)
        for connection in connections:
            connection.close()

    def retire(self) -> None:
        """Close what is idle, for good: nothing more is lent, and what is given back later is closed then."""
        self.closed = True
        self.close()

    def idle(self) -> int:
        """How many connections lie idle."""
        return self._count

    def lent(self) -> int:
        """How many connections are in somebody's hands."""
        return len(self._lent)

    def disown(self) -> None:
        """Leave all connections to the parent process: called in a forked child. Idle ones were closed before."""
        self._mutex = threading.Lock()
        for store, idle in self._idle.items():
            self._lent.update(dict.fromkeys(idle, store))
        _inherited.extend(self._lent)
        _barred.update(store.path for store in self._lent.values())
        self._idle, self._lent, self._count = OrderedDict(), {}, 0
