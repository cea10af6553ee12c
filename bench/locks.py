"""Taking a lock that is free and giving it back, against the standard library's re-entrant lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tenants import DBLock, RWLock

from .figures import PAIRS, Figure, absolute, main, pairs, ratio

TIMES = 20_000
#: Microseconds that it may take; beside a commit's wait for the disk that is nothing.
MOST = 10


def measure() -> list[Figure]:
    """Measure 21 pairs of each kind of lock."""
    peer, single = threading.RLock(), DBLock()
    locks: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("DBLock", lambda: single),
        ("RWLock to read", RWLock().read_lock),
        ("RWLock to write", RWLock().write_lock),
    )
    figures = []
    for name, block in locks:
        measured = pairs(lambda block=block: _take(block), lambda: _take(lambda: peer))
        what = f"{name}, free: taken and given back"
        note = f"{TIMES:,} times, in a `with` block"
        processor = f"{note}; the processor's time"
        own = [_processor(block) / TIMES for _ in range(PAIRS)]
        figures.append(absolute(what, own, MOST, 1e6, "µs", processor))
        figures.append(ratio(f"{what} ÷ threading.RLock, which is C", measured, 50, TIMES, note))
    return figures


def _processor(block: Callable[[], Any]) -> float:
    """Return the seconds of the processor's time that it takes: others may have it in between."""
    begun = time.process_time()
    _take(block)
    return time.process_time() - begun


def _take(block: Callable[[], Any]) -> None:
    for _ in range(TIMES):
        with block():
            pass


if __name__ == "__main__":
    main(measure)
