"""Lists of jobs, and what becomes of old ones."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from peewee import SQL, fn

from models.jobs.job import ENDED, OPEN, Job


class Place(NamedTuple):
    """Where a job stands in lists: the latest first, and of the same moment by id."""

    asked_at: float
    id: str


def jobs_of(user_id: str, *, size: int = 50, under: Place | None = None) -> list[Job]:
    """Return a person's jobs, the latest first; those that stand under a place, if given."""
    return _page(Job.user_id == user_id, size, under)


def all_jobs(*, size: int = 50, under: Place | None = None, state: str = "") -> list[Job]:
    """Return everybody's jobs and the server's, the latest first; in a state, if given."""
    return _page(Job.state == state if state else Job.id != "", size, under)


def _page(condition: object, size: int, under: Place | None) -> list[Job]:
    rows = Job.select().where(condition)
    if under is not None:
        of_the_moment = (Job.asked_at == under.asked_at) & (Job.id > under.id)
        rows = rows.where((Job.asked_at < under.asked_at) | of_the_moment)
    return list(rows.order_by(Job.asked_at.desc(), Job.id).limit(size))


def open_jobs(user_id: str = "", *, most: int = 50) -> list[Job]:
    """Return a person's jobs that wait or run, or everybody's; the latest first."""
    rows = Job.select().where(Job.state.in_(OPEN))
    if user_id:
        rows = rows.where(Job.user_id == user_id)
    return list(rows.order_by(Job.asked_at.desc(), Job.id).limit(most))


def unseen(user_id: str, *, most: int = 20) -> list[Job]:
    """Return a person's jobs that have ended and that they weren't told of, the latest first."""
    rows = Job.select().where(Job.user_id == user_id, Job.state.in_(ENDED), ~Job.seen)
    return list(rows.order_by(Job.ended_at.desc(), Job.id).limit(most))


def standing(user_id: str) -> tuple[int, int]:
    """Return how many of a person's jobs wait or run, and how many have ended that they weren't told of."""
    open_ones = fn.COUNT(Job.id).filter(Job.state.in_(OPEN))
    news = fn.COUNT(Job.id).filter(Job.state.in_(ENDED) & ~Job.seen)
    found = Job.select(open_ones, news).where(Job.user_id == user_id).tuples().get()
    return int(found[0]), int(found[1])


def mark_seen(user_id: str, ids: Collection[str] | None = None) -> None:
    """Remember that a person has been told of the end of these jobs, or of all."""
    told = (Job.user_id == user_id) & Job.state.in_(ENDED) & ~Job.seen
    if ids is not None:
        told &= Job.id.in_(list(ids))
    if Job.select().where(told).exists():
        Job.update(seen=True).where(told).execute()


def counts() -> dict[tuple[str, str], int]:
    """Return how many jobs there are by kind and state."""
    rows = Job.select(Job.kind, Job.state, fn.COUNT(SQL("*"))).group_by(Job.kind, Job.state)
    return {(kind, state): number for kind, state, number in rows.tuples()}


def oldest_waiting(*, now: float) -> float:
    """Return for how many seconds the job that has waited longest could have begun; 0 where none waits."""
    due = Job.select(fn.MIN(Job.due_at)).where(Job.state == "waiting", Job.due_at <= now).scalar()
    return max(now - due, 0.0) if due is not None else 0.0


def expired(before: float, *, most: int = 500) -> list[str]:
    """Return the ids of jobs that ended before a moment, in UTC seconds."""
    rows = Job.select(Job.id).where(Job.state.in_(ENDED), Job.ended_at < before)
    return [job.id for job in rows.order_by(Job.ended_at).limit(most)]


def forget(ids: Collection[str]) -> None:
    """Forget jobs that have ended."""
    Job.delete().where(Job.id.in_(list(ids)), Job.state.in_(ENDED)).execute()
