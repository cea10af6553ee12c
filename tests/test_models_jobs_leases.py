"""Leases: what nobody runs any more is taken over; what kills its workers is given up, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site
from jobs_catalogue import NOW, asked, catalogue, fresh
from models.jobs import ending, leases
from models.jobs.job import FAILED, RUNNING, WAITING, Job
from models.jobs.leases import GONE, MEMORY, MOST_AHEAD, MOST_LAPSES, JobWorker
from models.jobs.taking import LEASE, take


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with catalogue(tmp_path) as site:
        yield site


def taken(worker: str = "w", now: float = NOW) -> Job:
    job = take(worker, 9, now=now)
    assert job is not None
    return job


def begin(*workers: str, now: float = NOW) -> None:
    for worker in workers:
        JobWorker.begin(worker, 1, 4, now=now)


def test_a_lease_that_is_renewed_holds(site: Site) -> None:
    """And one that isn't lapses: LEASE seconds after it was last renewed, not before."""
    begin("w")
    asked()
    job = taken()
    leases.renew("w", [job.lease], now=NOW + 20)
    assert leases.take_over(now=NOW + 20 + LEASE) == 0
    assert leases.take_over(now=NOW + 20.1 + LEASE) == 1
    assert (fresh(job).state, fresh(job).lapses) == (WAITING, 1)


def test_only_what_is_named_is_renewed(site: Site) -> None:
    """A job that a worker has lost track of lapses beside those that it runs."""
    begin("w")
    asked(), asked()
    kept, forgotten = taken(), taken()
    leases.renew("w", [kept.lease], now=NOW + LEASE)
    assert leases.take_over(now=NOW + LEASE + 1) == 1
    assert (fresh(kept).state, fresh(forgotten).state) == (RUNNING, WAITING)
    assert [worker.id for worker in JobWorker.alive(now=NOW + LEASE + 1)] == ["w"]


def test_a_clock_that_is_ahead_is_noticed(site: Site) -> None:
    """By more than a third of a lease, and only of workers that are there."""
    begin("ahead", now=NOW + MOST_AHEAD + 1)
    begin("nearly", now=NOW + MOST_AHEAD - 1)
    begin("gone", now=NOW)
    leases.lose_worker("gone", now=NOW + MOST_AHEAD + 1)
    assert [worker.id for worker in JobWorker.ahead(now=NOW)] == ["ahead"]
    assert JobWorker.ahead(now=NOW + 2) == []


def test_places_are_those_of_workers_that_are_there(site: Site) -> None:
    """Not of those that are lost, silent, or have gone."""
    begin("a", "b", "c", "silent")
    leases.lose_worker("a", now=NOW)
    leases.end_worker("b", now=NOW)
    leases.renew("c", [], now=NOW + LEASE)
    assert JobWorker.places(now=NOW + LEASE) == 4
    assert JobWorker.places(now=NOW + 1) == 8


def test_a_worker_that_was_only_slow_counts_again(site: Site) -> None:
    """It stood still and was taken for lost; then it says that it is there."""
    begin("w")
    leases.take_over(now=NOW + GONE + 1)
    assert JobWorker.places(now=NOW + GONE + 1) == 0
    leases.renew("w", [], now=NOW + GONE + 2)
    assert JobWorker.places(now=NOW + GONE + 2) == 4


def test_what_a_dead_worker_had_is_given_back(site: Site) -> None:
    """All of it and nothing of others'; asking twice changes nothing."""
    begin("a", "b")
    for _ in range(3):
        asked()
    lost = [taken("a"), taken("a")]
    other = taken("b")
    assert leases.lose_worker("a", now=NOW) == 2
    assert leases.lose_worker("a", now=NOW) == 0
    assert {fresh(job).state for job in lost} == {WAITING}
    assert fresh(other).state == RUNNING


def test_lost_workers_are_remembered_for_a_day(site: Site) -> None:
    """Then their rows go; those of workers that said goodbye go at once."""
    begin("a", "b")
    leases.lose_worker("a", now=NOW)
    leases.end_worker("b", now=NOW)
    leases.take_over(now=NOW + MEMORY)
    assert JobWorker.select().count() == 1
    leases.take_over(now=NOW + MEMORY + 1)
    assert JobWorker.select().count() == 0


class Days:
    """Workers that die, one after another, each with what it had taken."""

    def __init__(self) -> None:
        self.now = NOW
        self.workers = 0

    def worker(self) -> str:
        self.workers += 1
        name = f"w{self.workers}"
        begin(name, now=self.now)
        return name

    def take(self, worker: str, *wanted: Job) -> None:
        """Have a worker take these jobs, once each may begin; what else may begin is handed back."""
        self.now = max([self.now, *(fresh(job).due_at for job in wanted)])
        got = []
        while (job := take(worker, 99, now=self.now)) is not None:
            got.append(job)
        for job in got:
            if job.id not in {each.id for each in wanted}:
                ending.hand_back(job, now=self.now)
        assert {job.id for job in wanted} <= {job.id for job in got}

    def die(self, worker: str) -> None:
        self.now += 1
        leases.lose_worker(worker, now=self.now)


def test_what_kills_its_workers_is_given_up(site: Site) -> None:
    """Alone with each worker that it takes along: after MOST_LAPSES of them, and not before."""
    job, days = asked(), Days()
    for _ in range(MOST_LAPSES):
        assert fresh(job).state == WAITING
        worker = days.worker()
        days.take(worker, job)
        days.die(worker)
    assert (fresh(job).state, fresh(job).reason, fresh(job).lapses) == (
        FAILED,
        "lapsed",
        MOST_LAPSES,
    )


def test_who_only_ran_beside_it_isnt_given_up(site: Site) -> None:
    """Three long jobs die each time with the one that kills; they were begun before it. Only that one is given up."""
    days = Days()
    innocent = [asked() for _ in range(3)]
    guilty = asked()
    for _ in range(MOST_LAPSES):
        worker = days.worker()
        days.take(worker, *innocent)
        days.now += 1
        days.take(worker, guilty)
        days.die(worker)
    assert fresh(guilty).state == FAILED
    assert {fresh(job).state for job in innocent} == {WAITING}
    assert {fresh(job).lapses for job in innocent} == {MOST_LAPSES}


def test_nobody_is_blamed_where_workers_die_all_the_time(site: Site) -> None:
    """Somebody kills workers, most of them without this job: however often it was lost, it isn't given up."""
    job, days = asked(), Days()
    for _ in range(3 * MOST_LAPSES):
        for _ in range(2):
            days.die(days.worker())
        worker = days.worker()
        days.take(worker, job)
        days.die(worker)
    assert (fresh(job).state, fresh(job).lapses) == (WAITING, 3 * MOST_LAPSES)


def test_losses_before_it_was_asked_for_dont_excuse_it(site: Site) -> None:
    """What died earlier has nothing to do with it."""
    days = Days()
    for _ in range(5 * MOST_LAPSES):
        days.die(days.worker())
    days.now += 1
    job = asked(now=days.now)
    for _ in range(MOST_LAPSES):
        worker = days.worker()
        days.take(worker, job)
        days.die(worker)
    assert fresh(job).state == FAILED


def test_a_silent_worker_elsewhere_counts_as_lost(site: Site) -> None:
    """Known by its lease alone: its jobs are begun anew once that lapses, and one that kills such is given up, too."""
    job, now = asked(), NOW
    for n in range(MOST_LAPSES):
        begin(f"far{n}", now=now)
        assert take(f"far{n}", 9, now=now) is not None
        now += LEASE + 1
        assert leases.take_over(now=now) == 1
        now = max(now, fresh(job).due_at)
    assert fresh(job).state == FAILED
    assert JobWorker.select().where(JobWorker.threads < 0).count() == MOST_LAPSES
