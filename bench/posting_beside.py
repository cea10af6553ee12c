"""How fast a company is posted to while its own long report is made beside it, against without."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from cuneifox import create_app
from cuneifox.config import Config
from cuneifox.jobs.beside import WorkersBeside
from models.companies import create_company
from models.jobs.asking import Asker, ask
from models.jobs.job import Job
from models.posting import post_input, post_many

from .figures import Figure, faster, main, timed
from .posting_pair import BY, vouchers

BEFORE = 10_000
"""Vouchers that the report goes over."""

AT_ONCE = 100
BLOCKS = 5
ROUNDS = 5
WITHIN = 300.0
"""Seconds after which something is wrong."""

REPORTS = {
    "PDF, which processes of their own set": {"report": "whole-ledger", "form": "pdf"},
    "XLSX": {"report": "whole-ledger", "form": "xlsx"},
}


class Company:
    """A company that is posted to here, and reported on by a process of workers.

    Args:
        app: the application.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.services = app.extensions["cuneifox"]
        self.router = self.services.router
        with app.app_context():
            self.tenant_id = create_company(
                self.router, slug="posted", name="Posted to", template="general"
            ).tenant_id
            with self.router.using("posted"):
                blocks = ROUNDS * BLOCKS * 2 * len(REPORTS) + 2
                given = vouchers(BEFORE + blocks * AT_ONCE)
                post_many([(voucher, None) for voucher in given[:BEFORE]], by=BY)
        self._left = iter(given[BEFORE:])

    def post(self) -> None:
        """Post AT_ONCE vouchers, one after the other, each in an entry of its own, as requests do."""
        for _ in range(AT_ONCE):
            with self.router.using("posted"):
                post_input(next(self._left), by=BY)

    def ask(self, arguments: dict[str, str]) -> str:
        """Ask for a report, wait until it is being made, and return the job's id."""
        with self.app.app_context():
            asker = Asker(identity="bench")
            job, _ = ask("report", arguments, asker, now=time.time(), tenant_id=self.tenant_id)
        self.services.queue.send(job.id)
        self.await_state(job.id, "running", "done")
        return job.id

    def await_state(self, job_id: str, *states: str) -> None:
        """Wait until a job is in one of these states."""
        end = time.monotonic() + WITHIN
        while self.state(job_id) not in states:
            if time.monotonic() > end:
                raise TimeoutError("The report doesn't come.")
            time.sleep(0.01)

    def state(self, job_id: str) -> str:
        """Return a job's state."""
        with self.app.app_context():
            job = Job.get_by_id(job_id)
            self.router.universal.release()
        if job.state in ("failed", "cancelled"):
            raise RuntimeError(f"{job.error} {job.trace}")
        return str(job.state)


@contextmanager
def company(folder: str) -> Iterator[Company]:
    """Open an installation with such a company, and workers beside it."""
    config = Config(data_folder=folder)
    app = create_app(config)
    try:
        made = Company(app)
        beside = WorkersBeside(config)
        beside.start()
        try:
            yield made
        finally:
            beside.stop()
    finally:
        app.extensions["cuneifox"].close()


def measure() -> list[Figure]:
    """Measure 25 blocks of 100 postings beside a report of each form, each after one without."""
    with tempfile.TemporaryDirectory() as folder, company(folder) as here:
        here.post()
        return [_measured(here, what, arguments) for what, arguments in REPORTS.items()]


def _measured(here: Company, what: str, arguments: dict[str, str]) -> Figure:
    pairs: list[tuple[float, float]] = []
    outran = 0
    for _ in range(ROUNDS):
        without = [timed(here.post) for _ in range(BLOCKS)]
        job_id = here.ask(arguments)
        beside = []
        for _ in range(BLOCKS):
            took = timed(here.post)
            if here.state(job_id) == "done":  # it was done before the block was
                outran += 1
                break
            beside.append(took)
        here.await_state(job_id, "done")
        pairs += zip(beside, without, strict=False)
    outlasted = f"; {outran} blocks outlasted the report and don't count" if outran else ""
    note = (
        f"{AT_ONCE} postings each by one thread, the disk waited for; the whole ledger of {BEFORE:,} vouchers, made by "
        f"a process of workers and those that it starts{outlasted}"
    )
    return faster(
        f"Posting rate while the company's whole ledger is made as {what} ÷ without",
        pairs,
        0.7,
        AT_ONCE,
        note,
    )


if __name__ == "__main__":
    main(measure)
