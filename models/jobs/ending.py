"""How a job ends: done, failed, cancelled, or once more from the start. Whoever has lost its lease changes nothing.

The disk isn't waited for: a job whose end a power failure takes is begun anew, as after a kill just before it was
written down, and finds by its keys what it has done already.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

from models.jobs import tallies
from models.jobs.job import CANCELLED, DONE, FAILED, MOST_TEXT, RUNNING, WAITING, WHOLE, Job
from tenants.retrying import retried

FIRST_PAUSE = 2.0
"""Seconds before the second attempt; each further pause may be twice as long."""

LONGEST_PAUSE = 300.0
"""Seconds that a pause lasts at most."""

FREE_LAPSES = 2
"""How often a job is begun again at once after whoever ran it was gone; then after a pause, too. So one that kills its
workers doesn't do so all the time, and others, which died with it, end meanwhile."""


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
    return _end(
        job, DONE, now, reason="", progress=WHOLE, line=line[:300], error="", trace="", **left
    )


def fail(job: Job, error: str, trace: str = "", *, now: float) -> bool:
    """It failed, for good: `error` is for who asked, `trace` for the operator. False where the lease was lost."""
    return _end(
        job, FAILED, now, reason="error", error=error[:MOST_TEXT], trace=trace[-10 * MOST_TEXT :]
    )


def stop(job: Job, reason: str, text: str = "", *, now: float) -> bool:
    """It has stopped, as it was to. False where the lease was lost.

    Args:
        job: as it was taken.
        reason: a word of REASONS.
        text: what is to be told of it, where the reason doesn't say all.
        now: UTC seconds.
    """
    return _end(job, CANCELLED, now, reason=reason, error=text[:MOST_TEXT])


def try_again(job: Job, error: str, trace: str = "", *, now: float) -> bool:
    """What failed may pass: begin anew after a pause, or fail where it was tried often enough.

    False where the lease was lost.
    """
    if job.attempts >= job.most_attempts:
        return fail(job, error, trace, now=now)
    return _begin_anew(
        job,
        now,
        pause(job.attempts),
        ran=True,
        error=error[:MOST_TEXT],
        trace=trace[-10 * MOST_TEXT :],
    )


def pause(times: int, draw: Callable[[float, float], float] = random.uniform) -> float:
    """Return how many seconds to wait after so many failures: half of the longest that may be, or more.

    Args:
        times: how many, from 1.
        draw: draws a number between two others.
    """
    longest = min(FIRST_PAUSE * 2.0 ** min(times - 1, 30), LONGEST_PAUSE)
    return draw(longest / 2, longest)


def hand_back(job: Job, *, now: float) -> bool:
    """Whoever runs it stops for reasons of its own: somebody else begins it anew. False where the lease was lost."""
    return _begin_anew(job, now, 0.0, attempts=max(job.attempts - 1, 0))


def lose(job: Job, *, blamed: bool = False, now: float) -> bool:
    """Whoever ran it is gone. It begins anew, unless it was to stop, or is blamed for that. False where it was lost.

    Args:
        job: as it was read while it ran.
        blamed: whether it is given up, for what kills whoever runs it.
        now: UTC seconds.
    """
    lapses = job.lapses + 1
    if blamed:
        return _end(job, FAILED, now, reason="lapsed", lapses=lapses)
    wait = pause(lapses - FREE_LAPSES) if lapses > FREE_LAPSES else 0.0
    # What the attempt would have counted for an error isn't one.
    return _begin_anew(job, now, wait, lapses=lapses, attempts=max(job.attempts - 1, 0))


def report(job: Job, progress: int, line: str) -> None:
    """Say how far it is, in thousandths and in words; nothing happens where the lease was lost."""
    Job._meta.database.execute_unhurried(
        "UPDATE jobs SET progress = ?, line = ? WHERE id = ? AND state = 'running' AND lease = ?",
        (progress, line[:300], job.id, job.lease),
    )


def _begin_anew(job: Job, now: float, wait: float, ran: bool = False, **values: Any) -> bool:
    """Somebody begins it from the start, but where it was to stop: then it has."""
    again = {"state": WAITING, "due_at": now + wait, **values}
    stopped = {"state": CANCELLED, "ended_at": now, "seen": False, **values}
    return _leave(job, "AND reason = ''", now, ran, **again) or _leave(
        job, "AND reason <> ''", now, ran, **stopped
    )


def _end(job: Job, state: str, now: float, **values: Any) -> bool:
    ran = "lapses" not in values  # what nobody runs any more ended some time before that was seen
    return _leave(job, "", now, ran, state=state, ended_at=now, seen=False, **values)


def _leave(job: Job, condition: str, now: float, ran: bool, **values: Any) -> bool:
    """Write down how an attempt ended, and count it in the same transaction; `ran`: by itself, and now."""
    columns = ", ".join(f'"{name}" = ?' for name in values)
    statement = f"""
UPDATE jobs SET {columns}, lease = '', worker = '' WHERE id = ? AND state = '{RUNNING}' AND lease = ? {condition}
"""  # noqa: S608 - columns and words of ours
    given = (*values.values(), job.id, job.lease)

    def write(seconds: float | None) -> bool:
        with Job._meta.database.unhurried(), Job._meta.database.atomic():
            if not Job._meta.database.execute_sql(statement, given).rowcount:
                return False
            begun = now if job.started_at is None else job.started_at
            tallies.count_wait(job.kind, begun - job.due_at)
            if ran:
                tallies.count_run(job.kind, now - begun)
            if values["state"] != WAITING:
                tallies.count_end(job.kind, values["state"])
        return True

    return retried(write)
