"""Schedules: each slot's job is asked for once, by however many; what was missed; pauses; nights with another hour."""

from __future__ import annotations

import datetime
import itertools
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cuneifox_site import Site
from jobs_catalogue import catalogue
from models.errors import BadInput
from models.jobs import schedules
from models.jobs.job import NIGHTLY, Job
from models.jobs.schedules import LATE, MOST_SLOTS, Schedule, make_schedule, take_due

HOUR, DAY = 3600.0, 86400.0
START = datetime.datetime(2027, 1, 15, 12, tzinfo=datetime.UTC).timestamp()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with catalogue(tmp_path) as site:
        yield site


def made(cron: str, zone: str = "UTC", *, now: float = START, **given: Any) -> Schedule:
    schedule = make_schedule("x", cron, zone, now=now, **given)
    assert schedule is not None
    return schedule


def slots() -> list[float]:
    """Those of the jobs that there are, in order."""
    return sorted(job.given["slot"] for job in Job.select())


def at(text: str, zone: str) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def test_a_slot_that_has_come_is_asked_for_once(site: Site) -> None:
    """Not before; once; with the slot among its arguments, in the server's name, for nobody who waits."""
    schedule = made("0 * * * *", tenant_id="t", arguments={"a": 1})
    assert take_due(schedule, now=START + HOUR - 1) == []
    (job_id,) = take_due(schedule, now=START + HOUR)
    assert take_due(schedule, now=START + HOUR) == []
    job = Job.get_by_id(job_id)
    assert (job.kind, job.tenant_id, job.priority) == ("x", "t", NIGHTLY)
    assert job.given == {"a": 1, "slot": START + HOUR}
    assert (job.identity, job.user_id, job.session) == ("schedule:x", "", "")
    assert job.most_attempts == 3


def test_a_slot_isnt_seen_to_unless_it_was_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was about to ask failed: the slot comes again, as if nobody had been at it."""
    schedule = made("0 * * * *")

    def failing(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("the disk is on fire")

    with monkeypatch.context() as patched:
        patched.setattr(schedules, "ask", failing)
        with pytest.raises(RuntimeError, match="on fire"):
            take_due(schedule, now=START + HOUR)
    assert Job.select().count() == 0
    assert len(take_due(schedule, now=START + HOUR)) == 1


def test_it_begins_with_the_first_slot_after_it_was_made(site: Site) -> None:
    """One at that very moment is gone."""
    schedule = made("0 12 * * *", missed="each")
    assert take_due(schedule, now=START + DAY - 1) == []
    assert len(take_due(schedule, now=START + DAY)) == 1
    assert schedule.next_slots(START, 3) == [START + DAY, START + 2 * DAY, START + 3 * DAY]


@pytest.mark.parametrize(
    ("missed", "found"),
    [("skip", []), ("latest", [5]), ("each", [1, 2, 3, 4, 5])],
)
def test_what_becomes_of_what_was_missed(site: Site, missed: str, found: list[int]) -> None:
    """No server ran for five slots and more than LATE: nothing, the latest, or each; and then it goes on."""
    schedule = made("0 * * * *", missed=missed)
    take_due(schedule, now=START + 5 * HOUR + LATE + 1)
    assert slots() == [START + n * HOUR for n in found]
    take_due(schedule, now=START + 6 * HOUR)
    assert slots() == [START + n * HOUR for n in [*found, 6]]


def test_a_slot_isnt_missed_for_a_few_minutes(site: Site) -> None:
    """A server that starts within LATE of it makes it up, and of several only the latest."""
    schedule = made("0 * * * *", missed="skip")
    take_due(schedule, now=START + 3 * HOUR + LATE)
    assert slots() == [START + 3 * HOUR]


def test_no_more_is_made_up_for_than_can_be_wanted(site: Site) -> None:
    """After years, the latest MOST_SLOTS."""
    schedule = made("0 * * * *", missed="each")
    take_due(schedule, now=START + 1000 * HOUR)
    assert slots() == [START + n * HOUR for n in range(1001 - MOST_SLOTS, 1001)]


def test_a_pause_is_no_time_that_was_missed(site: Site) -> None:
    """While it rests nothing is asked for, and nothing made up for; then it goes on from there."""
    schedule = made("0 * * * *", missed="each")
    schedule.set_pause(True, now=START)
    assert take_due(schedule, now=START + 3 * HOUR) == []
    schedule.set_pause(False, now=START + 3 * HOUR)
    assert take_due(schedule, now=START + 3 * HOUR) == []
    take_due(schedule, now=START + 4 * HOUR)
    assert slots() == [START + 4 * HOUR]


def test_going_on_where_it_rests_not_loses_nothing(site: Site) -> None:
    """Somebody ends a pause that there isn't, just after a slot came: it is asked for all the same."""
    schedule = made("0 * * * *", missed="each")
    schedule.set_pause(False, now=START + HOUR + 1)
    assert len(take_due(schedule, now=START + HOUR + 2)) == 1


def test_one_that_is_gone_asks_for_nothing(site: Site) -> None:
    """It was removed by somebody else meanwhile."""
    schedule = made("0 * * * *")
    Schedule.delete().execute()
    assert take_due(schedule, now=START + HOUR) == []


def test_a_name_is_given_once(site: Site) -> None:
    """Of what every installation has; None the second time, and the first stays."""
    made("0 * * * *", name="nightly")
    assert make_schedule("y", "1 * * * *", "UTC", now=START, name="nightly") is None
    assert Schedule.get().kind == "x"


@pytest.mark.parametrize(
    ("line", "zone", "missed"),
    [
        ("0 0 31 2 *", "UTC", "skip"), ("61 * * * *", "UTC", "skip"), ("* * * *", "UTC", "skip"),
        ("* * * * * *", "UTC", "skip"), ("0 " + "1," * 60 + "1 * * *", "UTC", "skip"), ("", "UTC", "skip"),
        ("0 * * * *", "Mars/Base", "skip"), ("0 * * * *", "../etc/passwd", "skip"), ("0 * * * *", "UTC", "often"),
    ],
)  # fmt: skip
def test_what_cant_be_understood_is_refused(site: Site, line: str, zone: str, missed: str) -> None:
    """BadInput; nothing is written down."""
    with pytest.raises(BadInput):
        make_schedule("x", line, zone, now=START, missed=missed)
    assert Schedule.select().count() == 0


# The clock is put forward in Berlin on 28 March 2027 from 2:00 to 3:00, and back on 31 October from 3:00 to 2:00.


def test_a_time_that_isnt_there_comes_once(site: Site) -> None:
    """2:30 on the night it is skipped: once on that day, within the hour, as Debian's cron does."""
    schedule = made("30 2 * * *", "Europe/Berlin", now=at("2027-03-26T12:00", "Europe/Berlin"))
    found = schedule.next_slots(schedule.done_until, 3)
    assert found[0] == at("2027-03-27T02:30", "Europe/Berlin")
    gap = at("2027-03-28T03:00", "Europe/Berlin")
    assert gap <= found[1] <= gap + HOUR
    assert found[2] == at("2027-03-29T02:30", "Europe/Berlin")


def test_a_time_that_is_there_twice_comes_once(site: Site) -> None:
    """2:30 on the night that has two of them."""
    schedule = made("30 2 * * *", "Europe/Berlin", now=at("2027-10-30T12:00", "Europe/Berlin"))
    found = schedule.next_slots(schedule.done_until, 2)
    assert found[0] == at("2027-10-31T02:30", "Europe/Berlin")
    assert found[1] == at("2027-11-01T02:30", "Europe/Berlin")


def test_every_hour_is_every_hour(site: Site) -> None:
    """Also through both nights: 3,600 seconds from one to the next."""
    for day in ("2027-03-27T22:00", "2027-10-30T22:00"):
        schedule = made("0 * * * *", "Europe/Berlin", now=at(day, "Europe/Berlin"))
        found = schedule.next_slots(schedule.done_until, 8)
        assert {b - a for a, b in itertools.pairwise(found)} == {HOUR}


def test_bangkok_has_no_such_nights(site: Site) -> None:
    """1:30 there is 18:30 UTC, all the year."""
    schedule = made("30 1 * * *", "Asia/Bangkok")
    found = schedule.next_slots(START, 400)
    assert {(slot % DAY) / HOUR for slot in found} == {18.5}
    assert {b - a for a, b in itertools.pairwise(found)} == {DAY}


# Many at once

SLOTS, PROCESSES, THREADS = 25, 3, 4


def _take_all(folder: str, gate: Any, told: Any) -> None:
    """In a process of its own: several threads see to every slot as its time comes."""
    site = Site(Path(folder) / "data")
    here = threading.Barrier(THREADS + 1)
    found: list[str] = []

    def one() -> None:
        with site.app.app_context():
            schedule = Schedule.get()
            here.wait()
            for n in range(1, SLOTS + 1):
                found.extend(take_due(schedule, now=START + n * HOUR))
            site.router.universal.release(wholly=True)

    threads = [threading.Thread(target=one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    gate.wait()
    here.wait()
    for thread in threads:
        thread.join()
    told.put(found)
    site.close()


def test_however_many_servers_there_are_each_slot_is_asked_for_once(tmp_path: Path) -> None:
    """Three processes of four threads go through the same slots at once: each slot has one job, told to one of them."""
    with catalogue(tmp_path):
        made("0 * * * *", missed="skip")
    context = multiprocessing.get_context("spawn")
    gate, told = context.Barrier(PROCESSES), context.SimpleQueue()
    processes = [
        context.Process(target=_take_all, args=(str(tmp_path), gate, told))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    found = [job_id for _ in processes for job_id in told.get()]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with catalogue(tmp_path):
        assert slots() == [START + n * HOUR for n in range(1, SLOTS + 1)]
        assert sorted(found) == sorted(job.id for job in Job.select())
