"""When recurring vouchers are due: by the calendar and the clocks of their own time zone, once a day at most."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ledgers import BY, books
from models.actors import Actor
from models.companies import CATALOGUE_MODELS
from models.company_life import purge_company, suspend_company
from models.errors import BadInput, NotAllowed, NotFound
from models.jobs.job import Job
from models.jobs.schedules import Schedule, take_due
from models.people import MODELS as PEOPLE
from models.recurring.scheduling import (
    Timing,
    checked_timing,
    days_ahead,
    days_behind,
    end_schedule,
    is_due_on,
    schedule_of,
    schedules_of,
    set_pause,
    set_schedule,
    slot_day,
)
from models.recurring.template import RecurringVoucher
from recurring import day, line, template, utc
from tenants import Router

BANGKOK, BERLIN, NEW_YORK, KIRITIMATI = (
    "Asia/Bangkok",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
)
NOW = utc("2026-01-10T12:00+07:00")


@pytest.fixture
def rent(router: Router) -> Iterator[RecurringVoucher]:
    """A template in the books of a company, whose entry is live."""
    router.universal.create_tables(CATALOGUE_MODELS)
    with books(router):
        yield template(line("6200", "1000"), line("1120", "rest", "credit"))


def due(cron: str, zone: str, after: str, count: int = 4) -> list[str]:
    return [each.isoformat() for each in days_ahead(Timing(cron, zone), utc(after), count)]


def test_the_last_day_of_each_month_is_found() -> None:
    """28 or 29 in February, and 31 or 30 otherwise."""
    assert due("0 8 L * *", BANGKOK, "2027-12-31T09:00+07:00") == [
        "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30",
    ]  # fmt: skip


def test_a_slot_is_a_day_where_the_template_is_at_home() -> None:
    """1 March, 08:00 in Bangkok is 1 March there, though it is February still in New York."""
    at = utc("2026-03-01T08:00+07:00")
    assert slot_day(at, BANGKOK) == day("2026-03-01")
    assert slot_day(at, NEW_YORK) == day("2026-02-28")
    assert due("30 0 1 * *", KIRITIMATI, "2026-02-27T00:00+00:00", 1) == ["2026-03-01"]


@pytest.mark.parametrize(
    ("cron", "zone", "after"),
    [
        (
            "30 2 * * *",
            BERLIN,
            "2026-03-27T12:00+01:00",
        ),  # no 02:30 on the 29th: clocks go from 02:00 to 03:00
        ("30 2 * * *", BERLIN, "2026-10-23T12:00+02:00"),  # two of them on the 25th
        ("30 1 * * *", NEW_YORK, "2026-10-30T12:00-04:00"),  # two of them on 1 November
        ("0 0 * * *", "America/Havana", "2026-03-06T12:00-05:00"),  # no midnight on the 8th
    ],
)
def test_days_on_which_clocks_are_changed_are_due_once(cron: str, zone: str, after: str) -> None:
    """A day with no such time, or with two, is one slot as any other."""
    found = days_ahead(Timing(cron, zone), utc(after), 4)
    assert [(later - earlier).days for earlier, later in pairwise(found)] == [1, 1, 1]


def test_days_behind_are_those_that_were_ahead() -> None:
    """The latest first; the one that is due later today isn't among them."""
    timing = Timing("0 18 1,15 * *", BANGKOK)
    behind = days_behind(timing, utc("2026-03-15T12:00+07:00"), 3)
    assert behind == [day("2026-03-01"), day("2026-02-15"), day("2026-02-01")]
    assert days_ahead(timing, utc("2026-03-15T12:00+07:00"), 1) == [day("2026-03-15")]


def test_a_day_is_due_or_it_is_not() -> None:
    """Also on the days around a change of clocks."""
    timing = Timing("30 2 29 3 *", BERLIN)
    assert [is_due_on(timing, day(f"2026-03-{n}")) for n in (28, 29, 30)] == [False, True, False]
    assert not is_due_on(Timing("0 8 L 2 *", BANGKOK), day("2028-02-28"))


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("30 2 * * *", BERLIN),
        ("0 0 * * *", "America/Havana"),
        ("0 8 L * *", BANGKOK),
        ("0 8 1 * 1", NEW_YORK),
    ],
)
def test_what_is_ahead_is_behind_later_and_due_on_its_day(cron: str, zone: str) -> None:
    """Of more than a year, whatever the clocks do; and no other day of it is due."""
    timing, first, last = Timing(cron, zone), day("2026-01-10"), day("2027-02-10")
    ahead = days_ahead(timing, utc("2026-01-01T00:00+00:00"), 420)
    behind = days_behind(timing, utc("2027-02-20T00:00+00:00"), 420)
    every = [first + timedelta(n) for n in range((last - first).days + 1)]
    due_on = [each for each in every if is_due_on(timing, each)]
    assert due_on == [each for each in ahead if first <= each <= last]
    assert due_on == sorted(each for each in behind if first <= each <= last)
    assert len(due_on) > 12


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("* 8 1 * *", BANGKOK, "each"), "cron"),
        (("0 */4 1 * *", BANGKOK, "each"), "cron"),
        (("0,30 8 1 * *", BANGKOK, "each"), "cron"),
        (("0 8 30 2 *", BANGKOK, "each"), "cron"),
        (("nonsense", BANGKOK, "each"), "cron"),
        (("0 8 1 * * *", BANGKOK, "each"), "cron"),
        (("0 8 1 * *", "Mars/Base", "each"), "zone"),
        (("0 8 1 * *", "../../etc/passwd", "each"), "zone"),
        (("0 8 1 * *", "", "each"), "zone"),
        (("0 8 1 * *", BANGKOK, "whenever"), "missed"),
    ],
)
def test_a_timing_that_cannot_be_kept_is_refused(given: Any, field: str) -> None:
    """Lines that name several times a day among them."""
    with pytest.raises(BadInput) as caught:
        checked_timing(Timing(*given))
    assert caught.value.field == field


def tenant_of(router: Router) -> str:
    return router.tenant("acme").id


def test_a_template_has_one_schedule(router: Router, rent: RecurringVoucher) -> None:
    """Saved again it is changed; a line that stays the same loses no slot that is still to be made up for."""
    tenant_id = tenant_of(router)
    first = set_schedule(tenant_id, rent, Timing("0  8 1 * *", BANGKOK), by=BY, now=NOW)
    assert (first.cron, first.done_until, first.made_by) == ("0 8 1 * *", NOW, BY.user_id)
    later = NOW + 86400 * 40
    again = set_schedule(tenant_id, rent, Timing("0 8 1 * *", BANGKOK, "skip"), by=BY, now=later)
    assert (again.id, again.missed, again.done_until) == (first.id, "skip", NOW)
    moved = set_schedule(tenant_id, rent, Timing("0 8 2 * *", BANGKOK), by=BY, now=later)
    assert (moved.id, moved.done_until) == (first.id, later)
    assert list(schedules_of(tenant_id)) == [rent.stid]


def test_jobs_are_asked_for_as_the_server_in_the_templates_language(
    router: Router, rent: RecurringVoucher
) -> None:
    """One for each slot that was missed, and none of them a person's."""
    schedule = set_schedule(tenant_of(router), rent, Timing("0 8 1 * *", BANGKOK), by=BY, now=NOW)
    asked = take_due(schedule, now=utc("2026-03-05T00:00+07:00"))
    jobs = [Job.get_by_id(id) for id in asked]
    assert [slot_day(job.given["slot"], job.given["zone"]) for job in jobs] == [
        day("2026-02-01"),
        day("2026-03-01"),
    ]
    assert {(job.kind, job.identity, job.user_id, job.language) for job in jobs} == {
        ("recurring", "schedule:recurring", "", "en")
    }


def test_rights_are_asked_for(router: Router, rent: RecurringVoucher) -> None:
    """Having it be due takes adding, pausing it editing, ending it deleting."""
    tenant_id = tenant_of(router)
    reader, adder, editor = (
        Actor("u", "u", {"ledger": level}) for level in ("read", "add", "edit")
    )
    timing = Timing("0 8 1 * *", BANGKOK)
    with pytest.raises(NotAllowed):
        set_schedule(tenant_id, rent, timing, by=reader, now=NOW)
    set_schedule(tenant_id, rent, timing, by=adder, now=NOW)
    with pytest.raises(NotAllowed):
        set_pause(tenant_id, rent.stid, True, by=adder, now=NOW)
    with pytest.raises(NotAllowed):
        end_schedule(tenant_id, rent.stid, by=editor)


def test_a_pause_leaves_out_what_passes_meanwhile(router: Router, rent: RecurringVoucher) -> None:
    """Going on twice changes nothing more; without a schedule there is nothing to pause."""
    tenant_id = tenant_of(router)
    with pytest.raises(NotFound, match="no schedule"):
        set_pause(tenant_id, rent.stid, True, by=BY, now=NOW)
    schedule = set_schedule(tenant_id, rent, Timing("0 8 1 * *", BANGKOK), by=BY, now=NOW)
    set_pause(tenant_id, rent.stid, True, by=BY, now=NOW)
    assert take_due(schedule, now=utc("2026-02-05T00:00+07:00")) == []
    set_pause(tenant_id, rent.stid, False, by=BY, now=utc("2026-02-05T00:00+07:00"))
    set_pause(tenant_id, rent.stid, False, by=BY, now=utc("2026-03-05T00:00+07:00"))
    (only,) = take_due(schedule, now=utc("2026-03-05T00:00+07:00"))
    job = Job.get_by_id(only)
    assert slot_day(job.given["slot"], BANGKOK) == day("2026-03-01")


def test_a_schedule_ends_with_its_template(router: Router, rent: RecurringVoucher) -> None:
    """And no other goes with it."""
    tenant_id, other = (
        tenant_of(router),
        template(line("6200", "1"), line("1120", "rest", "credit")),
    )
    for each in (rent, other):
        set_schedule(tenant_id, each, Timing("0 8 1 * *", BANGKOK), by=BY, now=NOW)
    end_schedule(tenant_id, rent.stid, by=BY)
    assert schedule_of(tenant_id, rent.stid) is None
    assert [schedule.name for schedule in Schedule.select()] == [
        f"recurring:{tenant_id}:{other.stid}"
    ]


def test_schedules_go_with_their_company(router: Router) -> None:
    """Purged, it is asked for nothing any more; another's schedules stay."""
    router.universal.create_tables([*CATALOGUE_MODELS, *PEOPLE])
    for slug in ("acme", "globex"):
        with books(router, slug):
            rent = template(line("6200", "1000"), line("1120", "rest", "credit"))
            tenant_id = router.tenant(slug).id
            set_schedule(tenant_id, rent, Timing("0 8 1 * *", BANGKOK), by=BY, now=NOW)
    suspend_company(router, "acme", "Sold")
    purge_company(router, "acme", confirmed="acme")
    assert [each.tenant_id for each in Schedule.select()] == [router.tenant("globex").id]
