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
    """A queue in which the tenant goes first that has least, then whoever waits longest. Guarded by the pool's mutex.

    A tenant with a hundred requests in the queue so delays another's only one by no more than the one that is served
    already. Entries that are nested in others go before all: room comes back only once they are through.
    """

    def __init__(self) -> None:
        self.nested: deque[Waiter] = deque()
        self._by_tenant: dict[str, deque[Waiter]] = {}
        self._tickets = count()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, waiter: Waiter) -> None:
        """Put a waiter at its place."""
        waiter.ticket = next(self._tickets)
        self._count += 1
        if waiter.lease.nested:
            self.nested.append(waiter)
        else:
            self._by_tenant.setdefault(waiter.lease.tenant.id, deque()).append(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Take a waiter out, wherever it stands."""
        self._count -= 1
        if waiter.lease.nested:
            self.nested.remove(waiter)
            return
        tenant = waiter.lease.tenant.id
        queue = self._by_tenant[tenant]
        queue.remove(waiter)
        if not queue:
            del self._by_tenant[tenant]

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

        Nobody overtakes for needing less: else a tenant with many stores would wait for ever.

        Args:
            leases: how many each tenant has.
            within_share: may its tenant have one more, as things stand? If not, the others go.
            has_room: is there room for it?
        """
        if self.nested:
            return self.nested[0] if has_room(self.nested[0].lease) else None
        heads = [queue[0] for queue in self._by_tenant.values()]
        heads.sort(key=lambda waiter: (leases.get(waiter.lease.tenant.id, 0), waiter.ticket))
        for waiter in heads:
            if within_share(waiter.lease):
                return waiter if has_room(waiter.lease) else None
        return None
