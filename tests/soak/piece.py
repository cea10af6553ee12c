"""One piece: a server's threads at work, at a rate that leaves the machine to others, and samples of what they hold."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from cuneifox import create_app
from cuneifox.memory import share_arenas
from tenants import Router

from .acts import Worker
from .flatness import FEWEST, Series, judge
from .fleet import config_of, make
from .samples import sample

MOST_FAULTS = 20


class Plan(msgspec.Struct):
    """How a piece is played.

    Attributes:
        folder: where the data folder is, or is made.
        companies: how many.
        seconds: how long, after `warm_up` seconds at least, in which caches fill and nothing is judged.
        every: seconds between samples.
        share: of one processor, that the work may take; `threads` do it, and the pool has so many `descriptors`.
        leak: what is leaked on purpose with each turn, to see that it is found: memory, descriptors, entries.
    """

    folder: Path
    companies: int
    seconds: float
    warm_up: float
    every: float
    share: float
    threads: int
    descriptors: int
    seed: str
    leak: tuple[str, ...] = ()


class Played(msgspec.Struct):
    """What came of a piece."""

    seconds: float
    samples: int
    acts: dict[str, int]
    faults: list[str]
    series: dict[str, Series]

    @property
    def findings(self) -> list[str]:
        """What is wrong: faults, and series that rise."""
        rising = [
            f"{name} isn't flat: it rises by {one.rise:,.0f} from {one.first:,.0f}, and {one.bound:,.0f} is the most"
            for name, one in self.series.items()
            if not one.flat
        ]
        return self.faults + rising


def play(plan: Plan) -> Played:
    """Play one piece in this process, which has done nothing else before."""
    make(plan.folder, plan.companies)
    share_arenas()  # as the server does
    app = create_app(config_of(plan.folder, plan.descriptors))
    router: Router = app.extensions["cuneifox"].router
    try:
        return _Piece(plan, app, router).play()
    finally:
        router.universal.release(wholly=True)
        router.close()


class _Piece:
    def __init__(self, plan: Plan, app: Any, router: Router) -> None:
        self.plan = plan
        self.router = router
        self.over = threading.Event()
        self.settled = threading.Semaphore(0)
        self.stopped = False
        self.leaked: list[Any] = []
        self.workers = [
            Worker(app, plan.folder, plan.companies, n, plan.threads, plan.seed)
            for n in range(plan.threads)
        ]
        router.universal.release(wholly=True)

    def play(self) -> Played:
        threads = [threading.Thread(target=self._work, args=(worker,)) for worker in self.workers]
        self.began, self.spent = time.monotonic(), time.process_time()
        for thread in threads:
            thread.start()
        for name in (signal.SIGINT, signal.SIGTERM):  # what was sampled until then counts
            signal.signal(name, self._stop)
        try:
            times, values = self._samples()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        acts: Counter[str] = Counter()
        faults: list[str] = []
        for worker in self.workers:
            acts.update(worker.count)
            faults += worker.faults
        if len(times) < FEWEST:  # stopped too early; or it has failed, and says how
            return Played(0.0, len(times), dict(acts), faults[:MOST_FAULTS], {})
        series = {name: judge(name, times, [one[name] for one in values]) for name in values[0]}
        return Played(times[-1] - times[0], len(times), dict(acts), faults[:MOST_FAULTS], series)

    def _stop(self, *_: object) -> None:
        self.stopped = True  # and no more: the signal may have come within a lock's own code

    def _goes_on(self) -> bool:
        return not (self.stopped or self.over.is_set())

    def _samples(self) -> tuple[list[float], list[dict[str, float]]]:
        times, values = [], []
        begin = time.monotonic() + self.plan.warm_up
        for _ in self.workers:
            while self._goes_on() and not self.settled.acquire(timeout=1):
                pass
        while self._goes_on() and time.monotonic() < begin:
            self.over.wait(self.plan.every)
        until = time.monotonic() + self.plan.seconds
        while self._goes_on() and (time.monotonic() < until or len(times) < FEWEST):
            times.append(time.monotonic() - self.began)
            values.append(sample(self.router))
            self.over.wait(self.plan.every)
        return times, values

    def _work(self, worker: Worker) -> None:
        try:
            for turn in worker.settle():
                if self.over.is_set():
                    break
                self._turn(turn)
            self.settled.release()
            while not self.over.is_set():
                self._turn(worker.turn)
            worker.end()
        except BaseException:  # noqa: BLE001 -- told, and the piece has failed
            worker.faults.append(traceback.format_exc())
            self.over.set()
        finally:
            self.router.universal.release(wholly=True)

    def _turn(self, turn: Callable[[], object]) -> None:
        if self.over.is_set():
            return
        turn()
        if "memory" in self.plan.leak:
            self.leaked.append(bytearray(os.urandom(1_000_000)))
        if "descriptors" in self.plan.leak:
            self.leaked += [os.open(os.devnull, os.O_RDONLY) for _ in range(10)]
        allowed = (time.process_time() - self.spent) / self.plan.share
        self.over.wait(allowed - (time.monotonic() - self.began))
