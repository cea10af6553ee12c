"""The queue: huey's storage, in which nothing travels but ids.

What is delivered is a hint that there is something to do: the catalogue says what. So a message that is lost, doubled
or late does no harm, and a queue that can't be reached delays work and loses none.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey.api import Huey
from huey.consumer import Consumer

from cuneifox.jobs.places import public, redacted
from cuneifox.jobs.storages import NAME, REST, Storage, end, storage_at

log = logging.getLogger("cuneifox.jobs")

LONGEST_TURN = 1.0
"""Seconds that a thread waits until another one has sent its hint; then its own is left to the workers, who look."""


class Reach:
    """Whether the queue can be reached; the log is told as that changes, and never of its secrets.

    Args:
        place: a URL, or "" for a file.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._lock = threading.Lock()
        self.lacking = False

    def lost(self, error: Exception) -> None:
        """It couldn't be reached."""
        with self._lock:
            told, self.lacking = self.lacking, True
        if not told:
            log.warning(
                "The queue %s can't be reached: %s. Jobs are kept, and workers find them within a second or so.",
                public(self._place), redacted(error, self._place).rstrip(" .?!") or type(error).__name__,
            )  # fmt: skip

    def found(self) -> None:
        """It could be reached."""
        if not self.lacking:
            return
        with self._lock:
            told, self.lacking = not self.lacking, False
        if not told:
            log.warning("The queue %s can be reached again.", public(self._place))


class Queue:
    """Sends hints, from any thread; a queue that can't be reached holds nobody up for more than a moment.

    Args:
        place: a URL, or "" for a file.
        folder: the data folder.
    """

    def __init__(self, place: str, folder: Path) -> None:
        self.place, self.folder = place, folder
        self.reach = Reach(place)
        self._storage: Storage | None = None
        self._lock = threading.Lock()
        self._rest_until = 0.0

    def send(self, job_id: str) -> bool:
        """Say that there is a job to do; False where the queue can't be reached, which is told in the log."""
        return self._try(lambda storage: storage.enqueue(job_id.encode())) is not _FAILED

    def length(self) -> int | None:
        """Return how many hints nobody has taken yet; None where the queue can't be reached."""
        found = self._try(lambda storage: storage.queue_size())
        return None if found is _FAILED else int(found)

    def close(self) -> None:
        """Close its file or connection; it is opened again when it is used."""
        with self._lock:
            self._forget()

    def _try(self, step: Callable[[Storage], Any]) -> Any:
        if time.monotonic() < self._rest_until or not self._lock.acquire(timeout=LONGEST_TURN):
            return _FAILED
        try:
            if time.monotonic() < self._rest_until:  # whose turn came before found it out
                return _FAILED
            done = self._again(step) if self._storage is not None else self._anew(step)
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            self._forget()
            self._rest_until = time.monotonic() + REST
            self.reach.lost(error)
            return _FAILED
        finally:
            self._lock.release()
        self.reach.found()
        return done

    def _again(self, step: Callable[[Storage], Any]) -> Any:
        """On the connection that there is; where that has gone, the queue may be there all the same."""
        assert self._storage is not None
        try:
            return step(self._storage)
        except Exception:  # noqa: BLE001 - told where a new one fails, too
            self._forget()
            return self._anew(step)

    def _anew(self, step: Callable[[Storage], Any]) -> Any:
        storage = self._storage = storage_at(self.place, self.folder, shared=True)
        storage.prepare()
        return step(storage)

    def _forget(self) -> None:
        storage, self._storage = self._storage, None
        if storage is not None:
            _close(storage, wholly=True)


_FAILED = object()


def _close(storage: Storage, wholly: bool = False) -> None:
    try:
        end(storage) if wholly else storage.close()
    except Exception as error:  # noqa: BLE001 - it is of no more use in any case
        log.debug("closing the queue: %s", type(error).__name__)


class Deliveries(Huey):
    """huey, with messages that are ids, and none of its own: what becomes of a job is the catalogue's to say.

    Args:
        storage: where the messages lie.
        on_delivery: called in a worker's thread with each id, and with "" every second while the queue can't be
            reached.
        stopping: set when the workers are to stop.
        reach: told whether it can be reached.
    """

    def __init__(
        self,
        storage: Storage,
        on_delivery: Callable[[str], None],
        stopping: threading.Event,
        reach: Reach,
    ) -> None:
        self._given = storage
        self._on_delivery = on_delivery
        self._stopping = stopping
        self._reach = reach
        self._prepared = False
        self._trying = threading.Lock()
        super().__init__(NAME, results=False)

    def create_storage(self) -> Storage:
        """Take the storage that was given."""
        return self._given

    def dequeue(self) -> str | None:
        """Return an id, "" where the queue can't be reached, None where nothing came.

        While it can't, one thread tries again, which may take seconds; the others go on without.
        """
        if not self._reach.lacking:
            return self._tried()
        if not self._trying.acquire(blocking=False):
            self._stopping.wait(REST)
            return ""
        try:
            return self._tried()
        finally:
            self._trying.release()

    def _tried(self) -> str | None:
        try:
            data = self._next()
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            self._reach.lost(error)
            self.forget_connection()
            self._prepared = False  # it may come back empty
            self._stopping.wait(REST)
            return ""
        self._reach.found()
        return data.decode("ascii", "replace") if data is not None else None

    def _next(self) -> bytes | None:
        if self._reach.lacking:
            return self._taken()
        try:
            return self._taken()
        except Exception:
            # Threads may share what they wait for: what one has found out, the others needn't.
            if self._stopping.is_set() or self._reach.lacking:
                raise
            self.forget_connection()
        return self._taken()

    def _taken(self) -> bytes | None:
        if not self._prepared:
            self._given.prepare()
            self._prepared = True
        return self._given.dequeue()

    def execute(self, task: str, timestamp: object = None) -> None:
        """Deliver an id. What fails is told in the log: huey would end the thread."""
        try:
            self._on_delivery(task)
        except Exception:
            log.exception(
                "A job couldn't be taken, or its end not be written down; it is begun anew"
            )
            self._stopping.wait(REST)

    def forget_connection(self) -> None:
        """Have the calling thread connect anew."""
        _close(self._given)

    def end(self) -> None:
        """Close what is open, once no thread uses it."""
        _close(self._given, wholly=True)

    def read_schedule(self, timestamp: object = None) -> list[str]:
        """Nothing is delivered later than at once: the catalogue knows when a job may begin."""
        return []


class Deliverers(Consumer):
    """huey's threads, without its signals: those are the process's own; and without what it tells of its start."""

    def __init__(self, huey: Huey, **options: Any) -> None:
        super().__init__(huey, **options)
        self._logger.setLevel(logging.WARNING)

    def _set_signal_handlers(self) -> None:
        pass


def deliverers(huey: Deliveries, threads: int) -> Deliverers:
    """Return so many threads that take what is delivered, not started."""
    logging.getLogger("huey").setLevel(
        logging.WARNING
    )  # what it is about at each start is its own business
    huey.on_shutdown("close")(huey.forget_connection)  # in each thread, as it ends
    return Deliverers(
        huey, workers=threads, periodic=False, initial_delay=0.02, max_delay=0.1, scheduler_interval=60
    )  # fmt: skip
