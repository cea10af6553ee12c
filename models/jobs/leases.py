"""Leases: who runs a job says so again and again, and what nobody runs any more is taken over.

A job that was lost with its worker is begun anew. One that kills its workers must end all the same, and those who only
ran beside it, or whose workers are killed by others, must not be given up for it. So a job is given up once it was lost
MOST_LAPSES times, where it was there at least half of the times at which any worker was lost meanwhile; and of those
lost together only the one that was lost most often.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import Any

from peewee import CharField, FloatField, IntegerField, fn

from models.jobs import ending
from models.jobs.job import RUNNING, Job
from models.jobs.taking import LEASE
from tenants import RoutedModel

MOST_LAPSES = 10
"""How often a job must have been lost with its worker to be taken for what kills them."""

GONE = 4 * LEASE
"""Seconds of silence after which a worker is taken for lost, though it has no job."""

MEMORY = 86400.0
"""Seconds for which lost workers are remembered."""


MOST_AHEAD = LEASE / 3
"""Seconds by which a worker's clock may be ahead of another's: by nearly a lease, and they take each other's jobs."""


class JobWorker(RoutedModel):
    """A process that runs jobs.

    Attributes:
        id: given by itself, once.
        host: on which machine; `process`, the process's number there.
        threads: how many jobs it runs at a time; below zero once it is lost.
        seen_at: UTC seconds at which it last said that it is there, or at which its loss was seen.
    """

    id = CharField(max_length=60, primary_key=True)
    host = CharField(max_length=200)
    process = IntegerField()
    threads = IntegerField()
    started_at = FloatField()
    seen_at = FloatField()

    class Meta:
        table_name = "job_workers"

    @classmethod
    def begin(cls, worker_id: str, process: int, threads: int, *, now: float) -> None:
        """Say that a worker is there."""
        cls.insert(
            id=worker_id, host=socket.gethostname()[:200], process=process, threads=threads,
            started_at=now, seen_at=now,
        ).on_conflict_replace().execute()  # fmt: skip

    @classmethod
    def alive(cls, *, now: float) -> list[JobWorker]:
        """Return those that said lately that they are there, by age."""
        there = (cls.threads > 0) & (cls.seen_at > now - LEASE)
        return list(cls.select().where(there).order_by(cls.started_at, cls.id))

    @classmethod
    def ahead(cls, *, now: float) -> list[JobWorker]:
        """Return those whose last word comes from a time that is yet to come: their clock and ours don't agree."""
        there = (cls.threads > 0) & (cls.seen_at > now + MOST_AHEAD)
        return list(cls.select().where(there).order_by(cls.started_at, cls.id))

    @classmethod
    def places(cls, *, now: float) -> int:
        """Return how many jobs they run at a time, all together."""
        return sum(worker.threads for worker in cls.alive(now=now))


def renew(worker_id: str, leases: Collection[str], *, now: float, lease: float = LEASE) -> None:
    """Say that a worker is there, and that it still runs these."""
    database = Job._meta.database
    database.execute_unhurried(
        "UPDATE job_workers SET seen_at = ?, threads = abs(threads) WHERE id = ?", (now, worker_id)
    )
    if leases:
        marks = ", ".join("?" * len(leases))
        database.execute_unhurried(
            f"UPDATE jobs SET lease_until = ? WHERE state = 'running' AND lease IN ({marks})",  # noqa: S608
            (now + lease, *leases),
        )


def end_worker(worker_id: str, *, now: float) -> int:
    """A worker goes: give back what it still has, and forget it. Return how many jobs that were."""
    given_back = _take_back(Job.worker == worker_id, now)
    JobWorker.delete().where(JobWorker.id == worker_id).execute()
    return given_back


def lose_worker(worker_id: str, *, now: float) -> int:
    """A worker is gone without a word: give back what it had, and remember that. Return how many jobs that were."""
    mark = JobWorker.update(threads=JobWorker.threads * -1, seen_at=now)
    mark.where(JobWorker.id == worker_id, JobWorker.threads > 0).execute()
    return _take_back(Job.worker == worker_id, now)


def take_over(*, now: float) -> int:
    """Give back the jobs whose lease has lapsed; return how many those were."""
    lapsed = Job.select(Job.worker).where(Job.state == RUNNING, Job.lease_until < now)
    silent = JobWorker.select(JobWorker.id).where(
        JobWorker.threads > 0,
        (JobWorker.seen_at < now - GONE)
        | ((JobWorker.seen_at < now - LEASE) & JobWorker.id.in_(lapsed)),
    )
    given_back = sum(lose_worker(worker.id, now=now) for worker in list(silent))
    JobWorker.delete().where(JobWorker.threads < 0, JobWorker.seen_at < now - MEMORY).execute()
    return given_back + _take_back(Job.lease_until < now, now)


def _take_back(condition: object, now: float) -> int:
    """Give back jobs that were lost together."""
    lost = list(Job.select().where(Job.state == RUNNING, condition))
    suspect = max(lost, key=lambda job: (job.lapses, job.started_at), default=None)
    return sum(
        ending.lose(job, blamed=job is suspect and _kills_workers(job), now=now) for job in lost
    )


def _kills_workers(job: Any) -> bool:
    lapses = job.lapses + 1
    if lapses < MOST_LAPSES:
        return False
    lost = JobWorker.select(fn.COUNT(JobWorker.id)).where(
        JobWorker.threads < 0, JobWorker.seen_at >= job.asked_at
    )
    return bool(2 * lapses >= lost.scalar())
