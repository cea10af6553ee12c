"""How backups that needn't be kept any longer are removed."""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING

from ..errors import TenantError
from ..life.steps import step
from ..scratch import BACKING_UP, scratch_folder
from . import retention
from .backup import Backup
from .disk_words import told
from .manifest import Manifest
from .place import Contents
from .turn import turn

if TYPE_CHECKING:
    from .manager import BackupManager

log = logging.getLogger("tenants")

#: The file of an increment says which full one it can't be read without.
_INCREMENT = re.compile(r"[a-z0-9_]+\.[0-9]+\.([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)\.pages\.zst(?:\.enc)?")


class Pruner:
    """Removes what the retention doesn't name.

    Args:
        manager: whose backups; see there.
    """

    def __init__(self, manager: BackupManager) -> None:
        self.manager = manager
        self.place = manager.place

    def all(self) -> list[Backup]:
        """Prune the backups of every tenant, purged ones included. Returns what was removed.

        Where a tenant's last attempt at a backup has failed, nothing of its goes.
        """
        path = self.manager.router.path
        failing = {found.tenant for found in self.manager.records.standings() if found.failures}
        removed = []
        with scratch_folder(path, BACKING_UP) as scratch:
            for tenant in self.place.tenants():
                if tenant not in failing:
                    with turn(path, threading.Event()):
                        self.place.tidy(tenant)
                        removed += self._prune(tenant, self.place.contents(tenant), scratch, None)
        return removed

    def after(self, made: Manifest, scratch: str) -> None:
        """Prune a tenant's backups after one was made. What stands in the way is told, and tried again later."""
        try:
            contents = self.place.contents(made.tenant)
            self._prune(made.tenant, contents, scratch, made.backup)
        except (OSError, TenantError) as error:
            log.warning("Old backups of %s couldn't be removed: %s", made.slug, told(error))

    def _prune(
        self, tenant: str, contents: Contents, scratch: str, known: Backup | None
    ) -> list[Backup]:
        backups = {stamp: bases_of(files) for stamp, files in contents.items()}
        good = [known.stamp] if known is not None else self._newest_good(tenant, contents, scratch)
        going = [
            Backup(tenant, stamp) for stamp in retention.plan(backups, self.manager.retention, good)
        ]
        for backup in going:
            self.place.remove(*backup)
            step("backup removed")
            self.manager.records.forget(backup)
        return going

    def _newest_good(self, tenant: str, contents: Contents, scratch: str) -> list[str]:
        for stamp in sorted(contents, reverse=True):
            if self.manager.reader.is_good(Backup(tenant, stamp), contents, scratch):
                return [stamp]
        return []


def bases_of(files: dict[str, int]) -> set[str]:
    """Return the stamps of the full ones that a backup needs, by the names of its files."""
    found = map(_INCREMENT.fullmatch, files)
    return {match.group(1) for match in found if match is not None}
