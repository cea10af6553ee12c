"""The embedded engine: which SQLite may be used, how a file is opened, and how it says whose it is."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import peewee

from .errors import SqliteUnsafe, WrongFile

driver = peewee.sqlite3  # one SQLite library per process: the one that Peewee took up

#: "CUNF", in the header of each of our files (`PRAGMA application_id`).
APPLICATION_ID = 0x43554E46

#: Milliseconds that SQLite itself waits for another process's lock.
BUSY_TIMEOUT_MS = 5000

_IDENTITY_TABLE = """
CREATE TABLE store_identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    store TEXT NOT NULL, owner TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL
) STRICT
"""

_IDENTIFY = "SELECT application_id, store, owner, role, generation FROM pragma_application_id, store_identity"

Identity = tuple[str, str, str, int]  # store id, owner's tenant id, role, generation


def require_safe_sqlite(version: tuple[int, ...] | None = None) -> None:
    """Refuse an SQLite library with the WAL-reset bug, which can corrupt a database that several threads use.

    It is in 3.7.0 to 3.51.2, but for 3.44.6 and later patches of 3.44, and 3.50.7 and later patches of 3.50
    (https://www.sqlite.org/wal.html#walresetbug).

    Raises:
        SqliteUnsafe: says what to install.
    """
    found = tuple(version or driver.sqlite_version_info)
    patched = (found[:2] == (3, 44) and found >= (3, 44, 6)) or (
        found[:2] == (3, 50) and found >= (3, 50, 7)
    )
    if found < (3, 51, 3) and not patched:
        raise SqliteUnsafe(
            f"The SQLite library here is {'.'.join(map(str, found))}, whose WAL-reset bug can corrupt databases "
            f"(fixed in 3.51.3). Install a current one with `pip install 'pysqlite3>=0.6.1'`, which Peewee then uses."
        )


def create(path: str, identity: Identity) -> None:
    """Make a database file that says whose it is.

    Raises:
        FileExistsError: there is a file of that name, or one that SQLite would take for its journal.
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.lexists(f"{path}{suffix}"):
            raise FileExistsError(
                f"{os.path.basename(path)}{suffix} is already there; nothing was changed."
            )
    connection = driver.connect(path, isolation_level=None)
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_IDENTITY_TABLE)
        connection.execute("INSERT INTO store_identity VALUES (1, ?, ?, ?, ?)", identity)
    finally:
        connection.close()
    os.chmod(path, 0o600)


def uri(path: str) -> str:
    """Return the URI that opens an existing file, and never makes one."""
    return f"file:{quote(path)}?mode=rw"


def connect(path_uri: str, identity: Identity, label: str, synchronous: str = "FULL") -> Any:
    """Open a store's file: first see whose it is, then set it up for many users.

    Args:
        path_uri: as `uri()` gives it.
        identity: what the catalogue expects to find in the file.
        label: what people call the store, for messages.
        synchronous: FULL, so that a commit survives power loss; NORMAL where the application may lose some.

    Raises:
        WrongFile: the file is missing, isn't SQLite, is another store's or generation's, or won't go into WAL mode.
    """
    try:
        connection = driver.connect(
            path_uri, isolation_level=None, uri=True, check_same_thread=False
        )
    except driver.Error as error:
        raise WrongFile(
            f"The file of {label} can't be opened ({error}). Restore it from a backup."
        ) from error
    try:
        _require_identity(connection, identity, label)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise WrongFile(
                f"{label} can't use write-ahead logging (SQLite answers {mode!r}): is the folder on a network disk?"
            )
        connection.executescript(_settings(synchronous))
    except BaseException:
        connection.close()
        raise
    return connection


def _settings(synchronous: str) -> str:
    return (
        f"PRAGMA synchronous = {synchronous}; PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
    )


def _require_identity(connection: Any, expected: Identity, label: str) -> None:
    try:
        found = connection.execute(_IDENTIFY).fetchone()
    except driver.DatabaseError as error:
        raise WrongFile(
            f"The file of {label} isn't a store of ours ({error}); it was left as it is. Restore it from a backup."
        ) from error
    if found != (APPLICATION_ID, *expected):
        raise WrongFile(
            f"The file of {label} says it is {found[1:] if found else found}, and the catalogue expects {expected}; it was left as it is. "
            f"Put the right file back, or restore from a backup."
        )


#: The shared database is no tenant's.
SHARED_IDENTITY: Identity = ("universal", "", "universal", 1)

_BUSY = 5
_FATAL = {
    10: "an I/O error",
    11: "a damaged file",
    13: "a full disk",
    26: "a file that isn't SQLite",
}


def error_code(error: BaseException | None) -> int | None:
    """Return SQLite's extended result code of an error that Peewee or the driver raised, or None."""
    origin = getattr(error, "orig", error)
    code = getattr(origin, "sqlite_errorcode", None)
    return code if isinstance(code, int) else None


def is_busy(error: BaseException) -> bool:
    """True for SQLITE_BUSY and its kin (a stale snapshot among them): another writer was in the way."""
    code = error_code(error)
    return code is not None and code & 0xFF == _BUSY


def fault(error: BaseException) -> str | None:
    """Return what is wrong with disk or file, if that is what the error tells; None for other errors."""
    code = error_code(error)
    return _FATAL.get(code & 0xFF) if code is not None else None
