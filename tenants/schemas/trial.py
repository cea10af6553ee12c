"""Trying migrations on a copy of a store, so that what would fail is known before anything is changed."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, suppress
from typing import TYPE_CHECKING

from .. import sqlite
from ..errors import TenantError
from ..life import copies
from ..places import remove_store
from ..scratch import scratch_folder
from . import migrations
from .migrating import TIME_LIMIT, Migrated, apply, hindered

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store


def trials(router: Router) -> AbstractContextManager[str]:
    """Give a folder for copies within the data folder, gone at the end. What a dead process left goes first."""
    return scratch_folder(router.path, "trials")


def try_out(store: Store, folder: str, time_limit: float = TIME_LIMIT) -> Migrated:
    """Migrate a copy of a store, and leave no trace of it.

    The caller keeps maintenance away from the store; whoever works on it goes on.

    Args:
        store: the store.
        folder: where the copy lies for the time.
        time_limit: seconds that the transaction may take.

    Raises:
        MigrationFailed: as `migrate` would, on the store as it is now.
        TenantError: the store can't be read, or there is no room for the copy.
    """
    path = f"{folder}/{store.id}.{store.generation}.db"
    try:
        with closing(store.open_to_look()) as source:
            before = migrations.version_of(source)
            names = store.router.migrations[store.role].pending(source, store.label)
            if not names:
                return Migrated(before, ())
            copies.copy(source, path)
        uri = sqlite.uri(path)
        with closing(sqlite.driver.connect(uri, isolation_level=None, uri=True)) as copy:
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("PRAGMA trusted_schema = OFF")
            store.database._add_conn_hooks(copy)  # functions that its triggers and indexes may call
            apply(copy, store, names, time_limit)
        return Migrated(before, names)
    except sqlite.driver.Error as error:
        raise hindered(store, error) from error
    except OSError as error:
        raise TenantError(
            f"{store.label} couldn't be copied to try its migrations ({error}): is there room on the disk?"
        ) from error
    finally:
        with suppress(OSError):
            remove_store(path)
