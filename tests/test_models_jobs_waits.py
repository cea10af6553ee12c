"""What jobs wait for, which is what keeps them from being taken, and how many come before them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site
from jobs_catalogue import NOW, asked, catalogue
from models.jobs.job import LATER, NIGHTLY, SOON, WAITING, Job, new_id
from models.jobs.leases import JobWorker
from models.jobs.taking import LEASE, PATIENCE, take
from models.jobs.waits import MOST_AHEAD, Wait, Waits


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with catalogue(tmp_path) as site:
        yield site


def workers(places: int, *, seen: float = NOW) -> None:
    JobWorker.begin("w", 1, places, now=seen)


def wait(job: Job) -> Wait:
    return Waits(now=NOW).of(job)


def test_no_worker_is_there(site: Site) -> None:
    """None was ever, or none has said lately that it is."""
    job = asked()
    assert wait(job) == Wait("nobody")
    workers(2, seen=NOW - LEASE)
    assert wait(job) == Wait("nobody")
    workers(2)
    assert wait(job) == Wait("turn", 0)


def test_a_pause_comes_before_a_turn(site: Site) -> None:
    """What may begin later waits for that, whoever else waits."""
    workers(2)
    job = asked(due_at=NOW + 5)
    assert wait(job) == Wait("pause")
    assert Waits(now=NOW + 5).of(job) == Wait("turn", 0)


def test_a_company_has_its_share(site: Site) -> None:
    """Its next job waits for its own, and comes before nobody; another company's is next."""
    workers(4)
    for _ in range(3):
        asked(tenant_id="big", now=NOW - 2)
    assert take("w", 4, now=NOW)
    assert take("w", 4, now=NOW)
    other = asked(tenant_id="small")
    (held,) = Job.select().where(Job.state == WAITING, Job.tenant_id == "big")
    assert wait(held) == Wait("company")
    assert wait(other) == Wait("turn", 0)


def test_an_asker_has_a_companys_share_of_what_belongs_to_none(site: Site) -> None:
    """The next one of that person waits for their own; another person's is next, and what is of a company."""
    workers(4)
    for _ in range(3):
        asked(user_id="ann", now=NOW - 2)
    assert take("w", 4, now=NOW)
    assert take("w", 4, now=NOW)
    other, of_company = asked(user_id="bob"), asked(user_id="ann", tenant_id="a", now=NOW + 0.5)
    (held,) = Job.select().where(Job.state == WAITING, Job.tenant_id == "", Job.user_id == "ann")
    waits = Waits(now=NOW + 1)
    assert [waits.of(job) for job in (held, other, of_company)] == [
        Wait("asker"), Wait("turn", 0), Wait("turn", 1),
    ]  # fmt: skip


def test_only_a_companys_share_keeps_a_place_for_its_people(site: Site) -> None:
    """What belongs to no company isn't held back at night for what its asker has at work."""
    workers(4)
    for _ in range(2):
        asked(user_id="ann", priority=NIGHTLY)
    assert take("w", 4, now=NOW)
    (next_one,) = Job.select().where(Job.state == WAITING)
    assert wait(next_one) == Wait("turn", 0)
    assert take("w", 4, now=NOW)


def test_the_night_has_its_places(site: Site) -> None:
    """What else nobody waits for does so for those; a person's is next."""
    workers(2)
    for _ in range(2):
        asked(priority=NIGHTLY)
    assert take("w", 2, now=NOW) is not None
    (held,) = Job.select().where(Job.state == WAITING)
    assert wait(held) == Wait("night")
    assert wait(asked(priority=LATER)) == Wait("turn", 0)


def test_others_come_before_it(site: Site) -> None:
    """Those that are more urgent, as urgent and earlier, or have waited for PATIENCE."""
    workers(2)
    last = asked(priority=LATER)
    asked(priority=LATER, now=NOW - 1)
    asked(priority=SOON)
    asked(priority=NIGHTLY, now=NOW - PATIENCE)
    asked(priority=NIGHTLY, now=NOW - PATIENCE + 1)
    asked(priority=SOON, due_at=NOW + 1)
    assert wait(last) == Wait("turn", 3)


def test_they_are_counted_up_to_a_hundred(site: Site) -> None:
    """More are so many or more."""
    workers(2)
    last = asked()
    for _ in range(MOST_AHEAD - 1):
        asked(now=NOW - 1)
    assert wait(last) == Wait("turn", MOST_AHEAD - 1)
    for _ in range(5):
        asked(now=NOW - 1)
    assert wait(last) == Wait("turn", MOST_AHEAD)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_to_be_next_is_taken_next(site: Site, seed: int) -> None:
    """Whatever waits and runs: the one that is taken is the one with nobody before it, and where none is said, none."""
    draw = random.Random(seed)
    places = draw.choice((1, 2, 3, 4, 7))
    workers(places)
    for _ in range(40):
        tenant = draw.choice(("", "a", "b", "c"))
        asked(
            tenant_id=tenant, user_id=draw.choice(("", "a", "ann")), priority=draw.choice((SOON, LATER, NIGHTLY)),
            now=NOW - draw.choice((0, 1, 1, PATIENCE, 2 * PATIENCE)),
        )  # fmt: skip
    for _ in range(places):
        waits = Waits(now=NOW)
        waiting = Job.select().where(Job.state == WAITING)
        said = [job.id for job in waiting if waits.of(job) == Wait("turn", 0)]
        taken = take("w", places, now=NOW)
        assert said == ([] if taken is None else [taken.id])


def test_one_query_tells_of_all(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked about, and reading the first of each priority alone."""
    workers(2)
    rows = [
        {"id": new_id(), "kind": "x", "due_at": NOW - 1, "asked_at": NOW, "priority": (SOON, LATER)[n % 2]}
        for n in range(2000)
    ]  # fmt: skip
    Job.insert_many(rows).execute()
    jobs = list(Job.select().limit(50))
    database = Job._meta.database
    plain, queries = type(database).execute_sql, []

    def counted(self: object, sql: str, *rest: object) -> object:
        queries.append(sql)
        return plain(database, sql, *rest)

    monkeypatch.setattr(type(database), "execute_sql", counted)
    waits = Waits(now=NOW)
    assert {waits.of(job).why for job in jobs} == {"turn"}
    assert len(queries) == 1
