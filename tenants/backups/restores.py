"""The part of the manager that puts backups to use: restoring them, and trying whether that works."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..tenant import Tenant, is_id
from . import keys
from .backup import Backup
from .drilling import Compare, Drill, Driller, DrillReport, results
from .place import Place, place_of
from .reading import Reader
from .restoring import Register, Restored, Restoring, Wish, go_back, shares_of
from .workshop import Workshop

if TYPE_CHECKING:
    from ..confined import Limits, Template
    from .manager import BackupManager


class Restores:
    """What a manager can do with backups that are there."""

    def restore(
        self,
        tenant: Tenant | str,
        backup: Backup | str | None = None,
        *,
        into: str | None = None,
        roles: Collection[str] | None = None,
        reason: str = "",
        register: Register | None = None,
        setup: Callable[[], object] | None = None,
        share: Mapping[str, Tenant | str] | None = None,
        shared_too: Collection[str] = (),
        patience: float = 30.0,
        offered: bool = False,
        template: Template | None = None,
        limits: Limits | None = None,
        place: str | Path | Place | None = None,
        key_file: str | Path | None = None,
    ) -> Restored:
        """Let a tenant's own stores be again what a backup holds; or make a new tenant of it.

        All is fetched, brought to the program's schema, and looked at by the manager's checks, while everybody goes on
        working; then the tenant's stores change in one transaction, and what they were is kept: see `Router.replace`.

        A backup that this data folder has made, or whoever has the key, is taken as it is. Of any other one only the
        rows are taken, into fresh stores of this program.

        Args:
            tenant: whose backup, by slug or id; also the id of one that is gone, with `into`.
            backup: which, or its stamp; the last one unless given. With that of another unit's stores that the tenant
                uses, such as registers whose owner is gone, name the roles.
            into: the slug of a new tenant that is made of it instead.
            roles: only the stores of these; all of the tenant's own unless given.
            reason: why, for whoever finds later what was kept.
            register: called in the transaction that changes the catalogue, as `register(tenant, facts=…, source=…)`,
                the backup's stamp; for a new tenant without `source`. `facts` are what `describe` says of what there is
                from then on.
            setup: called in an entry of a new tenant, before anyone else can see it.
            share: whose stores a new tenant shares, by role; what the old one shares unless given.
            shared_too: roles that others share, and that are to be restored for all of them.
            patience: seconds to wait for whoever has the stores in hand.
            offered: take its rows alone, whoever vouches for it.
            template, limits: what stores of this program begin as, and how much may be read, where rows are taken.
            place, key_file: where the backup is, and with what it is encrypted, if not where this manager keeps its.

        Raises:
            UnknownTenant: there is no such tenant, or no backup of it.
            BadBackup, BadKey, RefusedFile: it can't be read, isn't sound, or isn't taken.
            BadChange, SlugTaken, LockTimeout, …: as `Router.replace` and `Router.adopt`. Nothing was changed.
        """
        manager = cast("BackupManager", self)
        router = manager.router
        reader = manager.reader
        if place is not None:
            key = keys.read(key_file) if key_file is not None else manager.key
            reader = Reader(place_of(place), manager.records, key, manager._scratch)
        chosen = _chosen(manager, reader, tenant, backup)
        found = router.tenant(tenant) if _is_there(manager, tenant) or into is None else None
        if into is not None and share is None and found is not None:
            share = shares_of(found, roles or [store.role for store in found.own_stores()])
        target = None if into is not None else found
        wish = Wish(
            target, into, roles, reason, register, setup, share, patience, shared_too, template, limits
        )  # fmt: skip
        with Workshop(router, manager.checks, manager.describe) as shop:
            return Restoring(router, shop, wish).of_backup(reader, chosen, offered)

    def restore_file(
        self,
        tenant: Tenant | str | None,
        files: Mapping[str, str | Path],
        template: Template,
        *,
        into: str | None = None,
        reason: str = "",
        register: Register | None = None,
        setup: Callable[[], object] | None = None,
        share: Mapping[str, Tenant | str] | None = None,
        shared_too: Collection[str] = (),
        patience: float = 30.0,
        limits: Limits | None = None,
    ) -> Restored:
        """Take the rows of files that somebody offers, into fresh stores of this program, for a tenant or a new one.

        Args:
            tenant: whose stores they are to be; None with `into`.
            files: databases by role, closed, plain or compressed with zstandard. They are left as they are.
            template: what stores of this program begin as.
            into, reason, register, setup, share, shared_too, patience, limits: as for `restore`; `source` is empty.

        Raises:
            RefusedFile: one isn't taken, or isn't sound. Nothing was changed.
            BadChange, SlugTaken, LockTimeout, …: as `Router.replace` and `Router.adopt`.
        """
        manager = cast("BackupManager", self)
        target = None if into is not None or tenant is None else manager.router.tenant(tenant)
        wish = Wish(
            target, into, None, reason, register, setup, share, patience, shared_too, template, limits
        )  # fmt: skip
        with Workshop(manager.router, manager.checks, manager.describe) as shop:
            return Restoring(manager.router, shop, wish).of_files(files)

    def go_back(
        self,
        tenant: Tenant | str,
        generations: Mapping[str, int],
        *,
        reason: str = "",
        register: Register | None = None,
        shared_too: Collection[str] = (),
        patience: float = 30.0,
    ) -> Restored:
        """Let kept files be a tenant's stores again, once the manager's checks have looked at them.

        Args:
            generations: of `Router.kept`, by role.
            register: as for `restore`; `source` is the time since when they were kept, written like a stamp.
            tenant, reason, shared_too, patience: as for `Router.go_back`.

        Raises:
            BadBackup: what was kept isn't sound.
            BadChange, LockTimeout, …: as `Router.go_back`. Nothing was changed.
        """
        manager = cast("BackupManager", self)
        wish = Wish(
            manager.router.tenant(tenant), reason=reason, register=register, patience=patience, shared_too=shared_too
        )  # fmt: skip
        with Workshop(manager.router, manager.checks, manager.describe) as shop:
            return go_back(shop, wish, generations)

    def drill(self, sample: int = 5, compare: Compare | None = None) -> DrillReport:
        """Restore the last backups of a few tenants into a scratch folder, and see whether they are as they should be.

        Those whose turn it is: first who never had one, then whose last is longest ago, so that everybody comes round.
        Each is read to its last byte, brought up, looked at by the manager's checks, and its facts are compared with
        those of its manifest; then `compare` is asked in an entry of the tenant itself. What differs is logged as an
        error, told to `on_backup_failure`, and kept: see `drills`.

        Args:
            sample: how many.
            compare: called with the facts of the copy in an entry of the tenant that was copied; yields in what that
                one, as of then, differs.
        """
        return Driller(cast("BackupManager", self), compare).run(sample)

    def drills(self) -> list[Drill]:
        """Return each tenant's last drill, the latest first."""
        return results(cast("BackupManager", self).router)


def _is_there(manager: BackupManager, tenant: Tenant | str) -> bool:
    return isinstance(tenant, Tenant) or not is_id(tenant) or manager.router.catalogue.knows(tenant)


def _chosen(
    manager: BackupManager, reader: Reader, tenant: Tenant | str, backup: Backup | str | None
) -> Backup:
    if isinstance(backup, Backup):
        return backup
    unit = manager.unit_id(tenant)
    return Backup(unit, backup) if backup is not None else reader.newest(unit)
