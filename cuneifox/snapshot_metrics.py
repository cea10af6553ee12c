"""Snapshots and write-ahead logs for Prometheus, read from `router.snapshots.status()` as somebody asks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenants import Router

GAUGES = {
    "open": ("snapshots", "Snapshots that are being read."),
    "oldest": ("snapshots_oldest_seconds", "Age of the oldest snapshot; 0 without any."),
    "largest_log": ("wal_largest_bytes", "The largest write-ahead log of all open databases."),
    "logs": ("wal_bytes", "The write-ahead logs of all open databases together."),
}
COUNTERS = {
    "begun": ("snapshots_begun", "Snapshots that were begun."),
    "too_old": ("snapshots_too_old", "Snapshots ended early, because they had lasted too long."),
    "outgrown": ("snapshots_outgrown", "Snapshots ended early, because a log had grown too large."),
}
"""Metrics by the field of the status that they show, each with its name and what it means."""


class SnapshotFigures(Collector):
    """The snapshots as they stand; the logs' sizes are those on the disk."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def collect(self) -> Iterator[Metric]:
        """Yield the figures, all of one moment."""
        status = self.router.snapshots.status()
        for field, (name, told) in GAUGES.items():
            yield GaugeMetricFamily(f"cuneifox_{name}", told, value=getattr(status, field))
        for field, (name, told) in COUNTERS.items():
            yield CounterMetricFamily(f"cuneifox_{name}", told, value=getattr(status, field))
