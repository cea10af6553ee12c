"""The embedded engine: which SQLite may be used, how a file is opened, and how it says whose it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote

import peewee

from .descriptors import are_exhausted, none_left
from .errors import SqliteUnsafe, StoreAhead, StoreBehind, TenantError, WrongFile
from .opened import Connection
from .plain_files import require_plain_file

driver = peewee.sqlite3  # one SQLite library per process: the one that Peewee took up

#: "CUNF", in the header of each of our files (`PRAGMA application_id`).
APPLICATION_ID = 0x43554E46

#: Milliseconds that SQLite itself waits for another process's lock.
BUSY_TIMEOUT_MS = 5000

#: Bytes that a write-ahead log keeps once it is begun anew: twice what it grows to while nobody keeps it from that, so
#: that a log is cut short only after a snapshot, a backup or a large import.
LOG_KEPT = 8 * 1024 * 1024

_IDENTITY_TABLE = """
CREATE TABLE store_identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    store TEXT NOT NULL, owner TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL
) STRICT
"""

_IDENTIFY = (
    "SELECT application_id, store, owner, role, generation, user_version "
    "FROM pragma_application_id, pragma_user_version, store_identity"
)

Identity = tuple[str, str, str, int]  # store id, owner's tenant id, role, generation
Versions = tuple[int, int]  # the least and the greatest that the program can work with

#: The shared database is no tenant's.
SHARED_IDENTITY: Identity = ("universal", "", "universal", 1)


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


# Making a file


def create(path: str, identity: Identity, prepare: Callable[[Any], object] | None = None) -> None:
    """Make a database file that says whose it is. What fails leaves no file.

    Args:
        path: where; no such file may be there yet.
        identity: what the file says of itself.
        prepare: called with the connection, for what else a new file is to hold.

    Raises:
        FileExistsError: there is a file of that name, or one that SQLite would take for its journal.
        OSError, driver.Error: the disk is full, say.
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.lexists(f"{path}{suffix}"):
            raise FileExistsError(
                f"{os.path.basename(path)}{suffix} is already there; nothing was changed."
            )
    # Nobody can have this file open yet, so that closing it here drops no lock of SQLite's.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600))
    try:
        _fill(path, identity, prepare)
    except BaseException:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                os.unlink(f"{path}{suffix}")
        raise


def _fill(path: str, identity: Identity, prepare: Callable[[Any], object] | None) -> None:
    with closing(driver.connect(uri(path), isolation_level=None, uri=True)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        identify(connection, identity)
        if prepare is not None:
            prepare(connection)


def identify(connection: Any, identity: Identity) -> None:
    """Let an empty database say whose it is."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(_IDENTITY_TABLE)
    connection.execute("INSERT INTO store_identity VALUES (1, ?, ?, ?, ?)", identity)


# Opening a file


def uri(path: str) -> str:
    """Return the URI that opens an existing file, and never makes one."""
    quoted = path if _NEEDS_NO_QUOTES.fullmatch(path) else quote(os.fsencode(path))
    return f"file:{quoted}?mode=rw"


_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9/._-]+")


def connect(
    path: str,
    identity: Identity,
    label: str,
    synchronous: str = "FULL",
    versions: Versions | None = None,
) -> Any:
    """Open a store's file: first see whose it is, then set it up for many users.

    Args:
        path: the file; neither it nor its folder may be a link.
        identity: what the catalogue expects to find in the file.
        label: what people call the store, for messages.
        synchronous: FULL, so that a commit survives power loss; NORMAL where the application may lose some.
        versions: of the schema, that the program can work with; None for any.

    Raises:
        WrongFile: the file is missing, isn't SQLite, is another store's or generation's, or won't go into WAL mode.
            It is as it was.
        StoreBehind, StoreAhead: its schema is older or newer than the program can work with. It is as it was.
    """
    file = require_plain_file(path, label)
    try:
        connection = driver.connect(
            uri(path), isolation_level=None, uri=True, check_same_thread=False, factory=Connection
        )
    except driver.Error as error:
        raise _unusable(label, error) from error
    try:
        try:
            version = require_identity(connection, identity, label)
            if versions is not None:
                require_version(version, versions, label)
        except WrongFile:
            _close_unchanged(connection, path)
            raise
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise WrongFile(
                f"{label} can't use write-ahead logging (SQLite answers {mode!r}): is the folder on a network disk?"
            )
        connection.executescript(_SETTINGS[synchronous])
    except BaseException:
        connection.close()
        raise
    connection.file = file
    return connection


def connect_to_look(path: str, identity: Identity, label: str) -> Any:
    """Open a store's file to copy it or look at it, at any version, and leave file and log as they are.

    Raises:
        WrongFile: as `connect` does.
    """
    require_plain_file(path, label)
    # Whoever may write moves the log into the file as he closes it; whoever may not leaves one behind if there is none.
    mode = "ro" if os.access(f"{path}-wal", os.F_OK) else "rw"
    try:
        connection = driver.connect(
            uri(path).replace("mode=rw", f"mode={mode}"), isolation_level=None, uri=True
        )
    except driver.Error as error:
        raise _unusable(label, error) from error
    try:
        require_identity(connection, identity, label)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    except BaseException:
        connection.close()
        raise
    return connection


_SETTINGS = {
    level: f"PRAGMA synchronous = {level}; PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
    f"PRAGMA journal_size_limit = {LOG_KEPT};"
    for level in ("FULL", "NORMAL", "OFF")
}


def require_identity(connection: Any, expected: Identity, label: str) -> int:
    """Raise `WrongFile` unless the database says that it is the expected store. Return its version."""
    try:
        found = connection.execute(_IDENTIFY).fetchone()
    except driver.DatabaseError as error:
        raise _unusable(label, error) from error
    if not found or found[:-1] != (APPLICATION_ID, *expected):
        says = f"{found[1:-1]}, with application id {found[0]:#x}" if found else "nobody's"
        raise WrongFile(
            f"The file of {label} says it is {says}, and the catalogue expects {expected}; it was left as it is. "
            f"Put the right file back, or restore from a backup."
        )
    version: int = found[-1]
    return version


def require_version(version: int, versions: Versions, label: str) -> None:
    """Raise `StoreBehind` or `StoreAhead` unless the program can work with a schema of that version."""
    least, most = versions
    if version < least:
        raise StoreBehind(
            f"{label} is at version {version} of its schema, and this program works with {most}: migrate it first "
            f"(`cuneifox migrate`, or `Fleet(router).run()`)."
        )
    if version > most:
        raise StoreAhead(
            f"{label} is at version {version} of its schema, and this program knows {most}: install the newer program "
            f"again. It was left as it is."
        )


def _unusable(label: str, error: Exception) -> TenantError:
    if primary_code(error) == _CANTOPEN and are_exhausted():
        return none_left(label)
    if primary_code(error) in (_READONLY, _CANTOPEN):
        return WrongFile(
            f"The file of {label} can't be opened for writing ({error}): may this process write to the data folder?"
        )
    trouble = fault(error)
    if trouble is not None and primary_code(error) != _NOTADB:
        return WrongFile(
            f"The file of {label} can't be read for {trouble} ({error}); it was left as it is. See to the disk (is it "
            f"full?), then try again; if the file is damaged, restore it from a backup."
        )
    return WrongFile(
        f"The file of {label} isn't a store of ours ({error}); it was left as it is. Restore it from a backup."
    )


def _close_unchanged(connection: Any, path: str) -> None:
    # Whoever closes a database last moves its write-ahead log into the file. A reader that stays a moment longer, and
    # may not write, keeps a file that isn't ours as it was found.
    with suppress(driver.Error, OSError):
        if not os.path.getsize(f"{path}-wal"):
            return  # and the caller closes it; an empty log of its own making goes then
        reader = driver.connect(uri(path).replace("mode=rw", "mode=ro"), uri=True)
        with closing(reader), suppress(driver.Error):
            reader.execute("BEGIN")
            reader.execute("SELECT 1 FROM sqlite_schema").fetchone()
            connection.close()


# What errors tell

_BUSY, _READONLY, _IOERR, _FULL, _CANTOPEN, _NOTADB = 5, 8, 10, 13, 14, 26
_FATAL = {
    _IOERR: "an I/O error",
    11: "a damaged file",
    _FULL: "a full disk",
    _NOTADB: "a file that isn't SQLite",
}


def primary_code(error: BaseException | None) -> int | None:
    """Return SQLite's primary result code of an error that Peewee or the driver raised, or None."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_io_error(error: BaseException) -> bool:
    """True for SQLITE_IOERR and its kin: the disk didn't do what it was to."""
    return primary_code(error) == _IOERR


def is_busy(error: BaseException) -> bool:
    """True for SQLITE_BUSY and its kin (a stale snapshot among them): another writer was in the way."""
    return primary_code(error) == _BUSY


def is_refused_write(error: BaseException) -> bool:
    """True for SQLITE_READONLY and its kin: the connection, the file or its folder may not be written."""
    return primary_code(error) == _READONLY


def is_of_the_disk(error: BaseException) -> bool:
    """True where the disk failed, or is full; not for what may be another's file, or a damaged one."""
    return primary_code(error) in (_IOERR, _FULL)


def fault(error: BaseException) -> str | None:
    """Return what is wrong with disk or file, if that is what the error tells; None for other errors."""
    return _FATAL.get(primary_code(error) or 0)
