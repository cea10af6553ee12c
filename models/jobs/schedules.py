"""Schedules: what the server is to do at which times, for a company or for the whole installation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim
from peewee import AutoField, BooleanField, CharField, FloatField, TextField

from models.errors import BadInput
from models.jobs.asking import Asker, ask
from models.jobs.cron import cleaned_cron
from models.jobs.job import NIGHTLY
from tenants import RoutedModel

Missed = Literal["skip", "latest", "each"]
"""What becomes of times at which no server ran: nothing; the latest of them is made up for; each of them is."""

MISSED: tuple[Missed, ...] = ("skip", "latest", "each")

LATE = 300.0
"""Seconds after its time at which a slot still isn't missed."""

COPIED = "copied"
"""Among the arguments of a schedule that rests because it came along with a copy, and not as somebody wanted that."""

MOST_SLOTS = 400
"""How many missed slots are made up for at most: more than a year of days."""


class Schedule(RoutedModel):
    """Work that the server does at certain times. Times are UTC seconds.

    Attributes:
        name: a stable word for one that every installation has; "" for those that people make.
        kind: of work; `arguments` are its, in JSON.
        tenant_id: the company it works on; "" for none.
        cron: a cron line: minute, hour, day of month, month, day of week.
        zone: the time zone in which it is read, as in the IANA database.
        missed: what becomes of slots at which no server ran.
        paused: whether it rests; slots that pass meanwhile are not made up for.
        done_until: the latest slot that was seen to.
        made_by: the id of the user who made it; "" for the program.
    """

    id = AutoField()
    name = CharField(max_length=60, null=True, unique=True)
    kind = CharField(max_length=40)
    arguments = TextField(default="{}")
    tenant_id = CharField(max_length=26, default="", index=True)
    cron = CharField(max_length=100)
    zone = CharField(max_length=60)
    missed = CharField(max_length=10, default="skip")
    paused = BooleanField(default=False)
    done_until = FloatField()
    made_by = CharField(max_length=26, default="")

    class Meta:
        table_name = "schedules"

    @property
    def given(self) -> dict[str, Any]:
        """The arguments, read."""
        read: dict[str, Any] = json.loads(self.arguments)
        return read

    def slots(self, after: float) -> Iterator[float]:
        """Yield the times at which it is due after a moment, for ever or until its line names no more."""
        here = datetime.fromtimestamp(after, ZoneInfo(self.zone))
        for slot in CronSim(self.cron, here):
            at = slot.timestamp()
            if at > after:
                yield at

    def next_slots(self, after: float, count: int = 3) -> list[float]:
        """Return the next times at which it is due."""
        found = []
        for slot in self.slots(after):
            found.append(slot)
            if len(found) == count:
                break
        return found

    def set_pause(self, paused: bool, *, now: float) -> None:
        """Let it rest, or go on from now; one that goes on already keeps what is due."""
        self.paused = paused
        values: dict[str, Any] = {"paused": paused}
        if not paused:
            given = {name: value for name, value in self.given.items() if name != COPIED}
            values |= {
                "done_until": now,
                "arguments": json.dumps(given, ensure_ascii=False, sort_keys=True),
            }
        other = Schedule.paused != paused
        Schedule.update(**values).where(Schedule.id == self.id, other).execute()


def make_schedule(
    kind: str,
    cron: str,
    zone: str,
    *,
    now: float,
    arguments: Mapping[str, Any] | None = None,
    tenant_id: str = "",
    name: str | None = None,
    missed: str = "skip",
    made_by: str = "",
) -> Schedule | None:
    """Write a schedule down, to begin with the first slot after now; None where one of that name is there already.

    Raises:
        BadInput: the cron line, the zone or what becomes of missed slots can't be understood.
    """
    made = (
        Schedule.insert(
            name=name, kind=kind, arguments=json.dumps(arguments or {}, ensure_ascii=False, sort_keys=True),
            tenant_id=tenant_id, cron=cleaned_cron(cron), zone=cleaned_zone(zone),
            missed=cleaned_missed(missed), done_until=now, made_by=made_by,
        ).on_conflict_ignore().as_rowcount().execute()
    )  # fmt: skip
    if not made:
        return None
    return Schedule.select().order_by(Schedule.id.desc()).get()


def cleaned_zone(name: str) -> str:
    """Return the name of a time zone; BadInput where there is none of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            "There is no time zone %(zone)s: use a name like Asia/Bangkok.",
            field="zone",
            zone=name[:60],
        ) from None
    return name


def cleaned_missed(word: str) -> str:
    """Return a word of MISSED; BadInput where it is none."""
    if word not in MISSED:
        raise BadInput("Choose what becomes of times that were missed.", field="missed")
    return word


def take_due(schedule: Schedule, *, now: float) -> list[str]:
    """Ask for the jobs of the slots that have come since it was last seen to; return their ids.

    However many servers do so at the same time, each slot's job is asked for once: in one transaction with the note
    that the slot was seen to, and under a key that no two jobs have.
    """
    with Schedule._meta.database.atomic():
        fresh = Schedule.get_or_none(Schedule.id == schedule.id)
        if fresh is None or fresh.paused:
            return []
        due = _due(fresh, now)
        if not due:
            return []
        Schedule.update(done_until=due[-1]).where(Schedule.id == fresh.id).execute()
        language = str(fresh.given.get("language", "en"))
        asker = Asker(identity=f"schedule:{fresh.kind}", language=language)
        jobs = [
            ask(
                fresh.kind, {**fresh.given, "slot": slot}, asker, now=now, tenant_id=fresh.tenant_id,
                priority=NIGHTLY, once=f"schedule:{fresh.id}:{slot:.0f}", most_attempts=3,
            )
            for slot in _kept(fresh, due, now)
        ]  # fmt: skip
        return [job.id for job, is_new in jobs if is_new]


def _due(schedule: Schedule, now: float) -> list[float]:
    due: list[float] = []
    for slot in schedule.slots(schedule.done_until):
        if slot > now:
            break
        due.append(slot)
        if len(due) > MOST_SLOTS:
            del due[0]
    return due


def _kept(schedule: Schedule, due: list[float], now: float) -> list[float]:
    if schedule.missed == "each":
        return due
    if schedule.missed == "latest" or now - due[-1] <= LATE:
        return due[-1:]
    return []
