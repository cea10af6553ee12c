"""What jobs wait for: a worker at all, the end of a pause, their company's or asker's turn, or others before them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from models.jobs.job import LATER, NIGHTLY, SOON, Job
from models.jobs.taking import LEASE, PATIENCE, room_in

Why = Literal["nobody", "pause", "company", "asker", "night", "turn"]

Holder = tuple[str, str]
"""Among whom the workers are shared out: a company, or of jobs that have none the asker."""

SERVER: Holder = ("", "")

MOST_AHEAD = 100
"""So many others that come before a job are counted."""


class Wait(NamedTuple):
    """What one job waits for.

    Attributes:
        why: no worker is there; it may not begin yet; its company, or its asker where it has none, has its share of the
            workers; what nobody waits for has all workers but the one kept for people; or it waits for its turn.
        ahead: how many come before it then; MOST_AHEAD for so many or more.
    """

    why: Why
    ahead: int = 0


class Waits:
    """What all jobs wait for, as of one moment: one query, however many are asked about.

    Args:
        now: UTC seconds.
    """

    def __init__(self, *, now: float) -> None:
        self._now = now
        self._running: dict[Holder, tuple[int, int]] = {}
        line: list[tuple[str, Holder, int, float]] = []
        given = {"now": now, "seen": now - LEASE, "most": MOST_AHEAD}
        for what, id, *holder, number, other in Job._meta.database.execute_sql(_STATE, given):
            if what == "places":
                self._places = number
            elif what == "running":
                self._running[tuple(holder)] = (number, other)
            else:
                line.append((id, tuple(holder), number, other))
        self._room = room_in(self._places)
        turns = sorted(self._rank(*row) for row in line if self._held(row[1], row[2]) is None)
        self._ahead = {id: place for place, (*_rank, id) in enumerate(turns[:MOST_AHEAD])}

    def of(self, job: Job) -> Wait:
        """Return what a job that waits does so for."""
        if not self._places:
            return Wait("nobody")
        if job.due_at > self._now:
            return Wait("pause")
        held = self._held(_holder(job.tenant_id, job.user_id), job.priority)
        return held or Wait("turn", self._ahead.get(job.id, MOST_AHEAD))

    def _held(self, holder: Holder, priority: int) -> Wait | None:
        """What keeps jobs of a company, or a person, and a priority from being taken, however few come before them."""
        running, nightly = self._running.get(holder, (0, 0)) if holder != SERVER else (0, 0)
        if running >= self._room.company:
            return Wait("company" if holder[0] else "asker")
        if priority == NIGHTLY:
            if sum(each for _, each in self._running.values()) >= self._room.nightly:
                return Wait("night")
            if holder[0] and nightly >= self._room.company_nightly:
                return Wait("company")
        return None

    def _rank(
        self, id: str, holder: Holder, priority: int, due_at: float
    ) -> tuple[int, int, float, str]:
        """As `taking` sorts them."""
        urgency = SOON if due_at <= self._now - PATIENCE else priority
        running = self._running.get(holder, (0, 0))[0] if holder[0] else 0
        return urgency, running, due_at, id


def _holder(tenant_id: str, user_id: str) -> Holder:
    return (tenant_id, "") if tenant_id else ("", user_id)


_ASKER = "iif(tenant_id = '', user_id, '')"
_FIRST_OF = f"""
UNION ALL SELECT * FROM (
  SELECT 'line', id, tenant_id, {_ASKER}, priority, due_at
  FROM jobs WHERE state = 'waiting' AND priority = {{}} AND due_at <= :now
    AND (tenant_id, {_ASKER}) NOT IN (SELECT tenant_id, asker FROM full) ORDER BY due_at, id LIMIT :most
)"""  # noqa: S608 - words of ours
_STATE = f"""
WITH places(number) AS (
  SELECT coalesce(sum(threads), 0) FROM job_workers WHERE threads > 0 AND seen_at > :seen
), busy(tenant_id, asker, running, nightly) AS (
  SELECT tenant_id, {_ASKER} AS asker, count(*), sum(priority = {NIGHTLY})
  FROM jobs WHERE state = 'running' GROUP BY tenant_id, asker
), full(tenant_id, asker) AS ( -- those that have half of the places, rounded up
  SELECT tenant_id, asker FROM busy, places WHERE tenant_id || asker <> '' AND running >= max(1, (number + 1) / 2)
)
SELECT 'places', '', '', '', number, 0 FROM places
UNION ALL SELECT 'running', '', tenant_id, asker, running, nightly FROM busy
{"".join(_FIRST_OF.format(priority) for priority in (SOON, LATER, NIGHTLY))}
"""  # noqa: S608 - numbers of ours
