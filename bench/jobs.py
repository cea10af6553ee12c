"""The way of a job: how long until an idle worker begins it, and how many a second against huey's own tasks."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from huey.contrib.sql_huey import SqlHuey
from peewee import SqliteDatabase

from cuneifox import create_app
from cuneifox.config import Config
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.queue import Deliverers
from cuneifox.jobs.storages import PRAGMAS
from cuneifox.jobs.workers import Workers
from models.jobs.asking import Asker, ask

from .figures import Figure, absolute, faster, main, pairs

STARTS = 101
JOBS = 200
THREADS = 4
PAIRS = 11
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
WITHIN = 60.0
"""Seconds after which something is wrong."""


class Gate:
    """Counts what was begun; whoever waits goes on once it is so much."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self.last = 0.0

    def passed(self) -> None:
        """One more was begun."""
        at = time.perf_counter()
        with self._changed:
            self._count, self.last = self._count + 1, at
            self._changed.notify_all()

    def await_more(self, count: int, work: Callable[[], object]) -> None:
        """Do some work, and return once so many more were begun."""
        with self._changed:
            wanted = self._count + count
        work()
        with self._changed:
            if not self._changed.wait_for(lambda: self._count >= wanted, WITHIN):
                raise TimeoutError("The jobs don't come.")


GATE = Gate()


@kind("bench", lambda given: "bench", of_company=False)
def _pass(work: Any) -> None:
    GATE.passed()


class Ours:
    """An application, and workers of it in the same process."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.services = app.extensions["cuneifox"]

    def ask(self) -> None:
        """Ask for a job as a page does: written down, and a hint sent."""
        with self.app.app_context():
            job, _ = ask("bench", {}, Asker(identity="bench"), now=time.time())
            self.services.queue.send(job.id)

    def start(self) -> float:
        """Return how many seconds it takes until a job that was asked for is begun."""
        begun = time.perf_counter()
        GATE.await_more(1, self.ask)
        return GATE.last - begun

    def many(self) -> None:
        """Ask for JOBS jobs, and wait until all are begun."""
        GATE.await_more(JOBS, lambda: [self.ask() for _ in range(JOBS)])


@contextmanager
def ours(folder: Path) -> Iterator[Ours]:
    """Open an installation, with workers that have nothing to do."""
    app = create_app(Config(data_folder=str(folder)))
    try:
        workers = Workers(app, THREADS)
        workers.start()
        try:
            yield Ours(app)
        finally:
            workers.stop()
    finally:
        app.extensions["cuneifox"].close()


@contextmanager
def plain_huey(folder: Path, synchronous: str) -> Iterator[Callable[[], None]]:
    """Open huey as it comes, on a file like that of our queue; yields what has it do JOBS tasks.

    Args:
        folder: where the file is.
        synchronous: SQLite's setting for it.
    """
    pragmas = {**PRAGMAS, "synchronous": synchronous}
    database = SqliteDatabase(str(folder / "huey.db"), pragmas=pragmas)
    huey = SqlHuey("bench", database=database, results=False)

    @huey.task()
    def passing() -> None:
        GATE.passed()

    consumer = Deliverers(
        huey, workers=THREADS, periodic=False, initial_delay=0.001, max_delay=0.001
    )
    consumer.start()
    try:
        yield lambda: GATE.await_more(JOBS, lambda: [passing() for _ in range(JOBS)])
    finally:
        consumer.stop(graceful=True)
        database.close()


def measure() -> list[Figure]:
    """Measure the way of one, and many against huey's: where both wait for the disk, and where nobody does."""
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder) / "data") as here:
        for _ in range(STARTS):
            time.sleep(0.02)  # the worker is idle again
            starts.append(here.start())
        with plain_huey(Path(folder), "full") as theirs:
            waited = pairs(here.many, theirs, PAIRS)
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        ours(Path(folder) / "data") as here,
        plain_huey(Path(folder), "normal") as theirs,
    ):
        unwaited = pairs(here.many, theirs, PAIRS)
    about = (
        f"{JOBS} asked for at once, {THREADS} threads, until all are begun; ours are rows of the catalogue, each with "
        "a lease, an entry of its own and an end that is written down"
    )
    return [
        absolute(
            "From asking for a job to its first line, embedded queue, idle worker", starts, 50, 1e3, "ms",
            f"{THREADS} threads that wait; the job written down in the catalogue, the disk waited for",
        ),
        faster(
            "Jobs a second ÷ plain huey's tasks (SqlHuey), who asks waits for the disk", waited, 0.5, JOBS,
            f"{about}; huey's file at FULL, or what it was asked for could be lost",
        ),
        faster(
            "Jobs a second ÷ plain huey's tasks (SqlHuey), both in memory's file system", unwaited, 0.5, JOBS, about,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main(measure)
