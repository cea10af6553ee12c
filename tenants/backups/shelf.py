"""The part of a backup manager that knows which backups there are, and gives them back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import UnknownTenant
from ..tenant import Tenant, is_id
from .backup import UNIVERSAL, Backup
from .manifest import Manifest
from .place import Place
from .pruning import Pruner
from .reading import Reader

if TYPE_CHECKING:
    from ..router import Router
    from .manager import BackupManager

Backups = list[Backup]


class Shelf:
    """The backups at a manager's place."""

    router: Router
    place: Place
    reader: Reader

    def unit_id(self, tenant: Tenant | str) -> str:
        """Return under which id a tenant's backups are kept; also that of one that is gone.

        Raises:
            UnknownTenant: there is none of that slug.
        """
        if isinstance(tenant, Tenant):
            return tenant.id
        return tenant if tenant == UNIVERSAL or is_id(tenant) else self.router.tenant(tenant).id

    def list(self, tenant: Tenant | str | None = None) -> Backups:
        """Return the backups that there are, by tenant and moment; nothing of them is read.

        Args:
            tenant: only that one's, by slug or id, or `universal`; a purged one's by its id. All unless given.

        Raises:
            UnknownTenant: there is no tenant of that slug.
        """
        if tenant is None:
            return [
                Backup(owner, stamp) for owner, found in self.place.everything() for stamp in found
            ]
        owner = self.unit_id(tenant)
        return [Backup(owner, stamp) for stamp in self.place.contents(owner)]

    def latest(self, tenant: Tenant | str) -> Backup:
        """Return a tenant's last backup.

        Raises:
            UnknownTenant: there is no tenant of that slug, or no backup of it.
        """
        found = self.list(tenant)
        if not found:
            raise UnknownTenant(f"There is no backup of {tenant} at {self.place.name}.")
        return found[-1]

    def manifest(self, backup: Backup) -> Manifest:
        """Return what a backup says of itself. Raises `BadBackup` and `BadKey`."""
        return self.reader.manifest(backup)

    def trusts(self, backup: Backup) -> bool:
        """True for a backup that was made by this data folder, or with this key: by nobody else.

        Raises:
            BadBackup, BadKey: its manifest can't be read.
        """
        return self.reader.trusts(backup)

    def verify(self, backup: Backup) -> Manifest:
        """Read a backup to its last byte, and return its manifest.

        Raises:
            BadBackup: anything of it, or of the full one that it needs, isn't as it was written.
            BadKey: it was made with another key.
        """
        return self.reader.verify(backup)

    def fetch(self, backup: Backup, folder: str | Path) -> dict[str, Path]:
        """Write the databases of a backup into a folder, and return their paths; see `Reader.fetch`.

        Raises:
            BadBackup, BadKey: as `verify` does.
            BackupFailed: there is no room for them.
        """
        return self.reader.fetch(backup, folder)

    def prune(self) -> Backups:
        """Remove all backups that the retention doesn't name, and return them.

        Raises:
            LockTimeout: others are making backups, and don't end.
        """
        return Pruner(cast("BackupManager", self)).all()
