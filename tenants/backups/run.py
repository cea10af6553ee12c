"""One run of backups: of each tenant whose files have changed, one after the other."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from peewee import PeeweeException

from ..errors import BackupFailed, TenantError
from ..places import remove_folder
from ..scratch import BACKING_UP, scratch_folder
from .disk_words import PlaceFailed, told
from .examining import Examiner
from .making import Making
from .report import Outcome, RunReport
from .turn import turn
from .units import Unit, unit_of

if TYPE_CHECKING:
    from .manager import BackupManager

log = logging.getLogger("tenants")


class Run:
    """One run.

    Args:
        manager: whose; see there for what it is made of.
        told: called with each outcome as it comes.
        stopped_by: the event of whoever stops it.

    Attributes:
        scratch: a folder for what is gone at the end, once there is anything to do.
    """

    def __init__(
        self,
        manager: BackupManager,
        told: Callable[[Outcome], object],
        stopped_by: threading.Event,
    ) -> None:
        self.manager, self.told, self.stopped_by = manager, told, stopped_by
        self.router, self.place, self.records = manager.router, manager.place, manager.records
        self.stopped = threading.Event()
        self._examiner: Examiner | None = None
        self.scratch = ""

    def stop(self) -> None:
        """End it in the middle, from another thread. Nothing half-made stays."""
        self.stopped.set()
        if self._examiner is not None:
            self._examiner.kill()

    def go(self, units: Iterable[Unit], even_unchanged: bool = False) -> RunReport:
        """Back up those units that have changed since their last backup. What fails doesn't keep the others.

        Args:
            units: which are looked at.
            even_unchanged: make backups also of those that haven't changed.
        """
        begun = time.monotonic()
        report = RunReport()
        signatures, there = self.records.signatures(), self._tenants_there(even_unchanged)
        with ExitStack() as self._kept:
            for unit in units:
                if self.stopped.is_set():
                    break
                report.looked_at += 1
                known = signatures.get(unit.id, "")
                if not even_unchanged and unit.id in there and self._is_unchanged(unit, known):
                    continue
                outcome = self._guarded(unit, even_unchanged, known)
                if outcome is not None:
                    report.outcomes.append(outcome)
                    self.told(outcome)
        report.seconds = time.monotonic() - begun
        return report

    def _tenants_there(self, even_unchanged: bool) -> set[str]:
        # The records first: another process may begin the first backup ever meanwhile, at its place before it is noted.
        were_there = not even_unchanged and self.records.has_backups()
        try:
            there = set(self.place.tenants())
        except OSError as error:
            what = "" if isinstance(error, PlaceFailed) else "The backups there can't be listed: "
            raise BackupFailed(f"{what}{told(error)}") from error
        if were_there and not there:
            raise BackupFailed(
                f"There were backups at {self.place.name}, and now there is nothing: is its disk mounted? If they were "
                f"removed on purpose, begin anew by backing up what hasn't changed, too."
            )
        return there

    def _is_unchanged(self, unit: Unit, signature: str) -> bool:
        return bool(signature) and signature == self.signature(unit)

    def signature(self, unit: Unit) -> str:
        """Say what a unit's files look like now; empty where that can't be relied upon later."""
        key = self.manager.key
        told = f"{self.place.name} {key.id}" if key is not None else self.place.name
        return unit.signature(told, time.time_ns())  # another key wants a backup of its own

    def _guarded(self, unit: Unit, even_unchanged: bool, known: str) -> Outcome | None:
        begun = time.monotonic()
        try:
            outcome = self._back_up(unit, even_unchanged, known)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others' turn comes
            if self.stopped.is_set():
                return None
            said = told(error)
            failures = self._note_failure(unit, said)
            outcome = Outcome(unit.id, unit.slug, "failed", None, said, failures, cause=error)
        if outcome is None:
            return None
        seconds = time.monotonic() - begun
        return Outcome(
            **{name: getattr(outcome, name) for name in Outcome.__slots__} | {"seconds": seconds}
        )

    def _note_failure(self, unit: Unit, said: str) -> int:
        try:
            return self.records.failed(unit.id, said)
        except (OSError, TenantError, PeeweeException):
            # On a full disk the catalogue can't be written either; the others' turn comes all the same.
            log.exception("That a backup of %s has failed couldn't be noted.", unit.slug)
            return 1

    def _back_up(self, unit: Unit, even_unchanged: bool, known: str) -> Outcome | None:
        with turn(self.router.path, self.stopped):
            now = self.records.signature(unit.id)
            if not even_unchanged and now != known and self._is_unchanged(unit, now):
                return None  # another process has just done it
            unit = unit_of(self.router, unit.id)
            self._prepare()
            folder = f"{self.scratch}/copies"
            os.mkdir(folder, mode=0o700)
            try:
                return Making(self, unit, folder).make(even_unchanged)
            finally:
                remove_folder(folder)

    @property
    def examiner(self) -> Examiner:
        """The process that looks at copies."""
        assert self._examiner is not None
        return self._examiner

    def _prepare(self) -> None:
        """Have a folder for copies, and a process that looks at them, from the first changed unit to the run's end."""
        if self.scratch:
            return
        self.scratch = self._kept.enter_context(scratch_folder(self.router.path, BACKING_UP))
        manager = self.manager
        self._examiner = Examiner(self.scratch, manager.checks, manager.describe, manager.key)
        self._kept.callback(self._examiner.close)
        if self.stopped.is_set():
            self._examiner.kill()
