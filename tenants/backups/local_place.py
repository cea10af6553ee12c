"""Backups in a folder of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..errors import BackupFailed
from ..places import flush_folder, remove_folder
from .backup import is_stamp, is_unit
from .manifest import NAME

#: What a place holds of one tenant: by stamp, the names and sizes of the files.
Contents = dict[str, dict[str, int]]


class LocalPlace:
    """A folder, made when the first backup is, for its owner alone.

    Args:
        folder: where. One installation's backups lie there, and nothing else.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = os.path.abspath(folder)
        self.name = self.folder

    def begin(self, tenant: str, stamp: str, scratch: str) -> str:
        """Make the folder in which a backup is made: beside where it will lie, under another name."""
        self._make_home(tenant)
        part = f"{self._path(tenant, stamp)}.part"
        os.mkdir(part, mode=0o700)
        return part

    def _make_home(self, tenant: str) -> None:
        home = f"{self.folder}/{tenant}"
        if os.path.isdir(home) and not os.path.islink(home):
            return
        try:
            _make_lasting(self.folder)
        except FileExistsError as error:
            raise BackupFailed(
                f"{self.folder} is no folder, or a link to none: make the folder that it is to be."
            ) from error
        try:
            os.mkdir(home, mode=0o700)
        except FileExistsError as error:
            raise BackupFailed(
                f"{home} is a link, or no folder: put the folder itself there."
            ) from error
        flush_folder(self.folder)

    def publish(self, tenant: str, stamp: str, folder: str) -> None:
        """Rename it to what it is called."""
        flush_folder(folder)
        os.rename(folder, self._path(tenant, stamp))
        flush_folder(f"{self.folder}/{tenant}")

    def give_up(self, tenant: str, stamp: str, folder: str) -> None:
        """Remove the folder, under either name."""
        with suppress(FileNotFoundError):
            self.remove(tenant, stamp)
        remove_folder(folder)

    def tidy(self, tenant: str) -> None:
        """Remove folders that never got their names, and those without a manifest."""
        for name in self._names(tenant):
            path = f"{self.folder}/{tenant}/{name}"
            if is_stamp(name.removesuffix(".part")) and not (
                is_stamp(name) and os.path.lexists(f"{path}/{NAME}")
            ):
                remove_folder(path)

    def tenants(self) -> list[str]:
        """Return whose folders there are."""
        with suppress(FileNotFoundError):
            return sorted(filter(is_unit, os.listdir(self.folder)))
        return []

    def contents(self, tenant: str) -> Contents:
        """Return the folders with a manifest, and what is in them."""
        found: Contents = {}
        for stamp in sorted(filter(is_stamp, self._names(tenant))):
            with suppress(FileNotFoundError, NotADirectoryError):
                with os.scandir(self._path(tenant, stamp)) as entries:
                    files = {
                        entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries
                    }
                if NAME in files:
                    found[stamp] = files
        return found

    def everything(self) -> Iterator[tuple[str, Contents]]:
        """Go through all folders."""
        for tenant in self.tenants():
            yield tenant, self.contents(tenant)

    def open(self, tenant: str, stamp: str, name: str, scratch: str) -> IO[bytes]:
        """Open the file, where it is one: a link, or a pipe, isn't followed or waited for."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(f"{self._path(tenant, stamp)}/{name}", flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(f"{name} is no file")
        return open(descriptor, "rb")

    def remove(self, tenant: str, stamp: str) -> None:
        """Take the manifest away, then the rest."""
        path = self._path(tenant, stamp)
        with suppress(FileNotFoundError):
            os.unlink(f"{path}/{NAME}")
            flush_folder(path)
        remove_folder(path)

    def _path(self, tenant: str, stamp: str) -> str:
        return f"{self.folder}/{tenant}/{stamp}"

    def _names(self, tenant: str) -> list[str]:
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.listdir(f"{self.folder}/{tenant}")
        return []


def _make_lasting(folder: str) -> None:
    """Make a folder, and those above it that aren't there, so that they outlive a power failure."""
    missing, path = [], folder
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for path in missing:
        flush_folder(os.path.dirname(path))
