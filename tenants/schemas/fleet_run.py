"""One run over the fleet that is under way: what it does to each store, and what it tells of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from ..errors import MigrationFailed, TenantError, UnknownTenant, WrongFile
from ..life.maintenance import alone
from . import pending
from .migrating import Migrated, migrate
from .pending import PendingHome
from .report import FleetReport, Outcome, Progress, StoreReport, Tell
from .trial import trials, try_out

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store

log = logging.getLogger("tenants")


def settle(
    store: Store, time_limit: float, tell: Callable[[str], object] = lambda step: None
) -> Migrated:
    """Migrate a store that the caller has to himself, and tell the catalogue how that went.

    Raises:
        MigrationFailed: it is as it was, and in quarantine from now on.
        TenantError: it can't be migrated as things stand.
    """
    try:
        done = migrate(store, time_limit, tell)
    except MigrationFailed as error:
        log.error("%s is in quarantine: %s", store.label, error)
        if store.owner:
            pending.quarantine(store.router, store, str(error))
        raise
    if store.owner:
        pending.record(store.router, store)
    tell("recorded")
    return done


class FleetRun:
    """One run.

    Args:
        router: whose stores.
        patience: seconds to wait for a tenant's stores to be free.
        progress: told of each step.
        dry_run: try on copies.
        time_limit: seconds for one store.
    """

    def __init__(
        self,
        router: Router,
        patience: float,
        progress: Tell | None,
        dry_run: bool,
        time_limit: float,
    ) -> None:
        self.router = router
        self.patience = patience
        self.progress = progress
        self.dry_run = dry_run
        self.time_limit = time_limit
        self.total = self.unasked = 0
        self.failed = False
        self._results: list[StoreReport] = []
        self._stopped = ""
        self._left: list[str] = []
        self._folder = ""
        self._begun = monotonic()
        self._telling = threading.Lock()

    @contextmanager
    def going(self) -> Iterator[None]:
        """Have a folder for copies in the block, where copies are what is tried."""
        if not self.dry_run:
            yield
            return
        with trials(self.router) as self._folder:
            yield

    def stop(self, why: str, homes: Sequence[PendingHome]) -> None:
        """Leave these."""
        self._stopped = why
        self._left += [f"{home.slug}/{store.role}" for home in homes for store in home.stores]

    def report(self, stores: int) -> FleetReport:
        """Return what was done, of so many stores."""
        return FleetReport(
            stores,
            tuple(self._results),
            monotonic() - self._begun,
            self.dry_run,
            self._stopped,
            tuple(self._left),
            self.unasked,
        )

    # What is done

    def shared(self) -> None:
        """Migrate the shared database, if it is behind."""
        wanted = self.router.migrations.get("universal")
        if wanted is None:
            return
        store = self.router.universal_store
        version = store.database._use().run("PRAGMA user_version").fetchone()[0]
        if version != wanted.version:
            self.total += 1
            self.router.universal.release()
            self._store(store, ())

    def all(self, homes: Sequence[PendingHome], jobs: int) -> None:
        """Migrate tenants' stores, several tenants at a time if asked to."""
        if jobs <= 1 or len(homes) <= 1:
            for home in homes:
                self._home(home)
            return
        with ThreadPoolExecutor(jobs, thread_name_prefix="migrating") as threads:
            try:
                for future in [threads.submit(self._home_in_thread, home) for home in homes]:
                    future.result()
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise

    def _home_in_thread(self, home: PendingHome) -> None:
        try:
            self._home(home)
        finally:
            self.router.universal.release(wholly=True)

    def _home(self, home: PendingHome) -> None:
        left = {row.id: row for row in home.stores}
        try:
            # In hand from here on, or each look would make them anew.
            own = self.router.known.of_owner(home.owner)
            if not own:
                raise UnknownTenant(f"{home.slug} was purged since.")
            with self._having(home):
                own = self.router.known.of_owner(home.owner)
                for store in own:
                    row = left.pop(store.id, None)
                    if row is not None:
                        self._store(store, row.tenants)
            outcome, reason = Outcome.CURRENT, "it is no more"  # purged, or given to another, since
        except UnknownTenant:
            outcome, reason = Outcome.CURRENT, "it is no more"
        except TenantError as error:
            outcome, reason = Outcome.HINDERED, str(error)
        for row in left.values():
            label = f"{home.slug}/{row.role}"
            self._done(
                StoreReport(
                    label, row.id, row.role, row.tenants, outcome, None, None, reason=reason
                )
            )

    @contextmanager
    def _having(self, home: PendingHome) -> Iterator[None]:
        if not self.dry_run:
            with alone(self.router, [(home.owner, home.slug)], self.patience):
                yield
            return
        lock = self.router.homes.of(home.owner, home.slug)
        try:
            lock.lease(self.patience)
        except WrongFile:
            self.router.catalogue.require_home(home.owner, home.slug)
            raise
        try:
            yield
        finally:
            lock.release()
            lock.close()  # a dry run over thousands would keep a descriptor of each

    def _store(self, store: Store, tenants: tuple[str, ...]) -> None:
        begun, done, reason = monotonic(), None, ""
        tell = partial(self._step, store.label)
        try:
            if self.dry_run:
                done = try_out(store, self._folder, self.time_limit)
                outcome = Outcome.WOULD_MIGRATE if done.names else Outcome.CURRENT
            else:
                tell("locked")
                done = settle(store, self.time_limit, tell)
                outcome = Outcome.MIGRATED if done.names else Outcome.CURRENT
        except MigrationFailed as error:
            outcome = Outcome.WOULD_FAIL if self.dry_run else Outcome.FAILED
            reason = str(error)
        except TenantError as error:
            outcome, reason = Outcome.HINDERED, str(error)
        except Exception as error:  # one store's trouble, whatever it is, is not to stop the rest
            log.exception("%s couldn't be migrated", store.label)
            outcome, reason = Outcome.HINDERED, f"{type(error).__name__}: {error}"
        after = self.router.migrations[store.role].version if done is not None else None
        self._done(
            StoreReport(
                store.label,
                store.id,
                store.role,
                tenants,
                outcome,
                done.before if done is not None else None,
                after,
                done.names if done is not None else (),
                monotonic() - begun,
                reason,
                done.snapshot if done is not None else "",
            )
        )

    # What is told

    def _step(self, store: str, step: str) -> None:
        if self.progress is not None:
            with self._telling:
                self.progress(Progress(len(self._results), self.total, store, step))

    def _done(self, result: StoreReport) -> None:
        with self._telling:
            self._results.append(result)
            self.failed = self.failed or not result.is_well
            if self.progress is not None:
                done = len(self._results)
                self.progress(Progress(done, self.total, result.store, "done", result))
