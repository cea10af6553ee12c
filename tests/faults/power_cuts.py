"""Power cuts by the thousand: a run is recorded, then cut at random, and each image of the disk looked at.

A round is one recording and its images, all by one seed. Threads take turns as they like, so a recording isn't the same
twice; one in which something is found is kept, and found again from there.
"""

from __future__ import annotations

import logging
import os
import pickle
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .examining import Examiner, Promised
from .images import Replay
from .recorded import record
from .recording import Event

KEPT = Path(".cache/power-loss")
"""Where recordings lie in which something was found."""


class Part(NamedTuple):
    """A kind of run: what is done, and with which `synchronous`."""

    work: str
    synchronous: str = "FULL"

    @property
    def forgiving(self) -> bool:
        """True where loss is part of the bargain, and merely counted."""
        return self.synchronous != "FULL"


class Round(NamedTuple):
    """What came of a round.

    Attributes:
        lossy: how many images lacked something that was acknowledged.
        lost: how many postings, or steps, those lacked together.
        corrupt: how many images were wrong otherwise.
        seconds: of this process's time.
    """

    number: int
    images: int
    lossy: int
    lost: int
    corrupt: int
    seconds: float
    findings: list[str]


def play(
    part: Part, seed: int, number: int, images: int, only: int | None = None, **options: Any
) -> Round:
    """Record a run, make so many images of it, and look at each.

    Args:
        part: what is run.
        seed, number: decide what is done and what is cut.
        images: how many.
        only: look at the image of this number alone.
        options: of the work.
    """
    begun = time.process_time()
    kept = KEPT / f"{part.work}-{part.synchronous}-{seed}-{number}.recording"
    with _scratch() as folder, _quiet():
        if kept.exists():
            log: list[Event] = pickle.loads(kept.read_bytes())
        else:
            log = record(part.work, seed * 1_000_003 + number, folder, part.synchronous, **options)
            shutil.rmtree(folder / "data")
        done = Round(number, 0, 0, 0, 0, 0.0, [])
        for n, verdict in _verdicts(part, log, f"{seed}-{number}", images, folder, only):
            wrong = list(verdict.wrong)
            if verdict.lost and not part.forgiving:
                wrong.insert(0, f"{verdict.lost} acknowledged are lost")
            told = [f"{part.work}, round {number} of seed {seed}, image {n}: {w}" for w in wrong]
            done = done._replace(
                images=done.images + 1,
                lossy=done.lossy + (verdict.lost > 0),
                lost=done.lost + verdict.lost,
                corrupt=done.corrupt + bool(verdict.wrong),
                findings=done.findings + told,
            )
    if done.findings and not part.forgiving and not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(log))
    return done._replace(seconds=time.process_time() - begun)


def _verdicts(
    part: Part, log: list[Event], seed: str, images: int, folder: Path, only: int | None
) -> Iterator[Any]:
    chance = random.Random(seed)
    first = next(n for n, event in enumerate(log) if event[0] == "ready")
    cuts = sorted(chance.randrange(first, len(log)) + 1 for _ in range(images))
    replay, promised = Replay(log), Promised(log)
    examiner = Examiner(folder, part.work == "lives", part.forgiving)
    for n, cut in enumerate(cuts):
        for event in replay.play_to(cut):
            promised.hear(event)
        if only in (None, n):
            image = replay.image(random.Random(f"{seed}-{n}"))
            yield n, examiner.examine(image, promised)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder in memory, where there is one: nobody pulls that plug."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="power-loss-", dir=memory) as folder:
        yield Path(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Every start tells what it recovers, ten thousand times over."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
