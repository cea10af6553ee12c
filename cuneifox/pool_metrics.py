"""The pool of connections for Prometheus, read from `router.pool.status()` as somebody asks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenants import Router

GAUGES = {
    "budget": ("descriptors_budget", "File descriptors that the pool may have open."),
    "used": ("descriptors_used", "File descriptors that it counts, what lies idle included."),
    "idle": ("idle_connections", "Connections that lie idle, closed when their room is needed."),
    "lent": ("lent_connections", "Connections in somebody's hands."),
    "waiting": ("waiting_entries", "Entries that wait for room now."),
}
COUNTERS = {
    "opens": ("opens", "Connections opened."),
    "reuses": ("reuses", "Warm connections used instead of opening one."),
    "waits": ("waits", "Entries that had to wait for room."),
    "waited_seconds": ("waited_seconds", "Seconds that entries waited for room."),
    "timeouts": ("timeouts", "Entries that waited for room in vain."),
    "evictions": ("evictions", "Idle connections closed to make room."),
}
"""Metrics by the field of the status that they show, each with its name and what it means."""


class PoolFigures(Collector):
    """The pool as it stands; asking it needs no room in it."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def collect(self) -> Iterator[Metric]:
        """Yield the pool's metrics, all of one moment."""
        status = self.router.pool.status()
        for field, (name, told) in GAUGES.items():
            yield GaugeMetricFamily(f"cuneifox_pool_{name}", told, value=getattr(status, field))
        for field, (name, told) in COUNTERS.items():
            yield CounterMetricFamily(f"cuneifox_pool_{name}", told, value=getattr(status, field))
        ages = [lease.age for lease in status.leases]
        late = sum(lease.late for lease in status.leases)
        yield GaugeMetricFamily("cuneifox_pool_leases", "Entries with stores in hand.", len(ages))
        yield GaugeMetricFamily(
            "cuneifox_pool_late_leases", "Leases that last longer than their limit.", late
        )
        yield GaugeMetricFamily(
            "cuneifox_pool_oldest_lease_seconds",
            "Age of the oldest lease; 0 without any.",
            max(ages, default=0.0),
        )
