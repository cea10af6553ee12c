"""One run of backups: of each tenant whose files have changed, one after the other."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from peewee import PeeweeException

from ..errors import BackupFailed, TenantError
from ..life.steps import step
from ..places import remove_folder
from ..scratch import scratch_folder
from . import copying, manifest
from .backup import fresh_stamp
from .examining import Examiner
from .manifest import Manifest, StoreCopy
from .pruning import Pruner
from .report import Outcome, RunReport
from .turn import turn
from .units import Unit, stores_of, unit_of

if TYPE_CHECKING:
    from .manager import BackupManager

log = logging.getLogger("tenants")

FOLDER = "backing_up"
"""The data folder's folder for copies of which backups are made."""


class Run:
    """One run.

    Args:
        manager: whose; see there for what it is made of.
        told: called with each outcome as it comes.
        stopped_by: the event of whoever stops it.
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
        signatures = self.records.signatures()
        with ExitStack() as self._kept:
            self._scratch = ""
            for unit in units:
                if self.stopped.is_set():
                    break
                report.looked_at += 1
                if not even_unchanged and self._is_unchanged(unit, signatures.get(unit.id, "")):
                    continue
                outcome = self._guarded(unit, even_unchanged)
                if outcome is not None:
                    report.outcomes.append(outcome)
                    self.told(outcome)
        report.seconds = time.monotonic() - begun
        return report

    def _is_unchanged(self, unit: Unit, signature: str) -> bool:
        return bool(signature) and signature == self._signature(unit)

    def _signature(self, unit: Unit) -> str:
        return unit.signature(self.place.name, time.time_ns())

    def _guarded(self, unit: Unit, even_unchanged: bool) -> Outcome | None:
        begun = time.monotonic()
        try:
            outcome = self._back_up(unit, even_unchanged)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others' turn comes
            if self.stopped.is_set():
                return None
            said = _told(unit, error)
            outcome = Outcome(
                unit.id, unit.slug, "failed", error=said, failures=self._note_failure(unit, said)
            )
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

    def _back_up(self, unit: Unit, even_unchanged: bool) -> Outcome | None:
        with turn(self.router.path, self.stopped):
            if not even_unchanged and self._is_unchanged(unit, self.records.signature(unit.id)):
                return None  # another process has just done it
            unit = unit_of(self.router, unit.id)
            self._prepare()
            folder = f"{self._scratch}/copies"
            os.mkdir(folder, mode=0o700)
            try:
                return self._back_up_in(folder, unit, even_unchanged)
            finally:
                remove_folder(folder)

    def _prepare(self) -> None:
        """Have a folder for copies, and a process that looks at them, from the first changed unit to the run's end."""
        if self._scratch:
            return
        self._scratch = self._kept.enter_context(scratch_folder(self.router.path, FOLDER))
        manager = self.manager
        self._examiner = Examiner(self._scratch, manager.checks, manager.describe, manager.key)
        self._kept.callback(self._examiner.close)
        if self.stopped.is_set():
            self._examiner.kill()

    def _back_up_in(self, folder: str, unit: Unit, even_unchanged: bool) -> Outcome:
        self.place.tidy(unit.id)
        stamps = list(self.place.contents(unit.id))
        last = self.manager.reader.latest(unit.id, stamps, self._scratch)
        stamp = fresh_stamp(max(stamps, default=""))
        made_at = datetime.now(UTC)
        signature = self._signature(
            unit
        )  # before the copy: what is written after it will be seen as a change
        stores = stores_of(self.router, unit)
        paths = copying.copy(stores, folder)
        part = self.place.begin(unit.id, stamp, folder)
        try:
            question = {
                "tenant": unit.id,
                "slug": unit.slug,
                "stamp": stamp,
                "folder": part,
                "enter": _may_enter(unit, stores),
                "unless": self._known_images(last, even_unchanged),
                "copies": self._copies(unit, stores, paths, last, folder),
            }
            answer = self._ask(question)
            if answer.get("same"):
                assert last is not None
                self.place.give_up(unit.id, stamp, part)
                self.records.made(unit.id, signature)
                return Outcome(unit.id, unit.slug, "same", last.backup)
            made = self._manifest(unit, stamp, made_at, answer)
            self._publish(made, part)
        except BaseException:
            with suppress(OSError):  # what is left is removed before the next one is made
                self.place.give_up(unit.id, stamp, part)
            raise
        self.records.made(unit.id, signature)
        Pruner(self.manager).after(made, self._scratch)
        increment = any(store.kind == "increment" for store in made.stores)
        return Outcome(
            unit.id, unit.slug, "made", made.backup, "", 0, made.bytes, made.stored_bytes, increment
        )

    # The question

    def _known_images(self, last: Manifest | None, even_unchanged: bool) -> dict[str, str] | None:
        if last is None or even_unchanged:
            return None
        return {store.name: store.sha256 for store in last.stores}

    def _copies(
        self, unit: Unit, stores: list[Any], paths: list[str], last: Manifest | None, folder: str
    ) -> list[dict[str, Any]]:
        return [
            {
                "name": member.name,
                "role": member.role,
                "store": member.id,
                "owner": store.owner,
                "generation": member.generation,
                "path": path,
                "label": store.label,
                "base": self._base(
                    member.id, member.generation, last, f"{folder}/{number}.digests"
                ),
            }
            for number, (member, store, path) in enumerate(
                zip(unit.members, stores, paths, strict=True)
            )
        ]

    def _base(
        self, store: str, generation: int, last: Manifest | None, path: str
    ) -> dict[str, Any] | None:
        """Return the full one that changes of a store can be told against, with its page digests at a path."""
        known = next(
            (
                s
                for s in (last.stores if last else ())
                if (s.store, s.generation) == (store, generation)
            ),
            None,
        )
        if last is None or known is None or known.since_full >= self.manager.most_increments:
            return None
        holder: Manifest | None = last
        if known.kind == "increment":
            holder = self.manager.reader.latest(last.tenant, [known.base], self._scratch)
        whole = _whole(holder, known)
        if holder is None or whole is None or self._is_old(holder):
            return None
        if holder.encrypted != (self.manager.key is not None):
            return None
        if not self.manager.reader.digests(holder, whole, path, self._scratch):
            return None
        return {
            "stamp": holder.stamp,
            "since_full": known.since_full,
            "path": path,
            "store": {
                name: getattr(whole, name)
                for name in (
                    "sha256", "page_size", "pages", "stored_bytes", "digests", "digests_bytes", "digests_sha256",
                )
            },
        }  # fmt: skip

    def _is_old(self, holder: Manifest) -> bool:
        age = datetime.now(UTC) - holder.backup.made_at
        return age.total_seconds() > self.manager.oldest_full

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        step("copies made for a backup")
        assert self._examiner is not None
        answer = self._examiner.examine(question)
        if answer.get("faults"):
            raise BackupFailed(
                "the copy isn't sound, so that none was kept: " + "; ".join(answer["faults"])
            )
        if answer.get("error"):
            raise BackupFailed(answer["error"])
        step("copies packed for a backup")
        return answer

    # The answer

    def _manifest(
        self, unit: Unit, stamp: str, made_at: datetime, answer: dict[str, Any]
    ) -> Manifest:
        key = self.manager.key
        return Manifest(
            format=manifest.FORMAT,
            tenant=unit.id,
            slug=unit.slug,
            stamp=stamp,
            made_at=made_at.isoformat(timespec="microseconds"),
            program=_program(),
            facts=answer["facts"],
            checks=answer["checks"],
            encrypted=key is not None,
            key=key.id if key is not None else "",
            stores=[StoreCopy(**store) for store in answer["stores"]],
        )

    def _publish(self, made: Manifest, part: str) -> None:
        content = manifest.encode(made, self.manager.key)
        with open(f"{part}/{manifest.NAME}", "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        step("manifest of a backup written")
        self.records.announce(made, manifest.digest(content))
        try:
            self.place.publish(made.tenant, made.stamp, part)
        except BaseException:
            self.records.forget(made.backup)
            raise
        step("backup published")


def _may_enter(unit: Unit, stores: list[Any]) -> bool:
    """True where there is a tenant, and the application's models fit its stores: checks of older ones would stumble."""
    own = [
        store
        for member, store in zip(unit.members, stores, strict=True)
        if member.name == member.role
    ]
    return bool(own) and all(
        store.owner and store.schema == store.router.fingerprint(store.role) for store in own
    )


def _whole(holder: Manifest | None, known: StoreCopy) -> StoreCopy | None:
    for store in holder.stores if holder is not None else ():
        if (store.store, store.generation, store.kind) == (known.store, known.generation, "full"):
            return store
    return None


@cache
def _program() -> str:
    from importlib import metadata  # slow, and seldom needed

    try:
        return metadata.version("cuneifox")
    except metadata.PackageNotFoundError:
        return ""


def _told(unit: Unit, error: Exception) -> str:
    name = "" if isinstance(error, (TenantError, OSError)) else f"{type(error).__name__}: "
    said = f"{name}{error}"
    return f"No backup of {unit.slug} could be made: {said}"
