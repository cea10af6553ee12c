"""One round: a fresh installation, jobs that are asked for all the while, and workers that are killed amid them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from cuneifox.data_folder import open_folder
from jobkills.ground import COMPANIES, Asking, Ground, lay_out
from jobkills.looking import look
from jobkills.worker import POINTS
from kills.nursery import Nursery
from models.check import check_company
from tenants import sqlite

PER_ROUND = 50
JOBS_PER_KILL = 5
CROWD = 3
"""Workers at once."""
THREADS = 3
"""Jobs that each does at a time."""
AT_A_POINT = 0.5
"""Of all workers: those that kill themselves at a point."""
WHILE_OPENING = 0.08
"""Of all kills: before the worker takes jobs."""
ASKED_TO_STOP = 0.12
"""Of all kills: shortly after it was asked to stop, and to hurry."""
AT_STOPPING = ("handing back", "handed back")
MOST_PASSES = 3
LONGEST_WAY = 0.7
"""Seconds that a worker is given to come to its point; then it is killed where it is."""
PATIENCE = 120.0
"""Seconds within which all jobs end, once nobody is killed any more."""


class Round(msgspec.Struct):
    """What came of one round.

    Attributes:
        kills: how many workers were killed; `points` where they did so themselves, or how it was done from outside.
        jobs: how many were asked for; `vouchers`, how many they had to post; `files`, how many results to leave.
        lapses: how often a job was lost with its worker; `most`, how often one and the same was.
    """

    number: int
    kills: int = 0
    points: dict[str, int] = msgspec.field(default_factory=dict)
    jobs: int = 0
    vouchers: int = 0
    files: int = 0
    lapses: int = 0
    most: int = 0
    seconds: float = 0.0
    findings: list[str] = msgspec.field(default_factory=list)


class Arena:
    """Where one process plays its rounds: a nursery, and an installation that is copied for each.

    Args:
        folder: an empty one.
        companies: how many there are.
    """

    def __init__(self, folder: Path, companies: int = COMPANIES) -> None:
        self.folder = folder
        (folder / "blank").mkdir()
        self.blank = lay_out(folder / "blank", companies)
        self.nursery = Nursery("jobkills.worker")

    def close(self) -> None:
        """End the nursery."""
        self.nursery.close()

    def play(
        self, seed: int, number: int, kills: int = PER_ROUND, without: str = "", point: str = ""
    ) -> Round:
        """Play the round that seed and number decide, but for what the kernel does first."""
        folder = self.folder / f"round-{number}"
        folder.mkdir()
        turn = None
        try:
            ground = self.blank.copy(folder)
            turn = Turn(self.nursery, ground, random.Random(f"{seed}-{number}"), Round(number))
            turn.without, turn.point = without, point
            return turn.play(kills)
        finally:
            self.nursery.kill_all()  # where it broke off
            if turn is not None:
                turn.asking.close()
            shutil.rmtree(folder)


class Victim(msgspec.Struct):
    """A worker that lives, or has just killed itself."""

    pid: int
    log: Path
    point: str

    @property
    def is_ready(self) -> bool:
        """Whether it has said that it takes jobs."""
        return Path(f"{self.log}.Does").exists()

    @property
    def at_its_point(self) -> bool:
        """Whether it has come there."""
        return Path(f"{self.log}.point").exists()


class Turn:
    """A round that is being played."""

    def __init__(
        self, nursery: Nursery, ground: Ground, chance: random.Random, done: Round
    ) -> None:
        self.nursery, self.ground, self.chance, self.done = nursery, ground, chance, done
        self.asking = Asking(ground, chance)
        self.points: Counter[str] = Counter()
        self.born = 0
        self.without = self.point = ""

    def play(self, kills: int) -> Round:
        """Kill that often, and return what came of it."""
        begun = time.perf_counter()
        crowd = [self._bear() for _ in range(CROWD)]
        while self.done.kills < kills:
            if len(self.asking.wanted) < JOBS_PER_KILL * (self.done.kills + 1):
                self.asking.ask(JOBS_PER_KILL)
            victim = crowd.pop(self.chance.randrange(len(crowd)))
            self._kill(victim)
            crowd.append(self._bear())
        self._finish(crowd)
        self.asking.close()
        self._look()
        self.done.points = dict(self.points)
        self.done.seconds = time.perf_counter() - begun
        return self.done

    def say(self, found: list[str]) -> None:
        """Keep findings."""
        self.done.findings += found

    def _bear(self, immortal: bool = False) -> Victim:
        self.born += 1
        log = Path(self.ground.folder) / f"worker-{self.born}.log"
        draw, passes = self.chance.random(), self.chance.randrange(MOST_PASSES)
        point = self.point or (self.chance.choice(list(POINTS)) if draw < AT_A_POINT else "")
        if immortal:
            point = ""
        elif point == "there" or point in AT_STOPPING:
            passes = 0
        orders = {
            "folder": self.ground.folder,
            "threads": THREADS,
            "log": str(log),
            "point": point,
            "passes": passes,
            "without": self.without,
        }
        return Victim(self.nursery.bear(orders), log, point)

    def _kill(self, victim: Victim) -> None:
        stopping = victim.point in AT_STOPPING or self.chance.random() < ASKED_TO_STOP
        how = "at any moment"
        if victim.point != "there" and self.chance.random() < WHILE_OPENING:
            how = "while it opens"
            time.sleep(self.chance.uniform(0, 0.15))
        else:
            self._begun(victim)
            time.sleep(self.chance.uniform(0, 0.25))
            if stopping:
                how = "while it stops"
                self._signal(victim, signal.SIGTERM)
                self._await(victim, lambda: Path(f"{victim.log}.Stops").exists())  # or both are one
                self._signal(victim, signal.SIGTERM)
                time.sleep(self.chance.uniform(0, 0.1))
        self._await_point(victim)
        status = self.nursery.kill(victim.pid)
        if status == signal.SIGKILL:
            self.points[victim.point if victim.at_its_point else how] += 1
            self.done.kills += 1
        elif status or not stopping:  # else it was faster, and had stopped in good order
            self.say([f"a worker ended by itself: {status}"])
        self._read(victim)

    def _begun(self, victim: Victim) -> None:
        """Wait until it takes jobs, or has come to its end before that."""
        self._await(victim, lambda: victim.is_ready)

    def _await(self, victim: Victim, test: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not (test() or victim.at_its_point or _is_dead(victim.pid)):
            if time.monotonic() > until:
                self.say([f"a worker that was to die at {victim.point!r} stands still"])
                return
            time.sleep(0.005)

    def _signal(self, victim: Victim, number: signal.Signals) -> None:
        os.kill(
            victim.pid, number
        )  # nobody has waited for it yet, so that its id can't be another's

    def _await_point(self, victim: Victim) -> None:
        until = time.monotonic() + (LONGEST_WAY if victim.point else 0.0)
        while time.monotonic() < until and not victim.at_its_point and not _is_dead(victim.pid):
            time.sleep(0.005)

    def _finish(self, crowd: list[Victim]) -> None:
        """Let the jobs end that are left, with workers that nobody kills; then stop those."""
        for victim in crowd:
            self.nursery.kill(victim.pid)
        last = [self._bear(immortal=True) for _ in range(CROWD)]
        for victim in last:
            self._begun(victim)
        until = time.monotonic() + (PATIENCE if not self.without else 2.0)
        while time.monotonic() < until and self._under_way():
            time.sleep(0.05)
        until = time.monotonic() + PATIENCE
        for victim in last:
            self._signal(victim, signal.SIGTERM)
        for victim in last:
            while not _is_dead(victim.pid) and time.monotonic() < until:
                time.sleep(0.01)
            if status := self.nursery.kill(victim.pid):
                self.say([f"a worker that was to stop ended with {status}"])
            self._read(victim)

    def _under_way(self) -> bool:
        with closing(sqlite.driver.connect(str(self.ground.data / "universal.db"))) as catalogue:
            asked = "SELECT count(*) FROM jobs WHERE kind = 'jobkills' AND state IN ('waiting', 'running')"
            jobs: int = catalogue.execute(asked).fetchone()[0]
        return bool(jobs) or len(list((self.ground.data / "workers").iterdir())) > CROWD

    def _read(self, victim: Victim) -> None:
        """Whatever a worker has told of as an error is a finding: nothing may fail but by its death."""
        if victim.log.exists():
            lines = victim.log.read_text(encoding="utf-8", errors="replace").splitlines()
            told = [n for n, line in enumerate(lines) if line.startswith(("ERROR", "CRITICAL"))]
            self.say([f"{lines[n]} {' '.join(lines[n + 1 : n + 60])[-600:]}" for n in told[:1]])

    def _look(self) -> None:
        wanted = self.asking.wanted
        self.done.jobs = len(wanted)
        self.done.vouchers = sum(len(job.amounts) for job in wanted)
        self.done.files = sum(job.file for job in wanted)
        with closing(sqlite.driver.connect(str(self.ground.data / "universal.db"))) as catalogue:
            lapses = "SELECT sum(lapses), max(lapses) FROM jobs WHERE kind = 'jobkills'"
            self.done.lapses, self.done.most = catalogue.execute(lapses).fetchone()
        self.say(look(self.ground, wanted))
        router = open_folder(self.ground.config)
        try:
            for company in self.ground.companies:
                self.say(
                    [f"the check of {company.slug}: {f}" for f in check_company(router, company.id)]
                )
        finally:
            router.close()


def _is_dead(pid: int) -> bool:
    """Whether a process has ended, and waits for whoever has begun it to be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
