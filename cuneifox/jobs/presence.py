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
from pathlib import Path

FOLDER = "workers"


class Presence:
    """Says that a worker is there, from its making to `end`.

    Args:
        data: the data folder.

    Attributes:
        worker_id: an id that no other worker has.
    """

    def __init__(self, data: Path) -> None:
        host = re.sub("[^A-Za-z0-9.-]", "-", socket.gethostname())[:30]
        self.worker_id = f"{host}:{os.getpid()}:{secrets.token_hex(4)}"
        folder = data / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{self.worker_id}.lock"
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def end(self) -> None:
        """It isn't there any more."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def dead_workers(data: Path) -> Iterator[str]:
    """Yield the ids of workers of this machine whose process has gone without a word; each is yielded once, to one."""
    folder = data / FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.lock")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:  # it has just gone, with a word
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():
                yield path.stem
                path.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
