"""Watching over a process's jobs: one thread renews leases, sees what is to stop and picks up what others left.

Another one has to do with the queue, and may be held up by it: it asks for what is due, and makes up for lost messages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING

from cuneifox.jobs.entering import Stopped, actor_of, tenant_of
from cuneifox.jobs.kinds import KINDS
from cuneifox.jobs.presence import dead_workers
from cuneifox.services import Services
from models.jobs import leases, stopping, taking

if TYPE_CHECKING:
    from cuneifox.jobs.work import Work

log = logging.getLogger("cuneifox.jobs")

TICK = 0.2
"""Seconds between two looks whether what runs is to stop."""

SWEEP_EVERY = 1.0
"""Seconds between two looks at everything else."""

RENEW_EVERY = taking.LEASE / 6
"""Seconds between two renewals of the leases."""

MOST_HINTS = 100
"""Messages that are made up for at a time."""


class Watch:
    """Watches over the jobs of one process.

    Args:
        services: the application's.
        worker_id: the process's, among workers.
        running: returns what runs.
        tick: called every SWEEP_EVERY seconds besides, with the time in UTC seconds: what schedules ask for. It may be
            held up for seconds, and holds up none of the rest.
    """

    def __init__(
        self,
        services: Services,
        worker_id: str,
        running: Callable[[], list[Work]],
        tick: Callable[[float], None] = lambda now: None,
    ) -> None:
        self.services, self.worker_id = services, worker_id
        self.running, self.tick = running, tick
        self._stopping = threading.Event()
        self._swept = self._renewed = 0.0
        self._ahead: set[str] = set()
        self._threads = (
            self._thread("jobs-watch", TICK, self.look),
            self._thread("jobs-due", SWEEP_EVERY, self.see_to_the_queue),
        )

    def _thread(self, name: str, every: float, look: Callable[[], None]) -> threading.Thread:
        return threading.Thread(
            target=lambda: Context().run(self._watch, every, look), name=name, daemon=True
        )

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; returns once both threads have."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, every: float, look: Callable[[], None]) -> None:
        try:
            while not self._stopping.wait(every):
                look()
        finally:
            self.services.router.universal.release(wholly=True)

    def look(self) -> None:
        """Look at all that is due. What fails is told in the log, and done at the next look."""
        now = self.services.now()
        for step, last, every in (
            (self._stop_what_must, 0.0, 0.0),
            (self._renew, self._renewed, RENEW_EVERY),
            (self._sweep, self._swept, SWEEP_EVERY),
        ):
            if now - last >= every or now < last:  # a clock that was set back, too
                self._do(step, now)
        self.services.router.universal.release()

    def see_to_the_queue(self) -> None:
        """Ask for what is due, and make up for lost messages. What fails is done at the next look."""
        now = self.services.now()
        for step in (self.tick, self._make_up_for_lost_messages):
            self._do(step, now)
        self.services.router.universal.release()

    def _do(self, step: Callable[[float], None], now: float) -> None:
        try:
            step(now)
        except Exception:
            log.exception("Watching over the jobs failed; it is tried again")

    def _stop_what_must(self, now: float) -> None:
        running = {work.job.lease: work for work in self.running()}
        for lease, reason in stopping.to_stop(list(running)).items():
            running[lease].stop(reason)

    def _renew(self, now: float) -> None:
        self._renewed = now
        leases.renew(self.worker_id, [work.job.lease for work in self.running()], now=now)

    def _sweep(self, now: float) -> None:
        self._swept = now
        stopping.cancel_orphans(now=now)
        self._look_at_rights(now)
        for worker_id in dead_workers(self.services.config.data_path):
            lost = leases.lose_worker(worker_id, now=now)
            log.warning("Worker %s is gone; jobs of it that are begun anew: %d", worker_id, lost)
        leases.take_over(now=now)
        self._compare_clocks(now)

    def _compare_clocks(self, now: float) -> None:
        """Tell once of each worker whose clock is ahead: it takes jobs for lost that are only at work here."""
        for worker in leases.JobWorker.ahead(now=now):
            if worker.id not in self._ahead:
                self._ahead.add(worker.id)
                log.warning(
                    "The clock of worker %s is %.0f seconds ahead of this worker's. Set both by the same source (NTP): "
                    "they take each other's jobs for lost otherwise.",
                    worker.id, worker.seen_at - now,
                )  # fmt: skip

    def _look_at_rights(self, now: float) -> None:
        """Stop what a person may not any more, or what works on a company that nobody may enter."""
        router = self.services.router
        entry = router.enter((f"jobs-watch/{self.worker_id}", None), None)
        try:
            for work in self.running():
                kind = KINDS.get(work.job.kind)
                if kind is None or work.stopping:
                    continue
                try:
                    actor_of(router, work.job, kind, tenant_of(router, work.job), now)
                except Stopped as stopped:
                    stopping.cancel(work.job.id, stopped.reason, now=now)
                    work.stop(stopped.reason, stopped.company)
        finally:
            router.leave(entry)

    def _make_up_for_lost_messages(self, now: float) -> None:
        ready = taking.ready(now=now)
        if not ready:
            return
        waiting = self.services.queue.length()
        if waiting is None:
            return
        for _ in range(min(ready, MOST_HINTS) - waiting):
            self.services.queue.send("again")
