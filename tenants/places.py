"""Where files lie in a data folder. Only what the catalogue gave out becomes a path."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import sqlite
from .errors import TenantError, WrongFile
from .tenant import is_id

_ROLE = re.compile(r"[a-z][a-z0-9_]{0,30}")
_PLACE = re.compile(rf"tenants/[a-z2-7]{{26}}/{_ROLE.pattern}\.[1-9][0-9]{{0,9}}\.db")

_KEY = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}")

UNIVERSAL_NAME = "universal.db"
NOTICE_NAME = "universal.notice"

#: What SQLite keeps beside a database.
SIDE_FILES = ("-wal", "-shm", "-journal")

#: The folders of a data folder: the tenants' homes, marks of changes that are under way, ready-made stores of new
#: tenants, the last backups of what was purged, copies on which migrations are tried, the shared database as it was
#: before its own, and copies of which backups are made.
FOLDERS = (
    "tenants",
    "making",
    "templates",
    "purged",
    "trials",
    "snapshots",
    "backing_up",
    "restoring",
)


def require_role(role: str) -> str:
    """Return a store's role if it may be part of a file's name.

    Raises:
        TenantError: it may not.
    """
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise TenantError(
            f"{role!r} can't be a store's name: in `class Meta: store = …` use up to 31 of a-z, digits and "
            f"underscores, with a letter first, such as 'books'."
        )
    return role


def relative_home(owner: str) -> str:
    """Return the folder of a tenant's own stores, within the data folder."""
    if not is_id(owner):
        raise WrongFile(f"{owner!r} isn't a tenant's id, and makes no path.")
    return f"tenants/{owner}"


def relative_path(owner: str, role: str, generation: int) -> str:
    """Return a store's place in the data folder: made of what the catalogue gave out, never of what people wrote."""
    place = f"tenants/{owner}/{role}.{generation}.db"
    if not _PLACE.fullmatch(place):
        raise WrongFile(f"{owner!r}, {role!r} and {generation!r} don't make a place for a store.")
    return place


def make_folder(folder: Path) -> None:
    """Make the data folder if it isn't there, for its owner alone. Raises `WrongFile` where that can't be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongFile(
            f"The data folder {folder} isn't there and can't be made ({error.strerror}): name another one."
        ) from error


def relative_mark(owner: str) -> str:
    """Return the place of the mark that a tenant's home is being changed."""
    if not is_id(owner):
        raise WrongFile(f"{owner!r} isn't a tenant's id, and makes no path.")
    return f"making/{owner}"


def relative_template(key: str) -> str:
    """Return the folder of the ready-made stores of that key."""
    if not _KEY.fullmatch(key):
        raise WrongFile(f"{key!r} isn't a template's key, and makes no path.")
    return f"templates/{key}"


def relative_backup(purged: str) -> str:
    """Return the folder of the last backup of a purged tenant or store, by its id."""
    if not is_id(purged):
        raise WrongFile(f"{purged!r} isn't an id, and makes no path.")
    return f"purged/{purged}"


def require_own_folder(folder: str) -> None:
    """Raise `WrongFile` where a folder within the data folder is a link, which would lead out of it, or no folder."""
    for name in FOLDERS:
        path = f"{folder}/{name}"
        if os.path.islink(path) or (os.path.lexists(path) and not os.path.isdir(path)):
            raise WrongFile(
                f"{path} is a link, or no folder: put the folder itself there, or open the data folder where it is."
            )


def make_own_folder(folder: str, name: str) -> str:
    """Return the path of one of the data folder's folders, and make it, for its owner alone, if it isn't there.

    Raises:
        WrongFile: it is a link, or no folder.
        OSError: it can't be made.
    """
    path = f"{folder}/{name}"
    with suppress(FileExistsError):
        os.mkdir(path, mode=0o700)
        flush_folder(folder)
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise WrongFile(f"{path} is a link, or no folder: put the folder itself there.")
    return path


def make_universal(folder: str, prepare: Callable[[Any], object] | None = None) -> str:
    """Return the path of the folder's shared database, and make it if it isn't there.

    Processes that start at the same time make one, which appears under its name when it is whole.

    Args:
        folder: the data folder.
        prepare: called with a connection to a new one, for what else it is to hold.

    Raises:
        WrongFile: its journal files are there and the database isn't, or the folder can't be written.
    """
    path = f"{folder}/{UNIVERSAL_NAME}"
    if os.path.lexists(path):
        return path
    try:
        with open(open_own(f"{folder}/{UNIVERSAL_NAME}.lock"), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.lexists(path):
                _make_aside(path, prepare)
    except OSError as error:
        raise WrongFile(
            f"The shared database of {folder} is missing and can't be made ({error}). If this isn't a new data folder, "
            f"put {UNIVERSAL_NAME} back, or restore it from a backup."
        ) from error
    flush_folder(folder)
    return path


def _make_aside(path: str, prepare: Callable[[Any], object] | None) -> None:
    for suffix in SIDE_FILES:
        if os.path.lexists(f"{path}{suffix}"):
            raise FileExistsError(f"{os.path.basename(path)}{suffix} is there without its database")
    aside = f"{path}.new"
    for suffix in ("", *SIDE_FILES):  # of a start that was interrupted
        with suppress(FileNotFoundError):
            os.unlink(f"{aside}{suffix}")
    sqlite.create(aside, sqlite.SHARED_IDENTITY, prepare)
    os.rename(aside, path)


def remove_store(path: str) -> None:
    """Remove a store's file, which nobody has open, and what SQLite keeps beside it.

    The database goes first. Were its log to go first, and this process to die then, a database would be left that
    opens well and lacks its latest commits; a log without its database opens as nothing, and no new file is ever made
    beside one.
    """
    for suffix in ("", *SIDE_FILES):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def remove_folder(folder: str) -> None:
    """Remove a folder with all that is in it, stores as `remove_store` does. Links are removed, and never followed."""
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)
            return
        for name in os.listdir(folder):
            if name.endswith(".db"):
                remove_store(f"{folder}/{name}")
        shutil.rmtree(folder)


def require_free(path: str) -> None:
    """Raise `FileExistsError` if there is a file of that name, or one that SQLite would take for its log."""
    for suffix in ("", *SIDE_FILES):
        if os.path.lexists(f"{path}{suffix}"):
            raise FileExistsError(f"{os.path.basename(path)}{suffix} is already there")


def open_own(path: str, make: bool = True) -> int:
    """Open a file of ours that is no database. Returns a descriptor to read and write by.

    Args:
        path: the file.
        make: make it if it isn't there.

    Raises:
        OSError: it isn't there, can't be made, or is a link. Such a one isn't even opened: it might lead to a
            database, and closing that would drop the locks that SQLite has on it in this process.
    """
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise OSError(errno.ELOOP, "it is a link, or no file")
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if make else 0)
    return os.open(path, flags, 0o600)


def flush_file(path: str) -> None:
    """Wait until a file, which nobody has open as a database, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_files(paths: Sequence[str]) -> None:
    """Wait until files, which nobody has open as databases, are on the disk: for all at once, as a disk likes it."""
    failed: list[BaseException] = []

    def flush(path: str) -> None:
        try:
            flush_file(path)
        except BaseException as error:  # noqa: BLE001 - told by whoever waits
            failed.append(error)

    threads = [threading.Thread(target=flush, args=(path,)) for path in paths[1:]]
    for thread in threads:
        thread.start()
    for path in paths[:1]:
        flush(path)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def flush_folder(folder: str) -> None:
    """Wait until a folder's own entries are on the disk, so that files in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
