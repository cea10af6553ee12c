"""A site whose jobs are done when a test says so, in the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any

from cuneifox.jobs.kinds import KINDS, Kind
from cuneifox.jobs.running import run_job
from cuneifox.jobs.work import Work
from cuneifox_site import Site
from models.jobs import taking
from models.jobs.job import Job

WORKER = "test:1"


@contextmanager
def known_kind(name: str, run: Callable[[Work], str | None], **options: Any) -> Iterator[None]:
    """Have a kind of work in the block that the program doesn't have."""
    KINDS[name] = Kind(name, run, options.pop("title", lambda given: f"Test {name}"), **options)
    try:
        yield
    finally:
        del KINDS[name]


def take(site: Site) -> Work | None:
    """Take the job that is next, if any."""
    with site.app.app_context():
        job = taking.take(WORKER, 99, now=site.clock())
    return Work(job, site.services) if job is not None else None


def do(site: Site, work: Work) -> Job:
    """Do a job that was taken, to its end, as a worker's thread does; return how it stands then."""
    Context().run(run_job, site.app, work)
    return fresh(site, work.job.id)


def work_off(site: Site) -> list[Job]:
    """Do all jobs that are due; return how they stand then."""
    done = []
    while (work := take(site)) is not None:
        done.append(do(site, work))
    return done


def fresh(site: Site, job_id: str) -> Job:
    """Return a job as it stands now."""
    with site.app.app_context():
        job: Job = Job.get_by_id(job_id)
        return job


def jobs(site: Site) -> list[Job]:
    """Return all jobs, in the order in which they were asked for."""
    with site.app.app_context():
        return list(Job.select().order_by(Job.asked_at, Job.id))


class Beside:
    """A job that runs in a thread of its own, as a worker's do.

    Args:
        site: where.
        work: the job, taken.
    """

    def __init__(self, site: Site, work: Work) -> None:
        self.site, self.work = site, work
        self._thread = threading.Thread(target=do, args=(site, work))
        self._thread.start()

    def end(self) -> Job:
        """Wait for its end; return how it stands then."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return fresh(self.site, self.work.job.id)


def write_text(text: str) -> Callable[[Work], str]:
    """Return work that leaves a text as its result."""

    def run(work: Work) -> str:
        with work.file("paper.txt", "text/plain") as path:
            Path(path).write_text(text, "utf-8")
        return "written"

    return run
