"""Which job is next, and taking it.

A person who waits comes before who will come back, and that before what the server does by itself; whatever has waited
for PATIENCE comes as if somebody waited for it, so that nothing waits for ever. Among equals the company with the
fewest jobs at work comes first, and no company has more than its share of the workers. Of the workers, and of each
company's share of them, one is kept for people, where there are two or more: a night full of work leaves them room.
What a person asks for that belongs to no company has a company's share of the workers, too.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from models.jobs.job import COLUMNS, LATER, NIGHTLY, SOON, Job

PATIENCE = 600.0
"""Seconds after which a job is as urgent as any."""

LEASE = 30.0
"""Seconds that a worker has a job for, until it says that it is still there."""


class Room(NamedTuple):
    """How many jobs may run at a time, so that nobody has all places.

    Attributes:
        company: of one company, and of no company but one person: half of the places, rounded up.
        nightly: that nobody waits for: all places but one, which is kept for people.
        company_nightly: of one company that nobody waits for: all of its share but one.
    """

    company: int
    nightly: int
    company_nightly: int


def room_in(places: int) -> Room:
    """Return how many jobs of which sort may run in so many places; one of each, where that would be none."""
    share = max(1, (places + 1) // 2)
    return Room(share, max(1, places - 1), max(1, share - 1))


_TAKE = f"""
UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = :lease, lease_until = :now + :seconds,
  worker = :worker, started_at = :now, progress = 0, line = '', reason = ''
WHERE id = (
  WITH busy(tenant_id, running, nightly) AS (
    SELECT tenant_id, count(*), sum(priority = {NIGHTLY}) FROM jobs WHERE state = 'running' GROUP BY tenant_id
  ), full(user_id) AS (
    SELECT user_id FROM jobs WHERE state = 'running' AND tenant_id = '' AND user_id <> ''
    GROUP BY user_id HAVING count(*) >= :company
  ), open_to(priority) AS (
    VALUES ({SOON}), ({LATER})
    UNION ALL SELECT {NIGHTLY} WHERE (SELECT coalesce(sum(nightly), 0) FROM busy) < :nightly
  ), first(id, running) AS (
    -- Of all who have nothing at work, and of the server: the first of each priority.
    SELECT (
      SELECT id FROM jobs WHERE state = 'waiting' AND priority = open_to.priority AND due_at <= :now
        AND tenant_id NOT IN (SELECT tenant_id FROM busy WHERE tenant_id <> '')
        AND (tenant_id <> '' OR user_id NOT IN (SELECT user_id FROM full)) ORDER BY due_at, id LIMIT 1
    ), 0 FROM open_to
    UNION ALL
    -- Of each company that has, and has room for more: likewise.
    SELECT (
      SELECT id FROM jobs WHERE state = 'waiting' AND tenant_id = busy.tenant_id
        AND priority = open_to.priority AND due_at <= :now ORDER BY due_at, id LIMIT 1
    ), busy.running FROM busy JOIN open_to
    WHERE busy.tenant_id <> '' AND busy.running < :company
      AND (open_to.priority <> {NIGHTLY} OR busy.nightly < :company_nightly)
  )
  SELECT jobs.id FROM first CROSS JOIN jobs ON jobs.id = first.id -- in this order: `first` is short
  ORDER BY CASE WHEN due_at <= :now - :patience THEN {SOON} ELSE priority END, first.running, due_at, jobs.id LIMIT 1
) AND state = 'waiting'
"""  # noqa: S608 - numbers of ours
# However many wait, only the first of each sort can be next. An index finds it, going past those alone whose company
# has something at work.
# Not RETURNING, which commits only once its row was fetched, and would wait for the disk then.
# Written once: the mapper takes longer to write a query of so many columns than SQLite to answer it.
_TAKEN = f"SELECT {COLUMNS} FROM jobs WHERE worker = ? AND lease = ?"  # noqa: S608 - columns of ours


def take(worker: str, places: int, *, now: float, lease: float = LEASE) -> Job | None:
    """Take the job that is next; None where there is none to be had.

    It isn't waited for the disk: a job that is taken, and after a power failure is not, is taken again.

    Args:
        worker: the id of who takes it.
        places: how many jobs all workers together run at a time.
        now: UTC seconds.
        lease: seconds that it is had for.
    """
    name = f"{worker}/{secrets.token_hex(6)}"
    given = {"lease": name, "now": now, "seconds": lease, "worker": worker, "patience": PATIENCE}
    given |= room_in(places)._asdict()
    database = Job._meta.database
    if database.execute_unhurried(_TAKE, given).rowcount < 1:
        return None
    row = database.execute_sql(_TAKEN, (worker, name)).fetchone()
    return Job.read(row) if row else None


def ready(*, now: float) -> int:
    """Return how many jobs could begin."""
    return int(Job.select().where(Job.state == "waiting", Job.due_at <= now).count())


def held_back(job: Job, *, now: float) -> bool:
    """Tell whether there are jobs that could begin, and may have been held back while this one ran.

    Those of its company are, for the company's share, or those of its asker, where it is of no company; where nobody
    waits for it, those that nobody waits for either.
    """
    alike = []
    if job.tenant_id:
        alike.append(Job.tenant_id == job.tenant_id)
    elif job.user_id:
        alike.append((Job.tenant_id == "") & (Job.user_id == job.user_id))
    if job.priority == NIGHTLY:
        alike.append(Job.priority == NIGHTLY)
    waiting = Job.select().where(Job.state == "waiting", Job.due_at <= now)
    return any(waiting.where(condition).exists() for condition in alike)
