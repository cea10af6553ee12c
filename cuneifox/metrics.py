"""Figures about the server for Prometheus: requests, entries, the pool of connections, locks, the process.

No label says whose company or which user: that is confidential, and would have no bound. Each
application has a registry of its own; the library's global one isn't used.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from werkzeug.wsgi import ClosingIterator

from cuneifox.backup_metrics import BackupFigures
from cuneifox.contention_metrics import ContentionFigures
from cuneifox.entry_kinds import KINDS, kind_of
from cuneifox.pool_metrics import PoolFigures
from cuneifox.snapshot_metrics import SnapshotFigures
from tenants import BackupManager, Router

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram's buckets."""

CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Metrics:
    """One application's figures."""

    def __init__(
        self, router: Router, backups: BackupManager | None = None, jobs: Collector | None = None
    ) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "cuneifox_requests",
            "Requests answered, by the class of their status.",
            ["status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "cuneifox_request_seconds",
            "Seconds from a request's beginning to the last byte of its answer.",
            buckets=SECONDS,
            registry=self.registry,
        )
        for each in CLASSES:  # a rate needs a zero to begin with
            self.requests.labels(each)
        if jobs is not None:  # before the pool's, of which they have a connection for a moment
            self.registry.register(jobs)
        self.registry.register(Entries(router))
        self.registry.register(PoolFigures(router))
        self.registry.register(ContentionFigures(router))
        if backups is not None:
            self.registry.register(BackupFigures(backups))
        self.registry.register(SnapshotFigures(router))
        ProcessCollector(registry=self.registry)

    def answered(self, status: str, seconds: float) -> None:
        """Count a request that is over; `status` is its status line."""
        kind = f"{status[:1]}xx"
        self.requests.labels(kind if kind in CLASSES else "5xx").inc()
        self.seconds.observe(seconds)


class Entries(Collector):
    """What stands in `db_dict` as somebody asks."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def collect(self) -> Iterator[Metric]:
        """Count the entries by kind; in one step, for they come and go meanwhile."""
        found = Tally(kind_of(key) for key in list(self.router.db_dict))
        entries = GaugeMetricFamily(
            "cuneifox_entries", "Entries in db_dict, by who asks.", labels=["kind"]
        )
        for kind in KINDS:
            entries.add_metric([kind], found[kind])
        yield entries


class Timed:
    """Counts and times the requests of a WSGI application, streamed bodies included."""

    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]], metrics: Metrics) -> None:
        self.wsgi_app = wsgi_app
        self.metrics = metrics

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        began = time.perf_counter()
        told = "500"

        def start(status: str, *more: Any) -> Any:
            nonlocal told
            told = status
            return start_response(status, *more)

        def count() -> None:
            self.metrics.answered(told, time.perf_counter() - began)

        try:
            body = self.wsgi_app(environ, start)
        except BaseException:
            told = "500"
            count()
            raise
        return ClosingIterator(body, count)


def init_app(
    app: Flask, router: Router, backups: BackupManager | None, jobs: Collector | None = None
) -> None:
    """Count what this application answers; to be called once everything else has wrapped it."""
    app.extensions["metrics"] = metrics = Metrics(router, backups, jobs)
    app.wsgi_app = Timed(app.wsgi_app, metrics)  # type: ignore[method-assign]
