"""The writers' queue of a store: fair, re-entrant, patient to a limit, and never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tenants import DBLock, LockTimeout, WouldDeadlock
from tenants.locks import _Waiter
from tenants.store_locks import lock_of


@contextmanager
def running(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """Run work in a thread, and wait for its end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(timeout=30)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    """Give way to other threads until something holds."""
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0)


@contextmanager
def held_by_another(lock: DBLock) -> Iterator[threading.Event]:
    """Let another thread hold the lock until the event is set, or the block ends."""
    has, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            has.set()
            let_go.wait(30)

    with running(hold):
        assert has.wait(30)
        try:
            yield let_go
        finally:
            let_go.set()


def test_first_come_first_served() -> None:
    """Whoever waits longest is next, however many wait."""
    lock, served = DBLock(), []
    threads = []

    def serve(n: int) -> None:
        with lock:
            served.append(n)

    with held_by_another(lock):
        for n in range(20):
            threads.append(threading.Thread(target=serve, args=(n,)))
            threads[-1].start()
            wait_for(lambda n=n: lock.waiting() == n + 1)
    for thread in threads:
        thread.join()
    assert served == list(range(20))


def test_nobody_overtakes_who_waits() -> None:
    """The one who just released it and wants it again goes to the end of the queue."""
    lock, order = DBLock(), []

    def second() -> None:
        with lock:
            order.append("second")

    lock.acquire()
    with running(second):
        wait_for(lambda: lock.waiting() == 1)
        lock.release()
        with lock:
            order.append("first again")
    assert order == ["second", "first again"]


def test_the_same_owner_takes_it_again() -> None:
    """It is free only when it was released as often as it was taken."""
    lock = DBLock()
    with lock, lock:
        lock.acquire()
        assert lock.held()
        lock.release()
        refused = []
        with running(lambda: refused.append(is_refused(lock))):
            pass
        assert refused == [True]
        assert lock.held()
    assert not lock.held()


def is_refused(lock: DBLock) -> bool:
    """Whether the calling thread can't have the lock now."""
    try:
        lock.acquire(timeout=0)
    except LockTimeout:
        return True
    return False


def test_an_owner_that_is_no_thread_takes_it_again() -> None:
    """A connection owns it wherever its entry is adopted."""
    lock, owner = DBLock(), object()
    lock.acquire(owner=owner)
    with running(lambda: lock.acquire(timeout=0, owner=owner)):
        pass
    lock.release_wholly(object())
    assert lock.held(owner)
    lock.release_wholly(owner)
    assert not lock.held(owner)


def test_two_owners_in_one_thread_are_told_at_once() -> None:
    """Waiting for oneself would last until the time-out: it is refused before."""
    lock = DBLock("acme/books")
    lock.acquire(owner="an entry")
    begun = time.monotonic()
    with pytest.raises(WouldDeadlock, match="acme/books"):
        lock.acquire(owner="another entry", timeout=20)
    assert time.monotonic() - begun < 5
    lock.release(owner="an entry")


@pytest.mark.parametrize("given", ["to the call", "to the lock", "to all"])
def test_it_gives_up_when_it_said(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait ends within a few per cent of its time-out, wherever that was said, and leaves no waiter behind."""
    lock = DBLock("acme/books", timeout=0.5 if given == "to the lock" else None)
    if given == "to all":
        monkeypatch.setattr(DBLock, "TIMEOUT", 0.5)
    with held_by_another(lock):
        waits = []
        while len(waits) < 10 and min(waits, default=1) >= 0.525:  # a busy machine may wake us late
            begun = time.monotonic()
            with pytest.raises(LockTimeout, match="acme/books"):
                lock.acquire(timeout=0.5 if given == "to the call" else None)
            waits.append(time.monotonic() - begun)
        assert lock.waiting() == 0
    assert 0.5 <= min(waits) < 0.525


def test_a_longer_wait_than_the_platform_knows() -> None:
    """A time-out of a century is no error."""
    lock = DBLock(timeout=1e12)
    with held_by_another(lock) as let_go:
        with running(lock.acquire) as waiting:
            wait_for(lambda: lock.waiting() == 1)
            let_go.set()
        assert not waiting.is_alive()


def test_proceeding_on_time_out() -> None:
    """The block runs without the lock, its exit releases nothing, and a later block has the lock again."""
    lock = DBLock(timeout=0, proceed_on_timeout=True)
    with held_by_another(lock), lock:
        assert not lock.held()
        with lock:
            assert not lock.held()
    with lock:
        assert lock.held()
    assert not lock.held()


def test_release_by_another_is_refused() -> None:
    """Only its holder gives it back."""
    lock = DBLock()
    with pytest.raises(RuntimeError, match="doesn't hold it"):
        lock.release()
    with held_by_another(lock), pytest.raises(RuntimeError, match="doesn't hold it"):
        lock.release()


class _Late:
    """A waiter's signal that always comes a moment too late: what was granted meanwhile must not be lost."""

    def __init__(
        self, meanwhile: Callable[[], object], raises: type[BaseException] | None = None
    ) -> None:
        self.meanwhile = meanwhile
        self.raises = raises

    def acquire(self, timeout: float = 0) -> bool:
        self.meanwhile()
        if self.raises is not None:
            raise self.raises
        return False

    def release(self) -> None:
        pass


def with_signal(monkeypatch: pytest.MonkeyPatch, signal: _Late) -> None:
    """Give each waiter this signal."""
    make = _Waiter.__init__

    def make_late(self: _Waiter, owner: object, thread: int) -> None:
        make(self, owner, thread)
        self.signal = signal  # type: ignore[assignment]

    monkeypatch.setattr(_Waiter, "__init__", make_late)


def test_granted_at_the_moment_of_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiter whose time is up just as it is its turn has the lock: neither an error, nor a lock without holder."""
    lock, owner = DBLock(), object()
    with held_by_another(lock) as let_go:

        def released() -> None:
            let_go.set()
            wait_for(lambda: lock.waiting() == 0)

        with_signal(monkeypatch, _Late(released))
        lock.acquire(timeout=1, owner=owner)
        assert lock.held(owner)
    lock.release(owner)
    assert not lock.held(owner)


@pytest.mark.parametrize("granted", [True, False])
def test_interrupted_while_waiting(monkeypatch: pytest.MonkeyPatch, granted: bool) -> None:
    """Ctrl-C while waiting leaves no waiter: what was or would be handed to it goes to the next."""
    lock = DBLock()
    with held_by_another(lock) as let_go:

        def released() -> None:
            if granted:
                let_go.set()
                wait_for(lambda: lock.waiting() == 0)

        with_signal(monkeypatch, _Late(released, KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            lock.acquire(timeout=30, owner="interrupted")
        assert lock.waiting() == 0
    with running(lambda: lock.acquire(timeout=0, owner="next")):
        pass
    assert lock.held("next")


def test_many_threads_lose_no_turn() -> None:
    """Taken and given up in a crowd, with time-outs about as long as the turns, it guards and is free at the end."""
    lock, count, given_up = DBLock(), [0], []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(300):
            try:
                lock.acquire(timeout=0.0005)
            except LockTimeout:
                given_up.append(1)
                continue
            seen = count[0]
            time.sleep(0)  # let others in, if the lock does
            count[0] = seen + 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count[0] + len(given_up) == 8 * 300
    assert lock.waiting() == 0
    lock.acquire(timeout=0)
    lock.release()


def test_one_lock_for_a_file() -> None:
    """Two routers on one folder queue their writers together; other files have locks of their own."""
    lock = lock_of("/data/books.1.db", "acme/books")
    assert lock_of("/data/books.1.db", "acme/books") is lock
    assert lock_of("/data/books.2.db", "acme/books") is not lock
