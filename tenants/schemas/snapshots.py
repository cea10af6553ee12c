"""Copies of stores as they were before a migration, beside them in their tenant's folder."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..errors import TenantError, WrongFile
from ..life import copies
from ..places import flush_file, make_own_folder, remove_store

if TYPE_CHECKING:
    from ..store import Store

#: How many are kept of one store.
KEPT = 3


def take(store: Store, connection: Any, version: int) -> str:
    """Copy a store as a connection of it sees it, wait until the copy is on the disk, and return its path.

    It is `snapshots/<role>.<generation>.v<version>.db` beside the store, a whole database of its own; it goes with the
    tenant. Of one store the last `KEPT` stay.

    Raises:
        TenantError: there is no room for it, or its folder can't be written; the store is as it was.
    """
    path = part = ""
    try:
        folder = make_own_folder(store.folder, "snapshots")
        path = f"{folder}/{store.role}.{store.generation}.v{version}.db"
        part = f"{path}.part"
        remove_store(part)  # of a run that was cut short
        copies.copy(connection, part)
        flush_file(part)
        os.rename(part, path)
        _prune(folder, store.role, store.generation)
    except (OSError, sqlite.driver.Error, WrongFile) as error:
        if part:
            with suppress(OSError):
                remove_store(part)
        raise TenantError(
            f"No snapshot of {store.label} could be taken ({error}), so it was left as it is. Is there room on the "
            f"disk, and may this process write to its folder?"
        ) from error
    return path


_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([0-9]+)\.v([0-9]+)\.db")


def _prune(folder: str, role: str, generation: int) -> None:
    # Of this store alone: one of another generation may be in use too, by others with whom it was shared.
    found = []
    for name in os.listdir(folder):
        match = _NAME.fullmatch(name)
        if match and (match.group(1), int(match.group(2))) == (role, generation):
            found.append((int(match.group(3)), name))
    for _, name in sorted(found)[:-KEPT]:
        os.unlink(f"{folder}/{name}")
