"""The processes that do jobs: `cuneifox worker`, and the one beside the pages of `cuneifox serve`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from cuneifox import create_app
from cuneifox.cli import main
from cuneifox.config import Config, Jobs, Server
from cuneifox.jobs import workers as jobs_workers
from cuneifox.jobs.entering import Stopped
from cuneifox.jobs.kinds import KINDS, Kind
from cuneifox.jobs.presence import FOLDER, Presence, dead_workers
from cuneifox.jobs.workers import Workers
from cuneifox_site import CHEAP
from models.jobs import ending, taking
from models.jobs.asking import Asker, ask
from models.jobs.job import DONE, RUNNING, WAITING, Job

ROOT = Path(__file__).parent.parent
WITHIN = 60.0

WORKER = """
import sys, time
from pathlib import Path
from cuneifox.jobs.kinds import kind

@kind("long", lambda given: "long", of_company=False)
def long(work):
    folder = Path(work.arguments["folder"])
    (folder / f"begun-{work.job.lease.rpartition('/')[2]}").touch()
    while not (folder / "go").exists():
        work.check()
        time.sleep(0.005)
    return "gone"

from cuneifox.cli import main
main(["--data", sys.argv[1], "worker", "--threads", "1"])
"""

SERVER = """
import sys
from cuneifox.config import Config, Jobs, Server
from cuneifox.serve import serve
config = Config(data_folder=sys.argv[1], server=Server(port=0), jobs=Jobs(threads=1))
serve(config, lambda text: print(text, flush=True))
"""


def wait_for(test: Callable[[], Any]) -> Any:
    """Return what a test comes to once it is true."""
    until = time.monotonic() + WITHIN
    while not (found := test()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


class Place:
    """An installation, seen from a process beside those that work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.app = create_app(Config(data_folder=str(self.data), passwords=CHEAP))
        self.services = self.app.extensions["cuneifox"]
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(self.data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
        self._processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[str]:
        """Start `cuneifox worker`, and return it once it takes jobs."""
        process = self.start(WORKER)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Does up to 1 jobs")
        return process

    def ask(self, kind: str = "long") -> str:
        with self.app.app_context():
            given = {"folder": str(self.folder)}
            job, _ = ask(kind, given, Asker(identity="test"), now=time.time())
            self.services.queue.send(job.id)
            return job.id

    def job(self, job_id: str) -> Job:
        with self.app.app_context():
            found: Job = Job.get_by_id(job_id)
            return found

    def begun(self, times: int = 1) -> None:
        """Wait until attempts at a job were begun so often."""
        wait_for(lambda: len(list(self.folder.glob("begun-*"))) >= times)

    def go(self) -> None:
        """Let the long job end."""
        (self.folder / "go").touch()

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self.services.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for a process to end well; return what it said."""
    said = process.communicate(timeout=WITHIN)[1]
    assert process.returncode == 0, said
    return said


def test_sigterm_lets_what_runs_end(place: Place) -> None:
    """The worker takes nothing new, waits for its job, and ends with 0; what waits is left to others."""
    worker = place.worker()
    running = place.ask()
    place.begun()
    waiting = place.ask()
    worker.send_signal(signal.SIGTERM)
    place.go()
    said = ended(worker)
    assert (place.job(running).state, place.job(running).line) == (DONE, "gone")
    assert (place.job(waiting).state, place.job(waiting).attempts) == (WAITING, 0)
    assert "Traceback" not in said
    assert list((place.data / FOLDER).iterdir()) == []


def test_a_second_sigterm_hurries_and_another_worker_begins_anew(place: Place) -> None:
    """What isn't done is handed back at once, at the cost of no attempt, and another worker does it from the start."""
    first = place.worker()
    job = place.ask()
    place.begun()
    first.send_signal(signal.SIGTERM)
    assert first.stdout is not None
    assert first.stdout.readline().startswith("Stops once they are done")  # or both are one
    first.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    said = ended(first)
    assert time.monotonic() - begun < jobs_workers.GRACE_SECONDS
    assert "Traceback" not in said
    handed = place.job(job)
    assert (handed.state, handed.attempts, handed.lapses, handed.lease) == (WAITING, 0, 0, "")
    second = place.worker()
    place.begun(times=2)
    place.go()
    wait_for(lambda: place.job(job).state == DONE)
    second.send_signal(signal.SIGTERM)
    ended(second)
    assert place.job(job).attempts == 1


def test_a_job_whose_worker_is_killed_is_done_by_another(place: Place) -> None:
    """kill -9 amid the job: another worker that is there notices, and begins it anew, long before the lease is over."""
    first = place.worker()
    job = place.ask()
    place.begun()
    first.kill()
    first.wait(WITHIN)
    begun = time.monotonic()
    second = place.worker()
    place.begun(times=2)
    assert time.monotonic() - begun < taking.LEASE
    place.go()
    wait_for(lambda: place.job(job).state == DONE)
    assert (place.job(job).attempts, place.job(job).lapses) == (1, 1)
    second.send_signal(signal.SIGTERM)
    assert "is gone; jobs of it that are begun anew: 1" in ended(second)


def below(process: int) -> list[int]:
    """The processes that it has begun, on whichever thread, and those that they have."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    listed = [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]
    return [each for child in listed for each in (child, *below(child))]


def is_alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def does_jobs(process: int) -> bool:
    return (
        is_alive(process)
        and b"cuneifox.jobs.process" in Path(f"/proc/{process}/cmdline").read_bytes()
    )


def answers(server: subprocess.Popen[str]) -> bool:
    assert server.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
    assert found, server.communicate(timeout=WITHIN)[1]
    with urllib.request.urlopen(found[0] + "/sign-in", timeout=WITHIN) as answer:
        return bool(answer.status == 200)


def test_a_server_does_jobs_beside_its_pages(place: Place) -> None:
    """What is asked for is done; SIGTERM ends both, in good order."""
    server = place.start(SERVER)
    assert answers(server)
    job = place.ask("clean_up")
    wait_for(lambda: place.job(job).state == DONE)
    processes = below(server.pid)
    server.send_signal(signal.SIGTERM)
    said = ended(server)
    assert "Traceback" not in said
    assert not any(is_alive(process) for process in processes)
    assert list((place.data / FOLDER).iterdir()) == []


def test_a_killed_server_leaves_nobody_at_work(place: Place) -> None:
    """kill -9 of the server, its processes apart from that of the workers: that one ends, and a new server starts."""
    server = place.start(SERVER)
    assert answers(server)
    processes = below(server.pid)
    (worker,) = wait_for(lambda: [each for each in below(server.pid) if does_jobs(each)])
    wait_for(lambda: list((place.data / FOLDER).glob("*.lock")))
    for process in (server.pid, *processes):
        if process != worker and is_alive(process):
            os.kill(process, signal.SIGKILL)
    wait_for(lambda: not is_alive(worker))
    assert list((place.data / FOLDER).iterdir()) == []
    again = place.start(SERVER)
    assert answers(again)
    job = place.ask("clean_up")
    wait_for(lambda: place.job(job).state == DONE)
    again.send_signal(signal.SIGTERM)
    ended(again)


def test_workers_that_are_killed_are_started_again(place: Place) -> None:
    """The server goes on, says so, and has another process do jobs."""
    server = place.start(SERVER)
    assert answers(server)
    (worker,) = wait_for(lambda: [each for each in below(server.pid) if does_jobs(each)])
    os.kill(worker, signal.SIGKILL)
    job = place.ask("clean_up")
    wait_for(lambda: place.job(job).state == DONE)
    server.send_signal(signal.SIGTERM)
    assert "The workers' process ended with code -9; it is started again." in ended(server)


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_a_wrong_queue_is_told_at_the_start(tmp_path: Path, command: str) -> None:
    """With the exit code of any other setting that can't be understood, and without its secrets."""
    settings = tmp_path / "config.toml"
    settings.write_text('[jobs]\nqueue = "rabbit://me:S3cret@host/0"\n', encoding="utf-8")
    done = CliRunner().invoke(
        main, ["--config", str(settings), "--data", str(tmp_path / "data"), command]
    )
    assert done.exit_code == 2
    assert "config.toml: queue in [jobs]: rabbit://host/0 is of no known kind" in done.output
    assert "S3cret" not in done.output


# In this process


@pytest.fixture
def app_workers(tmp_path: Path) -> Iterator[Workers]:
    """Workers that aren't started; the test stops them."""
    config = Config(
        data_folder=str(tmp_path / "data"), passwords=CHEAP, server=Server(port=0), jobs=Jobs(threads=1)
    )  # fmt: skip
    app = create_app(config)
    yield Workers(app)
    app.extensions["cuneifox"].close()


def test_a_job_that_is_taken_as_the_workers_stop_is_handed_back(
    app_workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes after all that ran was told to stop: it is told, too, and nobody waits for it."""
    taken, go_on = threading.Event(), threading.Event()
    plain = taking.take

    def slow(*args: Any, **kwargs: Any) -> Job | None:
        job = plain(*args, **kwargs)
        if job is not None:
            taken.set()
            assert go_on.wait(WITHIN)
        return job

    def run(work: Any) -> None:
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            work.check()
            time.sleep(0.005)

    monkeypatch.setattr(taking, "take", slow)
    monkeypatch.setitem(KINDS, "long", Kind("long", run, lambda given: "long", of_company=False))
    app, services = app_workers.app, app_workers.services
    app_workers.start()
    with app.app_context():
        job, _ = ask("long", {}, Asker(identity="test"), now=services.now())
        services.queue.send(job.id)
    assert taken.wait(WITHIN)
    stopped = threading.Thread(target=app_workers.stop, args=(0.0,))
    stopped.start()
    wait_for(lambda: app_workers._handing_back)
    go_on.set()
    stopped.join(WITHIN / 2)
    assert not stopped.is_alive()
    with app.app_context():
        handed = Job.get_by_id(job.id)
    assert (handed.state, handed.attempts) == (WAITING, 0)


def test_a_job_that_somebody_else_has_taken_over_is_stopped(
    app_workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease is lost while it runs: it is told so, and changes nothing any more."""
    begun = threading.Event()
    why: list[str] = []

    def run(work: Any) -> None:
        begun.set()
        try:
            while True:
                work.check()
                time.sleep(0.005)
        except Stopped as stopped:
            why.append(stopped.reason)
            raise

    monkeypatch.setitem(KINDS, "long", Kind("long", run, lambda given: "long", of_company=False))
    app, services = app_workers.app, app_workers.services
    app_workers.start()
    with app.app_context():
        job, _ = ask("long", {}, Asker(identity="test"), now=services.now())
        services.queue.send(job.id)
        assert begun.wait(WITHIN)
        mine = Job.get_by_id(job.id)
        assert ending.lose(mine, now=services.now() + 3600)  # so that nobody takes it here
        Job.update(state=RUNNING, lease="other/1", lease_until=services.now() + 3600).execute()
    wait_for(lambda: why == ["lost"])
    app_workers.stop()
    with app.app_context():
        assert (Job.get_by_id(job.id).state, Job.get_by_id(job.id).lease) == (RUNNING, "other/1")


# Who is there


def test_the_dead_are_told_of_and_the_living_are_not(tmp_path: Path) -> None:
    """One that holds its lock isn't yielded; one whose process is gone is, once; what was being made is swept away."""
    living, leaving = Presence(tmp_path), Presence(tmp_path)
    folder = tmp_path / FOLDER
    host = living.worker_id.partition(":")[0]
    (folder / f"{host}:1:dead.lock").touch()
    (folder / f"{host}:1:born.new").touch()
    (folder / "elsewhere:1:x.lock").touch()
    leaving.end()
    assert list(dead_workers(tmp_path)) == [f"{host}:1:dead"]
    assert list(dead_workers(tmp_path)) == []
    left = sorted(path.name for path in folder.iterdir())
    assert left == sorted([f"{living.worker_id}.lock", "elsewhere:1:x.lock"])
    living.end()


def test_a_dead_worker_is_told_of_again_where_it_wasnt_seen_to(tmp_path: Path) -> None:
    """Whoever was told of it died, or failed, before its jobs were given back."""
    living = Presence(tmp_path)
    host = living.worker_id.partition(":")[0]
    (tmp_path / FOLDER / f"{host}:1:dead.lock").touch()
    told = dead_workers(tmp_path)
    assert next(told) == f"{host}:1:dead"
    told.close()
    assert list(dead_workers(tmp_path)) == [f"{host}:1:dead"]
    living.end()


def test_nobody_is_taken_for_dead_while_it_comes(tmp_path: Path) -> None:
    """Others sweep all the while: no worker that says it is there is told of, and each can say so."""
    stop = threading.Event()
    told: list[str] = []

    def sweep() -> None:
        while not stop.is_set():
            told.extend(dead_workers(tmp_path))

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    for _ in range(200):
        Presence(tmp_path).end()
    stop.set()
    for sweeper in sweepers:
        sweeper.join()
    assert told == []


def test_a_signal_that_comes_too_early_waits(place: Place) -> None:
    """SIGTERM just after the process was begun, long before it knows of it: it ends in good order, without a word."""
    from cuneifox.jobs.beside import _begin

    process = _begin()
    assert process.stdin is not None
    process.terminate()
    config = Config(data_folder=str(place.data), passwords=CHEAP)
    process.stdin.write(msgspec.json.encode(config) + b"\n")
    process.stdin.flush()
    assert process.wait(WITHIN) == 0
    process.stdin.close()


TWO_SIGNALS = """
import signal
from cuneifox.jobs.process import _stopped_by

for event in _stopped_by(signal.SIGTERM):
    with event._cond:  # as who waits for it does for moments
        signal.raise_signal(signal.SIGTERM)
    assert event.wait(20)
print("stopped")
"""


def test_a_signal_may_come_while_its_event_is_looked_at() -> None:
    """Whoever waits for it isn't interrupted by what waits for them: the process would stand still for good."""
    told = subprocess.run(
        [sys.executable, "-c", TWO_SIGNALS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )
    assert told.stdout == "stopped\n", told.stderr
