"""The last backup of what is purged: whole copies in a folder of their own, checked, with a manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..errors import TenantError
from ..places import flush_file, flush_folder, make_own_folder, relative_backup, remove_folder
from . import copies
from .steps import step

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store


def take(router: Router, purged: str, label: str, stores: Sequence[Store]) -> Path:
    """Copy stores that the caller has alone, and return the folder, all of which is on the disk.

    Args:
        router: the data folder.
        purged: the id of the tenant, or of the store, that is purged.
        label: what people call it.
        stores: what is copied.

    Raises:
        TenantError: there is no room for it, say, or a copy isn't sound. Whoever holds the mark removes what there is.
        WrongFile: a store isn't what the catalogue says it is.
    """
    folder = f"{router.path}/{relative_backup(purged)}"
    part = f"{folder}.part"
    try:
        make_own_folder(router.path, "purged")
        remove_folder(part)
        remove_folder(folder)  # of a purge that came to nothing
        os.mkdir(part, mode=0o700)
        step("backup begun")
        told = [_take_one(store, part) for store in stores]
        _write(f"{part}/manifest.json", _manifest(purged, label, told))
        flush_folder(part)
        step("backup flushed")
        os.rename(part, folder)
        flush_folder(os.path.dirname(folder))
        step("backup in place")
    except TenantError:
        raise
    except (OSError, sqlite.driver.Error) as error:
        raise TenantError(
            f"The last backup of {label} can't be made ({error}), and without one it isn't purged: nothing was "
            f"changed. Is there room on the disk, and may this process write to the data folder?"
        ) from error
    return Path(folder)


def _take_one(store: Store, folder: str) -> dict[str, Any]:
    name = f"{store.role}.{store.generation}.db"
    path = f"{folder}/{name}"
    with closing(store.open(any_version=True)) as connection:
        copies.copy(connection, path)
    flush_file(path)
    _require_sound(store, path)
    step("store backed up")
    with open(path, "rb") as file:  # a copy, which nobody has open
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "role": store.role,
        "store": store.id,
        "owner": store.owner,
        "generation": store.generation,
        "file": name,
        "bytes": os.path.getsize(path),
        "sha256": digest,
    }


def _require_sound(store: Store, path: str) -> None:
    """Open a copy again, and raise `TenantError` unless it is sound and says that it is that store."""
    uri = sqlite.uri(path).replace("mode=rw", "mode=ro&immutable=1")
    with closing(sqlite.driver.connect(uri, uri=True)) as connection:
        sqlite.require_identity(connection, store._identity(), f"the copy of {store.label}")
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
    if found != ["ok"]:
        raise TenantError(
            f"{store.label} is damaged ({found[0]}), so that its last backup would be: it isn't purged. Restore it "
            f"from a backup first."
        )


def _manifest(purged: str, label: str, stores: list[dict[str, Any]]) -> str:
    told = {
        "id": purged,
        "name": label,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "stores": stores,
    }
    return json.dumps(told, indent=2) + "\n"


def _write(path: str, text: str) -> None:
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
