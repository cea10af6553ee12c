"""Schedules of templates whose books were copied, or set back to another time.

Templates lie in the books and go with them; their schedules lie in the catalogue. A company that was made of another's
books gets them too, resting, until somebody lets them go on: or each of their vouchers would be there twice. And one
whose books were set back may have schedules of templates that aren't there any more: those rest, too, as the
templates may come back.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from models.actors import Actor
from models.jobs.schedules import COPIED, Schedule
from models.recurring.scheduling import KIND, name_of, schedules_of
from models.recurring.template import RecurringVoucher


def template_numbers() -> list[int]:
    """Return the stids of the current company's templates."""
    return [row.stid for row in RecurringVoucher.select(RecurringVoucher.stid)]


def bring_schedules(source: str, tenant_id: str, stids: Collection[int], *, now: float) -> int:
    """Give a company that was made of another one's books its schedules, resting; return how many.

    In the transaction that enters the company into the catalogue.

    Args:
        source: the id of the company whose books they were; nothing is brought where it is gone.
        tenant_id: the new company's.
        stids: of the templates that it has.
        now: UTC seconds.
    """
    found = {stid: schedule for stid, schedule in schedules_of(source).items() if stid in stids}
    for stid, schedule in found.items():
        given = schedule.given if schedule.paused else {**schedule.given, COPIED: True}
        Schedule.create(
            name=name_of(tenant_id, stid), kind=KIND, arguments=_written(given), tenant_id=tenant_id,
            cron=schedule.cron, zone=schedule.zone, missed=schedule.missed, paused=True, done_until=now,
            made_by=schedule.made_by,
        )  # fmt: skip
    return len(found)


def rest_without_template(tenant_id: str, stids: Collection[int]) -> int:
    """Have a company's schedules rest whose templates its books haven't, as they were set back; return how many.

    In the transaction that tells the catalogue of the other books. ``stids`` are of the templates that there are.
    """
    found = [
        schedule for stid, schedule in schedules_of(tenant_id).items()
        if stid not in stids and not schedule.paused
    ]  # fmt: skip
    for schedule in found:
        values = {"paused": True, "arguments": _written({**schedule.given, COPIED: True})}
        Schedule.update(**values).where(Schedule.id == schedule.id).execute()
    return len(found)


def resting(tenant_id: str, stids: Collection[int]) -> dict[int, Schedule]:
    """Return the schedules of a company's templates that rest for its books were copied or set back, by stid."""
    return {
        stid: schedule for stid, schedule in schedules_of(tenant_id).items()
        if stid in stids and schedule.paused and COPIED in schedule.given
    }  # fmt: skip


def resume_copied(tenant_id: str, stids: Collection[int], *, by: Actor, now: float) -> int:
    """Let those go on from now; return how many. Those that somebody paused stay so. Raises NotAllowed."""
    by.demand("ledger", "edit")
    found = resting(tenant_id, stids)
    for schedule in found.values():
        schedule.set_pause(False, now=now)
    return len(found)


def _written(given: dict[str, object]) -> str:
    return json.dumps(given, ensure_ascii=False, sort_keys=True)
