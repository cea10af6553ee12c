"""What Prometheus is told of jobs: what was done in this process, and what waits in the catalogue."""

from __future__ import annotations

import threading
from collections import Counter

from models.jobs.job import Job

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""Upper bounds, in seconds, of what waits and run times are sorted into."""


class Spread:
    """How long something took, sorted into BUCKETS."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Add one."""
        place = next((i for i, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self.counts[place] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return the counts up to each bound, as Prometheus wants them."""
        counted, found = 0, []
        for bound, count in zip((*BUCKETS, float("inf")), self.counts, strict=True):
            counted += count
            found.append(("+Inf" if bound == float("inf") else str(bound), float(counted)))
        return found


class JobCounters:
    """What the workers of this process have done since it started."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self.attempts: Counter[str] = Counter()
        self.waits: dict[str, Spread] = {}
        self.runs: dict[str, Spread] = {}

    def ended(self, job: Job, now: float) -> None:
        """An attempt at a job has ended, however it did."""
        started = job.started_at or now
        with self._mutex:
            self.attempts[job.kind] += 1
            self.waits.setdefault(job.kind, Spread()).add(max(started - job.due_at, 0.0))
            self.runs.setdefault(job.kind, Spread()).add(max(now - started, 0.0))
