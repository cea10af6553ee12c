"""What runs in a child: its work on several threads, each piece told before and after, until it is killed."""

from __future__ import annotations

import itertools
import random
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kills.ground import Ground
from kills.journal import Journal
from models.errors import BooksError
from tenants import TenantError


class Orders(msgspec.Struct):
    """What a child is to do.

    Attributes:
        work: which of `works`.
        name: its own, never given before in this folder; its idempotency keys and short names begin with it.
        folder: where everything of the round lies.
        seed: of all that it draws.
        journal: the file that it tells in.
        without: the guard that is taken out, to see that its lack is found.
    """

    work: str
    name: str
    folder: str
    seed: str
    journal: str
    without: str = ""


class Child:
    """A child at work."""

    def __init__(self, orders: Orders, ready: Callable[[bool], None]) -> None:
        self.orders = orders
        self.name = orders.name
        self.ground = Ground.read(Path(orders.folder))
        self.ready = ready
        self._journal = Journal(orders.journal)
        self._numbers = itertools.count()

    @contextmanager
    def doing(self, kind: str, **what: Any) -> Iterator[dict[str, Any]]:
        """Tell of a piece of work before it is begun, and of its outcome after, with what the block puts into it."""
        number = next(self._numbers)
        told: dict[str, Any] = {}
        self._journal.write(n=number, kind=kind, what=what)
        if self.orders.without == "order":  # the answer before the work
            self._journal.write(n=number, done=told)
        try:
            yield told
        except (BooksError, TenantError) as error:
            self._journal.write(n=number, refused=f"{type(error).__name__}: {error}")
        else:
            if self.orders.without != "order":
                self._journal.write(n=number, done=told)

    def fault(self, text: str) -> None:
        """Tell of something that no child may meet with."""
        self._journal.write(fault=f"{self.orders.work} {self.name}: {text}")

    def chance(self, what: object) -> random.Random:
        """Return what draws for one thread."""
        return random.Random(f"{self.orders.seed}-{what}")

    def work(self, *threads: Callable[[random.Random], object]) -> None:
        """Be ready, and have each called again and again on a thread of its own, for ever."""
        self.ready(True)
        rest = [
            threading.Thread(target=self._forever, args=(n, turn))
            for n, turn in enumerate(threads[1:], 1)
        ]
        for thread in rest:
            thread.start()
        self._forever(0, threads[0])

    def _forever(self, n: int, turn: Callable[[random.Random], object]) -> None:
        chance = self.chance(n)
        try:
            while True:
                turn(chance)
        except BaseException:  # noqa: BLE001 -- told, and found there
            self.fault(traceback.format_exc())


def prepare() -> None:
    """Import what is done, once, for all children."""
    import kills.works  # noqa: F401


def live(given: dict[str, Any], ready: Callable[[bool], None]) -> None:
    """Do what was ordered until the end."""
    from kills.works import WORKS

    orders = msgspec.convert(given, Orders)
    child = Child(orders, ready)
    try:
        WORKS[orders.work].run(child)
    except BaseException:
        child.fault(traceback.format_exc())
        raise
