"""Ctrl-C may come anywhere in waiting for a lock: nobody who comes later waits for one who is gone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tenants import DBLock, LockTimeout, RWLock, locks, rwlocks

FILES = {locks.__file__, rwlocks.__file__}
TAKES = {"acquire", "acquire_read", "acquire_write", "_wait"}
"""What is interrupted; not what puts it right, which a second Ctrl-C would have to hit."""


class Interrupter:
    """Raises KeyboardInterrupt at the nth place where Python may: as a function begins, or a call has returned."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.places = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if frame.f_code.co_filename not in FILES or frame.f_code.co_name not in TAKES:
            return
        if event in ("call", "c_return"):
            self.places += 1
            if self.places == self.at:
                sys.setprofile(None)
                raise KeyboardInterrupt


def interrupted(take: Callable[[], object], at: int) -> bool:
    """Take a lock that is not to be had, interrupted at that place; False where there are fewer."""
    sys.setprofile(Interrupter(at))
    try:
        take()
    except KeyboardInterrupt:
        return True
    except LockTimeout:
        return False
    finally:
        sys.setprofile(None)
    raise AssertionError("It was had.")


@pytest.mark.parametrize(
    ("lock", "hold", "take", "free"),
    [
        (DBLock(), "acquire", "acquire", "release"),
        (RWLock(), "acquire_read", "acquire_write", "release_read"),
        (RWLock(), "acquire_write", "acquire_write", "release_write"),
        (RWLock(), "acquire_write", "acquire_read", "release_write"),
    ],
)
def test_an_interrupt_anywhere(lock: Any, hold: str, take: str, free: str) -> None:
    """At each in turn: whoever was interrupted waits no more, and others have the lock as soon as it is free."""
    at = 0
    while True:
        at += 1
        held, done = threading.Event(), threading.Event()

        def keep(held: threading.Event = held, done: threading.Event = done) -> None:
            getattr(lock, hold)()
            held.set()
            done.wait()
            getattr(lock, free)()

        holder = threading.Thread(target=keep)
        holder.start()
        held.wait()
        try:
            hit = interrupted(lambda: getattr(lock, take)(timeout=0.01), at)
            assert lock.waiting() == 0
        finally:
            done.set()
            holder.join()
        getattr(lock, take)(timeout=0)  # handed to nobody who is gone
        (lock.release if take == "acquire" else getattr(lock, take.replace("acquire", "release")))()
        if not hit:
            break
    assert at > 8
