"""Which job is next: priorities, fairness among companies, patience."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site
from jobs_catalogue import NOW, asked, catalogue, fresh
from models.jobs import ending, taking
from models.jobs.asking import Asker, ask
from models.jobs.job import LATER, NIGHTLY, RUNNING, SOON, Job, new_id
from models.jobs.taking import LEASE, PATIENCE, held_back, ready, room_in, take


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with catalogue(tmp_path) as site:
        yield site


MANY = 99
"""Places, more than any test fills."""


def taken(places: int = MANY, now: float = NOW) -> Job:
    job = take("w", places, now=now)
    assert job is not None
    return job


def test_it_is_had_under_a_lease(site: Site) -> None:
    """Whoever takes it is named in it; what an earlier attempt had told is gone; nobody else gets it."""
    job = asked()
    Job.update(progress=500, line="half").execute()
    got = taken()
    assert got.__data__ == fresh(job).__data__
    assert (got.state, got.worker, got.lease_until) == (RUNNING, "w", NOW + LEASE)
    assert got.lease.startswith("w/")
    assert (got.attempts, got.progress, got.line, got.started_at) == (1, 0, "", NOW)
    assert take("w", MANY, now=NOW) is None


def test_a_person_comes_before_the_night(site: Site) -> None:
    """Who waits, then who comes back, then what nobody waits for, however long before those were asked for."""
    nightly = asked(priority=NIGHTLY, now=NOW - 500)
    later = asked(priority=LATER, now=NOW - 400)
    soon = asked(priority=SOON, now=NOW)
    assert [taken().id for _ in range(3)] == [soon.id, later.id, nightly.id]


def test_nothing_waits_for_ever(site: Site) -> None:
    """What has waited for PATIENCE comes as if somebody waited for it, and before who asked later."""
    nightly = asked(priority=NIGHTLY, now=NOW - PATIENCE)
    almost = asked(priority=NIGHTLY, now=NOW - PATIENCE + 1)
    soon = asked(priority=SOON, now=NOW - 1)
    assert [taken().id for _ in range(3)] == [nightly.id, soon.id, almost.id]


def test_none_begins_before_its_time(site: Site) -> None:
    """A job that is due later isn't taken, nor counted as ready."""
    asked(due_at=NOW + 1)
    assert take("w", MANY, now=NOW) is None
    assert ready(now=NOW) == 0
    assert ready(now=NOW + 1) == 1
    taken(now=NOW + 1)


def test_a_company_with_a_hundred_jobs_doesnt_hold_all_workers(site: Site) -> None:
    """Of eight workers it has four; the next ones take what others ask for, at once."""
    for _ in range(100):
        asked(tenant_id="big", priority=SOON, now=NOW - 100)
    for _ in range(4):
        last = taken(8)
        assert last.tenant_id == "big"
    assert take("w", 8, now=NOW) is None
    assert held_back(last, now=NOW)
    small = asked(tenant_id="small", priority=NIGHTLY)
    assert taken(8).id == small.id
    assert not held_back(small, now=NOW)


def test_a_place_that_is_free_again_goes_to_the_same_company(site: Site) -> None:
    """Its share is of those that run: one ends, and its next one begins."""
    for _ in range(3):
        asked(tenant_id="big")
    job = taken(2)
    assert take("w", 2, now=NOW) is None
    assert ending.succeed(job, now=NOW)
    assert taken(2).tenant_id == "big"


def test_among_equals_the_company_with_the_fewest_at_work_is_next(site: Site) -> None:
    """Whatever the order in which they asked."""
    for n in range(6):
        asked(tenant_id="big", now=NOW - 50 + n)
    for n in range(2):
        asked(tenant_id="small", now=NOW - 10 + n)
    first = [taken().tenant_id for _ in range(4)]
    assert first == ["big", "small", "big", "small"]


def test_jobs_of_no_company_have_no_share(site: Site) -> None:
    """The server's own work isn't held back by its likes."""
    for _ in range(3):
        asked()
    assert [taken(4).state for _ in range(3)] == [RUNNING] * 3


def test_a_person_with_a_hundred_jobs_of_no_company_doesnt_hold_all_workers(site: Site) -> None:
    """What one asks for of several companies counts as one's own; what others have besides isn't held back."""
    malee = Asker("malee", "digest")
    for _ in range(100):
        ask("x", {}, malee, now=NOW - 100, priority=SOON)
    jobs = [taken(4) for _ in range(2)]
    assert {(job.tenant_id, job.user_id) for job in jobs} == {("", "malee")}
    assert take("w", 4, now=NOW) is None
    assert held_back(jobs[0], now=NOW)
    of_company, _ = ask("x", {}, malee, now=NOW, priority=LATER, tenant_id="big")
    other, _ = ask("x", {}, Asker("somchai", "digest"), now=NOW, priority=LATER)
    servers = asked(priority=LATER)
    assert {taken(4).id for _ in range(3)} == {of_company.id, other.id, servers.id}
    assert take("w", 4, now=NOW) is None
    assert not any(held_back(job, now=NOW) for job in (of_company, other, servers))
    assert ending.succeed(jobs[0], now=NOW)
    assert taken(4).user_id == "malee"


@pytest.mark.parametrize(
    ("places", "company", "nightly", "company_nightly"),
    [(0, 1, 1, 1), (1, 1, 1, 1), (2, 1, 1, 1), (3, 2, 2, 1), (4, 2, 3, 1), (5, 3, 4, 2), (8, 4, 7, 3)],
)  # fmt: skip
def test_nobody_has_all_places(
    places: int, company: int, nightly: int, company_nightly: int
) -> None:
    """A company has half of them, rounded up; the night all but one of them, and of a company's; never none."""
    assert room_in(places) == (company, nightly, company_nightly)


@pytest.mark.parametrize("places", [2, 3, 8])
@pytest.mark.parametrize("overdue", [0.0, PATIENCE])
def test_the_night_leaves_a_place_for_people(site: Site, places: int, overdue: float) -> None:
    """However much the server has to do by itself, and however long that has waited: who asks now begins at once."""
    for n in range(20):
        asked(priority=NIGHTLY, now=NOW - overdue, tenant_id=f"t{n}" if n % 2 else "")
    nightly = [taken(places) for _ in range(places - 1)]
    assert take("w", places, now=NOW) is None
    assert held_back(nightly[0], now=NOW)
    later = asked(priority=LATER, tenant_id="late")
    assert taken(places).id == later.id
    assert not held_back(later, now=NOW)
    assert take("w", places, now=NOW) is None
    assert ending.succeed(nightly[0], now=NOW)
    assert taken(places).priority == NIGHTLY


def test_of_a_companys_share_one_is_left_to_its_people(site: Site) -> None:
    """Four places: its nightly work has one of its two, and whoever asks there has the other, at once."""
    for _ in range(3):
        asked(priority=NIGHTLY, tenant_id="acme", now=NOW - PATIENCE)
    nightly = taken(4)
    assert take("w", 4, now=NOW) is None
    soon = asked(priority=SOON, tenant_id="acme")
    assert taken(4).id == soon.id
    assert ending.succeed(fresh(soon), now=NOW)
    assert take("w", 4, now=NOW) is None
    assert ending.succeed(nightly, now=NOW)
    assert taken(4).priority == NIGHTLY


def test_one_place_alone_is_for_everybody(site: Site) -> None:
    """There is none to keep: the night has it, and a person's job comes next."""
    asked(priority=NIGHTLY)
    nightly = taken(1)
    soon = asked(priority=SOON)
    assert ending.succeed(nightly, now=NOW)
    assert taken(1).id == soon.id


def test_each_is_taken_once_by_however_many(site: Site) -> None:
    """Eight threads take until nothing is left: each job goes to one of them, and no company exceeds its share."""
    for n in range(60):
        asked(tenant_id=f"t{n % 5}")
    gate = threading.Barrier(8)
    found: list[str] = []
    most: Counter[str] = Counter()

    def one(worker: str) -> None:
        with site.app.app_context():
            gate.wait()
            misses = 0
            while misses < 3:
                job = take(worker, 4, now=NOW)
                if job is None:
                    misses += 1
                    continue
                running = Job.select().where(Job.tenant_id == job.tenant_id, Job.state == RUNNING)
                most[job.tenant_id] = max(most[job.tenant_id], running.count())
                found.append(job.id)
                assert ending.succeed(job, now=NOW)
            site.router.universal.release(wholly=True)

    threads = [threading.Thread(target=one, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while (job := take("w", 4, now=NOW)) is not None:
        found.append(job.id)
        ending.succeed(job, now=NOW)
    assert len(found) == len(set(found)) == 60
    assert max(most.values()) <= 2


def test_taking_doesnt_wait_for_the_disk(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement that takes is complete before the disk is waited for again."""
    asked()
    database = Job._meta.database
    plain = type(database).execute_unhurried
    complete: list[bool] = []

    def watched(self: object, sql: str, params: object = ()) -> object:
        cursor = plain(database, sql, params)
        complete.append(cursor.description is None)  # or rows are still to be fetched
        return cursor

    monkeypatch.setattr(type(database), "execute_unhurried", watched)
    assert taking.take("w", 1, now=NOW) is not None
    assert complete == [True]


def steps_to_take() -> int:
    """How many steps of SQLite's machine it takes to find out which job is next, and to take it."""
    connection = Job._meta.database.connection()
    count = [0]

    def step() -> int:
        count[0] += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        assert take("w", 8, now=NOW) is not None
    finally:
        connection.set_progress_handler(None, 0)
    return count[0]


def test_taking_costs_the_same_however_many_wait(site: Site) -> None:
    """Ten jobs or two thousand, of companies that have nothing at work and of one that has, though only a few."""
    for n in range(10):
        asked(tenant_id=f"t{n}" if n % 2 else "", priority=(SOON, LATER, NIGHTLY)[n % 3])
    busy = asked(tenant_id="busy", priority=SOON, now=NOW - 1)
    assert taken().id == busy.id
    few = steps_to_take()
    rows = [
        {"id": new_id(), "kind": "x", "tenant_id": f"t{n}", "priority": (SOON, LATER, NIGHTLY)[n % 3],
         "due_at": NOW - 1, "asked_at": NOW} for n in range(2000)
    ]  # fmt: skip
    Job.insert_many(rows).execute()
    assert steps_to_take() < 2 * few
