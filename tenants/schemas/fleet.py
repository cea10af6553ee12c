"""Migrating all stores of a data folder while they are in use: each by itself, none of them holding up the rest."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..life.maintenance import alone
from . import pending
from .fleet_run import FleetRun, settle
from .migrating import TIME_LIMIT
from .pending import PendingHome
from .report import FleetReport, Outcome, Progress, StoreReport, Tell

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store

__all__ = ["Fleet", "FleetReport", "Outcome", "Progress", "StoreReport"]

#: Seconds to wait until nobody works on a tenant's stores.
PATIENCE = 30.0


class Fleet:
    """All stores of a router.

    Args:
        router: the data folder, with its migrations.
        patience: seconds to wait for a tenant's stores to be free.
    """

    def __init__(self, router: Router, patience: float = PATIENCE) -> None:
        self.router = router
        self.patience = patience

    def run(
        self,
        only: Iterable[str] | None = None,
        canary: int = 0,
        jobs: int = 1,
        dry_run: bool = False,
        progress: Tell | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> FleetReport:
        """Bring every store to the program's version, the shared database first.

        What the catalogue says is at that version isn't opened. A store that fails is rolled back and put in
        quarantine, and the rest go on; but for the shared database, which everybody needs. What was interrupted is
        taken up by the next run, and two at once share the work.

        Args:
            only: slugs of the tenants whose own stores are to be done; all unless given. A store that they merely
                share is its owner's.
            canary: do that many tenants first, those with the smallest files, and nothing more if one of them fails.
            jobs: how many tenants at the same time.
            dry_run: try on copies instead, and change nothing.
            progress: called with each step, by one thread at a time.
            time_limit: seconds that one store's migrations may take.

        Raises:
            UnknownTenant: one of `only` isn't there.
            MigrationFailed: a migration can't be loaded; no store was touched.
        """
        router = self.router
        for migrations in router.migrations.values():
            migrations.modules()
        try:
            found = pending.find(router)
            homes = self._chosen(found, only)
            run = FleetRun(router, self.patience, progress, dry_run, time_limit)
            run.total = _stores(homes)
            run.unasked = _stores(found) - run.total
            with run.going():
                run.shared()
                first, rest = _canaries(homes, canary)
                if run.failed and not dry_run:
                    run.stop("the shared database comes first, and failed", homes)
                else:
                    run.all(first, jobs)
                    if first and run.failed and rest:
                        run.stop("one of those that were to be first failed", rest)
                    else:
                        run.all(rest, jobs)
            return run.report(pending.count(router))
        finally:
            router.universal.release()

    def _chosen(self, homes: list[PendingHome], only: Iterable[str] | None) -> list[PendingHome]:
        if only is None:
            return homes
        owners = {self.router.tenant(slug).id for slug in only}
        return [home for home in homes if home.owner in owners]


def _canaries(homes: list[PendingHome], canary: int) -> tuple[list[PendingHome], list[PendingHome]]:
    if canary <= 0:
        return [], homes
    first = sorted(homes, key=lambda home: (_size(home), home.slug))[:canary]
    chosen = {home.owner for home in first}
    return first, [home for home in homes if home.owner not in chosen]


def _stores(homes: list[PendingHome]) -> int:
    return sum(len(home.stores) for home in homes)


def _size(home: PendingHome) -> int:
    size = 0
    for store in home.stores:
        with suppress(OSError):
            size += os.stat(store.path).st_size
    return size


def bring_up(stores: list[Store]) -> None:
    """Migrate stores that are about to be opened, with the others of their tenants, each under its tenant's lock.

    Raises:
        MigrationFailed: one failed, and is in quarantine.
        LockTimeout: others have a store for too long.
    """
    router = stores[0].router
    for owner, label in {store.owner: store.label for store in stores}.items():
        with alone(router, [(owner, label.partition("/")[0])], PATIENCE):
            # All that are in use: once this thread has a lease on one of them, it could not have the others alone.
            for store in router.known.of_owner(owner):
                if not router.is_fit(store) and router.catalogue.users_of(store.id):
                    settle(store, TIME_LIMIT)
