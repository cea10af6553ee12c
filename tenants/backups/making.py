"""How one backup is made: the stores are copied, the copies looked at and packed, and what came of it is published."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import BackupFailed
from ..life.steps import step
from . import copying, manifest
from .backup import fresh_stamp
from .disk_words import at
from .manifest import Manifest, StoreCopy
from .pruning import Pruner
from .report import Outcome
from .units import Member, Unit, stores_of

if TYPE_CHECKING:
    from ..store import Store
    from .run import Run


class Making:
    """One backup that is being made. Whoever makes it has the data folder's turn.

    Args:
        run: the run.
        unit: what is backed up.
        folder: an empty folder for the copies, gone at the end.
    """

    def __init__(self, run: Run, unit: Unit, folder: str) -> None:
        self.run, self.unit, self.folder = run, unit, folder
        self.manager, self.place, self.records = run.manager, run.place, run.records

    def make(self, even_unchanged: bool) -> Outcome:
        """Make it, unless the files hold what the last one holds. What fails leaves nothing."""
        unit, scratch = self.unit, self.run.scratch
        self.place.tidy(unit.id)
        contents = self.place.contents(unit.id)
        last = self.manager.reader.latest(unit.id, list(contents), scratch)
        if last is not None and not self._can_build_on(last, contents):
            last = None
        newest = last is not None and last.stamp == max(contents)  # else the newest is of no use
        made_at = datetime.now(UTC)
        stamp = fresh_stamp(max(contents, default=""))
        signature = self.run.signature(unit)  # first: what is written after it is seen as a change
        stores = stores_of(self.run.router, unit)
        copied = self._copies(stores, copying.copy(stores, self.folder), last)
        part = self.place.begin(unit.id, stamp, self.folder)
        try:
            question = {
                "tenant": unit.id,
                "slug": unit.slug,
                "stamp": stamp,
                "folder": part,
                "enter": _may_enter(unit, stores),
                "unless": None if last is None or even_unchanged or not newest else _images(last),
                "copies": copied,
            }
            answer = self._ask(question)
            if "same" in answer:
                self.place.give_up(unit.id, stamp, part)
                return self._same(last, signature)
            made = self._manifest(stamp, made_at, answer)
            self._publish(made, part)
        except BaseException:
            with suppress(OSError):  # what is left is removed before the next one is made
                self.place.give_up(unit.id, stamp, part)
            raise
        return self._made(made, signature)

    def _can_build_on(self, last: Manifest, contents: dict[str, dict[str, int]]) -> bool:
        """True where the last one is whole, and can be read with what the next one is made with."""
        key = self.manager.key
        if last.key != (key.id if key is not None else ""):
            return False
        return self.manager.reader.is_good(last.backup, contents, self.run.scratch)

    # The question

    def _copies(
        self, stores: list[Store], paths: list[str], last: Manifest | None
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
                "base": self._base(member, last, f"{path}.digests"),
            }
            for member, store, path in zip(self.unit.members, stores, paths, strict=True)
        ]

    def _base(self, member: Member, last: Manifest | None, path: str) -> dict[str, Any] | None:
        """Return the full one that changes of a store can be told against, with its page digests at a path."""
        reader, scratch = self.manager.reader, self.run.scratch
        known = _copy_of(member, last)
        if known is None or known.since_full >= self.manager.most_increments:
            return None
        holder = last
        if known.kind == "increment":
            holder = reader.latest(self.unit.id, [known.base], scratch)
        whole = _copy_of(member, holder)
        if holder is None or whole is None or whole.kind != "full" or self._is_old(holder):
            return None
        if holder.encrypted != (self.manager.key is not None):
            return None
        if not reader.digests(holder, whole, path, scratch):
            return None
        store = {name: getattr(whole, name) for name in _TOLD_OF_BASE}
        return {"stamp": holder.stamp, "since_full": known.since_full, "path": path, "store": store}

    def _is_old(self, holder: Manifest) -> bool:
        age = datetime.now(UTC) - holder.backup.made_at
        return age.total_seconds() > self.manager.oldest_full

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        step("copies made for a backup")
        answer = self.run.examiner.examine(question)
        if answer.get("faults"):
            raise BackupFailed(
                "The copy isn't sound, so that none was kept: " + "; ".join(answer["faults"])
            )
        if answer.get("error"):
            raise BackupFailed(answer["error"])
        step("copies packed for a backup")
        return answer

    # The answer

    def _same(self, last: Manifest | None, signature: str) -> Outcome:
        self.records.made(self.unit.id, signature)
        backup = last.backup if last is not None else None
        return Outcome(self.unit.id, self.unit.slug, "same", backup)

    def _made(self, made: Manifest, signature: str) -> Outcome:
        self.records.made(self.unit.id, signature)
        Pruner(self.manager).after(made, self.run.scratch)
        return Outcome(
            self.unit.id,
            self.unit.slug,
            "made",
            made.backup,
            bytes=made.bytes,
            stored_bytes=made.stored_bytes,
            increment=bool(made.bases),
        )

    def _manifest(self, stamp: str, made_at: datetime, answer: dict[str, Any]) -> Manifest:
        unit, key = self.unit, self.manager.key
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
        with at(part), open(f"{part}/{manifest.NAME}", "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        step("manifest of a backup written")
        self.records.announce(made, manifest.digest(content))
        try:
            step("backup noted")
            self.place.publish(made.tenant, made.stamp, part)
        except BaseException:
            self.records.forget(made.backup)
            raise
        step("backup published")


_TOLD_OF_BASE = (
    "sha256", "page_size", "pages", "stored_bytes", "digests", "digests_bytes", "digests_sha256",
)  # fmt: skip


def _may_enter(unit: Unit, stores: list[Store]) -> bool:
    """True where there is a tenant, and the application's models fit its stores: checks of older ones would stumble."""
    pairs = zip(unit.members, stores, strict=True)
    own = [store for member, store in pairs if store.owner and member.name == member.role]
    return bool(own) and all(s.schema == s.router.fingerprint(s.role) for s in own)


def _images(last: Manifest) -> dict[str, str]:
    return {store.name: store.sha256 for store in last.stores}


def _copy_of(member: Member, told: Manifest | None) -> StoreCopy | None:
    for store in told.stores if told is not None else ():
        if (store.store, store.generation) == (member.id, member.generation):
            return store
    return None


@cache
def _program() -> str:
    from importlib import metadata  # slow, and seldom needed

    try:
        return metadata.version("cuneifox")
    except metadata.PackageNotFoundError:
        return ""
