"""So many kills in one data folder, and after each a look at what is there."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from kills import journal
from kills.asking import ask_again, import_again
from kills.backups_seen import check_backups
from kills.ground import Ground
from kills.inspection import Inspection
from kills.nursery import Nursery
from kills.truth import Truth
from kills.works import WORKS
from models import migrations
from models.check import check_company
from tenants import sqlite
from tenants.schemas.fleet import Fleet
from tenants.scratch import clear_dead

CROWD = 3
"""Children at work at once, where there are several."""
WHILE_OPENING = 0.1
"""Of all kills: before the child has begun its work, while it opens the folder and recovers it."""
CHECKED = 0.2
"""Of all kills: the whole check of the books is run on what was touched; at the end of a round on all."""
PATIENCE = 120.0
"""Seconds within which whoever wasn't killed goes on."""

THEMES: dict[str, dict[str, int]] = {
    "alone": {
        "web": 28, "books": 13, "import": 13, "lifecycle": 24, "restore": 16, "backup": 3, "import-file": 1,
        "serve": 2,
    },
    "crowd": {"web": 3, "books": 3, "import": 2, "lifecycle": 3, "backup": 1},
    "migrate": {"migrate": 1},
    "life": {"lifecycle": 1},
    "backup": {"backup": 1, "restore": 4},
}  # fmt: skip
"""What is done in a round, and how often, by its theme."""

SHARES = {"alone": 6, "crowd": 3, "migrate": 1}
"""How often each theme is drawn."""


class Round(msgspec.Struct):
    """What came of one round.

    Attributes:
        kills: how many children were killed; `works` by their work, `deeds` what was under way in them, by kind.
        acknowledged: postings that had to be there at the end.
        asked: postings that nobody had acknowledged, and were asked for again.
    """

    number: int
    theme: str
    kills: int = 0
    works: dict[str, int] = msgspec.field(default_factory=dict)
    deeds: dict[str, int] = msgspec.field(default_factory=dict)
    acknowledged: int = 0
    asked: int = 0
    seconds: float = 0.0
    findings: list[str] = msgspec.field(default_factory=list)


class Turn:
    """A round that is being played."""

    def __init__(
        self, nursery: Nursery, ground: Ground, chance: random.Random, done: Round, without: str
    ) -> None:
        self.nursery = nursery
        self.ground = ground
        self.chance = chance
        self.done = done
        self.without = without
        self.truth = Truth(ground, told_early=without == "order")
        self.seen: dict[Path, Any] = {}
        self.born = 0
        self.works: Counter[str] = Counter()
        self.deeds: Counter[str] = Counter()
        self.weights = THEMES[done.theme]
        if done.theme == "migrate":
            self._own_migrations()

    def play(self, kills: int) -> Round:
        """Kill that often, and return what came of it."""
        begun = time.perf_counter()
        if self.done.theme == "crowd":
            self._crowd(kills)
        else:
            for _ in range(kills):
                self._alone()
        self._check(set(self.truth.companies))
        self.done.works, self.done.deeds = dict(self.works), dict(self.deeds)
        self.done.acknowledged = self.truth.acknowledged
        self.done.seconds = time.perf_counter() - begun
        return self.done

    def say(self, found: list[str]) -> None:
        """Keep findings."""
        self.done.findings += found

    def _own_migrations(self) -> None:
        folder = Path(self.ground.folder) / "migrations"
        shutil.copytree(migrations.FOLDERS["books"], folder, ignore=shutil.ignore_patterns("__*"))
        self.ground = msgspec.structs.replace(self.ground, migrations=str(folder))
        self.ground.write()

    # Killing

    def _bear(self) -> Victim:
        self.born += 1
        work = self.chance.choices(list(self.weights), list(self.weights.values()))[0]
        name = f"k{self.born}"
        file = Path(self.ground.folder) / f"{name}.journal"
        orders = {
            "work": work,
            "name": name,
            "folder": self.ground.folder,
            "seed": str(self.chance.getrandbits(60)),
            "journal": str(file),
            "without": self.without,
        }
        return Victim(self.nursery.bear(orders), work, file)

    def _wait(self, victim: Victim) -> None:
        if self.chance.random() < WHILE_OPENING:
            time.sleep(self.chance.uniform(0, 0.1))
        else:
            self._begun(victim)
            time.sleep(self.chance.uniform(0, WORKS[victim.work].seconds))

    def _begun(self, victim: Victim) -> None:
        if not victim.ready:
            victim.ready = True
            self.nursery.await_ready(victim.pid)

    def _kill(self, victim: Victim) -> list[journal.Deed]:
        """Kill a child, and return what it had done."""
        status = self.nursery.kill(victim.pid, WORKS[victim.work].rest)
        deeds, faults = journal.read(victim.file)
        self.say(faults)
        if status != signal.SIGKILL and not faults:
            self.say([f"{victim.work} ended by itself: {status}"])
        self.done.kills += 1
        self.works[victim.work] += 1
        self.deeds.update([deed.kind for deed in deeds if deed.is_open] or ["nothing"])
        self.truth.learn(deeds)
        return deeds

    def _alone(self) -> None:
        victim = self._bear()
        self._wait(victim)
        self._kill(victim)
        self._recover()
        self._tidy(victim)
        self._inspect()
        touched = self.truth.touched()
        self._ask()
        if self.chance.random() < CHECKED:
            self._check(touched)
        self.truth.open.clear()

    def _crowd(self, kills: int) -> None:
        """Kill one of several at a time, the others going on; look at everything once all are dead."""
        crowd = [self._bear() for _ in range(CROWD)]
        for victim in crowd:
            self._begun(victim)
        for left in range(kills - 1, -1, -1):
            victim = crowd.pop(self.chance.randrange(len(crowd)))
            self._wait(victim)
            sizes = {other.pid: other.said for other in crowd}
            deeds = self._kill(victim)
            self._recover()
            self._present(deeds)
            self._ask(beside=bool(crowd))
            if left < CROWD:
                self._go_on(crowd, sizes)
            else:
                crowd.append(self._bear())
        self._inspect()
        self.truth.open.clear()

    def _go_on(self, crowd: list[Victim], sizes: dict[int, int]) -> None:
        """Whoever wasn't killed does something more."""
        for other in crowd:
            self._begun(other)
            until = time.monotonic() + PATIENCE
            while other.said == sizes[other.pid] and time.monotonic() < until:
                time.sleep(0.005)
            if other.said == sizes[other.pid]:
                self.say([f"{other.work} stands still since another one was killed"])

    # Looking

    def _recover(self) -> None:
        router = self.ground.open()
        try:
            if self.without != "recovery":
                router.recover()
            if self.ground.migrations and not (report := Fleet(router).run()).is_well:
                self.say([f"the fleet's run after the kill came to {report}"])
        finally:
            router.close()

    def _tidy(self, victim: Victim) -> None:
        """Do what the next start or backup does with what a server leaves that was making some, unasked.

        A process that it had just begun is in a session of its own, and has the lock until it is another program.
        """
        until = time.monotonic() + PATIENCE
        while victim.work == "serve" and time.monotonic() < until:
            clear_dead(str(self.ground.data), "backing_up")
            if not (self.ground.data / "backing_up").exists():
                break
            time.sleep(0.005)

    def _inspect(self) -> None:
        self.say(Inspection(self.ground, self.truth, self.seen).run())

    def _present(self, deeds: list[journal.Deed]) -> None:
        """What the dead one was told is posted is there while the others go on."""
        for company in self.ground.companies:
            keys = {
                deed.what["key"]
                for deed in deeds
                if deed.done and deed.what.get("company") == company.id and "key" in deed.what
                if deed.kind in ("post", "post draft", "reverse")
            }
            path = self.ground.data / "tenants" / company.id / "books.1.db"
            with closing(sqlite.driver.connect(str(path), timeout=30)) as books:
                found = {row[0] for row in books.execute("SELECT key FROM vouchers")}
            self.say([f"LOST: {key} of {company.slug}" for key in keys - found])

    def _ask(self, beside: bool = False) -> None:
        if not self.truth.open:
            return
        router = self.ground.open()
        try:
            self.say(check_backups(self.ground, self.truth, router, beside))
            asked, findings = ask_again(self.ground, self.truth, router)
        finally:
            router.close()
        self.done.asked += asked
        self.say(findings)
        asked, findings = import_again(self.ground, self.truth)
        self.done.asked += asked
        self.say(findings)

    def _check(self, companies: set[str]) -> None:
        """Have the program itself check the books."""
        router = self.ground.open()
        try:
            for id in companies:
                known = self.truth.companies.get(id)
                if known is not None and known.there == {True}:
                    if known.states == {"suspended"}:  # nobody may look into those
                        router.resume(id)
                        known.states = {"active"}
                    for found in check_company(router, id):
                        self.say([f"the check of {known.slugs}: {found}"])
        finally:
            router.close()


class Victim(msgspec.Struct):
    """A child that lives."""

    pid: int
    work: str
    file: Path
    ready: bool = False

    @property
    def said(self) -> int:
        """Bytes of its journal."""
        return self.file.stat().st_size if self.file.exists() else 0
