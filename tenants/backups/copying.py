"""How a unit's stores are copied while others write to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from .. import sqlite
from ..errors import BackupFailed, TenantError
from ..life import copies
from ..life.steps import step
from .disk_words import told

if TYPE_CHECKING:
    from ..store import Store

#: Seconds to wait for maintenance of a store to end.
PATIENCE = 30.0


def copy(stores: Sequence[Store], folder: str) -> list[str]:
    """Copy stores by SQLite's backup call, and return the copies' paths.

    Each copy is of one instant; that of an earlier store isn't after that of a later one. Nobody who writes is held up.

    Args:
        stores: those of one unit, in its order.
        folder: an empty one.

    Raises:
        BackupFailed: there is no room for the copies, say.
        LockTimeout: somebody maintains the stores, and doesn't end.
        WrongFile: a file isn't the store that the catalogue says it is.
    """
    paths = [f"{folder}/{number}.db" for number in range(len(stores))]
    step("copying for a backup")
    try:
        with _kept_from_maintenance(stores), ExitStack() as opened:
            connections = []
            for store in stores:
                connection = opened.enter_context(closing(store.open_to_look()))
                with _noted(store):
                    connection.execute("BEGIN")
                    connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
                connections.append(connection)
                step("store fixed for a backup")
            for store, connection, path in zip(stores, connections, paths, strict=True):
                with _noted(store):
                    copies.copy(connection, path)
                step("store copied for a backup")
    except TenantError:
        raise  # that a lock wasn't had in time is an OSError, too
    except (OSError, sqlite.driver.Error) as error:
        with_hint = (
            f"{error}: is there room on that disk, and can the files of the data folder be read?"
        )
        why = told(error) if isinstance(error, OSError) else with_hint
        slug = stores[0].label.partition("/")[0]
        raise BackupFailed(f"The files of {slug} can't be copied into {folder}: {why}") from error
    return paths


@contextmanager
def _noted(store: Store) -> Iterator[None]:
    """Set the store read-only where its disk fails; that there is no room for its copy says nothing of it."""
    try:
        yield
    except sqlite.driver.Error as error:
        if sqlite.is_io_error(error):
            store.note(error)
        raise


@contextmanager
def _kept_from_maintenance(stores: Sequence[Store]) -> Iterator[None]:
    owned = next((store for store in stores if store.owner), None)
    if owned is None:
        yield
        return
    home = owned.home
    home.lease(PATIENCE, again=owned.router.pool.is_nested(threading.get_ident()))
    try:
        yield
    finally:
        home.release()
        home.close()
