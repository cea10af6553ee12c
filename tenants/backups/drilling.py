"""Whether backups can be restored, tried every so often: a few tenants each time, until everybody had a turn."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import BackupFailed, TenantError, TenantSuspended
from .backup import UNIVERSAL, Backup
from .disk_words import told
from .manifest import Manifest
from .units import all_units
from .workshop import Workshop

if TYPE_CHECKING:
    from ..router import Router
    from .manager import BackupManager

outcomes = logging.getLogger("tenants.backups.outcomes")

Compare = Callable[[dict[str, Any]], Iterable[str]]

_NOTE = (
    "INSERT INTO drill (tenant, stamp, at, seconds, faults) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant) DO UPDATE "
    "SET stamp = excluded.stamp, at = excluded.at, seconds = excluded.seconds, faults = excluded.faults"
)
_RESULTS = (
    "SELECT d.tenant, coalesce(t.slug, s.slug, d.tenant), d.stamp, d.at, d.seconds, d.faults FROM drill d "
    "LEFT JOIN tenant t ON t.id = d.tenant LEFT JOIN tombstone s ON s.id = d.tenant "
    "WHERE d.tenant = 'universal' OR t.id IS NOT NULL OR EXISTS (SELECT 1 FROM store WHERE owner = d.tenant) "
    "ORDER BY d.at DESC, d.tenant"
)


class Drill(NamedTuple):
    """One tenant's last drill.

    Attributes:
        tenant: its id, or `universal`.
        slug: what people call it.
        stamp: of the backup; empty where there is none.
        at: when, in UTC.
        seconds: that it took.
        faults: what is wrong, in words; empty where all is as it should be.
    """

    tenant: str
    slug: str
    stamp: str
    at: str
    seconds: float
    faults: list[str]


@dataclass(slots=True)
class DrillReport:
    """What came of a run of drills.

    Attributes:
        drills: in the order in which they were done.
        seconds: that it took.
    """

    drills: list[Drill] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> list[Drill]:
        """Those in which something was wrong."""
        return [drill for drill in self.drills if drill.faults]

    def require_good(self) -> DrillReport:
        """Return it if nothing was wrong. Raises `BackupFailed`, which tells what was."""
        if self.failed:
            raise BackupFailed(
                "; ".join(f"{drill.slug}: {'; '.join(drill.faults)}" for drill in self.failed)
            )
        return self


def results(router: Router) -> list[Drill]:
    """Return each tenant's last drill, the latest first."""
    rows = router.universal_store.execute_sql(_RESULTS).fetchall()
    return [
        Drill(tenant, slug, stamp, at, seconds, json.loads(faults))
        for tenant, slug, stamp, at, seconds, faults in rows
    ]


class Driller:
    """A run of drills.

    Args:
        manager: whose backups are tried.
        compare: the application's, in an entry of the tenant that was copied.
    """

    def __init__(self, manager: BackupManager, compare: Compare | None) -> None:
        self.manager, self.router, self.compare = manager, manager.router, compare

    def run(self, sample: int) -> DrillReport:
        """Drill so many tenants, those first whose turn it is."""
        report, begun = DrillReport(), time.monotonic()
        with Workshop(self.router, self.manager.checks, self.manager.describe) as shop:
            for unit, slug in self._turns()[:sample]:
                drill = self._drill(shop, unit, slug)
                report.drills.append(drill)
                self._note(drill)
        report.seconds = time.monotonic() - begun
        return report

    def _turns(self) -> list[tuple[str, str]]:
        """Return all who have backups, or should have, by whose turn it is; among equals by chance."""
        done = {drill.tenant: drill.at for drill in results(self.router)}
        backed_up = set(self.manager.place.tenants())
        new = self._new()
        found = [
            (unit.id, unit.slug)
            for unit in all_units(self.router)
            if unit.id in backed_up or unit.id not in new
        ]
        random.shuffle(found)
        return sorted(found, key=lambda one: done.get(one[0], ""))

    def _new(self) -> set[str]:
        """Return who was made so lately that nobody need have made a backup yet."""
        rows = self.router.universal_store.execute_sql(
            "SELECT id FROM tenant WHERE created_at > datetime('now', ?)",
            (f"-{2 * self.manager.backup_interval + 60:.0f} seconds",),
        )
        return {row[0] for row in rows.fetchall()}

    def _drill(self, shop: Workshop, unit: str, slug: str) -> Drill:
        begun = time.monotonic()
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        backup = None
        try:
            backup = self.manager.latest(unit)
            faults = self._faults(shop, backup, slug)
        except (TenantError, OSError) as error:
            faults = [told(error)]
        stamp = backup.stamp if backup is not None else ""
        return Drill(unit, slug, stamp, at, time.monotonic() - begun, faults)

    def _faults(self, shop: Workshop, backup: Backup, slug: str) -> list[str]:
        manifest = self.manager.manifest(backup)
        if not self.manager.trusts(backup):
            return [f"nothing vouches for {backup}: it was neither made here nor with this key"]
        files = shop.fetch(self.manager.reader, backup)  # whose digests are those of the manifest
        if backup.tenant == UNIVERSAL:
            return shop.look(files, slug, enter=False)[0]
        shop.bring_up(files, slug)
        names = {store.name for store in manifest.stores if store.name == store.role}
        faults, facts = shop.look(files, slug, enter=bool(names))
        is_older = any(
            self._version(store.role) not in (None, store.version) for store in manifest.stores
        )
        if not faults and not is_older and facts != manifest.facts:
            faults = [f"the backup says {manifest.facts}, and what is restored {facts}"]
        return faults or self._differences(manifest, facts)

    def _version(self, role: str) -> int | None:
        found = self.router.migrations.get(role)
        return found.version if found is not None else None

    def _differences(self, manifest: Manifest, facts: dict[str, Any]) -> list[str]:
        """Ask the application in what the tenant, as of then, differs; unless it has another history by now."""
        if self.compare is None or not facts or not self.router.catalogue.knows(manifest.tenant):
            return []
        tenant = self.router.tenant(manifest.tenant)
        now = {store.stamp for store in tenant.own_stores()}
        copied = {(store.store, store.generation) for store in manifest.stores}
        if not now <= copied:
            return []  # restored or parted since: the next backup will be of what there is now
        try:
            with self.router.using(tenant):
                return [f"the tenant now: {line}" for line in self.compare(facts)]
        except TenantSuspended:
            return []

    def _note(self, drill: Drill) -> None:
        row = (drill.tenant, drill.stamp, drill.at, drill.seconds, json.dumps(drill.faults))
        self.router.universal_store.execute_write_with_retry(_NOTE, row)
        if not drill.faults:
            return
        said = f"The drill of {drill.slug}'s backup {drill.stamp}: {'; '.join(drill.faults)}"
        outcomes.error("%s", said)
        self.manager._tell_failure(drill.slug, said, 1)
