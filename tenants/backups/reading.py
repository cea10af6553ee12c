"""Backups as they are read: which there are, whether they are as they were written, and the databases in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO

from ..errors import BackupFailed, BadBackup, BadKey, UnknownTenant
from ..places import flush_folder
from . import images, manifest, stored
from .backup import Backup, require_backup
from .disk_words import at, told
from .keys import Key
from .manifest import Manifest, StoreCopy
from .place import Place
from .records import Records
from .stored import Written


class Reader:
    """Reads the backups at a place. Whatever isn't as it was written is refused.

    Args:
        place: where they are.
        records: which of them were made here.
        key: the backups' key, if there is one.
        scratch: gives a folder for what is gone at the end.
    """

    def __init__(
        self,
        place: Place,
        records: Records,
        key: Key | None,
        scratch: Callable[[], AbstractContextManager[str]],
    ) -> None:
        self.place, self.records, self.key, self.scratch = place, records, key, scratch

    # What it says of itself

    def manifest(self, backup: Backup) -> Manifest:
        """Return a backup's manifest.

        Raises:
            BadBackup: there is none, or it isn't as it was written.
            BadKey: it was made with another key.
        """
        with self.scratch() as scratch:
            return self._manifest(backup, scratch)[0]

    def _manifest(self, backup: Backup, scratch: str) -> tuple[Manifest, bool]:
        """Return the manifest, and whether it is trusted."""
        content = self._content(require_backup(backup), scratch)
        known = self.records.digest(backup)
        if known and known != manifest.digest(content):
            raise BadBackup(
                f"The manifest of {backup} isn't the one that was made here: it was damaged or changed."
            )
        found = manifest.decode(content, backup, self.key)
        return found, bool(known) or manifest.is_signed(found, self.key)

    def _content(self, backup: Backup, scratch: str) -> bytes:
        try:
            with self.place.open(*backup, manifest.NAME, scratch) as file:
                content = file.read(manifest.LARGEST + 1)
        except FileNotFoundError as error:
            raise BadBackup(f"There is no backup {backup} at {self.place.name}.") from error
        except OSError as error:
            raise _unreadable(f"The manifest of {backup}", error) from error
        if len(content) > manifest.LARGEST:
            raise BadBackup(f"The manifest of {backup} is larger than any that we write.")
        return content

    def trusts(self, backup: Backup) -> bool:
        """True for a backup that was made here, or by somebody who had the key."""
        with self.scratch() as scratch:
            return self._manifest(backup, scratch)[1]

    def latest(self, tenant: str, stamps: list[str], scratch: str) -> Manifest | None:
        """Return the newest trusted manifest of a few; None where there is none."""
        for stamp in sorted(stamps, reverse=True)[:3]:
            try:
                found, trusted = self._manifest(Backup(tenant, stamp), scratch)
            except (BadBackup, BadKey):
                continue
            if trusted:
                return found
        return None

    def is_good(self, backup: Backup, sizes: dict[str, dict[str, int]], scratch: str) -> bool:
        """True for a backup that is trusted and whole as far as names and sizes of files tell.

        Args:
            backup: the backup.
            sizes: what the place has of that tenant.
            scratch: a folder for what is gone at the end of the run.
        """
        try:
            found, trusted = self._manifest(backup, scratch)
            bases = [
                self._manifest(Backup(backup.tenant, base), scratch)[0] for base in found.bases
            ]
        except (BadBackup, BadKey):
            return False
        wanted = {
            (told.stamp, store.file): store.stored_bytes
            for told in (found, *bases)
            for store in told.stores
        }
        there = {
            (stamp, name): size for stamp, files in sizes.items() for name, size in files.items()
        }
        return trusted and wanted.items() <= there.items()

    def newest(self, unit: str) -> Backup:
        """Return the last backup of a tenant, by its id. Raises `UnknownTenant` where there is none."""
        stamps = list(self.place.contents(unit))
        if not stamps:
            raise UnknownTenant(f"There is no backup of {unit} at {self.place.name}.")
        return Backup(unit, stamps[-1])

    # What is in it

    def verify(self, backup: Backup) -> Manifest:
        """Read a backup to its last byte, and return its manifest.

        Raises:
            BadBackup: anything of it, or of the full one that it needs, isn't as it was written.
            BadKey: it was made with another key.
        """
        with self.scratch() as scratch:
            found, contents = self._contents(backup, scratch)
            for content in contents.values():
                for _ in content:
                    pass
            for store in found.stores:
                if store.digests:
                    with self._opened_digests(found, store, scratch):
                        pass
        return found

    def fetch(self, backup: Backup, folder: str | Path) -> dict[str, Path]:
        """Write the databases of a backup into a folder, each proven to be what was copied.

        They are what SQLite's backup call made of the stores, closed and on the disk. Nothing is left of them where one
        can't be had.

        Args:
            backup: the backup.
            folder: where; made for its owner alone if it isn't there.

        Returns:
            Their paths by the stores' names: the role; for a store that the tenant itself didn't use, or not any more,
            role and generation.

        Raises:
            BadBackup, BadKey: as `verify` does.
            BackupFailed: there is no room for them.
        """
        os.makedirs(folder, mode=0o700, exist_ok=True)
        written: dict[str, Path] = {}
        try:
            with self.scratch() as scratch:
                found, contents = self._contents(backup, scratch)
                _require_room(found, folder)
                for name, content in contents.items():
                    path = Path(folder) / f"{name}.db"
                    with at(str(path)):
                        images.write(str(path), content)
                    written[name] = path
            flush_folder(str(folder))
        except BaseException as error:
            for path in written.values():
                path.unlink()
            if isinstance(error, OSError):
                raise BackupFailed(f"{backup} can't be fetched: {told(error)}") from error
            raise
        return written

    def _contents(
        self, backup: Backup, scratch: str
    ) -> tuple[Manifest, dict[str, Iterator[bytes]]]:
        """Return a backup's manifest, and the contents of its stores by their names."""
        found, trusted = self._manifest(backup, scratch)
        bases = {
            stamp: self._manifest(Backup(backup.tenant, stamp), scratch)[0] for stamp in found.bases
        }
        if not trusted:
            for told in (found, *bases.values()):
                images.require_bearable(told)

        def opener(told: Manifest, store: StoreCopy) -> AbstractContextManager[IO[bytes]]:
            return self._opened(told, store, scratch)

        return found, {
            store.name: images.chunks(found, store, bases.get(store.base), opener)
            for store in found.stores
        }

    def _opened(
        self, told: Manifest, store: StoreCopy, scratch: str
    ) -> AbstractContextManager[IO[bytes]]:
        expected = Written(store.stored_bytes, store.stored_sha256)
        return self._opened_file(told, store.file, expected, scratch)

    def _opened_digests(
        self, told: Manifest, store: StoreCopy, scratch: str
    ) -> AbstractContextManager[IO[bytes]]:
        expected = Written(store.digests_bytes, store.digests_sha256)
        return self._opened_file(told, store.digests, expected, scratch)

    @contextmanager
    def _opened_file(
        self, told: Manifest, name: str, expected: Written, scratch: str
    ) -> Iterator[IO[bytes]]:
        binding = (told.tenant, told.stamp, name)
        key = self.key if told.encrypted else None
        with ExitStack() as stack:
            try:
                source = stack.enter_context(self.place.open(*binding, scratch))
            except OSError as error:
                raise _unreadable(f"{name} of {told.backup}", error) from error
            yield stack.enter_context(stored.opened(source, expected, binding, key, scratch))

    def digests(self, told: Manifest, store: StoreCopy, path: str, scratch: str) -> bool:
        """Copy the digests of a full one's pages, as they are stored. False where they can't be had."""
        try:
            with (
                self.place.open(told.tenant, told.stamp, store.digests, scratch) as source,
                open(path, "xb") as target,
            ):
                shutil.copyfileobj(source, target)
        except OSError:
            return False
        return True


def _require_room(found: Manifest, folder: str | Path) -> None:
    free = shutil.disk_usage(folder).free
    if found.bytes > free:
        raise BackupFailed(
            f"{found.backup} takes {found.bytes} bytes, and {folder} has room for {free}: name another folder."
        )


def _unreadable(what: str, error: OSError) -> BadBackup:
    if isinstance(error, FileNotFoundError):
        return BadBackup(f"{what} can't be read: it isn't there. Was it removed by hand?")
    return BadBackup(f"{what} can't be read: {told(error)}")
