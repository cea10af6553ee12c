"""Whether a worker of this machine is still there: it holds a lock on a file of its own, which goes with the process.

A worker on another machine is only known by its lease.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "workers"


def _host() -> str:
    return re.sub("[^A-Za-z0-9.-]", "-", socket.gethostname())[:30]


class Presence:
    """Says that a worker is there, from its making to `end`.

    Args:
        data: the data folder.

    Attributes:
        worker_id: an id that no other worker has.
    """

    def __init__(self, data: Path) -> None:
        self.worker_id = f"{_host()}:{os.getpid()}:{secrets.token_hex(4)}"
        folder = data / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{self.worker_id}.lock"
        while (handle := self._claimed()) is None:
            pass
        self._handle = handle

    def _claimed(self) -> int | None:
        """The file comes under its name with the lock on it, or others would take its worker for dead.

        None where it was swept away before.
        """
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            fresh.rename(self._path)
        except FileNotFoundError:
            os.close(handle)
            return None
        return handle

    def end(self) -> None:
        """It isn't there any more."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def dead_workers(data: Path) -> Iterator[str]:
    """Yield the ids of workers of this machine whose process has gone without a word.

    Each is yielded to one at a time, and to nobody once whoever got it asks for the next.
    """
    folder = data / FOLDER
    for path in sorted(folder.glob(f"{_host()}:*")) if folder.is_dir() else ():
        with _unclaimed(path) as dead:
            if dead and path.suffix == ".lock":
                yield path.stem
            if dead:
                path.unlink(missing_ok=True)


@contextmanager
def _unclaimed(path: Path) -> Iterator[bool]:
    """Hold a file's lock in the block; False where its worker does, or has just gone with a word."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        dead = path.exists()
    except BlockingIOError:
        dead = False
    try:
        yield dead
    finally:
        os.close(handle)
