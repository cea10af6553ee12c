"""The process's connections: who has them in hand, which lie idle, and who waits for room for more."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from .budget import CONNECTION, HOME, Budget
from .errors import NoRoom, TenantError
from .status import PoolStatus
from .turns import Turns, Waiter

if TYPE_CHECKING:
    from .homes import Home
    from .leases import Lease
    from .router import Router
    from .store import Store

log = logging.getLogger("tenants")

#: In a forked child: the connections that its parent had in hand. SQLite forbids using them, and even closing them …
_inherited: list[Any] = []
#: … and as it remembers their locks, which a child doesn't have, their files can't be opened there either.
_barred: set[str] = set()


class Pool:
    """Connections within a budget of file descriptors. What lies idle longest is closed where room is needed.

    An entry's lease reserves room for all of its tenant's stores at once, so that none holds one store while it waits
    for another. The shared database's connections and those of scripts are counted, and never wait: a request has one
    of the former in hand while it takes its lease, and would wait for itself.

    However long a tenant's entries last, and however many there are, others find room: an entry beyond its tenant's
    first must leave at least as much room free as its tenant then has.

    Args:
        router: whose connections these are.
        budget: how many descriptors they may take.
        patience: seconds that an entry waits for room, or for maintenance of its stores to end.
        lease_limit: seconds after which a lease is taken for one that nobody will give back, and told of.
    """

    def __init__(
        self, router: Router, budget: Budget, patience: float = 10.0, lease_limit: float = 600.0
    ) -> None:
        self.router = router
        self.budget = budget
        self.patience = patience
        self.lease_limit = lease_limit
        self.closed = False
        #: Moves on when idle connections are closed for good reason: what was claimed before isn't used after.
        self.epoch = 0
        self._opens = self._reuses = self._evictions = 0
        self._waits = self._timeouts = 0
        self._waited = 0.0
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._mutex = threading.Lock()
        self._turns = Turns()
        self._leases: OrderedDict[Lease, None] = OrderedDict()
        self._late: dict[Lease, None] = {}
        self._due = float("inf")
        self._of_tenant: dict[str, int] = {}
        self._of_thread: dict[int, int] = {}
        self._lent: dict[Any, Store] = {}
        self._held = 0  # descriptors: of leases, and of what was lent without
        self._idle: OrderedDict[Store, list[Any]] = OrderedDict()
        self._idle_homes: dict[Home, None] = {}
        self._idle_count = 0

    # Leases

    def is_nested(self, thread: int) -> bool:
        """True where a thread that takes a lease has one already, or maintains a store."""
        return thread in self._of_thread or thread in self.router.homes.maintainers

    def admit(self, lease: Lease, homes: tuple[Home, ...], deadline: float) -> None:
        """Give a lease room, and the warm connections of its stores; wait for it in turn.

        Args:
            lease: what is to be counted.
            homes: the folders that it locks.
            deadline: until when it waits, by the monotonic clock.

        Raises:
            NoRoom: there was none in time, or there never can be.
            TenantError: the pool is closed.
        """
        lease.homes = homes
        with self._mutex:
            if self.closed:
                raise TenantError(f"{lease.store.label} is used after its router was closed.")
            if lease.began > self._due:
                self._tell_late(lease.began)
            if not self._turns and self._within_share(lease) and self._has_room(lease):
                surplus = self._grant(lease)
            else:
                self._require_possible(lease)
                waiter = Waiter(lease)
                self._turns.add(waiter)
                surplus = self._serve()
        _close(surplus)
        if not lease.held:
            self._wait(waiter, deadline)

    def _within_share(self, lease: Lease) -> bool:
        has = self._of_tenant.get(lease.tenant.id)
        if not has or lease.nested:
            return True
        free = self.budget.total - self.budget.reserve - self._held - lease.cost
        return free >= (has + 1) * lease.cost

    def _has_room(self, lease: Lease) -> bool:
        left = self.budget.total - self._held - lease.cost
        if lease.nested:
            return left >= 0
        return left >= self.budget.reserve or not self._leases

    def _require_possible(self, lease: Lease) -> None:
        needed = lease.cost + CONNECTION  # and the shared database
        if needed > self.budget.total:
            raise NoRoom(
                f"The pool has {self.budget.total} file descriptors, which is too small for {lease.tenant.slug}: its "
                f"{len(lease.stores)} stores and the shared database take {needed}. Raise the pool's budget to that at "
                f"least (and `ulimit -n`, where that is what it is taken from)."
            )
        if lease.thread not in self._of_thread:
            return
        stuck = sum(waiter.lease.thread in self._of_thread for waiter in self._turns.nested)
        if stuck + 1 >= len(self._of_thread):
            raise NoRoom(
                f"There is no room for {lease.tenant.slug} in an entry within another: all who hold the pool's "
                f"{self.budget.total} file descriptors would wait for each other. Leave the outer entry first, or "
                f"raise the pool's budget."
            )

    def _grant(self, lease: Lease) -> list[Any]:
        """Count it, and let it claim what lies idle of its stores. Returns what is to be closed for it."""
        self._held += lease.cost
        lease.held = True
        lease.epoch = self.epoch
        tenant, thread = lease.tenant.id, lease.thread
        self._of_tenant[tenant] = self._of_tenant.get(tenant, 0) + 1
        self._of_thread[thread] = self._of_thread.get(thread, 0) + 1
        self._leases[lease] = None
        if self._due > lease.began + self.lease_limit:
            self._due = lease.began + self.lease_limit
        for store in lease.stores.values():
            idle = self._idle.get(store)
            if idle:
                lease.claimed[store] = idle.pop()
                self._idle_count -= 1
                if not idle:
                    del self._idle[store]
        for home in lease.homes:
            self._idle_homes.pop(home, None)
        return self._make_room()

    def _serve(self) -> list[Any]:
        """Give the room that there is to those whose turn it is. Returns what is to be closed for them."""
        surplus: list[Any] = []
        while self._turns:
            waiter = self._turns.next(self._of_tenant, self._within_share, self._has_room)
            if waiter is None:
                break
            self._turns.remove(waiter)
            surplus += self._grant(waiter.lease)
            waiter.granted = True
            waiter.signal.release()
        return surplus

    def _wait(self, waiter: Waiter, deadline: float) -> None:
        begun = monotonic()
        try:
            came = waiter.signal.acquire(timeout=min(max(deadline - begun, 0), 1e6))
        except BaseException:  # Ctrl-C: what was given to it after all goes back, by whoever asked
            self._stop_waiting(waiter, begun)
            raise
        if not came and not self._stop_waiting(waiter, begun):
            lease = waiter.lease
            raise NoRoom(
                f"There was no room for {lease.tenant.slug} for {monotonic() - begun:.3g} seconds: all of the pool's "
                f"{self.budget.total} file descriptors are in use, or its own entries have their share. Nothing was "
                f"changed; try again, or raise the pool's budget."
            )
        if came:
            with self._mutex:
                self._waits += 1
                self._waited += monotonic() - begun

    def _stop_waiting(self, waiter: Waiter, begun: float) -> bool:
        """Take a waiter out of the queue. Returns True if room was given to it at the last moment."""
        surplus: list[Any] = []
        with self._mutex:
            self._waits += 1
            self._waited += monotonic() - begun
            if not waiter.granted:
                self._timeouts += 1
                self._turns.remove(waiter)
                surplus = self._serve()  # those behind it may need less
        _close(surplus)
        return waiter.granted

    def take_back(self, lease: Lease) -> None:
        """End a lease: keep its connections warm, and give its room to those who wait."""
        now = monotonic()
        with self._mutex:
            if self._leases.pop(lease, lease) is lease and self._late.pop(lease, lease) is lease:
                return  # a parent's, in a forked child
            lease.held = False
            if now - lease.began > self.lease_limit and not lease.late:
                self._tell(lease, now)
            self._held -= lease.cost
            _count_down(self._of_tenant, lease.tenant.id)
            _count_down(self._of_thread, lease.thread)
            self._reuses += lease.reused
            surplus = self._keep_warm(lease)
            for home in lease.homes:
                self._idle_homes[home] = None
            surplus += self._serve() if self._turns else self._make_room()
        _close(surplus)

    def _keep_warm(self, lease: Lease) -> list[Any]:
        stale = list(lease.claimed.values()) if lease.epoch != self.epoch else []
        if not stale:
            lease.connections.update(lease.claimed)
        for store, connection in lease.connections.items():
            self._rest(store, connection)
        lease.connections, lease.claimed = {}, {}
        return stale

    def adopt(self, lease: Lease, thread: int) -> None:
        """Count a lease with another thread from now on."""
        with self._mutex:
            if lease.held:
                _count_down(self._of_thread, lease.thread)
                self._of_thread[thread] = self._of_thread.get(thread, 0) + 1
            lease.thread = thread

    def leases_of(self, thread: int, home: Home) -> bool:
        """True where a thread has a lease of stores in that folder."""
        with self._mutex:
            return any(
                lease.thread == thread and home in lease.homes
                for lease in (*self._late, *self._leases)
            )

    # Connections

    def open(self, store: Store) -> Any:
        """Open a connection for whoever has room for it.

        Raises:
            TenantError: this process was forked while its parent had the file open.
            WrongFile: the store's file isn't what the catalogue expects.
        """
        if store.path in _barred:
            raise TenantError(
                f"{store.label} was in use as this process was forked, and SQLite can't open it here any more: fork "
                f"outside of entries and transactions, or start the process anew."
            )
        self._opens += 1
        return store.open()

    def take(self, store: Store) -> Any:
        """Lend a warm connection of the store, or a new one, without a lease and without waiting.

        Raises:
            TenantError: the pool is closed.
            WrongFile: the store's file isn't what the catalogue expects.
        """
        with self._mutex:
            if self.closed:
                raise TenantError(f"{store.label} is used after its router was closed.")
            idle = self._idle.get(store)
            if idle:
                self._reuses += 1
                self._idle_count -= 1
                connection = idle.pop()
                if not idle:
                    del self._idle[store]
                self._lent[connection] = store
                self._held += CONNECTION
                return connection
        return self._open_without(store)

    def _open_without(self, store: Store) -> Any:
        with self._mutex:
            self._held += CONNECTION
            surplus = self._make_room()
        _close(surplus)
        try:
            connection = self.open(store)
        except BaseException:
            with self._mutex:
                self._held -= CONNECTION
                surplus = self._serve()
            _close(surplus)
            raise
        self._lent[connection] = store
        return connection

    @contextmanager
    def opened(self, store: Store) -> Iterator[Any]:
        """Lend a connection that is new, and closed at the end. Its store isn't maintained by others meanwhile."""
        home = store.home if store.owner else None
        thread = threading.get_ident()
        if home is not None:
            home.lease(self.patience, self.is_nested(thread))
        try:
            connection = self._open_without(store)
            try:
                yield connection
            finally:
                self.discard(connection)
        finally:
            if home is not None:
                with self._mutex:
                    self._idle_homes[home] = None
                    surplus = self._make_room()
                home.release()
                _close(surplus)

    def give_back(self, store: Store, connection: Any) -> None:
        """Keep a lent connection warm."""
        with self._mutex:
            if self._lent.pop(connection, None) is None:
                return  # a parent's, in a forked child
            self._held -= CONNECTION
            self._rest(store, connection)
            surplus = self._serve() if self._turns else self._make_room()
        _close(surplus)

    def discard(self, connection: Any) -> None:
        """Close a lent connection that nobody else should get."""
        if self._lent.pop(connection, None) is None:
            return
        connection.close()
        with self._mutex:
            self._held -= CONNECTION
            surplus = self._serve()
        _close(surplus)

    def _rest(self, store: Store, connection: Any) -> None:
        idle = self._idle.get(store)
        if idle is None:
            self._idle[store] = [connection]
        else:
            idle.append(connection)
            self._idle.move_to_end(store)
        self._idle_count += 1

    def _used(self) -> int:
        return self._held + CONNECTION * self._idle_count + HOME * len(self._idle_homes)

    def _make_room(self) -> list[Any]:
        """Take what lies idle longest out, until the rest keeps to the budget. Returns it, to be closed."""
        surplus: list[Any] = []
        most = 0 if self.closed else self.budget.total
        while (self._idle_count or self._idle_homes) and self._used() > most:
            if not self._idle:
                home = next(iter(self._idle_homes))
            else:
                store, idle = next(iter(self._idle.items()))
                surplus.append(idle.pop(0))
                self._idle_count -= 1
                self._evictions += 1
                if idle:
                    continue
                del self._idle[store]
                if not store.owner or store.home not in self._idle_homes:
                    continue
                home = store.home
            del self._idle_homes[home]
            surplus.append(home)
        return surplus

    # The end

    def close(self, store: Store | None = None) -> None:
        """Close the idle connections of one store, or of all, and those that nobody has touched yet."""
        with self._mutex:
            self.epoch += 1
            stores = list(self._idle) if store is None else [store]
            surplus = [c for one in stores for c in self._idle.pop(one, [])]
            self._idle_count -= len(surplus)
            if store is None:
                surplus += self._idle_homes
                self._idle_homes = {}
            surplus += self._serve()
        _close(surplus)

    def retire(self) -> None:
        """Close what is idle, for good: nothing more is lent, and what is given back later is closed then."""
        self.closed = True
        self.close()

    def disown(self) -> None:
        """Leave all connections to the parent process: called in a forked child. Idle ones were closed before."""
        inherited = dict(self._lent)
        for store, idle in self._idle.items():
            inherited.update(dict.fromkeys(idle, store))
        for lease in (*self._late, *self._leases):
            lease.held = False
            for connections in (lease.connections, lease.claimed):
                inherited.update((connection, store) for store, connection in connections.items())
        _inherited.extend(inherited)
        _barred.update(store.path for store in inherited.values())
        self._begin_anew()

    # What operators are told

    def idle(self) -> int:
        """How many connections lie idle."""
        return self._idle_count

    def lent(self) -> int:
        """How many connections are in somebody's hands."""
        with self._mutex:
            leased = sum(len(lease.connections) for lease in (*self._late, *self._leases))
            return len(self._lent) + leased

    def leases(self) -> int:
        """How many leases there are."""
        return len(self._leases) + len(self._late)

    def status(self) -> PoolStatus:
        """Return how full it is, how it has served, and who has what in hand."""
        lent, now = self.lent(), monotonic()
        with self._mutex:
            self._tell_late(now)
            leases = [lease.status(now, self.lease_limit) for lease in (*self._late, *self._leases)]
            return PoolStatus(
                self.budget.total, self._used(), self._idle_count, lent, self._opens, self._reuses, self._waits,
                self._waited, self._timeouts, self._evictions, len(self._turns), leases,
            )  # fmt: skip

    def _tell_late(self, now: float) -> None:
        """Tell of the leases that last too long, each once."""
        self._due = float("inf")
        while self._leases:
            lease = next(iter(self._leases))
            if now - lease.began <= self.lease_limit:
                self._due = lease.began + self.lease_limit
                return
            del self._leases[lease]
            self._late[lease] = None
            self._tell(lease, now)

    def _tell(self, lease: Lease, now: float) -> None:
        lease.late = True
        log.warning(
            "The lease of %s by %s under %s has lasted %.0f seconds, longer than its limit of %.0f: is it still at "
            "work, or was its entry never left? It was taken at %s.",
            lease.store.label, lease.tenant.slug, lease.key, now - lease.began, self.lease_limit, lease.where(),
        )  # fmt: skip


def _count_down(counts: dict[Any, int], key: Any) -> None:
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]


def _close(surplus: list[Any]) -> None:
    for one in surplus:
        one.close()
