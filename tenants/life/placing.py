"""How a file that was prepared elsewhere becomes a store's: it is told whose it is, put in place, and looked over."""

from __future__ import annotations

import os
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..errors import StoreAhead, TenantError, WrongFile
from ..places import SIDE_FILES, flush_file, flush_folder, require_free
from ..schemas import migrations
from ..schemas.migrating import TIME_LIMIT, apply
from .steps import step

if TYPE_CHECKING:
    from ..store import Store


def place(store: Store, prepared: str) -> None:
    """Make a prepared file the file of a store that nobody knows of yet, all of it on the disk.

    It is opened there as every store is, so that whatever would turn others away later is found now; one of an older
    schema is migrated. The caller holds the mark of the home, which removes what a failure leaves.

    Args:
        store: whose the file is to be; there is none of that name.
        prepared: a closed database in a folder of the data folder. It is moved, and gone from there also where this
            fails half-way.

    Raises:
        WrongFile: it isn't a database of ours of that role, isn't sound, or isn't closed.
        StoreAhead: a newer program made it.
        MigrationFailed: it can't be brought to this program's schema.
        OSError, driver.Error: the disk is full, say.
    """
    _require_prepared(store, prepared)
    _identify(store, prepared)
    flush_file(prepared)
    step("store prepared")
    require_free(store.path)
    os.rename(prepared, store.path)
    flush_folder(os.path.dirname(store.path))
    step("store in place")
    make_ready(store)
    flush_file(store.path)
    flush_folder(os.path.dirname(store.path))  # that its log is gone again
    step("store looked over")


def _require_prepared(store: Store, prepared: str) -> None:
    # By its folder's real place: a path that looks as if it were within the data folder may lead out of it by a link.
    folder = os.path.realpath(os.path.dirname(os.path.abspath(prepared)))
    if not folder.startswith(f"{os.path.realpath(store.router.path)}{os.sep}"):
        raise WrongFile(
            f"{prepared}, which is to become {store.label}, doesn't lie within the data folder: copy it there first."
        )
    found = os.lstat(prepared)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise WrongFile(
            f"{prepared}, which is to become {store.label}, is no plain file of one name (a link?)."
        )
    for suffix in SIDE_FILES:
        if os.path.lexists(f"{prepared}{suffix}"):
            raise WrongFile(
                f"{prepared}, which is to become {store.label}, isn't closed: {os.path.basename(prepared)}{suffix} "
                f"lies beside it. Make a copy by SQLite's backup call, and offer that."
            )


def _identify(store: Store, prepared: str) -> None:
    """Let a file say that it is a store's. Raises `WrongFile` where it isn't one of that role."""
    try:
        with closing(
            sqlite.driver.connect(sqlite.uri(prepared), isolation_level=None, uri=True)
        ) as file:
            file.execute("PRAGMA trusted_schema = OFF")
            file.execute("PRAGMA synchronous = OFF")  # the caller waits for the disk, once
            _require_role(store, file)
            file.execute("PRAGMA journal_mode = WAL")
            file.execute(
                "UPDATE store_identity SET store = ?, owner = ?, role = ?, generation = ?",
                store._identity(),
            )
            # Closing it would do so too, and tell nobody where that fails.
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite.driver.DatabaseError as error:
        raise sqlite._unusable(f"what is to become {store.label}", error) from error


def _require_role(store: Store, file: Any) -> None:
    application = file.execute("PRAGMA application_id").fetchone()[0]
    roles = [row[0] for row in file.execute("SELECT role FROM store_identity LIMIT 2")]
    if application != sqlite.APPLICATION_ID or roles != [store.role]:
        says = f"it says {', '.join(map(repr, roles)) or 'nothing'}, with application id {application:#x}"
        raise WrongFile(
            f"What is to become {store.label} isn't a {store.role!r} store of ours ({says}): nothing was changed."
        )


def make_ready(store: Store) -> None:
    """Open a store that nobody uses as everybody will, and bring it to the program's schema.

    Raises:
        WrongFile: it isn't what the catalogue is to say, or is damaged.
        StoreAhead, MigrationFailed: its schema is newer, or can't be brought up.
    """
    with closing(store.open(any_version=True)) as file:
        found = [row[0] for row in file.execute("PRAGMA integrity_check(1)")]
        if found != ["ok"]:
            raise WrongFile(f"What is to become {store.label} is damaged ({found[0]}).")
        _bring_up(store, file)


def _bring_up(store: Store, file: Any) -> None:
    wanted = store.router.migrations.get(store.role)
    if wanted is None:
        return
    version = migrations.version_of(file)
    if version > wanted.version:
        raise StoreAhead(
            f"What is to become {store.label} is at version {version} of its schema, and this program knows "
            f"{wanted.version}: install the newer program first."
        )
    names = wanted.pending(file, store.label)
    if names:
        apply(file, store, names, TIME_LIMIT)
        step("store migrated")


def not_placed(label: str, error: Exception) -> TenantError:
    """Return the error for a file that couldn't be put in place for want of room, say."""
    return TenantError(
        f"The files of {label} can't be put in place ({error}); nothing was changed. Is there room on the disk, and "
        f"may this process write to the data folder?"
    )
