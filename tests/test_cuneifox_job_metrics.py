"""Figures about jobs: the catalogue's, right whichever process has done them, and never less than before."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cuneifox.config import MetricsAccess
from cuneifox.jobs.workers import Workers
from cuneifox_site import Browser, Site
from models.jobs import ending, leases, lists, stopping, taking, tallies
from models.jobs.asking import Asker, ask
from models.jobs.job import Job
from models.jobs.tallies import BOUNDS, JobTally

TOKEN = "0123456789abcdef0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROOT = Path(__file__).parent.parent

Figures = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "token").write_text(TOKEN)
    site = Site(tmp_path / "data", metrics=MetricsAccess(str(tmp_path / "token")))
    with site.app.app_context():
        yield site
    site.close()


def figures(browser: Browser) -> Figures:
    """What the page says of jobs, by the sample's name and its labels' values."""
    answer = browser.get("/metrics", headers=BEARER, buffered=True)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("cuneifox_job")
    }


def asked(site: Site, kind: str = "print", **how: Any) -> Job:
    return ask(kind, {}, Asker(), now=site.clock(), **how)[0]


def taken(site: Site, worker: str = "w") -> Job:
    job = taking.take(worker, 99, now=site.clock())
    assert job is not None
    return job


def test_jobs_are_there_by_kind_and_state(site: Site) -> None:
    """As many as the catalogue has, whoever asked for them."""
    browser = site.browser()
    for _ in range(3):
        asked(site)
    asked(site, "backup")
    ending.succeed(taken(site), now=site.clock())
    found = figures(browser)
    there = {labels: n for (name, labels), n in found.items() if name == "cuneifox_jobs"}
    wanted = Counter((job.kind, job.state) for job in Job.select())
    assert there == wanted
    assert sum(there.values()) == 4


def test_waits_and_runs_are_sorted_by_their_length(site: Site) -> None:
    """Each attempt once, in the bucket that its length falls into, and in all that are larger."""
    browser = site.browser()
    waits, runs = [0.0, 0.05, 0.06, 4.0, 2000.0], [0.2, 0.25, 7.0, 0.0, 90.0]
    for wait, run in zip(waits, runs, strict=True):
        asked(site)
        site.clock.turn(wait)
        job = taken(site)
        site.clock.turn(run)
        assert ending.succeed(job, now=site.clock())
    found = figures(browser)
    for name, lengths in (("wait", waits), ("run", runs)):
        metric = f"cuneifox_job_{name}_seconds"
        for bound in BOUNDS:
            label = "+Inf" if bound == math.inf else str(bound)
            below = sum(length <= bound + 1e-6 for length in lengths)
            assert found[f"{metric}_bucket", ("print", label)] == below, (name, bound)
        assert found[f"{metric}_count", ("print",)] == 5
        assert found[f"{metric}_sum", ("print",)] == pytest.approx(sum(lengths), abs=1e-3)
    assert found["cuneifox_jobs_ended_total", ("print", "done")] == 5


def test_each_way_to_end_is_counted_once(site: Site) -> None:
    """Done, failed, tried again, handed back, cancelled while waiting or running, lost until it is given up."""
    now = site.clock
    waiting = asked(site)
    assert stopping.cancel(waiting.id, now=now())
    assert not stopping.cancel(waiting.id, now=now())
    asked(site)
    job = taken(site)
    assert ending.succeed(job, now=now())
    assert not ending.succeed(job, now=now())  # whose lease is over
    assert not ending.fail(job, "no", now=now())
    asked(site, most_attempts=2)
    assert ending.try_again(taken(site), "away", now=now())
    site.clock.turn(10)
    assert ending.hand_back(taken(site), now=now())
    assert ending.try_again(taken(site), "away", now=now())  # the second time, so that it fails
    asked(site)
    assert ending.stop(taken(site), "rights", now=now())
    asked(site)
    for _ in range(leases.MOST_LAPSES):
        site.clock.turn(ending.LONGEST_PAUSE)
        leases.JobWorker.begin("w", 1, 1, now=now())
        taken(site)
        leases.end_worker("w", now=now())
    found = tallies.read()
    assert found.ended == {("print", "cancelled"): 2, ("print", "done"): 1, ("print", "failed"): 2}
    ended = Counter((job.kind, job.state) for job in Job.select())
    assert found.ended == ended
    # done, tried again, handed back, failed, stopped; and each time that whoever had it was gone
    assert sum(found.waited["print"].counts) == 5 + leases.MOST_LAPSES
    assert sum(found.ran["print"].counts) == 4


def test_what_is_rolled_back_isnt_counted(site: Site) -> None:
    """The count is part of the transaction in which the job ends."""
    asked(site)
    job = taken(site)
    with Job._meta.database.atomic() as transaction:
        assert ending.succeed(job, now=site.clock())
        assert tallies.read().ended
        transaction.rollback()
    assert tallies.read().ended == {}
    assert Job.get_by_id(job.id).state == "running"


def test_what_cant_be_counted_hasnt_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is written without the other, whoever fails in between."""

    def fail(*given: Any) -> None:
        raise OSError("the disk is full")

    asked(site)
    job = taken(site)
    waiting = asked(site)
    monkeypatch.setattr(tallies, "count_end", fail)
    with pytest.raises(OSError, match="full"):
        ending.succeed(job, now=site.clock())
    with pytest.raises(OSError, match="full"):
        stopping.cancel(waiting.id, now=site.clock())
    assert [Job.get_by_id(each.id).state for each in (job, waiting)] == ["running", "waiting"]


def test_counts_stay_when_jobs_are_forgotten(site: Site) -> None:
    """The gauge of what is on record goes down, no counter does."""
    browser = site.browser()
    asked(site)
    site.clock.turn(3)
    ending.succeed(taken(site), now=site.clock())
    before = figures(browser)
    lists.forget(lists.expired(site.clock() + 1))
    after = figures(browser)
    gone = ("cuneifox_jobs", ("print", "done"))
    assert before.pop(gone) == 1
    assert gone not in after
    assert after == before
    assert after["cuneifox_jobs_ended_total", ("print", "done")] == 1


def test_counts_by_other_bounds_are_kept(site: Site) -> None:
    """Another version's bound counts as the next larger one of this version."""
    JobTally.create(kind="old", what="ran", step="3.0", number=2, seconds=5.0)
    JobTally.create(kind="old", what="ran", step="9999.0", number=1, seconds=9000.0)
    spread = tallies.read().ran["old"]
    assert spread.counts[BOUNDS.index(5.0)] == 2
    assert spread.counts[-1] == 1
    assert dict(spread.cumulative())[math.inf] == 3


def test_the_queue_and_the_oldest_that_waits(site: Site) -> None:
    """Messages that nobody has taken; how long the oldest job could have begun, and 0 with none."""
    browser = site.browser()
    none = figures(browser)
    assert none["cuneifox_jobs_oldest_waiting_seconds", ()] == 0
    assert none["cuneifox_job_queue_length", ()] == 0
    asked(site, due_at=site.clock() + 50)
    asked(site)
    for _ in range(3):
        site.services.queue.send("x")
    site.clock.turn(42)
    found = figures(browser)
    assert found["cuneifox_job_queue_length", ()] == 3
    assert found["cuneifox_jobs_oldest_waiting_seconds", ()] == 42
    assert found["cuneifox_job_queue_reachable", ()] == 1


def test_a_queue_that_is_away_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its length is left out, rather than shown as 0; the rest is there."""
    monkeypatch.setattr(type(site.services.queue), "length", lambda self: None)
    asked(site)
    found = figures(site.browser())
    assert found["cuneifox_job_queue_reachable", ()] == 0
    assert ("cuneifox_job_queue_length", ()) not in found
    assert found["cuneifox_jobs", ("print", "waiting")] == 1


def test_workers_are_counted_as_long_as_they_say_that_they_are_there(site: Site) -> None:
    """Processes, and how many jobs they do at a time."""
    browser = site.browser()
    leases.JobWorker.begin("one", 1, 4, now=site.clock())
    leases.JobWorker.begin("two", 2, 3, now=site.clock() - taking.LEASE / 2)
    found = figures(browser)
    assert found["cuneifox_job_workers", ()] == 2
    assert found["cuneifox_job_places", ()] == 7
    site.clock.turn(taking.LEASE * 0.75)
    assert figures(browser)["cuneifox_job_workers", ()] == 1


def test_a_catalogue_that_cant_be_read_costs_these_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page answers, says so, and the log has it once."""
    browser = site.browser()
    asked(site)

    def refuse() -> Any:
        raise OSError("the disk is away")

    with monkeypatch.context() as patched:
        patched.setattr("models.jobs.lists.counts", refuse)
        for _ in range(2):
            found = figures(browser)
            assert found["cuneifox_jobs_readable", ()] == 0
            assert ("cuneifox_job_workers", ()) not in found
    told = [line for line in caplog.records if "can't be read" in line.getMessage()]
    assert len(told) == 1
    assert figures(browser)["cuneifox_jobs_readable", ()] == 1


def test_somebody_who_writes_to_the_catalogue_holds_it_up_in_nothing(site: Site) -> None:
    """It reads beside a transaction that another thread has open."""
    asked(site)
    writing, read = threading.Event(), threading.Event()

    def write() -> None:
        with site.app.app_context():
            with site.router.universal.atomic():
                Job.update(line="x").execute()
                writing.set()
                assert read.wait(60)
            site.router.universal.release(wholly=True)

    thread = threading.Thread(target=write)
    thread.start()
    assert writing.wait(60)
    found = figures(site.browser())
    read.set()
    thread.join()
    assert found["cuneifox_jobs", ("print", "waiting")] == 1


def test_another_process_counts_for_all(site: Site) -> None:
    """What `cuneifox worker` does, in a process of its own, stands in the figures of the one that serves."""
    site.clock.at = time.time()
    browser = site.browser()
    job = asked(site, "clean_up")
    site.router.universal.release()
    worker = subprocess.Popen(
        [sys.executable, "-m", "cuneifox", "--data", str(site.config.data_path), "worker", "--threads", "2"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert worker.stdout is not None
    try:
        assert "Does up to 2 jobs" in worker.stdout.readline()
        found = until(lambda: figures(browser), "cuneifox_jobs_ended_total", ("clean_up", "done"))
        assert found["cuneifox_job_workers", ()] == 1
        assert found["cuneifox_job_places", ()] == 2
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
    after = figures(browser)
    assert after["cuneifox_job_run_seconds_count", ("clean_up",)] == 1
    assert after["cuneifox_job_workers", ()] == 0
    assert Job.get_by_id(job.id).state == "done"


def until(look: Any, *wanted: Any) -> Figures:
    """Look again and again until a figure is there; bounded."""
    patience = threading.Event()
    for _ in range(600):
        found: Figures = look()
        if found.get(wanted):
            return found
        patience.wait(0.05)
    raise AssertionError(f"{wanted} didn't come: {found}")


def test_workers_of_this_process_count_likewise(site: Site) -> None:
    """By the same rows."""
    site.clock.at = time.time()
    workers = Workers(site.app, threads=1)
    workers.start()
    try:
        job = asked(site, "check_up")
        site.services.queue.send(job.id)
        until(lambda: figures(site.browser()), "cuneifox_jobs_ended_total", ("check_up", "done"))
    finally:
        workers.stop()
