"""Work that is rerun whole while the database is busy."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from peewee import OperationalError

from . import sqlite
from .contention import contention

T = TypeVar("T")

#: A write that found the database busy is rerun so often …
RETRIES = 5
#: … after a random wait of up to this many seconds, doubled each time …
BACKOFF = 0.05
#: … and no longer than this many seconds in all, the waits for the store's lock included.
DEADLINE = 30.0


def retried(attempt: Callable[[float], T]) -> T:
    """Call until it succeeds, fails for another reason than a busy database, or may not be called again.

    Args:
        attempt: a whole transaction; gets the seconds that are left, so that it waits for its turn no longer.

    Raises:
        OperationalError: the first busy error, after five retries or at the deadline; any other error at once.
    """
    deadline = time.monotonic() + DEADLINE
    first: OperationalError | None = None
    for turn in range(RETRIES + 1):
        try:
            return attempt(deadline - time.monotonic())
        except OperationalError as error:
            if not sqlite.is_busy(error):
                raise
            first = first or error
        # Full jitter: those who collided spread out. It guards no secret.
        pause = random.uniform(0, BACKOFF * 2**turn)  # noqa: S311
        if turn == RETRIES or time.monotonic() + pause >= deadline:
            break
        contention.retried()
        time.sleep(pause)
    assert first is not None
    contention.gave_up()
    raise first
