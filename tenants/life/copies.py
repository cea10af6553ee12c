"""Whole copies of stores, by SQLite's backup call: the only way to copy a database that others have open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..places import require_free

if TYPE_CHECKING:
    from ..store import Store


@contextmanager
def snapshot(stores: Sequence[Store]) -> Iterator[dict[Store, Any]]:
    """Give connections to several stores of one tenant that all see them as of one instant, while others go on writing.

    Writers are held up for that instant alone. A row in one store that names one in another finds it so, in whichever
    order the stores are copied.

    Raises:
        LockTimeout: a store's writers took too long.
    """
    with ExitStack() as kept:
        with ExitStack() as held_up:
            for store in stores:
                if store.read_only is None and store.trouble is None:
                    held_up.enter_context(store.engine.no_writers(store))
            found = {store: kept.enter_context(store.engine.fixed(store)) for store in stores}
        yield found


def copy(connection: Any, path: str, identity: sqlite.Identity | None = None) -> None:
    """Copy what a connection sees into a new file, which is closed then and whole, and not yet on the disk.

    Args:
        connection: to the store.
        path: the new file.
        identity: whose the copy is; the store's own unless given.

    Raises:
        FileExistsError: there is a file of that name, or one that SQLite would take for its log.
        OSError, driver.Error: the disk is full, say.
    """
    require_free(path)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600))
    with closing(_private(path)) as target:
        target.execute("PRAGMA journal_mode = OFF")  # what fails here is thrown away
        connection.backup(
            target, pages=-1
        )  # at one go: by pieces it would begin anew at each write
    if identity is not None:
        with closing(_private(path)) as target:
            target.execute("PRAGMA journal_mode = WAL")
            target.execute(
                "UPDATE store_identity SET store = ?, owner = ?, role = ?, generation = ?", identity
            )


def _private(path: str) -> Any:
    connection = sqlite.driver.connect(sqlite.uri(path), isolation_level=None, uri=True)
    connection.execute("PRAGMA synchronous = OFF")  # the caller waits for the disk, once
    return connection
