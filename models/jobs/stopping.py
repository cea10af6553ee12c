"""Stopping jobs: when somebody asks for it, or who asked for them may not any more."""

from __future__ import annotations

from models.jobs import tallies
from models.jobs.job import CANCELLED, RUNNING, WAITING, Job

_ORPHANS = """
SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND reason = '' AND session <> '' AND NOT EXISTS (
  SELECT 1 FROM session JOIN user ON user.id = session.user_id
  WHERE session.digest = jobs.session AND session.expires_at > ? AND user.active
)
"""


def cancel(job_id: str, reason: str = "asked", *, now: float) -> bool:
    """Cancel a job that waits, or have one stop that runs; False where it has ended, or stops already.

    Args:
        reason: a word of REASONS.
        now: UTC seconds.
    """
    if _cancel_waiting(job_id, reason, now):
        return True
    running = Job.update(reason=reason)
    return bool(running.where(Job.id == job_id, Job.state == RUNNING, Job.reason == "").execute())


def _cancel_waiting(job_id: str, reason: str, now: float) -> bool:
    waiting = (Job.id == job_id) & (Job.state == WAITING)
    values = {"state": CANCELLED, "reason": reason, "ended_at": now, "seen": reason == "asked"}
    with Job._meta.database.atomic():
        kind = Job.select(Job.kind).where(waiting).scalar()
        if kind is None or not Job.update(**values).where(waiting).execute():
            return False
        tallies.count_end(kind, CANCELLED)
    return True


def cancel_orphans(*, now: float) -> int:
    """Cancel the jobs whose session is over: signed out, ended by others, or too old; return how many."""
    found = Job._meta.database.execute_sql(_ORPHANS, (now,)).fetchall()
    return sum(cancel(job_id, "signed_out", now=now) for (job_id,) in found)


def to_stop(leases: list[str]) -> dict[str, str]:
    """Return, of jobs that run under these leases, which are to stop and why, by lease; and which were lost."""
    if not leases:
        return {}
    rows = Job.select(Job.lease, Job.reason).where(Job.state == RUNNING, Job.lease.in_(leases))
    known = {job.lease: job.reason for job in rows}
    return {
        lease: known.get(lease, "lost") for lease in leases if lease not in known or known[lease]
    }
