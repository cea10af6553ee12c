"""What backups cost those who write meanwhile, how long one takes and how large it is, and what idle companies cost."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models import backing_up
from models.migrations import FOLDERS
from models.posting import post_input, post_many
from tenants import BackupManager, Router
from tenants.backups.report import Outcome
from tenants.backups.units import all_units

from . import big_books, fleet
from .figures import Figure, absolute, main, number, quartiles, seconds
from .posting_pair import BY, vouchers

SIZE = 100 << 20
ROUNDS = 5
WRITERS = 2
COMPANIES = 10_000
LOOKS = 11

QUIET = 10.0
"""Seconds after each backup in which postings are timed without one."""


def measure() -> list[Figure]:
    """Measure a large company that is written to, then many that aren't."""
    with tempfile.TemporaryDirectory(dir=big_books.ROOT / ".cache") as folder:
        shutil.copytree(big_books.made(), f"{folder}/data")
        figures = of_large(Path(folder))
    return [*figures, of_idle()]


# A large company


class Writers:
    """Threads that post one voucher after another, and note how long each took.

    Attributes:
        took: when each posting began, by the monotonic clock, and its seconds.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self.took: list[tuple[float, float]] = []
        self._stopping = threading.Event()

    def __enter__(self) -> Writers:
        self._threads = [
            self.router.start_thread(self._post, tenant="large") for _ in range(WRITERS)
        ]
        return self

    def _post(self) -> None:
        given = vouchers(100)
        while not self._stopping.is_set():
            for voucher in given:
                begun = time.monotonic()
                post_input(voucher, by=BY)
                self.took.append((begun, time.monotonic() - begun))
                if self._stopping.is_set():
                    break

    def p99(self, first: float, last: float) -> float:
        """Seconds that the 99th of a hundred postings took which began in that time."""
        values = [took for begun, took in self.took if first <= begun < last]
        return statistics.quantiles(values, n=100)[98]

    def __exit__(self, *exc: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


def of_large(folder: Path) -> list[Figure]:
    """Back up a company of 100 MB while two threads post to it, and the same time without."""
    router = Router(folder / "data", migrations=FOLDERS)
    grow(router)
    manager = BackupManager(
        router, folder / "backups", checks=[backing_up.faults], describe=backing_up.facts
    )
    ratios, without, within, fulls, increments = [], [], [], [], []
    with Writers(router) as writers:
        for turn in range(ROUNDS):
            manager.most_increments = turn % 2  # a full one and an increment, in turn
            begun = time.monotonic()
            made = manager.backup_now("large", even_unchanged=True).require_good().made[0]
            ended = time.monotonic()
            (increments if made.increment else fulls).append(made)
            time.sleep(QUIET)
            within.append(writers.p99(begun, ended))
            without.append(writers.p99(ended, time.monotonic()))
            ratios.append(within[-1] / without[-1])
    router.universal.release(wholly=True)
    router.close()
    return [_slower(ratios, within, without, fulls[0].bytes), *_lasting(fulls, increments)]


def grow(router: Router) -> None:
    """Post until the company is as large as it is to be."""
    path = router.tenant("large").store("books").path
    with router.using("large"):
        while os.path.getsize(path) < SIZE:
            post_many([(voucher, None) for voucher in vouchers(5_000)], by=BY)


def _slower(ratios: list[float], within: list[float], without: list[float], size: int) -> Figure:
    median, low, high = quartiles(ratios)
    note = (
        f"{seconds(statistics.median(within))} against {seconds(statistics.median(without))}; {len(ratios)} backups of "
        f"{size >> 20} MB, {QUIET:g} seconds without one after each, {WRITERS} threads posting at FULL in the process"
    )
    what = "A posting's p99 while its company is backed up ÷ without"
    return Figure(what, "≤ 2", median <= 2, median, low, high, "×", note)


def _lasting(fulls: list[Outcome], increments: list[Outcome]) -> Iterator[Figure]:
    for what, made in (("in full", fulls), ("as an increment", increments)):
        stored = statistics.median(outcome.stored_bytes for outcome in made)
        note = f"While {WRITERS} threads post; {number(stored / 1e6)} MB stored, all checks done"
        values = [outcome.seconds for outcome in made]
        size = made[0].bytes >> 20
        yield absolute(f"Backing up {size} MB {what}", values, 60, 1, "s", note)


# Many that are idle


def of_idle() -> Figure:
    """Look at ten thousand companies of which each has its backup, and none has changed."""
    router = Router(fleet.made(COMPANIES), migrations=FOLDERS)
    with tempfile.TemporaryDirectory() as folder:
        manager = BackupManager(router, folder)
        _as_if_backed_up(manager)
        manager.backup_now()
        opens = router.pool.status().opens
        values = []
        with _counted_opens() as opened:
            for _ in range(LOOKS):
                report = manager.backup_now()
                assert not report.outcomes, report.outcomes[:3]
                values.append(report.seconds / report.looked_at)
        opened_stores = router.pool.status().opens - opens
    router.universal.release(wholly=True)
    router.close()
    note = f"{report.looked_at:,} companies, {opened_stores} databases and {len(opened)} other files opened"
    figure = absolute("A look at an idle company for backups", values, 100, 1e6, "µs", note)
    return figure if not opened_stores else figure.__class__(**{**_fields(figure), "met": False})


def _fields(figure: Figure) -> dict[str, object]:
    return {name: getattr(figure, name) for name in figure.__struct_fields__}


def _as_if_backed_up(manager: BackupManager) -> None:
    """Note of each company what its files look like, and make its folder: its backup itself isn't looked into."""
    now = time.time_ns() + 10**10
    for unit in all_units(manager.router):
        os.makedirs(f"{manager.place.name}/{unit.id}")
        manager.records.made(unit.id, unit.signature(manager.place.name, now))
    # That was a change of the catalogue itself.
    time.sleep(2.1)
    catalogue = all_units(manager.router)[-1]
    manager.records.made(catalogue.id, catalogue.signature(manager.place.name, time.time_ns()))


@contextmanager
def _counted_opens() -> Iterator[set[str]]:
    """Give the data folder's files that the interpreter opens in the block."""
    found: set[str] = set()
    real = os.open

    def counted(path: str, *given: int, **more: int) -> int:
        if not str(path).endswith("universal.backups"):  # how the catalogue itself stands
            found.add(str(path))
        return real(path, *given, **more)

    os.open = counted  # type: ignore[assignment]
    try:
        yield found
    finally:
        os.open = real


if __name__ == "__main__":
    main(measure)
