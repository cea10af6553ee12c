"""Backups of a data folder, made every so often: what an application starts and stops, and asks."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import Context
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from peewee import PeeweeException

from .. import sqlite
from ..errors import BackupFailed, TenantError
from ..scratch import BACKING_UP, scratch_folder
from ..tenant import Tenant
from . import keys
from .disk_words import told
from .examining import Function, name_of
from .place import Place, place_of
from .reading import Reader
from .records import Records
from .report import Outcome, RunReport
from .restores import Restores
from .retention import Retention
from .run import Run
from .shelf import Shelf
from .status import BackupFigures, BackupStatus, TenantStatus, tenant_status
from .units import Unit, all_units, unit_of

if TYPE_CHECKING:
    from ..router import Router

log = logging.getLogger("tenants")

outcomes = logging.getLogger("tenants.backups.outcomes")
"""Of its own, for programs that tell people themselves what came of each tenant."""

OnFailure = Callable[[str, str, int], object]


class BackupManager(Shelf, Restores):
    """Makes backups of those tenants of a data folder that have changed, and reads them again.

    A backup holds a tenant's own stores, and those in its folder that only others use, each copied at one instant by
    SQLite's backup call while others go on writing. Of each copy it is checked, in a process of its own, that it is
    whole and sound; what isn't is no backup, and told. The shared database is backed up likewise, as `universal`.

    Args:
        router: the data folder.
        folder: where backups are kept: a folder, `s3://bucket/prefix`, or a place. Of this data folder alone.
        backup_interval: seconds between two looks at what has changed.
        checks: functions that yield what is wrong, in words; called in an entry of each copy. They run in another
            process, so each has to stand in a module by its own name.
        describe: likewise a function, which returns facts of the copy for the manifest: a dictionary fit for JSON.
        key_file: what backups are encrypted with; see `keys.make`. None for backups that aren't encrypted.
        retention: which are kept.
        on_backup_failure: called with the tenant's slug, what has failed, and how many times in a row it has by now;
            where a run couldn't even look at the tenants, with an empty slug.
        most_increments: after so many increments, the next backup is a full one.
        oldest_full: likewise when the full one is so many seconds old.

    Raises:
        BadKey: the key file isn't one, or others may read it.
        ValueError: a check can't be found from another process.

    Attributes:
        failures: how many runs in a row had a backup that failed.
        failing: how many times in a row it has failed, of each tenant for which it did so last.
    """

    def __init__(
        self,
        router: Router,
        folder: str | Path | Place,
        backup_interval: float = 300,
        checks: Sequence[Function] = (),
        *,
        describe: Function | None = None,
        key_file: str | Path | None = None,
        retention: Retention | None = None,
        on_backup_failure: OnFailure | None = None,
        most_increments: int = 50,
        oldest_full: float = 7 * 86400.0,
    ) -> None:
        self.router = router
        self.place = place_of(folder)
        self.backup_interval = backup_interval
        self.checks = [name_of(check) for check in checks]
        self.describe = name_of(describe) if describe is not None else None
        self.key = keys.read(key_file) if key_file is not None else None
        self.retention = retention or Retention()
        self.on_backup_failure = on_backup_failure
        self.most_increments, self.oldest_full = most_increments, oldest_full
        self.records = Records(router, self.place.name)
        self.reader = Reader(self.place, self.records, self.key, self._scratch)
        self.failures = 0
        self.failing: dict[str, int] = {}
        self._counts = {"made": 0, "same": 0, "failed": 0}
        self._last_run: tuple[float, float] | None = None
        self._mutex = threading.Lock()
        self._runs: set[Run] = set()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def _scratch(self) -> AbstractContextManager[str]:
        return scratch_folder(self.router.path, BACKING_UP)

    # Every so often

    def start(self) -> None:
        """Begin to make backups every so often, in a thread of its own; the first run comes at once."""
        with self._mutex:
            if self._thread is None:
                self._stopping = threading.Event()
                target = Context().run  # whatever the caller has entered, it isn't the backups'
                self._thread = threading.Thread(
                    target=target, args=(self._go_on, self._stopping), name="backups", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """End that, and what is being made at this moment; of that nothing stays. Returns when all is done."""
        with self._mutex:
            thread, self._thread = self._thread, None
            self._stopping.set()
            for run in self._runs:
                run.stop()
        if thread is not None:
            thread.join()

    def _go_on(self, stopping: threading.Event) -> None:
        try:
            while not stopping.is_set():
                try:
                    self._run(None, False, stopping)
                except TenantError as error:  # which says what to do
                    log.error("%s", error)
                    self._tell_failure("", str(error), self.failures)
                except Exception as error:
                    log.exception("Backups couldn't be made.")
                    self._tell_failure("", str(error), self.failures)
                stopping.wait(self.backup_interval)
        finally:
            self.router.universal.release(wholly=True)

    def __enter__(self) -> BackupManager:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> BackupManager:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.stop)

    # Now

    def backup_now(
        self, tenant: Tenant | str | None = None, even_unchanged: bool = False
    ) -> RunReport:
        """Back up what has changed, and return when that is done.

        Args:
            tenant: only that one, by slug or id, or `universal`; all unless given.
            even_unchanged: also what hasn't changed since its last backup.

        Returns:
            What came of it; whoever wants an error for what has failed calls its `require_good`.

        Raises:
            UnknownTenant: there is no such tenant.
        """
        return self._run(tenant, even_unchanged, threading.Event())

    async def backup_now_async(
        self, tenant: Tenant | str | None = None, even_unchanged: bool = False
    ) -> RunReport:
        """Do that in another thread, while the event loop goes on. Where the task is cancelled, the run is ended."""
        stopping = threading.Event()
        loop = asyncio.get_running_loop()

        def work() -> RunReport:
            try:
                return self._run(tenant, even_unchanged, stopping)
            finally:
                self.router.universal.release(wholly=True)

        done = loop.run_in_executor(None, Context().run, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            stopping.set()
            with self._mutex:
                for run in self._runs:
                    if run.stopped_by is stopping:
                        run.stop()
            await asyncio.wait([done])
            raise

    def _run(
        self, tenant: Tenant | str | None, even_unchanged: bool, stopping: threading.Event
    ) -> RunReport:
        run = Run(self, self._note, stopping)
        with self._mutex:
            self._runs.add(run)
            if stopping.is_set():
                run.stop()
        try:
            units = all_units(self.router) if tenant is None else [self._unit(tenant)]
            report = run.go(units, even_unchanged)
        except BaseException as error:
            self.failures += 1
            if isinstance(error, TenantError):  # a lock that wasn't had in time is an OSError, too
                raise
            if isinstance(error, (OSError, PeeweeException, sqlite.driver.Error)):
                why = _of_the_data_folder(error)
                raise BackupFailed(f"Backups couldn't be made: {why}") from error
            raise
        finally:
            with self._mutex:
                self._runs.discard(run)
        self.failures = self.failures + 1 if report.failed else 0
        self._last_run = (time.time(), report.seconds)
        return report

    def _note(self, outcome: Outcome) -> None:
        self._counts[outcome.kind] += 1
        self.failing.pop(outcome.tenant, None)
        if outcome.kind == "failed":
            self.failing[outcome.tenant] = outcome.failures
            outcomes.error("%s%s", outcome.failure, _again(outcome.failures))
            self._tell_failure(outcome.slug, outcome.failure, outcome.failures)

    def _tell_failure(self, slug: str, error: str, failures: int) -> None:
        if self.on_backup_failure is None:
            return
        try:
            self.on_backup_failure(slug, error, failures)
        except Exception:
            log.exception("on_backup_failure has failed itself.")

    def _unit(self, tenant: Tenant | str) -> Unit:
        return unit_of(self.router, self.unit_id(tenant))

    @property
    def is_running(self) -> bool:
        """Whether its thread makes backups every so often."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def figures(self) -> BackupFigures:
        """Return how this manager has done. It asks nobody."""
        at, seconds = self._last_run or (None, 0.0)
        return BackupFigures(self.failures, len(self.failing), at, seconds, **self._counts)

    def status(self) -> BackupStatus:
        """Return how all tenants stand. It asks the catalogue alone."""
        at, seconds = self._last_run or (None, 0.0)
        return BackupStatus(
            place=self.place.name,
            interval=self.backup_interval,
            running=self._thread is not None,
            failures=self.failures,
            last_run_at=at,
            last_run_seconds=seconds,
            **self._counts,
            tenants=[tenant_status(standing) for standing in self.records.standings()],
        )

    def status_of(self, tenant: Tenant | str) -> TenantStatus | None:
        """Return how one tenant stands; None where no backup of it was tried yet. Of the others nothing is read.

        Args:
            tenant: by slug or id, or `universal`; a purged one's by its id.

        Raises:
            UnknownTenant: there is no tenant of that slug.
        """
        standing = self.records.standing(self.unit_id(tenant))
        return tenant_status(standing) if standing is not None else None

    def __repr__(self) -> str:
        return f"<BackupManager {self.place.name}>"


def _again(failures: int) -> str:
    return f" It has failed {failures} times in a row." if failures > 1 else ""


def _of_the_data_folder(error: Exception) -> str:
    if isinstance(error, OSError):
        return told(error)
    return f"{error}: is the disk of the data folder sound, and is there room on it?"
