"""Why a job waits, and that it was begun anew, in words for who asked for it."""

from __future__ import annotations

from collections.abc import Iterable

from cuneifox import formats
from cuneifox.i18n import _, ngettext
from cuneifox.services import Services
from models.jobs.job import WAITING, Job
from models.jobs.waits import MOST_AHEAD, Wait, Waits


def waits_of(jobs: Iterable[Job], here: Services) -> dict[str, str]:
    """Return what those of the jobs that wait do so for, by their ids; one query at most."""
    waiting = [job for job in jobs if job.state == WAITING]
    if not waiting:
        return {}
    waits = Waits(now=here.now())
    return {job.id: _told(waits.of(job), job, here) for job in waiting}


def _told(wait: Wait, job: Job, here: Services) -> str:
    if wait.why == "nobody":
        return _(
            "No worker is there to do it. It begins as soon as one is; if that takes long, tell the operator."
        )
    if wait.why == "pause":
        return _paused(job, here)
    if wait.why == "company":
        return _("It waits for other jobs of its company: none has all the workers.")
    if wait.why == "asker":
        return _("It waits for other jobs of yours: nobody has all the workers.")
    if wait.why == "night":
        return _("It waits for others that nobody waits for: one worker is kept for people.")
    return _turn(wait.ahead)


def _paused(job: Job, here: Services) -> str:
    at = here.local(job.due_at)
    time = f"{at:%H:%M:%S}" if at.date() == here.local(here.now()).date() else formats.moment(at)
    if job.error:
        return _(
            "It is tried again at %(time)s. The last time: %(error)s", time=time, error=job.error
        )
    return _("It begins at %(time)s.", time=time)


def _turn(ahead: int) -> str:
    if not ahead:
        return _("It is next.")
    if ahead >= MOST_AHEAD:
        return _("%(num)s jobs or more come before it.", num=MOST_AHEAD)
    return ngettext("%(num)s job comes before it.", "%(num)s jobs come before it.", ahead)


def begun_anew(job: Job) -> str:
    """Return that a job was begun anew, and how often; "" where it never was."""
    if not job.lapses:
        return ""
    return ngettext(
        "Begun anew: the worker that had it was gone.",
        "Begun anew %(num)s times: the workers that had it were gone.",
        job.lapses,
    )
