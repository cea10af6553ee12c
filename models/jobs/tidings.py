"""Whose job has ended and who is to be told by e-mail, once."""

from __future__ import annotations

from typing import NamedTuple

from models.jobs.job import Job

MOST = 100
"""How many are found at a time."""

_ENDED = """
SELECT jobs.id, coalesce(nullif(user.language, ''), jobs.language) FROM jobs JOIN user ON user.id = jobs.user_id
WHERE jobs.state IN ('done', 'failed') AND {which} AND user.email <> '' AND user.active
  AND (jobs.state = 'failed' OR jobs.ended_at - jobs.asked_at >= ?)
  AND NOT EXISTS (SELECT 1 FROM jobs AS told WHERE told.once = ? || jobs.id)
ORDER BY jobs.ended_at LIMIT ?
"""

ONCE = "mail:"
"""Before a job's id, the key under which its end is told, and not again."""


class Ended(NamedTuple):
    """A job that has ended, and the language of whoever asked for it."""

    id: str
    language: str


def untold(after: float, *, job_id: str = "", since: float = 0.0) -> list[Ended]:
    """Return the jobs of people with an address that have failed, or are done after long; untold ones alone.

    Args:
        after: seconds from asking to the end, from which on who asked is told that it is done.
        job_id: look at this one.
        since: else at those that ended after this, in UTC seconds.
    """
    which, value = ("jobs.id = ?", job_id) if job_id else ("jobs.ended_at > ?", since)
    database = Job._meta.database
    rows = database.execute_sql(_ENDED.format(which=which), (value, after, ONCE, MOST)).fetchall()
    return [Ended(*row) for row in rows]
