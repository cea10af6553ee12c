"""Copies of stores as they were before a migration, beside them in their tenant's folder."""

from __future__ import annotations

import os
import re
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from . import sqlite
from .errors import TenantError

if TYPE_CHECKING:
    from .store import Store

#: How many are kept of one store.
KEPT = 3


def take(store: Store, connection: Any, version: int) -> str:
    """Copy a store as a connection of it sees it, wait until the copy is on the disk, and return its path.

    It is `snapshots/<role>.<generation>.v<version>.db` beside the store, a whole database of its own; it goes with the
    tenant. Of one store the last `KEPT` stay.

    Raises:
        TenantError: there is no room for it, or its folder can't be written; the store is as it was.
    """
    folder = f"{os.path.dirname(store.path)}/snapshots"
    name = f"{store.role}.{store.generation}.v{version}.db"
    path = f"{folder}/{name}"
    try:
        with suppress(FileExistsError):
            os.mkdir(folder, mode=0o700)
        copy(connection, f"{path}.part", lasting=True)
        os.rename(f"{path}.part", path)
        _prune(folder, store.role)
    except (OSError, sqlite.driver.Error) as error:
        with suppress(OSError):
            os.unlink(f"{path}.part")
        raise TenantError(
            f"No snapshot of {store.label} could be taken ({error}), so it was left as it is. Is there room on the "
            f"disk, and may this process write to its folder?"
        ) from error
    return path


def copy(connection: Any, path: str, lasting: bool) -> None:
    """Copy a database with SQLite's backup call into a new file; one that an earlier try left is replaced.

    Args:
        connection: the source.
        path: where; a file of that name goes.
        lasting: wait until it is on the disk.
    """
    with suppress(FileNotFoundError):
        os.unlink(path)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600)
    try:
        uri = sqlite.uri(path)
        with closing(sqlite.driver.connect(uri, isolation_level=None, uri=True)) as target:
            target.execute("PRAGMA synchronous = OFF")  # once, at the end
            target.execute("PRAGMA journal_mode = OFF")
            connection.backup(target)
        if lasting:
            os.fsync(descriptor)
    finally:
        os.close(
            descriptor
        )  # nobody else has the copy open, so that this drops no lock of SQLite's


_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([0-9]+)\.v([0-9]+)\.db")


def _prune(folder: str, role: str) -> None:
    found = []
    for name in os.listdir(folder):
        match = _NAME.fullmatch(name)
        if match and match.group(1) == role:
            found.append((int(match.group(2)), int(match.group(3)), name))
    for _, _, name in sorted(found)[:-KEPT]:
        os.unlink(f"{folder}/{name}")
