"""Who waits for room in the pool, and who goes next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .leases import Lease


class Waiter:
    """A lease that waits for room.

    Attributes:
        granted: True once room was given to it; it then has it, also if it has just stopped waiting.
        signal: released at that moment.
    """

    __slots__ = ("granted", "lease", "signal", "ticket")

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.granted = False
        self.ticket = 0
        self.signal = threading.Lock()
        self.signal.acquire()


class Turns:
    """A queue in which the tenant goes first that has least in hand; among those, tenants take turns.

    A tenant with a hundred requests in the queue so delays another's only one by no more than one of its own. Entries
    that are nested in others go before all: room comes back only once they are through. Guarded by the pool's mutex.

    Attributes:
        nested: those that are nested in others, first come first.
        count: how many wait, of both kinds.
    """

    def __init__(self) -> None:
        self.nested: deque[Waiter] = deque()
        self._by_tenant: dict[str, deque[Waiter]] = {}
        # Rounds, as in start-time fair queueing: who comes begins in the current one, who was served is in the next.
        self._round = 0
        self._rounds: dict[str, int] = {}
        self._tickets = count()
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def add(self, waiter: Waiter) -> None:
        """Put a waiter at its place."""
        waiter.ticket = next(self._tickets)
        self.count += 1
        if waiter.lease.nested:
            self.nested.append(waiter)
            return
        tenant = waiter.lease.tenant.id
        self._by_tenant.setdefault(tenant, deque()).append(waiter)
        self._rounds.setdefault(tenant, self._round)

    def remove(self, waiter: Waiter) -> None:
        """Take a waiter out, wherever it stands."""
        self.count -= 1
        if waiter.lease.nested:
            self.nested.remove(waiter)
            return
        tenant = waiter.lease.tenant.id
        queue = self._by_tenant[tenant]
        queue.remove(waiter)
        if not queue:
            del self._by_tenant[tenant], self._rounds[tenant]

    def served(self, waiter: Waiter) -> None:
        """Take a waiter out because it was given room; its tenant's next one comes a round later."""
        if not waiter.lease.nested:
            tenant = waiter.lease.tenant.id
            self._round = max(self._round, self._rounds[tenant])
            self._rounds[tenant] += 1
        self.remove(waiter)

    def discard(self, lease: Lease) -> None:
        """Take a lease out that may still be waiting."""
        queue = self.nested if lease.nested else self._by_tenant.get(lease.tenant.id, ())
        for waiter in list(queue):
            if waiter.lease is lease:
                self.remove(waiter)

    def next(
        self,
        leases: Mapping[str, int],
        within_share: Callable[[Lease], bool],
        has_room: Callable[[Lease], bool],
    ) -> Waiter | None:
        """Return whose turn it is, or None as long as there is no room for whoever that is.

        Nobody overtakes for needing less: else a tenant with many stores would wait for ever. But for those that are
        nested: each has in hand what the others wait for, so that whoever can go on must.

        Args:
            leases: how many each tenant has.
            within_share: may its tenant have one more, as things stand? If not, the others go.
            has_room: is there room for it?
        """
        if self.nested:
            return next((waiter for waiter in self.nested if has_room(waiter.lease)), None)
        heads = sorted(
            (leases.get(tenant, 0), self._rounds[tenant], queue[0].ticket, tenant)
            for tenant, queue in self._by_tenant.items()
        )
        for *_, tenant in heads:
            waiter = self._by_tenant[tenant][0]
            if within_share(waiter.lease):
                return waiter if has_room(waiter.lease) else None
        return None
