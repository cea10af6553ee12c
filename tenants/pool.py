"""Connections that stay warm between entries, within a bound for the whole process."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .store import Store


class Pool:
    """Idle connections by store; past the bound, those of the store that was idle longest are closed.

    Args:
        max_idle: how many connections may lie idle. Each costs three file descriptors and about 175 KB.
    """

    def __init__(self, max_idle: int = 64) -> None:
        self.max_idle = max_idle
        self._mutex = threading.Lock()
        self._idle: OrderedDict[Store, list[Any]] = OrderedDict()
        self._count = 0
        self._pid = os.getpid()
        self._inherited: list[Any] = []

    def take(self, store: Store) -> Any | None:
        """Return a warm connection of the store, or None."""
        with self._mutex:
            if self._pid != os.getpid():
                self._disown()
            idle = self._idle.get(store)
            if not idle:
                return None
            self._count -= 1
            connection = idle.pop()
            if not idle:
                del self._idle[store]
            return connection

    def give_back(self, store: Store, connection: Any) -> None:
        """Keep a connection warm, and close the ones that are then too many."""
        surplus = []
        with self._mutex:
            if self._pid != os.getpid():
                self._disown()
                self._inherited.append(connection)
                return
            self._idle.setdefault(store, []).append(connection)
            self._idle.move_to_end(store)
            self._count += 1
            while self._count > self.max_idle:
                surplus.append(self._pop_oldest())
        for old in surplus:
            old.close()

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
            gone = [store] if store is not None else list(self._idle)
            connections = [c for one in gone for c in self._idle.pop(one, [])]
            self._count -= len(connections)
        for connection in connections:
            connection.close()

    def idle(self) -> int:
        """How many connections lie idle."""
        return self._count

    def _disown(self) -> None:
        # After a fork, SQLite forbids using or even closing the parent's connections in the child.
        self._inherited += [c for idle in self._idle.values() for c in idle]
        self._idle.clear()
        self._count = 0
        self._pid = os.getpid()
