"""Every order in which readers and writers can take their steps through an RWLock.

The control is a lock of the usual kind, one condition for all and a notification for one: there a reader takes the
signal that was meant for a writer, and the exploration finds it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from exploring import explore, require, scheduler
from tenants import LockTimeout, RWLock, WouldDeadlock

__all__ = ["scheduler"]

pytestmark = pytest.mark.usefixtures("scheduler")


def locked(kind: Callable[[], Any] = RWLock, timeout: float | None = None) -> Callable[[], Any]:
    """Return a set-up of one lock, and what is known of who is inside."""
    return lambda: SimpleNamespace(
        lock=kind(), readers=0, writers=0, wrong=0, had=[], timeout=timeout
    )


def look(state: Any) -> None:
    """Note whether a writer is inside with anybody else."""
    state.wrong += state.writers > 1 or bool(state.writers and state.readers)


def read(state: Any) -> None:
    """Read once."""
    try:
        state.lock.acquire_read(state.timeout)
    except LockTimeout:
        state.had.append("no")
        return
    state.readers += 1
    look(state)
    state.readers -= 1
    state.had.append("read")
    state.lock.release_read()


def write(state: Any) -> None:
    """Write once."""
    try:
        state.lock.acquire_write(state.timeout)
    except LockTimeout:
        state.had.append("no")
        return
    state.writers += 1
    look(state)
    state.writers -= 1
    state.had.append("written")
    state.lock.release_write()


def read_twice(state: Any) -> None:
    """Read while reading."""
    state.lock.acquire_read()
    read(state)
    state.lock.release_read()


def read_and_write(state: Any) -> None:
    """Write while reading; whoever is refused ends reading."""
    state.lock.acquire_read()
    try:
        state.lock.acquire_write()
    except WouldDeadlock:
        state.had.append("refused")
    else:
        state.writers += 1
        look(state)
        state.writers -= 1
        state.had.append("written")
        state.lock.release_write()
    state.lock.release_read()


def keep_writing_for_a_second(state: Any) -> None:
    """Write for just as long as others wait."""
    state.lock.acquire_write(5.0)
    time.sleep(1.0)  # of the scheduler's clock
    state.lock.release_write()


def is_free(state: Any) -> bool:
    """True where no writer was inside with anybody else, nobody waits, and nobody has it."""
    lock = state.lock
    return not (state.wrong or lock.waiting() or lock._readers or lock._writer)


def had(*what: str) -> Callable[[Any], bool]:
    """Return what holds where it is free and exactly that was had."""
    return lambda state: is_free(state) and sorted(state.had) == sorted(what)


@pytest.mark.parametrize(
    ("workers", "outcome"),
    [
        ([read, write], ("read", "written")),
        ([write, write], ("written", "written")),
        ([read_twice, write], ("read", "written")),
    ],
)
def test_two_threads(workers: list[Callable[[Any], None]], outcome: tuple[str, ...]) -> None:
    """A writer is alone, each gets in, and it is free afterwards."""
    require(locked(), workers, had(*outcome))


def test_three_threads() -> None:
    """Nor is a signal lost where a reader waits ahead of a writer, in all orders in which one is interrupted."""
    require(locked(), [write, read, write], had("read", "written", "written"), preemption_bound=1)


def test_two_readers_who_want_to_write() -> None:
    """One is refused, or comes when the other is done; neither waits for good."""

    def holds(state: Any) -> bool:
        outcomes = sorted(state.had)
        return is_free(state) and outcomes in (["refused", "written"], ["written", "written"])

    require(locked(), [read_and_write, read_and_write], holds, preemption_bound=1)


@pytest.mark.parametrize("waits", [read, write])
def test_a_lock_that_comes_as_time_runs_out(waits: Callable[[Any], None]) -> None:
    """Whether the time-out or the hand-over is first, whoever waits has it or hasn't, and it is never lost."""
    require(locked(timeout=1.0), [keep_writing_for_a_second, waits], is_free, clock="explored")


class Swallowing:
    """Many readers or one writer, with one condition for all who wait, of whom one is woken."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self._readers = self._writers_waiting = 0
        self._writer = False

    def acquire_read(self, timeout: float | None = None) -> None:
        with self.condition:
            while self._writer or self._writers_waiting:
                self.condition.wait()
            self._readers += 1

    def release_read(self) -> None:
        with self.condition:
            self._readers -= 1
            self.condition.notify()

    def acquire_write(self, timeout: float | None = None) -> None:
        with self.condition:
            self._writers_waiting += 1
            while self._writer or self._readers:
                self.condition.wait()
            self._writers_waiting -= 1
            self._writer = True

    def release_write(self) -> None:
        with self.condition:
            self._writer = False
            self.condition.notify()

    def waiting(self) -> int:
        return 0


def test_a_swallowed_signal_is_found() -> None:
    """The control: a reader that waits ahead of a writer takes the writer's signal, and both wait for good."""
    result = explore(
        locked(Swallowing),
        [write, read, write],
        had("read", "written", "written"),
        timeout_per_run=1.0,
    )
    assert not result.property_holds


class Losing(RWLock):
    """Doesn't ask, once the time is up, whether the lock came in the last moment."""

    def _pass_on(self, waiter: Any) -> None:
        if not waiter.granted:
            super()._pass_on(waiter)

    def _wait(self, waiter: Any, timeout: float | None) -> None:
        if waiter.signal.acquire(timeout=timeout):
            return
        with self._mutex:
            self._pass_on(waiter)
        raise LockTimeout("late")


def test_a_lost_lock_is_found() -> None:
    """The control of time-outs: where the hand-over isn't asked for, the exploration finds it lost."""
    workers = [keep_writing_for_a_second, write]
    result = explore(locked(Losing, 1.0), workers, is_free, clock="explored")
    assert not result.property_holds
