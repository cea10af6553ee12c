"""Whose turn it is to make or remove backups: one at a time, in all processes on one data folder."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import BackupFailed, LockTimeout
from ..places import open_own
from .disk_words import told

NAME = "backups.lock"

#: Seconds to wait for the turn: another's backup of one large company may be in the way.
PATIENCE = 3600.0

#: Seconds between two looks: `flock` can't be waited for with a time-out.
_LOOK_AGAIN = 0.02


@contextmanager
def turn(data_folder: str, stopped: threading.Event) -> Iterator[None]:
    """Have the turn in the block. It is gone with its process, however that ends.

    Args:
        data_folder: the data folder.
        stopped: whoever sets it doesn't want to wait any longer.

    Raises:
        LockTimeout: another had it for too long.
        BackupFailed: it isn't wanted any more, or can't be had.
    """
    try:
        descriptor = open_own(f"{data_folder}/{NAME}")
    except OSError as error:
        raise BackupFailed(f"No backup can be made or removed now: {told(error)}") from error
    try:
        _wait(descriptor, stopped)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, stopped: threading.Event) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        if stopped.is_set():
            raise BackupFailed("The backups were stopped.")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise LockTimeout(
                    f"Another process has been making backups for {PATIENCE:g} seconds: nothing was done; try again."
                ) from error
        stopped.wait(_LOOK_AGAIN)
