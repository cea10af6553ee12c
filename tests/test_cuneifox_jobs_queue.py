"""The queue on each of its storages: what is delivered, and what becomes of jobs while it can't be reached."""

from __future__ import annotations

import logging
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cuneifox import create_app
from cuneifox.config import Config, ConfigError, Jobs
from cuneifox.jobs import queue as queues
from cuneifox.jobs.kinds import KINDS, Kind
from cuneifox.jobs.places import public, redacted
from cuneifox.jobs.queue import Queue
from cuneifox.jobs.storages import FileQueue
from cuneifox.jobs.workers import Workers
from cuneifox_site import CHEAP
from models.jobs import stopping
from models.jobs.asking import Asker, ask
from models.jobs.job import Job
from queue_servers import KINDS as SERVERS
from queue_servers import QUOTED, SECRET, Server, serving

STORAGES = ["file", "redis", "postgresql"]
WITHIN = 30.0


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """Started once for all tests here; each leaves them running."""
    with serving("redis") as redis, serving("postgresql") as postgresql:
        yield {"redis": redis, "postgresql": postgresql}


class Told:
    """Which jobs were done, in order."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.ids: list[str] = []

    def add(self, job_id: str) -> None:
        with self.changed:
            self.ids.append(job_id)
            self.changed.notify_all()

    def wait_for(self, test: Callable[[list[str]], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: test(self.ids), WITHIN), self.ids


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """A kind of work that tells of each job that is done."""
    told = Told()

    def run(work: Any) -> None:
        told.add(work.job.id)

    kind = Kind("tell", run, lambda given: "tell", of_company=False)
    monkeypatch.setitem(KINDS, "tell", kind)
    return told


class Place:
    """An installation with workers, whose queue is somewhere."""

    def __init__(self, folder: Path, place: str) -> None:
        self.app = create_app(
            Config(data_folder=str(folder), passwords=CHEAP, jobs=Jobs(queue=place))
        )
        self.services = self.app.extensions["cuneifox"]
        self.workers = Workers(self.app, 2)

    def ask(self, hint: bool = True) -> tuple[str, float]:
        """Ask for a job as a page does; return its id, and how many seconds the hint took."""
        with self.app.app_context():
            job, _ = ask("tell", {}, Asker(identity="test"), now=time.time())
            begun = time.monotonic()
            if hint:
                self.services.queue.send(job.id)
            return job.id, time.monotonic() - begun

    def states(self) -> set[str]:
        with self.app.app_context():
            return {job.state for job in Job.select().where(Job.kind == "tell")}

    def close(self) -> None:
        self.services.close()


@contextmanager
def at_work(folder: Path, place: str) -> Iterator[Place]:
    here = Place(folder, place)
    try:
        here.workers.start()
        try:
            yield here
        finally:
            here.workers.stop()
    finally:
        here.close()


def place_of(kind: str, servers: dict[str, Server]) -> str:
    return servers[kind].url if kind in servers else ""


def wait_for(test: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN
    while not test():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("kind", STORAGES)
def test_each_job_is_delivered(
    tmp_path: Path, servers: dict[str, Server], told: Told, kind: str
) -> None:
    """Each is done once; afterwards nothing waits in the queue."""
    with at_work(tmp_path, place_of(kind, servers)) as here:
        asked = [here.ask()[0] for _ in range(20)]
        told.wait_for(lambda ids: len(ids) == 20)
        wait_for(lambda: here.services.queue.length() == 0)
        wait_for(lambda: here.states() == {"done"})
    assert sorted(told.ids) == sorted(asked)


@pytest.mark.parametrize("kind", STORAGES)
def test_a_message_that_is_lost_only_delays(
    tmp_path: Path, servers: dict[str, Server], told: Told, kind: str
) -> None:
    """Written down, and no hint: a worker that looks finds it."""
    with at_work(tmp_path, place_of(kind, servers)) as here:
        lost = here.ask(hint=False)[0]
        told.wait_for(lambda ids: ids == [lost])
        wait_for(lambda: here.states() == {"done"})


@pytest.mark.parametrize("kind", list(SERVERS))
def test_a_server_that_is_gone_for_a_while_loses_nothing(
    tmp_path: Path,
    servers: dict[str, Server],
    told: Told,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It stops in the middle: jobs are asked for and done all the same, nobody is held up, and the log is told once.

    Once it is back, messages go through it again. No secret is in the log.
    """
    caplog.set_level(logging.DEBUG)
    server = servers[kind]
    with at_work(tmp_path, server.url) as here:
        before = [here.ask()[0] for _ in range(5)]
        told.wait_for(lambda ids: len(ids) == 5)
        server.stop()
        try:
            given = [here.ask() for _ in range(10)]
            took = sum(seconds for _, seconds in given)
            meanwhile = [job_id for job_id, _ in given]
            told.wait_for(lambda ids: len(ids) == 15)
            assert took < 4.0
        finally:
            server.start()
        wait_for(lambda: "can be reached again" in caplog.text)
        wait_for(lambda: here.services.queue.send("nothing"))
        after = [here.ask()[0] for _ in range(5)]
        told.wait_for(lambda ids: len(ids) == 20)
        wait_for(lambda: here.states() == {"done"})
    assert sorted(told.ids) == sorted(before + meanwhile + after)
    assert caplog.text.count("can't be reached") == 1
    assert re.search(r"\w\. Jobs are kept", caplog.text)  # however the library ends its sentences
    assert caplog.text.count("can be reached again") == 1
    for secret in (SECRET, QUOTED, "Zq7"):
        assert secret not in caplog.text


@contextmanager
def standing_still(server: Server) -> Iterator[None]:
    """In the block it takes connections, keeps those that there are, and answers nothing."""
    server.pause(signal.SIGSTOP)
    try:
        yield
    finally:
        server.pause(signal.SIGCONT)


@pytest.mark.parametrize("kind", list(SERVERS))
def test_a_server_that_stands_still_holds_nobody_up_for_long(
    tmp_path: Path, servers: dict[str, Server], told: Told, kind: str
) -> None:
    """Who asks first waits a moment, the others don't; jobs are done, and the workers stop."""
    server = servers[kind]
    with ExitStack() as still_there:
        with at_work(tmp_path, server.url) as here:
            here.ask()
            told.wait_for(lambda ids: len(ids) == 1)
            still_there.enter_context(standing_still(server))
            took = [here.ask()[1] for _ in range(10)]
            told.wait_for(lambda ids: len(ids) == 11)
            begun = time.monotonic()
        assert time.monotonic() - begun < 12.0
    assert max(took) < 6.0
    assert sorted(took)[-3] < 0.5


def test_a_queue_that_doesnt_answer_keeps_no_job_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the queue is asked how much waits in it, and says nothing, a job that is cancelled stops all the same."""
    begun: list[str] = []
    asked, answer = threading.Event(), threading.Event()

    def run(work: Any) -> None:
        begun.append(work.job.id)
        while not answer.wait(0.01):
            work.progress(0.5)

    def stuck(self: FileQueue) -> int:
        asked.set()
        assert answer.wait(WITHIN)
        return 0

    monkeypatch.setitem(KINDS, "tell", Kind("tell", run, lambda given: "tell", of_company=False))
    monkeypatch.setattr(FileQueue, "queue_size", stuck)
    with at_work(tmp_path, "") as here:
        try:
            for _ in range(3):  # more than there are workers
                here.ask()
            assert asked.wait(WITHIN)
            with here.app.app_context():
                assert stopping.cancel(begun[0], now=time.time())
            wait_for(lambda: "cancelled" in here.states())
        finally:
            answer.set()


def test_an_address_that_nobody_answers_is_given_up_in_time(tmp_path: Path) -> None:
    """A host that takes no connection at all: within a second or so, and then nobody waits for a while."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        callers = [socket.socket() for _ in range(4)]
        try:
            for caller in callers:  # until nobody is let in any more
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            queue = Queue(f"redis://127.0.0.1:{full.getsockname()[1]}/0", tmp_path)
            begun = time.monotonic()
            assert not queue.send("x")
            assert time.monotonic() - begun < 4.5
            begun = time.monotonic()
            assert not queue.send("x")
            assert time.monotonic() - begun < 0.5
            queue.close()
        finally:
            for caller in callers:
                caller.close()


def test_a_thread_waits_only_a_moment_for_another_ones_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is stuck in the queue, the others go on without their hint."""
    monkeypatch.setattr(queues, "LONGEST_TURN", 0.05)
    queue = Queue("", tmp_path)
    inside, go_on = threading.Event(), threading.Event()

    def stuck(self: FileQueue, data: bytes) -> None:
        inside.set()
        assert go_on.wait(WITHIN)

    monkeypatch.setattr(FileQueue, "enqueue", stuck)
    thread = threading.Thread(target=queue.send, args=("first",))
    thread.start()
    assert inside.wait(WITHIN)
    assert queue.send("second") is False
    go_on.set()
    thread.join()
    queue.close()


def test_a_thread_survives_what_fails_in_it(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking a job fails, once in each thread and once more: the threads go on, and the jobs are done."""
    from models.jobs import taking

    plain, left = taking.take, [3]

    def failing(*args: Any, **kwargs: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise RuntimeError("the disk is on fire")
        return plain(*args, **kwargs)

    monkeypatch.setattr(taking, "take", failing)
    with at_work(tmp_path, "") as here:
        for _ in range(4):
            here.ask()
        told.wait_for(lambda ids: len(ids) == 4)
        wait_for(lambda: here.states() == {"done"})
    assert left == [0]


# The settings


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("rabbit://host", "queue in [jobs]: rabbit://host is of no known kind"),
        ("queue.db", "queue in [jobs]: 'queue.db' is of no known kind"),
        ("redis://:S3cret@host:port/0", "queue in [jobs]: redis://host:port/0 can't be used"),
        ("redis://host/0?hurry=S3cret", "queue in [jobs]: redis://host/0 can't be used"),
        ("postgresql://me:S3cret@host:5432/x?hurry=1", "queue in [jobs]: postgresql://host:5432/x can't be used"),
    ],
)  # fmt: skip
def test_a_wrong_place_is_told_at_the_start(tmp_path: Path, place: str, said: str) -> None:
    """ConfigError with the setting's name and no secrets, before anything is made."""
    with pytest.raises(ConfigError) as raised:
        create_app(Config(data_folder=str(tmp_path / "data"), jobs=Jobs(queue=place)))
    assert said in str(raised.value)
    assert "S3cret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("place", "library", "extra"),
    [("redis://host/0", "redis", "redis"), ("postgresql://host/x", "psycopg", "postgresql")],
)
def test_a_missing_extra_is_named(
    tmp_path: Path, place: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lacks the library is told what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigError, match=rf"pip install 'cuneifox\[{extra}\]'"):
        create_app(Config(data_folder=str(tmp_path / "data"), jobs=Jobs(queue=place)))


def test_secrets_are_taken_out_of_what_libraries_say() -> None:
    """Also the half of a password that a library takes for a host, and the values of options."""
    place = "postgresql://me:hun@ter2@host/x?sslpassword=oyster"
    assert public(place) == "postgresql://host/x"
    said = redacted(ValueError('no host "ter2@host", nor hun@ter2,\n and oyster'), place)
    assert said == 'no host "***@host", nor ***, and ***'
    assert redacted("hun%40ter2 hun@ter2", "redis://:hun%40ter2@host") == "*** ***"


def test_a_new_connection_looks_for_what_came_before_it(tmp_path: Path) -> None:
    """What a closed connection had seen of the file says nothing about what a new one sees."""
    storage, other = FileQueue(tmp_path / "queue.db"), FileQueue(tmp_path / "queue.db")
    try:
        storage.prepare()
        assert storage.dequeue() is None
        storage.close()
        other.enqueue(b"one")
        other.close()
        assert storage.dequeue() == b"one"
    finally:
        storage.close()
        other.close()
