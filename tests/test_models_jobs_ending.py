"""How jobs end: once, by whoever has the lease, and what becomes of those that are to begin anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site
from jobs_catalogue import NOW, asked, catalogue, fresh
from models.jobs import ending, stopping
from models.jobs.ending import FIRST_PAUSE, FREE_LAPSES, LONGEST_PAUSE, Result, pause
from models.jobs.job import CANCELLED, DONE, FAILED, RUNNING, WAITING, WHOLE, Job
from models.jobs.taking import LEASE, take


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with catalogue(tmp_path) as site:
        yield site


def taken(now: float = NOW) -> Job:
    job = take("w", 9, now=now)
    assert job is not None
    return job


ENDS: dict[str, Callable[[Job], bool]] = {
    "succeed": lambda job: ending.succeed(job, now=NOW),
    "fail": lambda job: ending.fail(job, "no", now=NOW),
    "stop": lambda job: ending.stop(job, "asked", now=NOW),
    "try again": lambda job: ending.try_again(job, "no", now=NOW),
    "hand back": lambda job: ending.hand_back(job, now=NOW),
    "lose": lambda job: ending.lose(job, now=NOW),
}


@pytest.mark.parametrize("how", ENDS)
def test_whoever_has_lost_the_lease_ends_nothing(site: Site, how: str) -> None:
    """Somebody else runs it by now: False, and not a column of it changes."""
    asked(most_attempts=5)
    first = taken()
    assert ending.lose(first, now=NOW)
    second = taken()
    before = fresh(second).__data__
    assert ENDS[how](first) is False
    ending.report(first, 900, "almost")
    assert fresh(second).__data__ == before


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("before", ["succeed", "fail", "stop"])
def test_what_has_ended_stays_so(site: Site, before: str, how: str) -> None:
    """However it is to end once more, under the same lease."""
    asked(most_attempts=5)
    job = taken()
    assert ENDS[before](job)
    told = fresh(job).__data__
    assert ENDS[how](job) is False
    assert fresh(job).__data__ == told


def test_a_job_that_is_done_says_what_it_has_left(site: Site) -> None:
    """State, result, a line, the time; nothing of an earlier error or wish to stop."""
    asked()
    job = taken()
    Job.update(error="earlier", trace="earlier").execute()
    stopping.cancel(job.id, now=NOW)  # too late
    assert ending.succeed(
        job, Result("a.pdf", "application/pdf", "x/1/result", 7), "2 pages", now=NOW + 3
    )
    done = fresh(job)
    assert (done.state, done.progress, done.ended_at, done.reason) == (DONE, WHOLE, NOW + 3, "")
    assert (done.lease, done.worker, done.error, done.trace, done.line) == (
        "",
        "",
        "",
        "",
        "2 pages",
    )
    result = (done.result_name, done.result_type, done.result_place, done.result_size)
    assert result == ("a.pdf", "application/pdf", "x/1/result", 7)


def test_what_may_pass_is_tried_again_so_often(site: Site) -> None:
    """After pauses that grow; the last attempt's error is the job's."""
    asked(most_attempts=3)
    now, pauses = NOW, []
    for _ in range(2):
        job = taken(now)
        assert ending.try_again(job, "busy", "trace", now=now)
        waiting = fresh(job)
        assert (waiting.state, waiting.error) == (WAITING, "busy")
        pauses.append(waiting.due_at - now)
        assert take("w", 9, now=waiting.due_at - 0.01) is None
        now = waiting.due_at
    job = taken(now)
    assert ending.try_again(job, "still busy", now=now)
    assert (fresh(job).state, fresh(job).reason, fresh(job).error) == (
        FAILED,
        "error",
        "still busy",
    )
    assert FIRST_PAUSE / 2 <= pauses[0] <= FIRST_PAUSE
    assert FIRST_PAUSE <= pauses[1] <= 2 * FIRST_PAUSE


@pytest.mark.parametrize("draw", [min, max, random.Random(5).uniform])
def test_pauses_keep_to_their_bounds(draw: Callable[[float, float], float]) -> None:
    """Half of what may be to all of it, twice as long each time, never beyond the longest; whatever is drawn."""
    for times in range(1, 2000):
        longest = LONGEST_PAUSE if times > 8 else 2.0**times
        assert longest / 2 <= pause(times, draw) <= longest
    assert (pause(1, max), pause(2, max), pause(8, max), pause(9, max)) == (2, 4, 256, 300)
    assert pause(1, min) == 1


def test_handing_back_costs_no_attempt(site: Site) -> None:
    """It is there at once for somebody else, as often as that happens."""
    job = asked(most_attempts=1)
    for _ in range(5):
        assert ending.hand_back(taken(), now=NOW)
    again = fresh(job)
    assert (again.state, again.attempts, again.lapses, again.due_at) == (WAITING, 0, 0, NOW)


def test_one_that_is_lost_begins_anew_at_once_then_after_pauses(site: Site) -> None:
    """It costs no attempt either, and is counted."""
    job = asked(most_attempts=1)
    now = NOW
    for lapses in range(1, 6):
        assert ending.lose(taken(now), now=now)
        lost = fresh(job)
        assert (lost.state, lost.attempts, lost.lapses) == (WAITING, 0, lapses)
        longest = 0.0 if lapses <= FREE_LAPSES else FIRST_PAUSE * 2 ** (lapses - FREE_LAPSES - 1)
        assert longest / 2 <= lost.due_at - now <= longest
        now = lost.due_at


@pytest.mark.parametrize("how", ["try again", "hand back", "lose"])
def test_one_that_is_to_stop_doesnt_begin_anew(site: Site, how: str) -> None:
    """It was cancelled while it ran, and its worker hadn't noticed yet: it is cancelled, and why is kept."""
    asked(most_attempts=5)
    job = taken()
    assert stopping.cancel(job.id, "rights", now=NOW)
    assert fresh(job).state == RUNNING
    assert ENDS[how](job)
    ended = fresh(job)
    assert (ended.state, ended.reason, ended.ended_at, ended.lease) == (
        CANCELLED,
        "rights",
        NOW,
        "",
    )


def test_cancelling(site: Site) -> None:
    """One that waits ends at once; one that runs is told, once; one that has ended isn't touched."""
    waiting, job = asked(now=NOW), asked(now=NOW - 1)
    running = taken()
    assert running.id == job.id
    assert stopping.cancel(waiting.id, now=NOW)
    assert (fresh(waiting).state, fresh(waiting).reason) == (CANCELLED, "asked")
    assert not stopping.cancel(waiting.id, now=NOW)
    assert stopping.cancel(running.id, "company", now=NOW)
    assert not stopping.cancel(running.id, "asked", now=NOW)
    assert stopping.to_stop([running.lease, "gone"]) == {running.lease: "company", "gone": "lost"}
    assert ending.stop(running, "company", now=NOW + LEASE)
    assert (fresh(running).state, fresh(running).reason) == (CANCELLED, "company")
