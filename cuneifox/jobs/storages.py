"""Storages of the queue: a file, Redis, PostgreSQL; each waits for a message, and gives up in time where none comes."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Protocol

from huey.contrib.sql_huey import SqlStorage
from huey.storage import RedisStorage
from peewee import SqliteDatabase

from cuneifox.jobs.places import EXTRAS

NAME = "cuneifox"

LOOK_EVERY = 0.01
"""Seconds between two looks whether somebody has written to the queue's file; a look costs microseconds."""

LOOK_FOR = 0.5
"""Seconds after which a worker that waits sees whether it is to stop."""

CONNECT_WITHIN = 1.0
"""Seconds that a server may take to answer a connection."""

ANSWER_WITHIN = 2.0
"""Seconds that a server may take to answer, beyond those that it was asked to wait."""

REST = 1.0
"""Seconds for which a queue that couldn't be reached isn't tried again."""

PRAGMAS = {"journal_mode": "wal", "synchronous": "normal", "busy_timeout": 10_000}
"""The disk isn't waited for: what a power failure takes from the queue, the catalogue still knows."""

_WRITING = threading.Lock()
"""Held by who writes to the queue's file: SQLite itself would have a process's threads sleep, and try again."""

_ADD = "INSERT INTO task (queue, data, priority) VALUES (?, ?, ?)"
_ANY = "SELECT 1 FROM task WHERE queue = ? LIMIT 1"
_TAKE = """
DELETE FROM task WHERE id = (SELECT id FROM task WHERE queue = ? ORDER BY priority DESC, id LIMIT 1) RETURNING data
"""


class Storage(Protocol):
    """What is asked of each; whatever fails raises an error of its library's own."""

    blocking: bool

    def prepare(self) -> None:
        """Make what is missing there."""

    def enqueue(self, data: bytes) -> None:
        """Add a message."""

    def dequeue(self) -> bytes | None:
        """Take the next message; wait for one a moment, then return None."""

    def queue_size(self) -> int:
        """Return how many messages there are."""

    def close(self) -> None:
        """Give back the calling thread's connection; it is made anew when one is wanted."""


class FileQueue(SqlStorage):
    """In a SQLite file, on Peewee; waits for messages by asking SQLite whether the file has changed.

    Args:
        path: of the file.
        shared: whether all threads use one connection, one at a time by their own arrangement.
    """

    blocking = True

    def __init__(self, path: Path, shared: bool = False) -> None:
        self._seen = threading.local()
        options = {"thread_safe": False, "check_same_thread": False} if shared else {}
        database = SqliteDatabase(str(path), pragmas=PRAGMAS, **options)
        super().__init__(NAME, database=database, create_tables=False)

    def prepare(self) -> None:
        """Make the tables."""
        self.check_conn()
        self.database.create_tables([self.KV, self.Schedule, self.Task, self.Counter])

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Add a message."""
        self.check_conn()
        with _WRITING:
            self.database.execute_sql(_ADD, (self.name, data, priority or 0.0))

    def dequeue(self) -> bytes | None:
        """Return the next message; None after LOOK_FOR seconds without one."""
        end = time.monotonic() + LOOK_FOR
        while True:
            self.check_conn()
            version = self.database.execute_sql("PRAGMA data_version").fetchone()[0]
            if version != getattr(self._seen, "version", None):
                found = self._take()
                if found is not None:
                    return found
                self._seen.version = version
            if time.monotonic() >= end:
                return None
            time.sleep(LOOK_EVERY)

    def _take(self) -> bytes | None:
        if self.database.execute_sql(_ANY, (self.name,)).fetchone() is None:
            return None
        with _WRITING:
            rows = self.database.execute_sql(_TAKE, (self.name,)).fetchall()
        return bytes(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close the calling thread's connection; the next one knows nothing of what this one has seen."""
        self._seen.version = None
        super().close()


class RedisQueue(RedisStorage):
    """In a Redis server's list.

    Args:
        place: its URL.
    """

    def __init__(self, place: str) -> None:
        super().__init__(NAME, connection_pool=redis_pool(place))

    def prepare(self) -> None:
        """Nothing needs to be there."""

    def dequeue(self) -> bytes | None:
        """Return the next message; None after a second without one. A server that doesn't answer is an error."""
        found = self.conn.brpop(self.queue_key, timeout=self.read_timeout)
        return bytes(found[1]) if found else None

    def close(self) -> None:
        """Nothing is a thread's own: a connection that has failed isn't used again."""

    def end(self) -> None:
        """Close all connections."""
        self.pool.disconnect()


def redis_pool(place: str) -> Any:
    """Return connections that give up in time, and say so instead of trying again by themselves."""
    from redis import ConnectionPool
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return ConnectionPool.from_url(
        place,
        socket_connect_timeout=CONNECT_WITHIN,
        socket_timeout=ANSWER_WITHIN,
        retry=Retry(NoBackoff(), 0),
    )


def storage_at(place: str, folder: Path, shared: bool = False) -> Storage:
    """Return a storage, which connects when it is used.

    Args:
        place: a URL that `check_place` lets through; "" for a file.
        folder: the data folder.
        shared: whether threads take turns with one connection.
    """
    kind = EXTRAS.get(place.partition("://")[0])
    if kind == "redis":
        return RedisQueue(place)
    if kind == "postgresql":
        from cuneifox.jobs.postgres_queue import PostgresQueue

        return PostgresQueue(place)
    return FileQueue(folder / "queue.db", shared)


def end(storage: Storage) -> None:
    """Close a storage for all threads."""
    getattr(storage, "end", storage.close)()
