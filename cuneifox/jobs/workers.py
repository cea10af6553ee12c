"""The workers of one process: threads that take jobs and do them, and one that watches over them."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextvars import Context

from flask import Flask

from cuneifox.jobs import works
from cuneifox.jobs.presence import Presence
from cuneifox.jobs.queue import Deliveries, deliverers
from cuneifox.jobs.running import CLOSING, run_job
from cuneifox.jobs.scheduling import ask_for_what_is_due, make_defaults
from cuneifox.jobs.storages import storage_at
from cuneifox.jobs.watching import Watch
from cuneifox.jobs.work import Work
from cuneifox.mail.telling import Latecomers
from cuneifox.services import Services
from models.jobs import leases, taking
from models.jobs.job import Job

log = logging.getLogger("cuneifox.jobs")

GRACE_SECONDS = 10.0
"""How long jobs may go on once the workers are asked to stop; then they are handed back."""

LOOK_AGAIN = 0.05
"""Seconds between two looks whether all are done."""

LOOK_EVERY = 5.0
"""Seconds for which it is taken for known how many workers there are."""


class Workers:
    """So many threads that do jobs, in this process.

    Args:
        app: the application, whose services they use.
        threads: how many jobs they do at a time; as set unless given.

    Attributes:
        id: the process's, among workers.
    """

    def __init__(self, app: Flask, threads: int | None = None) -> None:
        self.app = app
        self.services: Services = app.extensions["cuneifox"]
        config = self.services.config
        self.threads = config.jobs.threads if threads is None else threads
        self._presence = Presence(config.data_path)
        self.id = self._presence.worker_id
        self._running: dict[str, Work] = {}
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._looked = (0.0, 1)
        self._handing_back = False
        storage = storage_at(config.jobs.queue, config.data_path)
        self._deliveries = Deliveries(
            storage, self._delivered, self._stopping, self.services.queue.reach
        )
        self._consumer = deliverers(self._deliveries, self.threads)
        self._latecomers = Latecomers(self.services)
        self._watch = Watch(self.services, self.id, self.running, self._tick)

    def start(self) -> None:
        """Begin to take jobs."""
        works.load()
        self.services.router.started = True
        make_defaults(self.services)
        leases.JobWorker.begin(self.id, os.getpid(), self.threads, now=self.services.now())
        self._consumer.start()
        self._watch.start()

    def stop(self, grace: float = GRACE_SECONDS, hurry: threading.Event | None = None) -> None:
        """Take no more jobs, wait for those that run, and hand back what isn't done by then.

        Args:
            grace: seconds to wait.
            hurry: set where that is to be cut short.
        """
        self._stopping.set()
        self._consumer.stop_flag.set()
        self._wait_for_what_runs(grace, hurry or threading.Event())
        self._hand_back()
        self._consumer.stop(graceful=True)
        self._watch.stop()
        self._deliveries.end()
        leases.end_worker(self.id, now=self.services.now())
        self.services.queue.close()
        self._presence.end()

    def _wait_for_what_runs(self, grace: float, hurry: threading.Event) -> None:
        end = time.monotonic() + grace
        while self.running() and time.monotonic() < end and not hurry.wait(LOOK_AGAIN):
            pass

    def _hand_back(self) -> None:
        with self._mutex:
            self._handing_back = True  # also what was being taken just now
        for work in self.running():
            work.stop(CLOSING)

    def running(self) -> list[Work]:
        """Return what runs."""
        with self._mutex:
            return list(self._running.values())

    def _tick(self, now: float) -> None:
        ask_for_what_is_due(self.services, now)
        self._latecomers.look(now)

    def _delivered(self, hint: str) -> None:
        """Take the job that is next, which may be another than the one that the hint came for, and do it.

        Without a hint, because the queue can't be reached, all are done that can be had.
        """
        while not self._stopping.is_set():
            job = taking.take(self.id, self._places(), now=self.services.now())
            self.services.router.universal.release()
            if job is not None:
                self._do(job)
            if hint or job is None:
                return

    def _do(self, job: Job) -> None:
        work = Work(job, self.services)
        with self._mutex:
            self._running[job.lease] = work
            late = self._handing_back
        if late:
            work.stop(CLOSING)
        try:
            Context().run(run_job, self.app, work)  # nothing of an earlier job is current in it
        finally:
            with self._mutex:
                del self._running[job.lease]
        if taking.held_back(job, now=self.services.now()):
            # For one whose hint came while its company or asker had their share, or the night all but people's place.
            self.services.queue.send(job.id)
        self.services.router.universal.release()

    def _places(self) -> int:
        """How many jobs run at a time, those of other processes among them."""
        looked, places = self._looked
        now = time.monotonic()
        if not looked or now - looked >= LOOK_EVERY:
            places = leases.JobWorker.places(now=self.services.now())
            self._looked = (now, places)
        return places
