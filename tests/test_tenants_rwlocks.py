"""Many readers or one writer: writers first, re-entrant, patient to a limit, and no signal lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tenants import LockTimeout, RWLock, WouldDeadlock
from tenants.rwlocks import _Waiter
from threads import PATIENCE, Held, wait_for


def reading(lock: RWLock) -> Held:
    """A thread that reads until it is told to end, or waits for that."""
    return Held(lock.read_lock)


def writing(lock: RWLock) -> Held:
    """A thread that writes, likewise."""
    return Held(lock.write_lock)


def waiting(lock: RWLock, make: Callable[[RWLock], Held]) -> Held:
    """A thread that is seen to wait."""
    before = lock.waiting()
    held = make(lock)
    wait_for(lambda: lock.waiting() == before + 1 or held.inside)
    assert not held.inside
    return held


def is_free(lock: RWLock) -> bool:
    """Whether the calling thread can have it all to itself, now."""
    with lock.write_lock(timeout=0):
        return lock.writes() and not lock.waiting()


# Many readers or one writer


def test_readers_read_side_by_side() -> None:
    """Eight readers are inside together: each waits there until all are."""
    lock, together = RWLock(), threading.Barrier(8)

    def read() -> None:
        with lock.read_lock():
            together.wait(PATIENCE)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not together.broken
    assert is_free(lock)


@pytest.mark.parametrize(("has", "wants"), [(reading, writing), (writing, reading), (writing,) * 2])
def test_a_writer_is_alone(has: Callable[[RWLock], Held], wants: Callable[[RWLock], Held]) -> None:
    """A writer waits for readers and writers, readers wait for a writer, and each comes in as the other leaves."""
    lock = RWLock()
    first = has(lock).enters()
    second = waiting(lock, wants)
    assert first.leaves() is None
    second.enters().leaves()
    assert is_free(lock)


def test_a_writer_waits_for_the_last_reader() -> None:
    """One reader who leaves doesn't let the writer in while another one reads."""
    lock = RWLock()
    readers = [reading(lock).enters() for _ in range(3)]
    writer = waiting(lock, writing)
    for reader in readers:
        assert not writer.inside
        reader.leaves()
    writer.enters().leaves()


def test_no_new_reader_passes_a_waiting_writer() -> None:
    """While a writer waits, who isn't reading yet waits behind it: readers who overlap can't keep a writer out."""
    lock, order = RWLock(), []
    first = reading(lock).enters()
    writer = waiting(lock, lambda lock: Held(lambda: noted(lock.write_lock(), order, "writer")))
    late = waiting(lock, lambda lock: Held(lambda: noted(lock.read_lock(), order, "reader")))
    first.leaves()
    writer.enters()
    assert not late.inside
    writer.leaves()
    late.enters().leaves()
    assert order == ["writer", "reader"]


@contextmanager
def noted(block: AbstractContextManager[object], order: list[str], name: str) -> Iterator[None]:
    """Being in a block, noted once inside."""
    with block:
        order.append(name)
        yield


def test_writers_come_before_readers_and_in_turn() -> None:
    """Of all who wait, writers go first, as they came; then the readers have it, all together."""
    lock, order = RWLock(), []
    first = writing(lock).enters()
    together = threading.Barrier(3)

    def read() -> None:
        with lock.read_lock():
            order.append("reader")
            together.wait(PATIENCE)

    def write(name: str) -> None:
        with lock.write_lock():
            order.append(name)

    threads = []
    for work in (read, lambda: write("one"), read, lambda: write("two"), read):
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        wait_for(lambda: lock.waiting() == len(threads))
    first.leaves()
    for thread in threads:
        thread.join()
    assert order == ["one", "two", "reader", "reader", "reader"]


# Again


def test_what_a_thread_may_take_again() -> None:
    """Read in read, write in write, read in write; it is free only when all of it was given back."""
    lock = RWLock()
    with lock.read_lock(), lock.read_lock():
        pass
    with lock.write_lock():
        with lock.write_lock(), lock.read_lock():
            with lock.read_lock():
                assert lock.reads()
            reader = waiting(lock, reading)
        assert lock.writes()
        assert not reader.inside
    reader.enters().leaves()
    assert is_free(lock)


def test_reading_again_behind_a_waiting_writer() -> None:
    """A reader who reads again doesn't queue behind the writer that waits for it: both would wait for good."""
    lock = RWLock()
    with lock.read_lock():
        writer = waiting(lock, writing)
        with lock.read_lock(timeout=0):
            assert not writer.inside
    writer.enters().leaves()


def test_reading_in_another_entry_behind_a_waiting_writer() -> None:
    """The same holds for two owners in one thread: the writer waits for that thread."""
    lock = RWLock()
    lock.acquire_read(owner="an entry")
    writer = waiting(lock, writing)
    lock.acquire_read(timeout=0, owner="another entry")
    lock.release_read("another entry")
    lock.release_read("an entry")
    writer.enters().leaves()


def test_going_on_reading_what_was_written() -> None:
    """Who reads while writing may end the writing first, and nobody writes before the reading ends too."""
    lock = RWLock()
    lock.acquire_write()
    writer = waiting(lock, writing)
    lock.acquire_read()
    lock.release_write()
    assert not writer.inside
    assert lock.reads()
    lock.release_read()
    writer.enters().leaves()


# From reading to writing


def test_the_only_reader_may_write() -> None:
    """Nothing can have changed what it read, so it is let in at once; it reads on afterwards."""
    lock = RWLock()
    with lock.read_lock():
        with lock.write_lock(timeout=0):
            assert lock.writes()
        assert lock.reads()
    assert is_free(lock)


def test_a_reader_who_wants_to_write_waits_for_other_readers() -> None:
    """It comes before other writers: between its reading and its writing nobody wrote."""
    lock, order = RWLock(), []
    other = reading(lock).enters()

    def upgrade() -> None:
        with lock.read_lock():
            started.set()
            assert go.wait(PATIENCE)
            with lock.write_lock():
                order.append("upgraded")

    started, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=upgrade)
    thread.start()
    assert started.wait(PATIENCE)
    writer = waiting(lock, lambda lock: Held(lambda: noted(lock.write_lock(), order, "writer")))
    go.set()
    wait_for(lambda: lock.waiting() == 2)
    other.leaves()
    writer.enters().leaves()
    thread.join()
    assert order == ["upgraded", "writer"]


def test_the_second_reader_who_wants_to_write_is_refused_at_once() -> None:
    """Two readers who both want to write would wait for each other; the first goes on as soon as the second ends."""
    lock = RWLock("sessions")

    def upgrade() -> None:
        with lock.read_lock(), lock.write_lock():
            pass

    with lock.read_lock():
        first = threading.Thread(target=upgrade)
        first.start()
        wait_for(lambda: lock.waiting() == 1)
        begun = time.monotonic()
        with pytest.raises(WouldDeadlock, match="sessions"):
            lock.acquire_write(timeout=20)
        assert time.monotonic() - begun < 5
        assert lock.reads()
    first.join()
    assert is_free(lock)


@pytest.mark.parametrize(
    ("has", "wants"),
    [
        (RWLock.acquire_write, RWLock.acquire_write),
        (RWLock.acquire_write, RWLock.acquire_read),
        (RWLock.acquire_read, RWLock.acquire_write),
    ],
)
def test_two_owners_in_one_thread_are_told_at_once(
    has: Callable[..., None], wants: Callable[..., None]
) -> None:
    """Waiting for oneself would last until the time-out: it is refused before, and nobody is left waiting."""
    lock = RWLock("sessions")
    has(lock, owner="an entry")
    begun = time.monotonic()
    with pytest.raises(WouldDeadlock, match="sessions"):
        wants(lock, timeout=20, owner="another entry")
    assert time.monotonic() - begun < 5
    assert not lock.waiting()
    lock.release_wholly("an entry")
    assert is_free(lock)


# Time-outs


@pytest.mark.parametrize("given", ["to the call", "to the lock", "to all"])
@pytest.mark.parametrize("wants", [RWLock.read_lock, RWLock.write_lock])
def test_it_gives_up_when_it_said(
    given: str, wants: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait ends within a few per cent of its time-out, wherever that was said, and leaves no waiter behind."""
    lock = RWLock("sessions", timeout=0.5 if given == "to the lock" else None)
    if given == "to all":
        monkeypatch.setattr(RWLock, "TIMEOUT", 0.5)
    writer = writing(lock).enters()
    waits: list[float] = []
    while len(waits) < 10 and min(waits, default=1) >= 0.525:  # a busy machine may wake us late
        begun = time.monotonic()
        with (
            pytest.raises(LockTimeout, match="sessions"),
            wants(lock, 0.5 if given == "to the call" else None),  # type: ignore[attr-defined]
        ):
            pass
        waits.append(time.monotonic() - begun)
    assert lock.waiting() == 0
    writer.leaves()
    assert 0.5 <= min(waits) < 0.525


def test_a_longer_wait_than_the_platform_knows() -> None:
    """A time-out of a century is no error."""
    lock = RWLock(timeout=1e12)
    first = writing(lock).enters()
    second = waiting(lock, reading)
    first.leaves()
    second.enters().leaves()


def test_a_writer_who_gives_up_lets_readers_in() -> None:
    """Readers who waited behind a writer that gave up don't wait for anybody else's release."""
    lock = RWLock()
    first = reading(lock).enters()
    with_time = Held(lambda: lock.write_lock(timeout=0.2))
    wait_for(lambda: lock.waiting() == 1)
    second = reading(lock)
    second.enters()
    assert isinstance(with_time.leaves(), LockTimeout)
    second.leaves()
    first.leaves()
    assert is_free(lock)


def test_release_by_another_is_refused() -> None:
    """Only who reads ends reading, and only who writes ends writing."""
    lock = RWLock("sessions")
    writer = writing(lock).enters()
    for release in (lock.release_read, lock.release_write):
        with pytest.raises(RuntimeError, match="doesn't hold it"):
            release()
    writer.leaves()
    assert is_free(lock)


# No signal is lost


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


def with_signal(monkeypatch: pytest.MonkeyPatch, late: _Late) -> None:
    """Give each waiter this signal."""
    make = _Waiter.__init__

    def make_late(self: _Waiter, *args: object, **kwargs: object) -> None:
        make(self, *args, **kwargs)  # type: ignore[arg-type]
        self.signal = late  # type: ignore[assignment]

    monkeypatch.setattr(_Waiter, "__init__", make_late)


@pytest.mark.parametrize("wants", [RWLock.acquire_read, RWLock.acquire_write])
def test_granted_at_the_moment_of_the_time_out(
    wants: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiter whose time is up just as it is its turn has the lock: neither an error, nor a lock without holder."""
    lock = RWLock()
    writer = writing(lock).enters()

    def released() -> None:
        writer.leaves()
        wait_for(lambda: lock.waiting() == 0)

    with_signal(monkeypatch, _Late(released))
    wants(lock, timeout=1, owner="late")
    assert lock.reads("late") or lock.writes("late")
    lock.release_wholly("late")
    assert is_free(lock)


@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("wants", [RWLock.acquire_read, RWLock.acquire_write])
def test_interrupted_while_waiting(
    wants: Callable[..., None], granted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while waiting leaves no waiter and no holder: what was or would be handed to it goes to the next."""
    lock = RWLock()
    writer = writing(lock).enters()

    def released() -> None:
        if granted:
            writer.leaves()
            wait_for(lambda: lock.waiting() == 0)

    with monkeypatch.context() as patch:
        with_signal(patch, _Late(released, KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            wants(lock, timeout=30, owner="interrupted")
    assert lock.waiting() == 0
    writer.leaves()
    assert is_free(lock)


def test_a_real_ctrl_c_while_a_writer_waits() -> None:
    """The signal ends the wait at once, and readers who waited behind the writer come in."""
    lock, main = RWLock(), threading.main_thread()
    first = reading(lock).enters()
    behind: list[Held] = []

    def interrupt() -> None:
        wait_for(lambda: lock.waiting() == 1)
        behind.append(waiting(lock, reading))
        assert main.ident is not None
        signal.pthread_kill(main.ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        lock.acquire_write(timeout=PATIENCE)
    thread.join()
    behind[0].enters().leaves()
    first.leaves()
    assert is_free(lock)


def test_a_forked_child_finds_it_free() -> None:
    """Whoever has it or waits isn't in the child, where `forget` makes it free."""
    lock = RWLock()
    writer = writing(lock).enters()
    child = os.fork()
    if not child:
        lock.forget()
        os._exit(0 if is_free(lock) else 1)
    assert os.waitpid(child, 0)[1] == 0
    writer.leaves()


def test_many_threads_lose_no_turn() -> None:
    """Readers and writers in a crowd, with time-outs about as long as the turns: it guards, and is free at the end."""
    lock, count, seen, given_up = RWLock(), [0], [], []
    start = threading.Barrier(8)

    def work(writes: bool) -> None:
        start.wait(PATIENCE)
        for _ in range(300):
            try:
                with lock.write_lock(0.0005) if writes else lock.read_lock(0.0005):
                    before = count[0]
                    time.sleep(0)  # let others in, if the lock does
                    if writes:
                        count[0] = before + 1
                    else:
                        seen.append(count[0] == before)
            except LockTimeout:
                given_up.append(writes)

    threads = [threading.Thread(target=work, args=(n % 2 == 0,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count[0] + len(seen) + len(given_up) == 8 * 300
    assert all(seen)
    assert is_free(lock)
