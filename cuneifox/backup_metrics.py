"""Backups for Prometheus: what the server's manager knows by itself, without asking a database; no label says whose."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenants import BackupManager

COUNTERS = {
    "made": "Backups that were made.",
    "same": "Companies that were looked into, and hold what their last backup holds.",
    "failed": "Backups that have failed.",
}


class BackupFigures(Collector):
    """How backups have gone since the server was started."""

    def __init__(self, manager: BackupManager) -> None:
        self.manager = manager

    def collect(self) -> Iterator[Metric]:
        """Yield the backups' metrics, all of one moment."""
        figures = self.manager.figures()
        for name, told in COUNTERS.items():
            yield CounterMetricFamily(f"cuneifox_backups_{name}", told, getattr(figures, name))
        ran = figures.last_run_at
        for name, told, value in (
            ("failing", "Companies whose last backup has failed.", figures.failing),
            ("failed_runs", "Runs in a row that had a backup which failed.", figures.failures),
            (
                "since_last_run_seconds",
                "Seconds since the last run ended; -1 before the first.",
                time.time() - ran if ran is not None else -1.0,
            ),
            ("last_run_seconds", "How long the last run took.", figures.last_run_seconds),
        ):
            yield GaugeMetricFamily(f"cuneifox_backups_{name}", told, value)
