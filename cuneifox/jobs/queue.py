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
from huey.contrib.sql_huey import SqlStorage
from huey.storage import BaseStorage
from peewee import SqliteDatabase

log = logging.getLogger("cuneifox.jobs")

NAME = "cuneifox"

LOOK_EVERY = 0.01
"""Seconds between two looks whether somebody has written to the queue's file; a look costs microseconds."""

LOOK_FOR = 0.5
"""Seconds after which a worker that waits sees whether it is to stop."""

PRAGMAS = {"journal_mode": "wal", "synchronous": "normal", "busy_timeout": 10_000}
"""The disk isn't waited for: what a power failure takes from the queue, the catalogue still knows."""


class FileStorage(SqlStorage):
    """huey's storage on Peewee, in a SQLite file; waits for messages by asking SQLite whether the file has changed."""

    blocking = True

    def __init__(self, name: str = NAME, database: Any = None, **options: Any) -> None:
        self._seen = threading.local()
        super().__init__(name, database=database, **options)

    def dequeue(self) -> bytes | None:
        """Return the next message; None after LOOK_FOR seconds without one."""
        end = time.monotonic() + LOOK_FOR
        while True:
            self.check_conn()
            version = self.database.execute_sql("PRAGMA data_version").fetchone()[0]
            if version != getattr(self._seen, "version", None):
                if self.tasks(self.Task.id).exists():
                    found: bytes | None = super().dequeue()
                    if found is not None:
                        return found
                self._seen.version = version
            if time.monotonic() >= end:
                return None
            time.sleep(LOOK_EVERY)


def storage_at(place: str, folder: Path) -> BaseStorage:
    """Return a storage: a file in the data folder where `place` is empty, else Redis or PostgreSQL by its URL.

    Raises:
        ValueError: there is no such kind of queue, or its library is missing.
    """
    if not place:
        return FileStorage(database=SqliteDatabase(str(folder / "queue.db"), pragmas=PRAGMAS))
    scheme = place.partition(":")[0]
    try:
        if scheme in ("redis", "rediss", "unix"):
            from huey.storage import RedisStorage

            return RedisStorage(NAME, url=place, read_timeout=1)
        if scheme in ("postgresql", "postgres"):
            from huey.storage import PostgresStorage

            return PostgresStorage(NAME, dsn=place, create_tables=False)
    except Exception as error:
        raise ValueError(f"the queue {_public(place)} can't be used: {error}") from error
    raise ValueError(
        f"the queue {_public(place)} is of no known kind: leave it empty for a file in the data folder, "
        f"or give redis://… or postgresql://…"
    )


def _public(place: str) -> str:
    """A URL without what stands before its @: names and passwords are nobody's business."""
    scheme, found, rest = place.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else place


class Queue:
    """Sends hints, from any thread.

    Args:
        place: a URL, or "" for a file.
        folder: the data folder.
    """

    def __init__(self, place: str, folder: Path) -> None:
        self.place, self.folder = place, folder
        self._storage: BaseStorage | None = None
        self._lock = threading.Lock()
        self._failing = False

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
            storage, self._storage = self._storage, None
            if storage is not None:
                _close(storage)

    def _try(self, step: Callable[[BaseStorage], Any]) -> Any:
        with self._lock:
            try:
                if self._storage is None:
                    self._storage = self._open()
                done = step(self._storage)
            except Exception as error:  # noqa: BLE001 - each storage has errors of its own
                storage, self._storage = self._storage, None
                if storage is not None:
                    _close(storage)
                if not self._failing:
                    log.warning(
                        "The queue %s can't be reached: %s. Jobs are kept, and found by workers a little later.",
                        _public(self.place) or "queue.db", error,
                    )  # fmt: skip
                self._failing = True
                return _FAILED
            if self._failing:
                self._failing = False
                log.warning("The queue %s can be reached again.", _public(self.place) or "queue.db")
            return done

    def _open(self) -> BaseStorage:
        if not self.place:  # one connection for all threads, under the lock
            database = SqliteDatabase(
                str(self.folder / "queue.db"), pragmas=PRAGMAS, thread_safe=False, check_same_thread=False,
            )  # fmt: skip
            return FileStorage(database=database)
        storage = storage_at(self.place, self.folder)
        storage.initialize_schema()
        return storage


_FAILED = object()


def _close(storage: BaseStorage) -> None:
    try:
        storage.close()
    except Exception:
        log.debug("closing the queue", exc_info=True)


class Deliveries(Huey):
    """huey, with messages that are ids, and none of its own: what becomes of a job is the catalogue's to say.

    Args:
        storage: where the messages lie.
        on_delivery: called in a worker's thread with each id, and with "" every second while the queue can't be
            reached.
        stopping: set when the workers are to stop.
    """

    def __init__(
        self,
        storage: BaseStorage,
        on_delivery: Callable[[str], None],
        stopping: threading.Event,
    ) -> None:
        self._given = storage
        self._on_delivery = on_delivery
        self._stopping = stopping
        super().__init__(NAME, results=False)

    def create_storage(self) -> BaseStorage:
        """Take the storage that was given."""
        return self._given

    def dequeue(self) -> str | None:
        """Return an id, "" where the queue can't be reached, None where nothing came."""
        try:
            data = self.storage.dequeue()
        except Exception:
            log.debug("reading from the queue", exc_info=True)
            self.forget_connection()
            self._stopping.wait(1.0)
            return ""
        return data.decode("ascii", "replace") if data is not None else None

    def execute(self, task: str, timestamp: object = None) -> None:
        """Deliver an id."""
        self._on_delivery(task)

    def forget_connection(self) -> None:
        """Have the calling thread connect anew."""
        _close(self.storage)


class Deliverers(Consumer):
    """huey's threads, without its signals: those are the process's own."""

    def _set_signal_handlers(self) -> None:
        pass


def deliverers(huey: Deliveries, threads: int) -> Deliverers:
    """Return so many threads that take what is delivered, not started."""
    logging.getLogger("huey").setLevel(
        logging.WARNING
    )  # what it is about at each start is its own business
    huey.on_shutdown("close")(huey.forget_connection)  # in each thread, as it ends
    consumer = Deliverers(
        huey, workers=threads, periodic=False, initial_delay=0.02, max_delay=0.1, scheduler_interval=60
    )  # fmt: skip
    huey._stopping = consumer.stop_flag
    return consumer
