"""Leases: who runs a job says so again and again, and what nobody runs any more is taken over."""

from __future__ import annotations

import socket
from collections.abc import Collection

from peewee import CharField, FloatField, IntegerField

from models.jobs import ending
from models.jobs.job import RUNNING, Job
from models.jobs.taking import LEASE
from tenants import RoutedModel

MOST_LAPSES = 10
"""How often a job is begun again after whoever ran it was gone; then it is taken for what kills them."""

GONE = 4 * LEASE
"""Seconds of silence after which a worker is forgotten."""


class JobWorker(RoutedModel):
    """A process that runs jobs.

    Attributes:
        id: given by itself, once.
        host: on which machine; `process`, the process's number there.
        threads: how many jobs it runs at a time.
        seen_at: UTC seconds at which it last said that it is there.
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
        return list(cls.select().where(cls.seen_at > now - LEASE).order_by(cls.started_at, cls.id))

    @classmethod
    def places(cls, *, now: float) -> int:
        """Return how many jobs they run at a time, all together."""
        return sum(worker.threads for worker in cls.alive(now=now))


def renew(worker_id: str, leases: Collection[str], *, now: float, lease: float = LEASE) -> None:
    """Say that a worker is there, and that it still runs these."""
    database = Job._meta.database
    database.execute_unhurried("UPDATE job_workers SET seen_at = ? WHERE id = ?", (now, worker_id))
    if leases:
        marks = ", ".join("?" * len(leases))
        database.execute_unhurried(
            f"UPDATE jobs SET lease_until = ? WHERE state = 'running' AND lease IN ({marks})",  # noqa: S608
            (now + lease, *leases),
        )


def end_worker(worker_id: str, *, now: float) -> int:
    """A worker is gone, or goes: give back what it has, and forget it. Return how many jobs that were."""
    given_back = _take_back(Job.worker == worker_id, now)
    JobWorker.delete().where(JobWorker.id == worker_id).execute()
    return given_back


def take_over(*, now: float) -> int:
    """Give back the jobs whose lease has lapsed; return how many those were."""
    JobWorker.delete().where(JobWorker.seen_at < now - GONE).execute()
    return _take_back(Job.lease_until < now, now)


def _take_back(condition: object, now: float) -> int:
    running = list(Job.select().where(Job.state == RUNNING, condition))
    return sum(ending.lose(job, MOST_LAPSES, now=now) for job in running)
