"""Stores' write-ahead logs: how large they are, and how one that has grown is brought down again.

A log can't be begun anew while somebody reads a state that stands in it, so that it grows for as long as a snapshot
lasts and others write (https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files). Its size is asked of the
file system and never by opening it: closing a descriptor of a database's file drops the locks that SQLite has on it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import sqlite

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store

#: Bytes from which on moving a log into the file is worth while: SQLite does so itself after some commits from about
#: there on, and that commit waits for it.
WORTH_MOVING = 4 * 1024 * 1024


class LogSizes(NamedTuple):
    """The logs of the stores that are open, in bytes."""

    largest: int
    total: int


def log_size(store: Store) -> int:
    """Return how many bytes a store's log has; 0 where there is none."""
    try:
        return os.stat(f"{store.path}-wal", follow_symlinks=False).st_size
    except OSError:
        return 0


def log_sizes(router: Router) -> LogSizes:
    """Look at the logs of all stores that this process has open, the shared database's among them."""
    sizes = [log_size(store) for store in {*router.pool.stores(), router.universal_store}]
    return LogSizes(max(sizes), sum(sizes))


def help_along(store: Store, connection: Any) -> None:
    """Move a log that has grown into the file, as far as others who read it allow; the next writer begins it anew.

    Holds nobody up: it neither waits for anybody nor keeps others from writing. Not for a store that has a fault.

    Args:
        store: the store.
        connection: one that nothing is open on.
    """
    if store.trouble or store.read_only or log_size(store) < WORTH_MOVING:
        return
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite.driver.Error as error:
        store.note(error)
