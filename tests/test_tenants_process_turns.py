"""Processes write to a store in order of arrival, and nobody's death, time-out or Ctrl-C loses the turn.

A lock belongs to the open file, so that two that are opened here stand for two processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from notes import Note
from tenants import LockTimeout, Router, process_turns
from tenants.process_turns import ProcessTurn
from threads import PATIENCE, wait_for

ROOT = Path(__file__).parent.parent

HOLDER = """
import sys
from tenants.process_turns import ProcessTurn
file = open(sys.argv[1], "r+b")
turn = ProcessTurn(sys.argv[2])
assert turn.take(file.fileno(), 0)
print("taken", flush=True)
sys.stdin.readline()
"""


class Process:
    """What stands for a process: a turn of its own, by an opening of the file of its own."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("r+b")
        self.turn = ProcessTurn("books")

    def take(self, seconds: float = PATIENCE) -> bool:
        return self.turn.take(self.file.fileno(), seconds)

    def close(self) -> None:
        self.turn.end()
        self.file.close()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[Process]]:
    """Three of them."""
    path = tmp_path / "lock"
    path.touch()
    made = [Process(path) for _ in range(3)]
    yield made
    for process in made:
        process.close()
    wait_for(lambda: not any(process.turn._queued for process in made))


def queued(process: Process) -> int:
    """Return how many wait in the kernel's queues at its file."""
    inode = f":{os.stat(process.file.fileno()).st_ino} "
    locks = Path("/proc/locks").read_text().splitlines()
    return sum(" -> " in line and inode in line for line in locks)


@contextmanager
def waiting(process: Process, then: list[str], name: str) -> Iterator[threading.Thread]:
    """A thread that is in the queue, and notes that it had its turn."""

    def work() -> None:
        assert process.take()
        then.append(name)
        process.turn.end()

    there = queued(process)
    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: queued(process) > there)
    yield thread
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_one_process_at_a_time(processes: list[Process]) -> None:
    """While one has its turn another hasn't, and has it as soon as that one ends."""
    one, two, _ = processes
    assert one.take()
    assert one.take(0)
    assert not two.take(0)
    one.turn.end()
    assert two.take()
    assert not one.turn.held
    assert two.turn.held


def test_whoever_has_just_written_goes_to_the_end(processes: list[Process]) -> None:
    """A process that wants to write again at once doesn't pass those who wait."""
    one, two, three = processes
    order: list[str] = []
    assert one.take()
    with waiting(two, order, "two"), waiting(three, order, "three"):
        one.turn.end()
        assert one.take()
        order.append("one again")
        one.turn.end()
    assert order[0] == "two"
    assert set(order) == {"one again", "two", "three"}


def test_another_store_is_another_turn(processes: list[Process]) -> None:
    """Stores in one folder have one lock file, and nothing else, in common."""
    one, two, _ = processes
    assert one.take()
    other = ProcessTurn("registers")
    assert other.take(two.file.fileno(), 0)
    other.end()


def test_giving_up_and_waiting_again(processes: list[Process]) -> None:
    """Who gave up has no turn; what comes then is passed on; who waits again has the place that was queued for."""
    one, two, three = processes
    assert one.take()
    assert not two.take(0.01)
    assert not two.take(0.01)
    one.turn.end()
    wait_for(lambda: two.turn._queued is None)
    assert not two.turn.held
    assert three.take(0)
    assert not two.take(0.01)
    three.turn.end()
    assert two.take()


def test_it_gives_up_when_it_said(processes: list[Process]) -> None:
    """A wait for another process ends within a few per cent of its time-out."""
    one, two, _ = processes
    assert one.take()
    waits: list[float] = []
    while len(waits) < 10 and min(waits, default=1) >= 0.525:  # a busy machine may wake us late
        begun = time.monotonic()
        assert not two.take(0.5)
        waits.append(time.monotonic() - begun)
    assert 0.5 <= min(waits) < 0.525
    one.turn.end()
    wait_for(lambda: two.turn._queued is None)


def test_ctrl_c_while_waiting(processes: list[Process]) -> None:
    """The turn that comes afterwards is passed on."""
    one, two, three = processes
    assert one.take()

    def interrupt() -> None:
        wait_for(lambda: queued(two) == 1)  # and so has all that it needs for it
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        two.take()
    thread.join()
    one.turn.end()
    wait_for(lambda: two.turn._queued is None)
    assert not two.turn.held
    assert three.take(0)


def test_a_process_that_is_killed_has_no_turn(processes: list[Process]) -> None:
    """The kernel ends its turn, and whoever waits has it."""
    one = processes[0]
    command = [sys.executable, "-c", HOLDER, one.file.name, "books"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        order: list[str] = []
        with waiting(one, order, "one"):
            assert order == []
            other.kill()
        assert order == ["one"]


def test_a_forked_child_has_no_turn(processes: list[Process]) -> None:
    """What the parent has or waits for isn't the child's, whose end doesn't end it either."""
    one, two, three = processes
    assert one.take()
    assert not two.take(0)
    child = os.fork()
    if not child:
        for process in (one, two):
            process.turn.forget()
        os._exit(one.turn.held or two.turn._queued is not None)
    assert os.waitpid(child, 0)[1] == 0
    assert not three.take(0)
    one.turn.end()


@pytest.mark.parametrize("fails", [OSError(38, "no such locks"), None])
def test_without_such_locks_one_goes_on(
    processes: list[Process], fails: OSError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel or the file system hasn't got them, SQLite's own locks are all there is, as ever."""
    if fails is None:
        monkeypatch.setattr(process_turns, "_TRY", -1)
    else:

        def fail(*given: object) -> None:
            raise fails

        monkeypatch.setattr(process_turns.fcntl, "fcntl", fail)
    one, two, _ = processes
    assert one.take(0)
    assert two.take(0)


def test_threads_keep_the_turn_for_a_while(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of one process follow one another in it, until it has lasted long enough."""
    lock = router.create("acme", models=[Note]).store("books").lock
    clock = [100.0]
    monkeypatch.setattr(process_turns, "monotonic", lambda: clock[0])
    with Path(router.path, "file").open("w+b") as file:
        for late, kept in ((0.0, True), (2 * process_turns.SLICE, False)):
            lock.acquire_in_turn(file.fileno(), owner="first")
            second = threading.Thread(target=lock.acquire, kwargs={"owner": "second"})
            second.start()
            wait_for(lambda: lock.waiting() == 1)
            clock[0] += late
            lock.release(owner="first")
            second.join()
            assert lock.turn.held is kept
            lock.release(owner="second")
            assert not lock.turn.held


@pytest.fixture
def shared_turn(router: Router) -> Iterator[Process]:
    """Another process that has its turn to write to the shared database."""
    other = Process(Path(router.path, "universal.db.lock"))
    other.turn = ProcessTurn(router.universal_store.path)
    assert other.take(0)
    yield other
    other.close()


def test_a_write_waits_for_the_other_process(router: Router, shared_turn: Process) -> None:
    """It gives up when its time is over, changes nothing, and leaves the lock to others."""
    store = router.universal_store
    store.lock.timeout = 0.05
    before = router.contention.status()
    with pytest.raises(LockTimeout, match="the shared database was busy"):
        router.universal.execute_sql("CREATE TABLE t (n)")
    assert not store.lock.waiting()
    assert store.lock._depth == 0
    assert router.contention.status().timeouts == before.timeouts + 1
    shared_turn.turn.end()
    store.lock.timeout = None
    router.universal.execute_sql("CREATE TABLE t (n)")


def test_stores_queue_at_their_folders_lock(router: Router) -> None:
    """A write to a tenant's store has the turn while it lasts, and a read hasn't."""
    tenant = router.create("acme", models=[Note])
    store = tenant.store("books")
    with router.using("acme"):
        assert Note.select().count() == 0
        other = Process(Path(router.path, "tenants", tenant.id, "lock"))
        other.turn = ProcessTurn(store.path)
        assert other.take(0)
        other.turn.end()
        with store.writing():
            assert not other.take(0)
    other.close()
    wait_for(lambda: other.turn._queued is None)
