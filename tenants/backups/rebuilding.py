"""A whole installation on a new machine: the catalogue of the last backup, then each tenant's last good one.

All is made in a folder beside the new one, which gets its name when it is whole. Whatever it is cut short at, the new
folder isn't there, and the next attempt begins anew.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peewee import PeeweeException

from .. import sqlite
from ..engines import FILES
from ..errors import BadBackup, BadChange, TenantError
from ..life import adopting
from ..life.marks import Mark
from ..life.placing import place
from ..life.replacing import make_home
from ..life.states import change
from ..life.steps import step
from ..places import UNIVERSAL_NAME, flush_file, flush_folder, remove_folder
from ..router import Router
from ..schemas.migrating import migrate
from ..scratch import RESTORING, scratch_folder
from ..store import Store
from . import keys
from .backup import UNIVERSAL, Backup
from .examining import Function
from .manager import BackupManager
from .manifest import Manifest
from .place import Place, place_of
from .reading import Reader
from .restoring import Register
from .workshop import Workshop, require_sound

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("tenants")

Tell = Callable[[str], object]


@dataclass(slots=True)
class Rebuilt:
    """What came of it.

    Attributes:
        folder: the new data folder.
        catalogue: the backup that the catalogue is from.
        restored: the backup of each tenant that was restored, by its slug.
        missing: why others weren't, or not the last backup of theirs, by slug.
    """

    folder: Path
    catalogue: Backup
    restored: dict[str, Backup] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class _NothingKnown:
    """The records of an installation that isn't there yet."""

    def digest(self, backup: Backup) -> str:
        """Nothing was made here."""
        return ""


def rebuild(
    backups: str | Path | Place,
    folder: str | Path,
    key_file: str | Path | None = None,
    *,
    trusting: bool = False,
    migrations: Mapping[str, str | Path] | None = None,
    checks: Sequence[Function] = (),
    describe: Function | None = None,
    register: Register | None = None,
    enlist: Register | None = None,
    tell: Tell = lambda line: None,
) -> Rebuilt:
    """Make a data folder of the backups at a place.

    The catalogue comes from the last backup of the shared database, and vouches for those of the tenants that it knows;
    each of them gets its last one that can be read and passes the checks. What can't be restored is told, and the rest
    goes on: such a tenant is there, and can't be entered. Last backups of purged tenants, templates and files that a
    restore had kept aren't in any backup.

    Args:
        backups: where they are.
        folder: the new data folder; it isn't there, or empty.
        key_file: what they are encrypted with.
        trusting: take what nothing vouches for: the place is known to be nobody else's, and there is no key.
        migrations: the program's, as for `Router`: whatever is older is migrated.
        checks, describe: as for `BackupManager`.
        register: called in the transaction that enters a tenant's stores, as `register(tenant, facts=…, source=stamp)`.
        enlist: likewise for a tenant that was made after the catalogue's backup, as `enlist(tenant, facts=…)`.
        tell: called with a line on each step.

    Raises:
        BadChange: there is something in the folder; or somebody rebuilds it just now.
        BadBackup, BadKey: the catalogue can't be had from any backup. Nothing was written into the folder.
        TenantError: there is no room, say.
    """
    target = Path(folder).absolute()
    place_, key = place_of(backups), keys.read(key_file) if key_file is not None else None
    with _part(target) as part:
        reader = Reader(place_, _NothingKnown(), key, lambda: scratch_folder(part, RESTORING))  # type: ignore[arg-type]
        found = _catalogue(reader, part, trusting, tell)
        router = Router(part, migrations=migrations)
        try:
            if router.migrations.get(UNIVERSAL) is not None:
                migrate(router.universal_store)
            _forget_files(router)
            manager = BackupManager(
                router, place_, checks=checks, describe=describe, key_file=key_file
            )
            rebuilt = Rebuilt(target, found)
            Rebuilding(manager, trusting, register, enlist, tell, rebuilt).run()
        finally:
            router.universal.release(wholly=True)
            router.close()
        remove_folder(f"{part}/fetched")
        flush_folder(part)
        step("rebuilt")
        os.rename(part, target)  # over an empty folder, or none
        flush_folder(os.path.dirname(target))
        step("rebuilt folder in place")
        os.unlink(f"{target}/lock")
    return rebuilt


# The folder


@contextmanager
def _part(target: Path) -> Iterator[str]:
    """Give the folder in which all is made; what an earlier attempt has left in it is gone."""
    if os.path.lexists(target) and (
        target.is_symlink() or not target.is_dir() or any(target.iterdir())
    ):
        raise BadChange(
            f"There is something in {target}: name a new folder, into which the installation is rebuilt. Nothing was "
            f"written."
        )
    part = f"{target}.rebuilding"
    os.makedirs(part, mode=0o700, exist_ok=True)
    lock = os.open(f"{part}/lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadChange(f"Somebody else is rebuilding {target} at this moment.") from error
        for name in os.listdir(part):
            if name == "lock":
                continue
            path = f"{part}/{name}"
            remove_folder(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(
                path
            )
        yield part
    except BaseException:
        with suppress(OSError):
            remove_folder(part)
        raise
    finally:
        os.close(lock)


def _catalogue(reader: Reader, part: str, trusting: bool, tell: Tell) -> Backup:
    """Put the shared database of the last good backup into the new folder."""
    stamps = list(reader.place.contents(UNIVERSAL))
    why = f"there is none of the shared database at {reader.place.name}"
    for stamp in reversed(stamps):
        backup = Backup(UNIVERSAL, stamp)
        try:
            if not trusting and not reader.trusts(backup):
                raise BadBackup(
                    f"nothing vouches for {backup}: name the key file; or, where the backups were made without one "
                    f"and the place is yours alone, say that you trust it (`trusting`)"
                )
            path = reader.fetch(backup, f"{part}/fetched")[UNIVERSAL]
            os.rename(path, f"{part}/{UNIVERSAL_NAME}")
            flush_file(f"{part}/{UNIVERSAL_NAME}")
            step("catalogue fetched")
            tell(f"The catalogue is that of {stamp}.")
            return backup
        except BadBackup as error:
            why = str(error)
            tell(f"The catalogue can't be that of {stamp}: {error}")
    raise BadBackup(f"No catalogue can be restored: {why}. Nothing was written.")


def _forget_files(router: Router) -> None:
    """Note that kept files aren't here, and that the files here were never backed up from here."""

    def write() -> None:
        run = router.universal_store.execute_sql
        run("UPDATE kept_store SET gone_at = CURRENT_TIMESTAMP WHERE gone_at = ''")
        run("UPDATE backup_state SET signature = ''")

    change(router, write)


# The tenants


class Rebuilding:
    """The tenants of an installation that is rebuilt.

    Args:
        manager: of the new folder, at the place of the backups.
        trusting, register, enlist, tell: as for `rebuild`.
        rebuilt: gets what came of it.
    """

    def __init__(
        self,
        manager: BackupManager,
        trusting: bool,
        register: Register | None,
        enlist: Register | None,
        tell: Tell,
        rebuilt: Rebuilt,
    ) -> None:
        self.manager, self.router, self.reader = manager, manager.router, manager.reader
        self.trusting, self.register, self.enlist = trusting, register, enlist
        self.tell, self.rebuilt = tell, rebuilt

    def run(self) -> None:
        """Restore whatever there is."""
        catalogue = self.router.catalogue
        gone = {stone.id for stone in catalogue.tombstones()}
        rows = [row for tenant in catalogue.all() for row in tenant.stores] + catalogue.unused()
        owners = {row.owner for row in rows if row.url.startswith(FILES.prefix)}
        there = set(self.reader.place.tenants()) - {UNIVERSAL}
        with Workshop(self.router, self.manager.checks, self.manager.describe) as shop:
            for owner in sorted(owners | (there - gone)):
                self._restore(shop, owner, owner in owners)

    def _restore(self, shop: Workshop, owner: str, is_known: bool) -> None:
        slug = self.router.catalogue.slug_of(owner)
        why = "there is no backup of it"
        for stamp in reversed(list(self.reader.place.contents(owner))):
            backup = Backup(owner, stamp)
            try:
                slug = self._restore_from(shop, backup, slug, is_known)
            except (TenantError, OSError, PeeweeException, sqlite.driver.Error) as error:
                why = str(error)
                self.rebuilt.missing.setdefault(slug, f"{stamp}: {why}")
                self.tell(f"{slug} can't be restored from {stamp}: {why}")
                continue
            self.rebuilt.restored[slug] = backup
            self.tell(f"{slug} is that of {stamp}.")
            return
        self.rebuilt.missing.setdefault(slug, why)
        log.error("%s couldn't be restored: %s", slug, why)

    def _restore_from(self, shop: Workshop, backup: Backup, slug: str, is_known: bool) -> str:
        manifest = self.manager.manifest(backup)
        if not self.trusting and not self.manager.trusts(backup):
            raise BadBackup(f"nothing vouches for {backup}, which the catalogue doesn't know")
        slug = slug if is_known else manifest.slug
        fetched = shop.fetch(self.reader, backup)
        shop.bring_up(fetched, slug)
        own = {s.name for s in manifest.stores if s.name == s.role}
        faults, facts = shop.look(fetched, slug, enter=bool(own))
        require_sound(faults, f"What {backup} holds", BadBackup)
        if is_known:
            self._put(manifest, fetched, slug, facts)
        else:
            self._enlist(manifest, fetched, facts)
        return slug

    def _put(
        self, manifest: Manifest, fetched: dict[str, str], slug: str, facts: dict[str, Any]
    ) -> None:
        """Let the stores in a tenant's folder be what was fetched, each under a generation that it never had."""
        router, owner = self.router, manifest.tenant
        known = {row.id: row for row in router.catalogue.of_owner(owner)}
        by_role = {
            row.role: row
            for row in known.values()
            if router.catalogue.store_id_of(owner, row.role) == row.id
        }
        coming: list[tuple[Store, str]] = []
        for copied in manifest.stores:
            row = known.get(copied.store)
            if row is None and copied.name == copied.role:
                row = by_role.get(copied.role)
            if row is None:
                why = "the catalogue, as it was, has no such store"
                self.rebuilt.missing[f"{slug}/{copied.name}"] = why
                continue
            highest = router.catalogue.next_generation(owner, copied.role)
            generation = max(highest, copied.generation + 1)
            label = f"{slug}/{copied.role}"
            store = Store(router, row.id, owner, copied.role, generation, "", label)
            store.path = store.engine.path(router.path, store)
            coming.append((store, fetched[copied.name]))
        files = [(store.role, store.generation) for store, _ in coming]
        with Mark(router, owner, "rebuild", slug, files) as mark:
            make_home(router, owner)
            for store, path in coming:
                place(store, path)

            def write() -> None:
                for store, _ in coming:
                    router.catalogue.replace_store(store, router.fingerprint(store.role))
                if self.register is not None and router.catalogue.knows(owner):
                    with router.universal._asked_for():
                        self.register(router.tenant(owner), facts=facts, source=manifest.stamp)

            change(router, write)
            step("tenant rebuilt")
            mark.done()

    def _enlist(self, manifest: Manifest, fetched: dict[str, str], facts: dict[str, Any]) -> None:
        """Enter a tenant that was made after the catalogue was backed up, under its own id."""
        enlist = self.enlist
        files = {s.role: fetched[s.name] for s in manifest.stores if s.name == s.role}
        adopting.adopt(
            self.router,
            manifest.slug,
            files,
            (lambda tenant: enlist(tenant, facts=facts)) if enlist else None,
            None,
            {},
            manifest.tenant,
        )
