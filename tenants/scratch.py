"""Folders for what is gone at the end of the work, and of a process that died, at the beginning of the next one's."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .places import make_own_folder, remove_folder


@contextmanager
def scratch_folder(data_folder: str, name: str) -> Iterator[str]:
    """Give an empty folder within the data folder, gone at the end. What dead processes left goes first.

    Args:
        data_folder: the data folder.
        name: which of its folders it is made in; see `places.FOLDERS`.
    """
    above = f"{data_folder}/{name}"
    folder, lock = _make(above)
    try:
        for other in os.listdir(above):
            _clear(f"{above}/{other}")
        yield folder
    finally:
        remove_folder(folder)
        os.close(lock)
        with suppress(OSError):  # another has its own there
            os.rmdir(above)


def _make(above: str) -> tuple[str, int]:
    data_folder, _, name = above.rpartition("/")
    while True:
        try:
            make_own_folder(data_folder, name)
            folder = tempfile.mkdtemp(dir=above)
        except FileNotFoundError:  # another was the last, and took it away
            if not os.path.isdir(data_folder):
                raise
            continue
        lock = os.open(f"{folder}/lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(f"{folder}/lock"):
            return folder, lock
        os.close(lock)  # another took it for a dead process's, just before it was locked


def _clear(folder: str) -> None:
    with suppress(OSError):
        lock = os.open(f"{folder}/lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_folder(folder)
        finally:
            os.close(lock)
