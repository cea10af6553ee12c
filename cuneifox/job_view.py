"""Jobs as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import url_for

from cuneifox import formats
from cuneifox.i18n import LazyText, _, _l
from cuneifox.job_waits import begun_anew, waits_of
from cuneifox.jobs.kinds import title_of
from cuneifox.scope_form import PRESETS
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from models.jobs.job import DONE, WHOLE, Job
from models.people import User

STATES: dict[str, LazyText] = {
    "waiting": _l("waits"),
    "running": _l("runs"),
    "done": _l("done"),
    "failed": _l("failed"),
    "cancelled": _l("stopped"),
}

REASONS: dict[str, LazyText] = {
    "asked": _l("It was cancelled."),
    "signed_out": _l("It stopped as its session was over."),
    "rights": _l("It stopped as the right to it was taken away."),
    "company": _l("It stopped as its company was closed."),
    "lapsed": _l("Whoever ran it was gone again and again; the operator has to look why."),
}

BADGES = {"done": "good", "failed": "bad", "cancelled": "warn"}


class JobView(NamedTuple):
    """One job as a page shows it.

    Attributes:
        title: what it does; `about`, of what and which days; `company`, where, "" for none; `who` asked for it.
        word: its state, as people call it; `badge` the class in which it is shown.
        progress: 0 to 1; `line` says what it waits for, how far it is, what came of it, or why it has ended.
        anew: says that it was begun anew, or "".
        link: the address of its result, or "".
        stopping: it runs, and is to stop.
    """

    job: Job
    title: str
    about: str
    company: str
    who: str
    word: str
    badge: str
    progress: float
    line: str
    anew: str
    link: str
    stopping: bool

    @property
    def size(self) -> int:
        """Bytes of its result."""
        return int(self.job.result_size)


def views_of(jobs: list[Job]) -> list[JobView]:
    """Return jobs as they are shown; four queries at most, however many there are."""
    waits = waits_of(jobs, services())
    companies = _named(Company, Company.tenant_id, {job.tenant_id for job in jobs})
    people = _named(User, User.id, {job.user_id for job in jobs})
    return [_view(job, companies, people, waits) for job in jobs]


def _named(model: Any, column: Any, ids: set[str]) -> dict[str, Any]:
    ids.discard("")
    return {getattr(row, column.name): row for row in model.select().where(column.in_(list(ids)))}


def _view(
    job: Job, companies: dict[str, Any], people: dict[str, Any], waits: dict[str, str]
) -> JobView:
    company, user = companies.get(job.tenant_id), people.get(job.user_id)
    stopping = job.state == "running" and bool(job.reason)
    return JobView(
        job,
        title_of(job.kind, job.given),
        about(job.given),
        shown_name(company) if company is not None else "",
        user.display_name if user is not None else _("the server itself"),
        str(_l("is stopped")) if stopping else str(STATES[job.state]),
        BADGES.get(job.state, ""),
        job.progress / WHOLE,
        line_of(job, waits),
        begun_anew(job),
        url_for("jobs.result", id=job.id) if job.state == DONE and job.result_place else "",
        stopping,
    )


def about(given: Mapping[str, Any]) -> str:
    """Return what tells a job from others of its title: the account, the search and the days that it was asked for."""
    preset = PRESETS.get(str(given.get("preset") or ""))
    days = " – ".join(_day(given[name]) for name in ("first", "last") if given.get(name))
    parts = [given.get("account"), given.get("text"), preset or days]
    return ", ".join(str(part) for part in parts if part)[:300]


def _day(typed: Any) -> str:
    try:
        return formats.date(str(typed))
    except ValueError:
        return str(typed)


def line_of(job: Job, waits: Mapping[str, str]) -> str:
    """Return the one line that says what a job waits for, how far it is, what came of it, or why it has ended.

    Args:
        job: the job.
        waits: what jobs wait for, as `waits_of` tells it.
    """
    if job.state == "failed" and job.error:
        return str(job.error)
    if job.state in ("failed", "cancelled") and job.reason in REASONS:
        return str(REASONS[job.reason])
    if job.state == "waiting":
        return waits[job.id]
    return str(job.line)


def told_of(job: Job) -> str:
    """Return the sentence by which whoever asked is told that a job has ended."""
    title = title_of(job.kind, job.given)
    if job.state == DONE:
        return _("%(title)s is ready.", title=title)
    if job.state == "failed":
        return _("%(title)s has failed.", title=title)
    return _("%(title)s has stopped.", title=title)
