"""How a job ends: done, failed, cancelled, or once more from the start. Whoever has lost its lease changes nothing."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from models.jobs.job import CANCELLED, DONE, FAILED, MOST_TEXT, RUNNING, WAITING, WHOLE, Job

FIRST_PAUSE = 2.0
"""Seconds before the second attempt; each further pause may be twice as long."""

LONGEST_PAUSE = 300.0
"""Seconds that a pause lasts at most."""


class Result(msgspec.Struct, frozen=True):
    """A file that a job leaves.

    Attributes:
        name: under which it is downloaded.
        media_type: what it is.
        place: where it lies in the folder of results.
        size: its bytes.
    """

    name: str
    media_type: str
    place: str
    size: int


def succeed(job: Job, result: Result | None = None, line: str = "", *, now: float) -> bool:
    """It is done; `line` says what came of it. False where the lease was lost."""
    left: dict[str, Any] = {}
    if result is not None:
        left = {
            "result_name": result.name, "result_type": result.media_type,
            "result_place": result.place, "result_size": result.size,
        }  # fmt: skip
    return _end(job, DONE, now, progress=WHOLE, line=line[:300], error="", trace="", **left)


def fail(job: Job, error: str, trace: str = "", *, now: float) -> bool:
    """It failed, for good: `error` is for who asked, `trace` for the operator. False where the lease was lost."""
    return _end(
        job, FAILED, now, reason="error", error=error[:MOST_TEXT], trace=trace[-10 * MOST_TEXT :]
    )


def stop(job: Job, reason: str, *, now: float) -> bool:
    """It has stopped, as it was to. False where the lease was lost."""
    return _end(job, CANCELLED, now, reason=reason)


def try_again(job: Job, error: str, trace: str = "", *, now: float) -> bool:
    """What failed may pass: begin anew after a pause, or fail where it was tried often enough.

    False where the lease was lost.
    """
    if job.attempts >= job.most_attempts:
        return fail(job, error, trace, now=now)
    longest = min(FIRST_PAUSE * 2 ** (job.attempts - 1), LONGEST_PAUSE)
    return _leave(
        job, state=WAITING, due_at=now + random.uniform(longest / 2, longest),  # noqa: S311
        error=error[:MOST_TEXT], trace=trace[-10 * MOST_TEXT :],
    )  # fmt: skip


def hand_back(job: Job, *, now: float) -> bool:
    """Whoever runs it stops for reasons of its own: somebody else begins it anew. False where the lease was lost."""
    return _leave(job, state=WAITING, due_at=now, attempts=max(job.attempts - 1, 0))


def lose(job: Job, most_lapses: int, *, now: float) -> bool:
    """Whoever ran it is gone. It begins anew, unless that has happened so often, or it was to stop anyway."""
    fresh = Job.get_or_none(Job.id == job.id)
    if fresh is None or fresh.lease != job.lease:
        return False
    lapses = fresh.lapses + 1
    if fresh.reason:
        return _end(fresh, CANCELLED, now, reason=fresh.reason, lapses=lapses)
    if lapses >= most_lapses:
        return _end(fresh, FAILED, now, reason="lapsed", lapses=lapses)
    # What the attempt would have counted for an error isn't one.
    return _leave(
        fresh, state=WAITING, due_at=now, lapses=lapses, attempts=max(fresh.attempts - 1, 0)
    )


def report(job: Job, progress: int, line: str) -> None:
    """Say how far it is, in thousandths and in words; nothing happens where the lease was lost."""
    Job._meta.database.execute_unhurried(
        "UPDATE jobs SET progress = ?, line = ? WHERE id = ? AND state = 'running' AND lease = ?",
        (progress, line[:300], job.id, job.lease),
    )


def _end(job: Job, state: str, now: float, **values: Any) -> bool:
    return _leave(job, state=state, ended_at=now, seen=False, **values)


def _leave(job: Job, **values: Any) -> bool:
    values |= {"lease": "", "worker": ""}
    mine = (Job.id == job.id) & (Job.state == RUNNING) & (Job.lease == job.lease)
    return bool(Job.update(**values).where(mine).execute())
