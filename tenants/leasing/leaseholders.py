"""Who has leases, how many, and for how long already."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .leases import Lease

log = logging.getLogger("tenants")


class Leaseholders:
    """The leases that are held. Guarded by the pool's mutex.

    A lease that lasts longer than the limit is told of once: at the next look, which costs no more than a comparison
    as long as the oldest isn't late.

    Args:
        limit: seconds.

    Attributes:
        of_tenant: how many leases each tenant has, by id.
        of_thread: how many each thread has.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.of_tenant: dict[str, int] = {}
        self.of_thread: dict[int, int] = {}
        self._in_time: OrderedDict[Lease, None] = OrderedDict()
        self._late: dict[Lease, None] = {}
        self._due = float("inf")

    def __len__(self) -> int:
        return len(self._in_time) + len(self._late)

    def __iter__(self) -> Iterator[Lease]:
        yield from self._late
        yield from self._in_time

    def add(self, lease: Lease) -> None:
        """Count one that has just been given room."""
        self._in_time[lease] = None
        tenant, thread = lease.tenant.id, lease.thread
        self.of_tenant[tenant] = self.of_tenant.get(tenant, 0) + 1
        self.of_thread[thread] = self.of_thread.get(thread, 0) + 1
        if lease.began + self.limit < self._due:
            self._due = lease.began + self.limit

    def remove(self, lease: Lease, now: float) -> None:
        """Count one no more."""
        self.tell_late(now)
        self._in_time.pop(lease, None)
        self._late.pop(lease, None)
        _count_down(self.of_tenant, lease.tenant.id)
        _count_down(self.of_thread, lease.thread)

    def move(self, lease: Lease, thread: int) -> None:
        """Count one with another thread from now on."""
        _count_down(self.of_thread, lease.thread)
        self.of_thread[thread] = self.of_thread.get(thread, 0) + 1
        lease.thread = thread

    def tell_late(self, now: float) -> None:
        """Tell the operator of those that last too long, each once."""
        if now <= self._due:
            return
        self._due = float("inf")
        while self._in_time:
            lease = next(iter(self._in_time))
            if now - lease.began <= self.limit:
                self._due = lease.began + self.limit
                return
            del self._in_time[lease]
            self._late[lease] = None
            self._tell(lease, now)

    def _tell(self, lease: Lease, now: float) -> None:
        log.warning(
            "The lease of %s by %s under %s has lasted %.0f seconds, longer than its limit of %.0f: is it still at "
            "work, or was its entry never left? It was taken at %s.",
            lease.store.label, lease.tenant.slug, lease.key, now - lease.began, self.limit, lease.where(),
        )  # fmt: skip


def _count_down(counts: dict[Any, int], key: Any) -> None:
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]
