"""Workers that are at work: whatever the server does by itself, and whatever one company asks for, others begin."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cuneifox import create_app
from cuneifox.config import Config, Jobs
from cuneifox.jobs.kinds import KINDS, Kind
from cuneifox.jobs.workers import Workers
from cuneifox_site import CHEAP
from models.jobs.asking import Asker, ask
from models.jobs.job import LATER, NIGHTLY, SOON

WITHIN = 30.0


class Gate:
    """Work that waits at a gate, and says who has come to it.

    Attributes:
        inside: the names of jobs that have begun and not ended.
        ended: those that have, in order.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.inside: set[str] = set()
        self.ended: list[str] = []
        self.let_out: set[str] = set()

    def pass_through(self, work: Any) -> None:
        name = work.arguments["name"]
        with self.changed:
            self.inside.add(name)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: name in self.let_out, WITHIN)
            self.inside.remove(name)
            self.ended.append(name)
            self.changed.notify_all()

    def let(self, *names: str) -> None:
        """Have these go on, once they are there or come."""
        with self.changed:
            self.let_out.update(names)
            self.changed.notify_all()

    def wait_for(self, *inside: str) -> None:
        """Return once these are inside, and no others."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.inside == set(inside), WITHIN), self.inside

    def wait_for_ends(self, count: int) -> None:
        """Return once so many have ended."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.ended) == count, WITHIN), self.ended


class Place:
    """An installation with workers, and jobs that are asked for as pages and schedules do."""

    def __init__(self, folder: Path) -> None:
        self.app = create_app(Config(data_folder=str(folder), passwords=CHEAP, jobs=Jobs()))
        self.services = self.app.extensions["cuneifox"]

    def ask(self, *names: str, priority: int) -> None:
        with self.app.app_context():
            for name in names:
                job, _ = ask(
                    "gate", {"name": name}, Asker(identity="test"), now=time.time(), priority=priority
                )  # fmt: skip
                self.services.queue.send(job.id)


@contextmanager
def at_work(folder: Path, threads: int) -> Iterator[Place]:
    here = Place(folder)
    workers = Workers(here.app, threads)
    try:
        workers.start()
        try:
            yield here
        finally:
            workers.stop()
    finally:
        here.services.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A kind of work that waits at a gate."""
    gate = Gate()
    monkeypatch.setitem(
        KINDS, "gate", Kind("gate", gate.pass_through, lambda given: "gate", of_company=False)
    )
    return gate


def test_who_asks_while_the_night_is_at_work_begins_at_once(tmp_path: Path, gate: Gate) -> None:
    """Three places and a night of five: two of it are at work, none of which ends, and who asks now has the third.

    As that ends the place is free for the next one who asks; what else the night has goes on in its own places.
    """
    with at_work(tmp_path / "data", 3) as here:
        here.ask(*(f"night{n}" for n in range(5)), priority=NIGHTLY)
        gate.wait_for("night0", "night1")
        here.ask("person", priority=SOON)
        gate.wait_for("night0", "night1", "person")
        gate.let("person")
        gate.wait_for("night0", "night1")
        here.ask("back", priority=LATER)
        gate.wait_for("night0", "night1", "back")
        gate.let("night0")
        gate.wait_for("night1", "night2", "back")
        gate.let("night1", "night2", "night3", "night4", "back")
        gate.wait_for_ends(7)
    assert gate.ended[:2] == ["person", "night0"]


def test_with_one_place_a_person_is_next(tmp_path: Path, gate: Gate) -> None:
    """What runs goes on to its end; then who asked comes before the rest of the night."""
    with at_work(tmp_path / "data", 1) as here:
        here.ask("night0", "night1", priority=NIGHTLY)
        gate.wait_for("night0")
        here.ask("person", priority=SOON)
        gate.let("night0")
        gate.wait_for("person")
        gate.let("person")
        gate.wait_for("night1")
        gate.let("night1")
        gate.wait_for_ends(3)
