"""Ctrl-C may come anywhere in taking a lock: whoever comes later doesn't wait for one who is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from interrupting import Interrupter
from tenants import DBLock, LockTimeout, RWLock, locks, process_turns, rwlocks, store_locks
from tenants.process_turns import ProcessTurn
from tenants.store_locks import StoreLock
from threads import PATIENCE, wait_for

FILES = {module.__file__ for module in (locks, rwlocks, store_locks, process_turns)}
TAKES = {
    *("acquire", "acquire_read", "acquire_write", "_wait", "_may_read", "_may_write", "_take"),
    *("acquire_in_turn", "take", "take_if_free", "_try", "_have", "_queue", "_place"),
}
"""What is interrupted; not what puts it right, which a second Ctrl-C would have to hit."""

LOCKS = [
    (DBLock, "acquire", "acquire", "release"),
    (lambda: StoreLock("books", "books"), "acquire", "acquire", "release"),
    (RWLock, "acquire_read", "acquire_write", "release_read"),
    (RWLock, "acquire_write", "acquire_write", "release_write"),
    (RWLock, "acquire_write", "acquire_read", "release_write"),
]
"""What makes it, how another has it, how it is taken, and how the other gives it back."""


@contextmanager
def held(lock: Any, hold: str, free: str, until: Callable[[], bool]) -> Iterator[threading.Event]:
    """Another thread has the lock, until that is so, or the block ends or sets the event."""
    has, done = threading.Event(), threading.Event()

    def keep() -> None:
        getattr(lock, hold)()
        has.set()
        wait_for(lambda: done.is_set() or until())
        getattr(lock, free)()

    holder = threading.Thread(target=keep)
    holder.start()
    assert has.wait(PATIENCE)
    try:
        yield done
    finally:
        done.set()
        holder.join(PATIENCE)


def is_free(lock: Any) -> bool:
    """True where nobody waits and another thread has it at once, to itself."""
    had = []

    def take() -> None:
        kind = "_write" if isinstance(lock, RWLock) else ""
        with suppress(LockTimeout):
            getattr(lock, f"acquire{kind}")(timeout=0)
            had.append(True)
            getattr(lock, f"release{kind}")()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(PATIENCE)
    return bool(had) and lock.waiting() == 0


@pytest.mark.parametrize(("make", "hold", "take", "free"), LOCKS)
def test_while_it_waits_in_vain(make: Any, hold: str, take: str, free: str) -> None:
    """Interrupted at each place in turn, until there are no more: nobody waits, and it is free when the other ends."""
    at, hit, lock = 0, True, make()
    while hit:
        at += 1
        with held(lock, hold, free, until=lambda: False):
            try:
                work = lambda: getattr(lock, take)(timeout=0.01)  # noqa: E731
                hit = Interrupter(at, FILES, TAKES).interrupts(work)
            except LockTimeout:
                hit = False
            assert lock.waiting() == 0
        assert is_free(lock), at
    assert at > 8


@pytest.mark.parametrize(("make", "hold", "take", "free"), LOCKS)
def test_while_it_waits_and_has_it(make: Any, hold: str, take: str, free: str) -> None:
    """Likewise where the other hands it over: it is passed on, or given back."""
    at, hit, lock = 0, True, make()
    while hit:
        at += 1
        with held(lock, hold, free, until=lambda: lock.waiting() > 0):
            hit = Interrupter(at, FILES, TAKES).interrupts(lambda: getattr(lock, take)())
            if not hit:
                getattr(lock, take.replace("acquire", "release"))()
        assert is_free(lock), at
    assert at > 8


@pytest.mark.parametrize("times", [0, 2])
@pytest.mark.parametrize(("make", "hold", "take", "free"), LOCKS)
def test_while_nobody_has_it(make: Any, hold: str, take: str, free: str, times: int) -> None:
    """It isn't had then, or as often as before where it was had already."""
    at, hit, lock = 0, True, make()
    give_back = take.replace("acquire", "release")
    while hit:
        at += 1
        for _ in range(times):
            getattr(lock, take)()
        hit = Interrupter(at, FILES, TAKES).interrupts(lambda: getattr(lock, take)())
        for _ in range(times if hit else times + 1):
            getattr(lock, give_back)()
        with pytest.raises(RuntimeError, match="doesn't hold it"):
            getattr(lock, give_back)()
        assert is_free(lock), at
    assert at > 2


@pytest.mark.parametrize("busy", [False, True])
def test_while_it_waits_for_its_processs_turn(tmp_path: Path, busy: bool) -> None:
    """The lock is free then, and so is the turn for other processes once it ends in the one that has it."""
    path = tmp_path / "lock"
    path.touch()
    lock, other, third = StoreLock("books", "books"), ProcessTurn("books"), ProcessTurn("books")
    with path.open("r+b") as ours, path.open("r+b") as theirs, path.open("r+b") as thirds:
        at, hit = 0, True
        while hit:
            at += 1
            assert not busy or other.take(theirs.fileno(), 0)
            try:
                work = lambda: lock.acquire_in_turn(ours.fileno(), 0.01)  # noqa: E731
                hit = Interrupter(at, FILES, TAKES).interrupts(work)
                if not hit:
                    lock.release()
            except LockTimeout:
                hit = False
            other.end()
            wait_for(lambda: lock.turn._queued is None)
            assert third.take(thirds.fileno(), PATIENCE), at
            third.end()
            assert is_free(lock), at
        assert at > 8
        wait_for(lambda: third._queued is None)
