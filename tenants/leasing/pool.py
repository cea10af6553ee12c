"""The process's connections: who has them in hand, which lie idle, and who waits for room for more."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import NoRoom
from .budget import CONNECTION, Budget
from .leaseholders import Leaseholders
from .lent import Lending, leave_to_parent
from .status import PoolStatus
from .turns import Turns, Waiter
from .warm import Warm, close

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store
    from .homes import Home
    from .leases import Lease


class Pool(Lending):
    """Connections within a budget of file descriptors. What lies idle longest is closed where room is needed.

    An entry's lease reserves room for all of its tenant's stores at once, so that none holds one store while it waits
    for another. However long a tenant's entries last, and however many there are, others find room: an entry beyond
    its tenant's first must leave at least as much room free as its tenant then has. An entry within another has a
    reserve, and waits only as long as somebody else can still give something back.

    Args:
        router: whose connections these are.
        budget: how many descriptors they may take.
        patience: seconds that an entry waits for room, or for maintenance of its stores to end.
        lease_limit: seconds after which a lease is taken for one that nobody will give back, and told of.

    Attributes:
        warm: what lies idle.
        epoch: moves on when idle connections are closed for good reason: what was claimed before isn't used after.
    """

    def __init__(
        self, router: Router, budget: Budget, patience: float = 10.0, lease_limit: float = 600.0
    ) -> None:
        self.router = router
        self.budget, self.patience, self.lease_limit = budget, patience, lease_limit
        self.closed = False
        self.epoch = 0
        self._opens = self._reuses = self._evictions = 0
        self._waits = self._timeouts = 0
        self._waited = 0.0
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._mutex = threading.Lock()
        self._turns = Turns()
        self._holders = Leaseholders(self.lease_limit)
        self._lent = {}
        self._held = 0  # descriptors: of leases, and of what was lent without
        self.warm = Warm()

    # Giving room

    def is_nested(self, thread: int) -> bool:
        """True where a thread that takes a lease has one already, or maintains a store."""
        return thread in self._holders.of_thread or thread in self.router.homes.maintainers

    def admit(self, lease: Lease, deadline: float) -> None:
        """Give a lease room, and the warm connections of its stores; wait for it in turn.

        Args:
            lease: what is to be counted.
            deadline: until when it waits, by the monotonic clock.

        Raises:
            NoRoom: there was none in time, or there never can be.
            TenantError: the pool is closed.
        """
        waiter = None
        with self._mutex:
            self._require_open(lease.store)
            self._holders.tell_late(lease.began)
            if not self._turns.count and self._within_share(lease) and self._has_room(lease):
                self._grant(lease)
                surplus = self._make_room()
            else:
                self._require_possible(lease)
                waiter = Waiter(lease)
                self._turns.add(waiter)
                surplus = self._serve()
        if surplus:
            close(surplus)
        if waiter is not None and not waiter.granted:
            self._wait(waiter, deadline)

    def _within_share(self, lease: Lease) -> bool:
        has = self._holders.of_tenant.get(lease.tenant.id)
        if not has or lease.nested:
            return True
        free = self.budget.total - self.budget.reserve - self._held - lease.cost
        return free >= (has + 1) * lease.cost

    def _has_room(self, lease: Lease) -> bool:
        left = self.budget.total - self._held - lease.cost
        if lease.nested:
            return left >= 0
        if left >= self.budget.reserve:
            return True
        # Somebody must go on, though the shared database's connections have taken more than their part.
        return not self._holders and lease.cost + CONNECTION <= self.budget.total

    def _require_possible(self, lease: Lease) -> None:
        needed = lease.cost + CONNECTION  # and the shared database
        if needed > self.budget.total:
            raise NoRoom(
                f"The pool has {self.budget.total} file descriptors, which is too small for {lease.tenant.slug}: its "
                f"{len(lease.stores)} stores and the shared database take {needed}. Raise the pool's budget to that at "
                f"least (and `ulimit -n`, where that is what it is taken from)."
            )
        threads = self._holders.of_thread
        if lease.thread not in threads:
            return
        stuck = sum(waiter.lease.thread in threads for waiter in self._turns.nested)
        if stuck + 1 >= len(threads) and not self._has_room(lease):
            raise NoRoom(
                f"There is no room for {lease.tenant.slug} in an entry within another: all who hold the pool's "
                f"{self.budget.total} file descriptors would wait for each other. Leave the outer entry first, or "
                f"raise the pool's budget."
            )

    def _grant(self, lease: Lease) -> None:
        """Count it, and let it claim what lies idle of its stores."""
        self._held += lease.cost
        self._holders.add(lease)
        lease.held = True
        lease.epoch = self.epoch
        warm = self.warm
        warm.take_for(lease.stores, lease.claimed)
        for home in lease.homes:
            warm.homes.pop(home, None)

    def _serve(self) -> list[Any]:
        """Give the room that there is to those whose turn it is. Returns what is to be closed for them."""
        turns = self._turns
        while turns.count:
            waiter = turns.next(self._holders.of_tenant, self._within_share, self._has_room)
            if waiter is None:
                break
            turns.served(waiter)
            self._grant(waiter.lease)
            waiter.granted = True
            waiter.signal.release()
        return self._make_room()

    def _make_room(self) -> list[Any]:
        """Take what lies idle longest out, until the rest keeps to the budget. Returns it, to be closed."""
        warm = self.warm
        if self.closed:
            return warm.take_all()
        room = self.budget.total - self._held
        if warm.descriptors() <= room:
            return []
        surplus: list[Any] = []
        before = warm.count
        while (warm.count or warm.homes) and warm.descriptors() > room:
            surplus += warm.take_oldest()
        self._evictions += before - warm.count
        return surplus

    # Waiting

    def _wait(self, waiter: Waiter, deadline: float) -> None:
        begun = monotonic()
        # Ctrl-C ends this too: then `take_back` sees to the waiter, and to what was given to it.
        waiter.signal.acquire(timeout=min(max(deadline - begun, 0), 1e6))
        if not self._stop_waiting(waiter, begun):
            lease = waiter.lease
            raise NoRoom(
                f"There was no room for {lease.tenant.slug} for {monotonic() - begun:.3g} seconds: all of the pool's "
                f"{self.budget.total} file descriptors are in use, or its own entries have their share. Nothing was "
                f"changed; try again, or raise the pool's budget."
            )

    def _stop_waiting(self, waiter: Waiter, begun: float) -> bool:
        """Count a wait that has ended. Returns False, and takes it out of the queue, where no room was given to it."""
        surplus: list[Any] = []
        with self._mutex:
            self._waits += 1
            self._waited += monotonic() - begun
            if not waiter.granted:
                self._timeouts += 1
                self._turns.remove(waiter)
                surplus = self._serve()  # those behind it may need less
        close(surplus)
        return waiter.granted

    # Taking it back

    def take_back(self, lease: Lease) -> None:
        """End a lease, or its wait: keep its connections warm, and give its room to those who wait."""
        now = monotonic()
        with self._mutex:
            if not lease.held:
                self._turns.discard(lease)
                surplus = self._serve()
            else:
                surplus = self._end(lease, now)
        if surplus:
            close(surplus)

    def _end(self, lease: Lease, now: float) -> list[Any]:
        self._holders.remove(lease, now)
        lease.held = False
        self._held -= lease.cost
        self._reuses += lease.reused
        surplus = self._keep_warm(lease)
        surplus += self._serve()
        return surplus

    def _keep_warm(self, lease: Lease) -> list[Any]:
        warm = self.warm
        warm.put(lease.connections)
        stale = []
        if lease.epoch == self.epoch:
            warm.put(lease.claimed)
        else:
            stale = list(lease.claimed.values())
        for home in lease.homes:
            warm.homes[home] = None
        lease.connections, lease.claimed, lease.reused = {}, {}, 0
        return stale

    def adopt(self, lease: Lease, thread: int) -> None:
        """Count a lease with another thread from now on."""
        with self._mutex:
            if lease.held:
                self._holders.move(lease, thread)

    # The end

    def close(self, store: Store | None = None) -> None:
        """Close the idle connections of one store, or of all, and those that nobody has touched yet."""
        with self._mutex:
            self.epoch += 1
            surplus = self.warm.take_all(store)
            surplus += self._serve()
        close(surplus)

    def retire(self) -> None:
        """Close what is idle, for good: nothing more is lent, and what is given back later is closed then."""
        self.closed = True
        self.close()

    def disown(self) -> None:
        """Leave all connections to the parent process: called in a forked child. Idle ones were closed before."""
        inherited = dict(self._lent)
        for store, idle in self.warm.stores.items():
            inherited.update(dict.fromkeys(idle, store))
        for lease in self._holders:
            lease.held = False
            for connections in (lease.connections, lease.claimed):
                inherited.update((connection, store) for store, connection in connections.items())
        leave_to_parent(inherited)
        self._begin_anew()

    # What operators are told

    def idle(self) -> int:
        """How many connections lie idle."""
        return self.warm.count

    def lent(self) -> int:
        """How many connections are in somebody's hands."""
        with self._mutex:
            return len(self._lent) + sum(len(lease.connections) for lease in self._holders)

    def stores(self) -> set[Store]:
        """Which stores it has open, idle or in hand."""
        with self._mutex:
            found = {*self.warm.stores, *self._lent.values()}
            for lease in self._holders:
                found.update(lease.connections, lease.claimed)
            return found

    def leases(self) -> int:
        """How many leases there are."""
        return len(self._holders)

    def leases_of(self, thread: int, home: Home) -> bool:
        """True where a thread has a lease of stores in that folder."""
        with self._mutex:
            return any(lease.thread == thread and home in lease.homes for lease in self._holders)

    def status(self) -> PoolStatus:
        """Return how full it is, how it has served, and who has what in hand."""
        lent, now = self.lent(), monotonic()
        with self._mutex:
            self._holders.tell_late(now)
            used = self._held + self.warm.descriptors()
            leases = [lease.status(now, self.lease_limit) for lease in self._holders]
            return PoolStatus(
                self.budget.total, used, self.warm.count, lent, self._opens, self._reuses, self._waits, self._waited,
                self._timeouts, self._evictions, self._turns.count, leases,
            )  # fmt: skip
