"""Connections that lie idle between entries, and the folders' locks that go with them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .budget import HOME

if TYPE_CHECKING:
    from ..store import Store
    from .homes import Home


class Warm:
    """What is kept open though nobody has it in hand, by store, the one that was idle longest first.

    Guarded by the pool's mutex. What is taken out to be closed is closed by the caller, outside of it.

    Attributes:
        stores: idle connections of each store; the one that was used last is used next.
        homes: the folders whose lock is open, and perhaps in nobody's hands.
        count: how many connections there are.
        taken: how many file descriptors they take.
    """

    def __init__(self) -> None:
        self.stores: OrderedDict[Store, list[Any]] = OrderedDict()
        self.homes: dict[Home, None] = {}
        self.count = self.taken = 0

    def descriptors(self) -> int:
        """How many file descriptors all of it takes."""
        return self.taken + HOME * len(self.homes)

    def take(self, store: Store) -> Any:
        """Take a connection of the store out, or return None."""
        idle = self.stores.get(store)
        if not idle:
            return None
        self.count -= 1
        self.taken -= store.engine.descriptors
        if len(idle) == 1:
            del self.stores[store]
        return idle.pop()

    def take_for(self, stores: Mapping[str, Store], claimed: dict[Store, Any]) -> None:
        """Take a connection out of each of a tenant's stores that has one."""
        for store in stores.values():
            if store in self.stores:
                claimed[store] = self.take(store)

    def put(self, connections: dict[Store, Any]) -> None:
        """Keep a connection for each of some stores, which were used just now."""
        for store, connection in connections.items():
            idle = self.stores.get(store)
            if idle is None:
                self.stores[store] = [connection]
            else:
                idle.append(connection)
                self.stores.move_to_end(store)
            self.taken += store.engine.descriptors
        self.count += len(connections)

    def take_oldest(self) -> list[Any]:
        """Take out a connection of the store that was idle longest, and its folder's lock with its last one."""
        if not self.stores:
            home = next(iter(self.homes))
            del self.homes[home]
            return [home]
        store, idle = next(iter(self.stores.items()))
        self.count -= 1
        self.taken -= store.engine.descriptors
        taken = [idle.pop(0)]
        if not idle:
            del self.stores[store]
            if store.owner and store.home in self.homes:
                del self.homes[store.home]
                taken.append(store.home)
        return taken

    def take_all(self, store: Store | None = None) -> list[Any]:
        """Take out what there is of one store, or of all."""
        if store is not None:
            taken: list[Any] = self.stores.pop(store, [])
            self.count -= len(taken)
            self.taken -= len(taken) * store.engine.descriptors
            return taken
        taken = [connection for idle in self.stores.values() for connection in idle]
        taken += self.homes
        self.stores, self.homes, self.count, self.taken = OrderedDict(), {}, 0, 0
        return taken


def close(surplus: list[Any]) -> None:
    """Close what was taken out."""
    for one in surplus:
        one.close()
