"""What jobs wait for: a worker at all, the end of a pause, their company's turn, or others that come before them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from models.jobs.job import LATER, NIGHTLY, SOON, Job
from models.jobs.taking import LEASE, PATIENCE, room_in

Why = Literal["nobody", "pause", "company", "night", "turn"]

MOST_AHEAD = 100
"""So many others that come before a job are counted."""


class Wait(NamedTuple):
    """What one job waits for.

    Attributes:
        why: no worker is there; it may not begin yet; its company has its share of the workers; what nobody waits for
            has all workers but the one that is kept for people; or it waits for its turn.
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
        self._running: dict[str, tuple[int, int]] = {}
        line: list[tuple[str, str, int, float]] = []
        given = {"now": now, "seen": now - LEASE, "most": MOST_AHEAD}
        for what, *row in Job._meta.database.execute_sql(_STATE, given):
            if what == "places":
                self._places = row[2]
            elif what == "running":
                self._running[row[1]] = (row[2], row[3])
            else:
                line.append(tuple(row))
        self._room = room_in(self._places)
        turns = sorted(self._rank(*row) for row in line if self._held(row[1], row[2]) is None)
        self._ahead = {id: place for place, (*_rank, id) in enumerate(turns[:MOST_AHEAD])}

    def of(self, job: Job) -> Wait:
        """Return what a job that waits does so for."""
        if not self._places:
            return Wait("nobody")
        if job.due_at > self._now:
            return Wait("pause")
        held = self._held(job.tenant_id, job.priority)
        return held or Wait("turn", self._ahead.get(job.id, MOST_AHEAD))

    def _held(self, tenant_id: str, priority: int) -> Wait | None:
        """What keeps jobs of a company and a priority from being taken, however few come before them."""
        running, nightly = self._running_of(tenant_id)
        if running >= self._room.company:
            return Wait("company")
        if priority == NIGHTLY:
            if sum(each for _, each in self._running.values()) >= self._room.nightly:
                return Wait("night")
            if nightly >= self._room.company_nightly:
                return Wait("company")
        return None

    def _running_of(self, tenant_id: str) -> tuple[int, int]:
        """How many jobs of a company run, and how many of those nobody waits for; of none they aren't counted."""
        return self._running.get(tenant_id, (0, 0)) if tenant_id else (0, 0)

    def _rank(
        self, id: str, tenant_id: str, priority: int, due_at: float
    ) -> tuple[int, int, float, str]:
        """As `taking` sorts them."""
        urgency = SOON if due_at <= self._now - PATIENCE else priority
        return urgency, self._running_of(tenant_id)[0], due_at, id


_FIRST_OF = """
UNION ALL SELECT * FROM (
  SELECT 'line', id, tenant_id, priority, due_at FROM jobs WHERE state = 'waiting' AND priority = {} AND due_at <= :now
    AND tenant_id NOT IN (SELECT tenant_id FROM full) ORDER BY due_at, id LIMIT :most
)"""
_STATE = f"""
WITH places(number) AS (
  SELECT coalesce(sum(threads), 0) FROM job_workers WHERE threads > 0 AND seen_at > :seen
), busy(tenant_id, running, nightly) AS (
  SELECT tenant_id, count(*), sum(priority = {NIGHTLY}) FROM jobs WHERE state = 'running' GROUP BY tenant_id
), full(tenant_id) AS ( -- those that have half of the places, rounded up
  SELECT tenant_id FROM busy, places WHERE tenant_id <> '' AND running >= max(1, (number + 1) / 2)
)
SELECT 'places', '', '', number, 0 FROM places
UNION ALL SELECT 'running', '', tenant_id, running, nightly FROM busy
{"".join(_FIRST_OF.format(priority) for priority in (SOON, LATER, NIGHTLY))}
"""  # noqa: S608 - numbers of ours
