"""What a backup or a restore has failed with: in words, with where that is and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import TenantError

#: Errors that want room.
FULL = (errno.ENOSPC, errno.EDQUOT)


class PlaceFailed(OSError):
    """Raised where a place that isn't a disk of this machine can't do what is asked of it.

    Args:
        why: its answer.
        where: at which address.
    """

    def __init__(self, why: str, where: str) -> None:
        super().__init__(errno.EIO, why, where)

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


class PlaceLacks(PlaceFailed, FileNotFoundError):
    """Raised where it hasn't what is asked for."""


def told(error: Exception) -> str:
    """Return an error as a sentence that says where it happened, and what to do."""
    if isinstance(
        error, TenantError
    ):  # which says so itself; that a lock wasn't had in time is an OSError, too
        return str(error)
    if not isinstance(error, OSError):
        return f"{type(error).__name__}: {error}"
    where = f" at {os.fsdecode(error.filename)}" if error.filename else ""
    if error.errno in FULL:
        return f"The disk is full{where}: make room there."
    if isinstance(error, PlaceFailed):
        return f"{error}. Can this machine reach it, and do its keys allow that?"
    why = error.strerror or str(error) or type(error).__name__
    return f"{why}{where}: is the disk sound, and may this process work there?"


@contextmanager
def at(path: str) -> Iterator[None]:
    """Let errors of the block say where they happened: a file that is open doesn't tell its name with them."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = path
        raise
