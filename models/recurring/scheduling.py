"""When templates are due: each has a schedule of its own in the catalogue, which is found by its name.

Templates lie in the books and schedules beside them, so that neither is there for certain with the other: books of a
company that is gone have templates without schedules, and what a schedule asks for of a template that is gone fails.
`models.recurring.copied` brings them along with copies; saving a template puts it right in any case.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim

from models.actors import Actor
from models.errors import BadInput, NotFound
from models.jobs.cron import cleaned_cron
from models.jobs.job import FAILED, OPEN, Job
from models.jobs.schedules import (
    COPIED,
    Schedule,
    cleaned_missed,
    cleaned_zone,
    make_schedule,
)
from models.recurring.made import RecurringRun, key_of
from models.recurring.template import RecurringVoucher

KIND = "recurring"
"""The kind of work that makes the voucher of a slot."""

LATEST = 500
"""Jobs of a company that are looked through for the last of each template."""


class Timing(msgspec.Struct, frozen=True):
    """When a template is due.

    Attributes:
        cron: a cron line, of one time a day.
        zone: the time zone in which it is read.
        missed: what becomes of slots at which no server ran, a word of `MISSED`.
    """

    cron: str
    zone: str
    missed: str = "each"


def checked_timing(given: Timing) -> Timing:
    """Return a timing that can be kept; BadInput, also for lines that name several times a day: a slot is a day."""
    cron = cleaned_cron(given.cron)
    minute, hour, *_days = cron.split()
    if not (minute.isdigit() and hour.isdigit()):
        raise BadInput(
            "A recurring voucher is made once a day at most: begin the cron line with one minute and one hour, as in "
            "0 8 1 * *.",
            field="cron",
        )
    return Timing(cron, cleaned_zone(given.zone), cleaned_missed(given.missed))


def name_of(tenant_id: str, stid: int) -> str:
    """Return the name of the schedule of a company's template."""
    return f"{KIND}:{tenant_id}:{stid}"


def schedule_of(tenant_id: str, stid: int) -> Schedule | None:
    """Return the schedule of a template; None where it has none."""
    return Schedule.get_or_none(Schedule.name == name_of(tenant_id, stid))


def schedules_of(tenant_id: str) -> dict[int, Schedule]:
    """Return the schedules of a company's templates, by the template's stid."""
    rows = Schedule.select().where(Schedule.tenant_id == tenant_id, Schedule.kind == KIND)
    return {int(schedule.given["template"]): schedule for schedule in rows}


def set_schedule(
    tenant_id: str, template: RecurringVoucher, timing: Timing, *, by: Actor, now: float
) -> Schedule:
    """Have a template be due by a timing from now on; slots that passed by its earlier one stay as they are.

    Raises NotAllowed, BadInput.
    """
    by.demand("ledger", "add")
    timing = checked_timing(timing)
    arguments = {
        "template": template.stid,
        "name": template.name,
        "zone": timing.zone,
        "language": template.language,
    }
    name = name_of(tenant_id, template.stid)
    made = make_schedule(
        KIND, timing.cron, timing.zone, now=now, arguments=arguments, tenant_id=tenant_id, name=name,
        missed=timing.missed, made_by=by.user_id,
    )  # fmt: skip
    schedule = Schedule.get(Schedule.name == name)
    if made is not None:
        return schedule
    values: dict[str, Any] = {
        "cron": timing.cron, "zone": timing.zone, "missed": timing.missed,
        "arguments": json.dumps(arguments, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip
    if (schedule.cron, schedule.zone) != (timing.cron, timing.zone):
        values["done_until"] = now
    if COPIED in schedule.given:  # whoever saves it wants it to be due
        values |= {"done_until": now, "paused": False}
    Schedule.update(**values).where(Schedule.id == schedule.id).execute()
    return Schedule.get_by_id(schedule.id)


def set_pause(tenant_id: str, stid: int, paused: bool, *, by: Actor, now: float) -> None:
    """Let a template rest, or go on from now. Raises NotAllowed; NotFound where it has no schedule."""
    by.demand("ledger", "edit")
    schedule = schedule_of(tenant_id, stid)
    if schedule is None:
        raise NotFound("The recurring voucher has no schedule: change it, and say when it is due.")
    if bool(schedule.paused) != paused:
        schedule.set_pause(paused, now=now)


def end_schedule(tenant_id: str, stid: int, *, by: Actor) -> None:
    """Have a template be due never again. Raises NotAllowed."""
    by.demand("ledger", "delete")
    Schedule.delete().where(Schedule.name == name_of(tenant_id, stid)).execute()


def slot_day(at: float, zone: str) -> datetime.date:
    """Return the day of a slot, given in UTC seconds, where its schedule is at home."""
    return datetime.datetime.fromtimestamp(at, ZoneInfo(zone)).date()


def days_ahead(timing: Timing, now: float, count: int = 3) -> list[datetime.date]:
    """Return the next days on which it is due."""
    slots = (slot.timestamp() for slot in _slots(timing, now))
    return [slot_day(at, timing.zone) for at in islice((at for at in slots if at > now), count)]


def days_behind(timing: Timing, now: float, count: int = 12) -> list[datetime.date]:
    """Return the last days on which it was due, the latest first."""
    slots = _slots(timing, now, back=True)
    return [slot.date() for slot in islice(slots, count)]


def is_due_on(timing: Timing, day: datetime.date) -> bool:
    """Tell whether it is due on a day."""
    zone = ZoneInfo(timing.zone)
    before = datetime.datetime.combine(day, datetime.time(), zone) - datetime.timedelta(seconds=1)
    return next((slot.date() == day for slot in CronSim(timing.cron, before)), False)


def _slots(timing: Timing, now: float, back: bool = False) -> Iterator[datetime.datetime]:
    here = datetime.datetime.fromtimestamp(now, ZoneInfo(timing.zone))
    slots: Iterator[datetime.datetime] = CronSim(timing.cron, here, reverse=back)
    return slots


def open_before(tenant_id: str, stid: int, slot: datetime.date) -> list[datetime.date]:
    """Return the earlier slots of a template whose jobs wait or run still, the earliest first.

    Missed slots are asked for together, and workers take them in any order.
    """
    rows = Job.select().where(
        Job.tenant_id == tenant_id, Job.kind == KIND, Job.state.in_(list(OPEN))
    )
    given = [job.given for job in rows]
    days = {slot_day(each["slot"], each["zone"]) for each in given if each["template"] == stid}
    return sorted(day for day in days if day < slot)


def last_jobs(tenant_id: str) -> dict[int, Job]:
    """Return the latest job of each template of the current company, by the template's stid.

    One that failed, and whose voucher was made by hand since, is of no more interest.
    """
    rows = (
        Job.select()
        .where(Job.tenant_id == tenant_id, Job.kind == KIND)
        .order_by(Job.asked_at.desc(), Job.due_at.desc())
        .limit(LATEST)
    )
    found: dict[int, Job] = {}
    for job in rows:
        found.setdefault(int(job.given["template"]), job)
    failed = {_key_of(job): stid for stid, job in found.items() if job.state == FAILED}
    for run in RecurringRun.select(RecurringRun.key).where(RecurringRun.key.in_(list(failed))):
        del found[failed[run.key]]
    return found


def _key_of(job: Job) -> str:
    given = job.given
    return key_of(int(given["template"]), slot_day(given["slot"], given["zone"]))
