"""The process's file descriptors: how many it may have, and whether there are any left."""

from __future__ import annotations

import errno
import os
import resource
from contextlib import suppress

from .errors import NoRoom

_EXHAUSTED = (errno.EMFILE, errno.ENFILE)
#: What SQLite opens of one database: the file, its write-ahead log, and the log's index.
_OF_ONE_DATABASE = 3


def limit() -> int | None:
    """Return how many this process may have open (`ulimit -n`, the soft limit), or None where there is no limit."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def are_exhausted(error: OSError | None = None) -> bool:
    """True where a file couldn't be opened for want of descriptors.

    Args:
        error: what opening it raised; None where that doesn't say why, as SQLite doesn't: then a few are tried.
    """
    if error is not None:
        return error.errno in _EXHAUSTED
    tried: list[int] = []
    try:
        while len(tried) < _OF_ONE_DATABASE:
            tried.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as failed:
        return failed.errno in _EXHAUSTED
    finally:
        for descriptor in tried:
            with suppress(OSError):
                os.close(descriptor)
    return False


def none_left(label: str) -> NoRoom:
    """Return what to raise where a file of `label` can't be opened for want of descriptors."""
    return NoRoom(
        f"{label} can't be opened: this process has no file descriptors left, of the {limit()} that it may have open. "
        f"Nothing is wrong with its files, and nothing was changed; try again, raise the limit (`ulimit -n`), or make "
        f"the pool's budget smaller."
    )
