"""How long work waited for other work, for Prometheus, read from `router.contention.status()` as somebody asks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from tenants import Router

COUNTERS = {
    "waits": ("lock_waits", "Times that work waited for a lock, or for the process's turn."),
    "waited_seconds": ("lock_waited_seconds", "Seconds that work waited for locks."),
    "timeouts": ("lock_timeouts", "Waits for a lock that took too long, and were given up."),
    "retries": ("write_retries", "Writes run again because the database was busy."),
    "gave_up": ("writes_given_up", "Writes given up because the database stayed busy."),
}
"""Metrics by the field of the status that they show, each with its name and what it means."""


class ContentionFigures(Collector):
    """The process's counts as they stand."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def collect(self) -> Iterator[Metric]:
        """Yield the counts, all of one moment."""
        status = self.router.contention.status()
        for field, (name, told) in COUNTERS.items():
            yield CounterMetricFamily(f"cuneifox_{name}", told, value=getattr(status, field))
