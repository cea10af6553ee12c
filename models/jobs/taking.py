"""Which job is next, and taking it.

A person who waits comes before who will come back, and that before what the server does by itself; whatever has waited
for PATIENCE comes as if somebody waited for it, so that nothing waits for ever. Among equals the company with the
fewest jobs at work comes first, and no company has more than its share of the workers. What a person asks for of no
company, or of several, counts as that person's instead.
"""

from __future__ import annotations

import secrets

from models.jobs.job import COLUMNS, Job

PATIENCE = 600.0
"""Seconds after which a job is as urgent as any."""

LEASE = 30.0
"""Seconds that a worker has a job for, until it says that it is still there."""


def share_of(workers: int) -> int:
    """Return how many of so many workers the jobs of one company may have at a time: half of them, rounded up."""
    return max(1, (workers + 1) // 2)


_TAKE = """
UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = ?1, lease_until = ?2 + ?3, worker = ?4,
  started_at = ?2, progress = 0, line = '', reason = ''
WHERE id = (
  SELECT j.id FROM jobs AS j
  LEFT JOIN (
    SELECT coalesce(nullif(tenant_id, ''), user_id) AS holder, count(*) AS running
    FROM jobs WHERE state = 'running' AND tenant_id || user_id <> '' GROUP BY holder
  ) AS busy ON busy.holder = coalesce(nullif(j.tenant_id, ''), j.user_id)
  WHERE j.state = 'waiting' AND j.due_at <= ?2 AND coalesce(busy.running, 0) < ?5
  ORDER BY CASE WHEN j.due_at <= ?2 - ?6 THEN 0 ELSE j.priority END, coalesce(busy.running, 0), j.due_at, j.id
  LIMIT 1
) AND state = 'waiting'
"""
# Not RETURNING, which commits only once its row was fetched, and would wait for the disk then.
# Written once: the mapper takes longer to write a query of so many columns than SQLite to answer it.
_TAKEN = f"SELECT {COLUMNS} FROM jobs WHERE worker = ? AND lease = ?"  # noqa: S608 - columns of ours


def take(worker: str, share: int, *, now: float, lease: float = LEASE) -> Job | None:
    """Take the job that is next; None where there is none to be had.

    It isn't waited for the disk: a job that is taken, and after a power failure is not, is taken again.

    Args:
        worker: the id of who takes it.
        share: how many jobs of one company may run at a time.
        now: UTC seconds.
        lease: seconds that it is had for.
    """
    name = f"{worker}/{secrets.token_hex(6)}"
    given = (name, now, lease, worker, share, PATIENCE)
    database = Job._meta.database
    if database.execute_unhurried(_TAKE, given).rowcount < 1:
        return None
    row = database.execute_sql(_TAKEN, (worker, name)).fetchone()
    return Job.read(row) if row else None


def ready(*, now: float) -> int:
    """Return how many jobs could begin."""
    return int(Job.select().where(Job.state == "waiting", Job.due_at <= now).count())


def held_back(holder: str, *, now: float) -> bool:
    """Tell whether a company, or a person, has jobs that could begin, but for their share; see `Job.holder`."""
    theirs = (Job.tenant_id == holder) | ((Job.tenant_id == "") & (Job.user_id == holder))
    waiting = Job.select().where(theirs, Job.state == "waiting", Job.due_at <= now)
    return bool(waiting.exists())
