"""Jobs as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import url_for

from cuneifox import formats
from cuneifox.i18n import LazyText, _, _l
from cuneifox.job_waits import begun_anew, waits_of
from cuneifox.jobs.kinds import companies_about, title_of
from cuneifox.scope_form import PRESETS
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from models.dates import parse_date
from models.errors import BadInput
from models.jobs.job import DONE, WHOLE, Job
from models.people import Membership, User
from tenants import UnknownTenant

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

NAMED = 3
"""Companies of a job that are named; of the others it is told how many they are."""

BADGES = {"done": "good", "failed": "bad", "cancelled": "warn"}


class JobView(NamedTuple):
    """One job as a page shows it.

    Attributes:
        title: what it does; `about`, of what and which days; `company`, where, several by some names, "" for none;
            `who` asked for it.
        word: its state, as people call it; `badge` the class in which it is shown.
        progress: 0 to 1; `line` says what it waits for, how far it is, what came of it, or why it has ended.
        anew: says that it was begun anew, or "".
        link: the address of its result, or "".
        stopping: it runs, and is to stop.
        closed: its company, if it has one, isn't open any more to who asked for it: nothing of it can be had.
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
    closed: bool

    @property
    def size(self) -> int:
        """Bytes of its result."""
        return int(self.job.result_size)


def views_of(jobs: list[Job]) -> list[JobView]:
    """Return jobs as they are shown; four queries at most, however many there are."""
    around, waits = _Around.of(jobs), waits_of(jobs, services())
    return [_view(job, around, waits) for job in jobs]


def where(job: Job) -> str:
    """Return the name of the company that a job is about; of several some names; "" for none."""
    return _where(job, _Around.of([job]))


class _Around(NamedTuple):
    """What is known of those whom jobs are about.

    Attributes:
        companies: by the tenant's id; `people` by theirs.
        open_to: which of these people may enter which of these companies.
    """

    companies: dict[str, Any]
    people: dict[str, Any]
    open_to: set[tuple[str, str]]

    @classmethod
    def of(cls, jobs: list[Job]) -> _Around:
        ids = {each for job in jobs for each in companies_about(job)[:NAMED]}
        companies = _named(Company, Company.tenant_id, ids)
        people = _named(User, User.id, {job.user_id for job in jobs})
        return cls(companies, people, _open_to(set(people), set(companies)))


def _named(model: Any, column: Any, ids: set[str]) -> dict[str, Any]:
    ids.discard("")
    return {getattr(row, column.name): row for row in model.select().where(column.in_(list(ids)))}


def _open_to(people: set[str], tenants: set[str]) -> set[tuple[str, str]]:
    """Which of these people belong to which of these companies, but for those that are suspended."""
    found = Membership.select(Membership.user, Membership.tenant_id).where(
        Membership.user.in_(list(people)), Membership.tenant_id.in_(list(tenants))
    )
    rows = list(found.tuples())
    states = {tenant_id: _state_of(tenant_id) for _user, tenant_id in rows}
    return {row for row in rows if states[row[1]] not in ("", "suspended")}


def _state_of(tenant_id: str) -> str:
    try:
        return str(services().router.tenant(tenant_id).state)
    except UnknownTenant:
        return ""


def _where(job: Job, around: _Around) -> str:
    """Names; of several companies' those alone that are open to the asker: the others' aren't theirs to know by now."""
    ids = companies_about(job)
    names = [
        shown_name(around.companies[each])
        for each in ids[:NAMED]
        if each in around.companies
        and (job.tenant_id or not job.user_id or (job.user_id, each) in around.open_to)
    ]
    told = ", ".join(names)
    if job.tenant_id or len(names) == len(ids):
        return told
    return f"{told} {_('and %(count)s more', count=len(ids) - len(names))}".strip()


def _view(job: Job, around: _Around, waits: Mapping[str, str]) -> JobView:
    user = around.people.get(job.user_id)
    stopping = job.state == "running" and bool(job.reason)
    return JobView(
        job,
        title_of(job.kind, job.given),
        about(job.given),
        _where(job, around),
        user.display_name if user is not None else _("the server itself"),
        str(_l("is stopped")) if stopping else str(STATES[job.state]),
        BADGES.get(job.state, ""),
        job.progress / WHOLE,
        line_of(job, waits),
        begun_anew(job),
        url_for("jobs.result", id=job.id) if job.state == DONE and job.result_place else "",
        stopping,
        bool(user and job.tenant_id) and (job.user_id, job.tenant_id) not in around.open_to,
    )


def about(given: Mapping[str, Any]) -> str:
    """Return what tells a job from others of its title: the account, the search and the days that it was asked for."""
    preset = PRESETS.get(str(given.get("preset") or ""))
    parts = [
        given.get("account"),
        given.get("text"),
        preset or _days(given.get("first"), given.get("last")),
    ]
    return ", ".join(str(part) for part in parts if part)[:300]


def _days(first: Any, last: Any) -> str:
    if first and last:
        return _day(first) if first == last else f"{_day(first)} – {_day(last)}"
    if last:
        return _("Up to %(date)s", date=_day(last))
    return _("From %(date)s", date=_day(first)) if first else ""


def _day(typed: Any) -> str:
    try:
        return formats.date(parse_date(str(typed)))
    except BadInput:
        return str(typed)


def line_of(job: Job, waits: Mapping[str, str]) -> str:
    """Return the one line that says what a job waits for, how far it is, what came of it, or why it has ended.

    Args:
        job: the job.
        waits: what jobs wait for, as `waits_of` tells it.
    """
    if job.state == "failed" and job.error:
        return str(job.error)
    if job.state == "cancelled" and job.reason in ("rights", "company") and job.error:
        return str(job.error)  # which names the company
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
