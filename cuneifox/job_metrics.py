"""Jobs for Prometheus, as the catalogue has them: whoever does jobs is another process than the one that is asked.

Nothing of it is needed for the other figures: where the catalogue can't be read they come without these.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from cuneifox.jobs.queue_length import QueueLength
from cuneifox.services import Services
from models.jobs import lists, tallies
from models.jobs.leases import JobWorker
from models.jobs.tallies import Spread

log = logging.getLogger("cuneifox.jobs")


class JobFigures(Collector):
    """What there is of jobs, what has become of them, and who does them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._queue = QueueLength(services.queue)
        self._failing = False
        self._error: Exception | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, those of the catalogue all of one moment."""
        found = self._read()
        self._tell(found is None)
        yield GaugeMetricFamily(
            "cuneifox_jobs_readable", "1 where the catalogue could be asked about jobs.", found is not None
        )  # fmt: skip
        hints = self._queue.ask()
        yield GaugeMetricFamily(
            "cuneifox_job_queue_reachable", "1 where the queue can be reached.", hints is not None
        )
        if hints is not None:
            yield GaugeMetricFamily(
                "cuneifox_job_queue_length", "Messages in the queue that no worker has taken yet.", hints
            )  # fmt: skip
        yield from found or ()

    def _read(self) -> list[Metric] | None:
        database = self.services.router.universal
        try:
            with database.transaction("DEFERRED"):
                return list(self._of_the_catalogue())
        except Exception as error:  # noqa: BLE001 - a fault of the disk, of the file, or of whoever holds it
            self._error = error
            return None
        finally:
            database.release()

    def _tell(self, failing: bool) -> None:
        if failing and not self._failing:
            log.warning("Figures of jobs can't be read from the catalogue", exc_info=self._error)
        self._failing = failing

    def _of_the_catalogue(self) -> Iterator[Metric]:
        now = self.services.now()
        there = GaugeMetricFamily(
            "cuneifox_jobs", "Jobs that are on record, by kind and state.", labels=["kind", "state"]
        )
        for (kind, state), number in sorted(lists.counts().items()):
            there.add_metric([kind, state], number)
        yield there
        yield GaugeMetricFamily(
            "cuneifox_jobs_oldest_waiting_seconds", "Seconds for which the job that has waited longest could have "
            "begun; 0 where none waits.", lists.oldest_waiting(now=now),
        )  # fmt: skip
        alive = JobWorker.alive(now=now)
        yield GaugeMetricFamily(
            "cuneifox_job_workers", "Processes that do jobs and are there.", len(alive)
        )
        places = sum(worker.threads for worker in alive)
        yield GaugeMetricFamily(
            "cuneifox_job_places", "Jobs that they do at a time, all together.", places
        )
        yield from _counted(tallies.read())


def _counted(counts: tallies.Tallies) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "cuneifox_jobs_ended", "Jobs that have ended, by kind and how.", labels=["kind", "state"]
    )
    for (kind, state), number in sorted(counts.ended.items()):
        ended.add_metric([kind, state], number)
    yield ended
    yield _histogram(
        "cuneifox_job_wait_seconds", "Seconds from when an attempt at a job could begin until it did.",
        counts.waited.items(),
    )  # fmt: skip
    yield _histogram(
        "cuneifox_job_run_seconds", "Seconds that an attempt at a job took, however it ended.",
        counts.ran.items(),
    )  # fmt: skip


def _histogram(name: str, told: str, spreads: Iterable[tuple[str, Spread]]) -> Metric:
    found = HistogramMetricFamily(name, told, labels=["kind"])
    for kind, spread in sorted(spreads, key=lambda each: each[0]):
        buckets = [(_bound(bound), float(number)) for bound, number in spread.cumulative()]
        found.add_metric([kind], buckets, sum_value=spread.seconds)
    return found


def _bound(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else str(bound)
