"""A disk that somebody watches: below SQLite a file system of ours, and below our own file work the same.

Whoever watches is asked before each call on a file of the data folder, and may have it fail; and is told after it. What
SQLite does comes by `WatchedVFS`, what our own code does by `files.watching`.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Any

import apsw

#: What SQLite's own file system makes of a call that fails (https://www.sqlite.org/rescode.html).
_CODES = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "delete": apsw.SQLITE_IOERR_DELETE,
    "access": apsw.SQLITE_IOERR_ACCESS,
}

#: Files that SQLite opens newly under these flags have their folder's entry flushed with their own first flush.
_FLUSHES_FOLDER = (
    apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
)


class Watcher:
    """Whoever watches; this one lets everything pass and notes nothing.

    Args:
        root: the folder whose files are watched.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def sees(self, path: str) -> bool:
        """True for what lies in the folder."""
        return path == self.root or path.startswith(f"{self.root}/")

    def ask(self, call: str, path: str) -> int:
        """Return the `errno` by which the call is to fail, or 0."""
        return 0

    def created(self, path: str, folder: bool = False) -> None:
        """A file, or a folder, is there that wasn't."""

    def opened(self, path: str) -> Any:
        """Return what stands for an open file from now on, whatever it is called later."""
        return path

    def wrote(self, file: Any, offset: int, data: bytes) -> None:
        """These bytes are in the file, if not on the disk."""

    def truncated(self, file: Any, size: int) -> None:
        """The file has that size, if not on the disk."""

    def synced(self, file: Any) -> None:
        """What was written to the file before this call is on the disk once it returns."""

    def synced_folder(self, path: str) -> None:
        """The folder's entries are on the disk once it returns."""

    def removed(self, path: str) -> None:
        """A file, or a folder, isn't there any more."""

    def moved(self, old: str, new: str) -> None:
        """It has another name."""


def failure(call: str, number: int) -> apsw.Error:
    """Return the error that makes SQLite see a call fail."""
    if call == "open":
        kind, code, said = apsw.CantOpenError, apsw.SQLITE_CANTOPEN, "unable to open database file"
    elif number == errno.ENOSPC and call == "write":
        kind, code, said = apsw.FullError, apsw.SQLITE_FULL, "database or disk is full"
    else:
        kind, code, said = apsw.IOError, _CODES[call], "disk I/O error"
    error: apsw.Error = kind(said)
    error.result, error.extendedresult = code & 0xFF, code
    error.injected = True  # type: ignore[attr-defined]
    return error


class WatchedVFS(apsw.VFS):
    """SQLite's file system, under the watcher's eyes.

    Args:
        name: to be registered under.
        watcher: who watches.
    """

    def __init__(self, name: str, watcher: Watcher) -> None:
        super().__init__(name, base="")
        self.watcher = watcher

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or not self.watcher.sees(path):
            return apsw.VFSFile("", name, flags)
        return WatchedFile(self.watcher, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        watcher = self.watcher
        if not watcher.sees(filename):
            super().xDelete(filename, syncdir)
            return
        if number := watcher.ask("delete", filename):
            raise failure("delete", number)
        super().xDelete(filename, syncdir)
        watcher.removed(filename)
        if syncdir:
            watcher.synced_folder(os.path.dirname(filename))


class WatchedFile(apsw.VFSFile):
    """One file that SQLite has open."""

    def __init__(self, watcher: Watcher, path: str, name: Any, flags: list[int]) -> None:
        self.watcher = watcher
        self.path = path
        if number := watcher.ask("open", path):
            raise failure("open", number)
        was_there = os.path.lexists(path)
        super().__init__("", name, flags)
        if not was_there:
            watcher.created(path)
        self.file = watcher.opened(path)
        self.flushes_folder = bool(flags[0] & _FLUSHES_FOLDER)

    def xRead(self, amount: int, offset: int) -> bytes:
        if number := self.watcher.ask("read", self.path):
            raise failure("read", number)
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:
        watcher = self.watcher
        if number := watcher.ask("write", self.path):
            # As a disk does that fails, or is full, in the middle.
            half = bytes(data[: len(data) // 2])
            super().xWrite(half, offset)
            watcher.wrote(self.file, offset, half)
            raise failure("write", number)
        super().xWrite(data, offset)
        watcher.wrote(self.file, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:
        if number := self.watcher.ask("truncate", self.path):
            raise failure("truncate", number)
        super().xTruncate(newsize)
        self.watcher.truncated(self.file, newsize)

    def xSync(self, flags: int) -> None:
        watcher = self.watcher
        if number := watcher.ask("sync", self.path):
            raise failure("sync", number)
        watcher.synced(self.file)  # and nobody waits for a real disk
        if self.flushes_folder:
            self.flushes_folder = False
            watcher.synced_folder(os.path.dirname(self.path))

    def xFileSize(self) -> int:
        if number := self.watcher.ask("size", self.path):
            raise failure("size", number)
        return super().xFileSize()

    def xClose(self) -> None:
        with suppress(apsw.VFSFileClosedError):
            super().xClose()
