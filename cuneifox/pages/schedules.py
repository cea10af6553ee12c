"""Schedules: what the server does by itself, and when; for administrators."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.cron_words import in_words
from cuneifox.forms import told
from cuneifox.i18n import LazyText, _, _l
from cuneifox.identify import current_visit
from cuneifox.jobs.kinds import KINDS, title_of
from cuneifox.jobs.requesting import send
from cuneifox.navigation import Link
from cuneifox.rosters import tenant_named
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from models.errors import BadInput, BooksError, NotFound
from models.jobs.asking import Asker, ask
from models.jobs.job import LATER
from models.jobs.schedules import Schedule, make_schedule

blueprint = Blueprint("schedules", __name__, url_prefix="/schedules")

navigation = [Link(_l("Schedules"), "schedules.index", 43, "installation", administrators=True)]

MISSED: dict[str, LazyText] = {
    "skip": _l("are left out"),
    "latest": _l("are made up for once"),
    "each": _l("are made up for one by one"),
}

OFFERED = ("backup", "drill", "clean_up", "check_up", "freeze_month")
"""Kinds of work that administrators may put on a schedule here; others have pages of their own."""

FIELDS = ("kind", "company", "cron", "zone", "missed")


class Row(NamedTuple):
    """A schedule as it is shown; `following` are its next times in UTC seconds."""

    schedule: Schedule
    title: str
    company: str
    words: str
    missed: LazyText
    following: list[float]
    own: bool


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """All schedules with their next times, and a form for another one."""
    return _page({}, {})


@blueprint.post("")
@administrators
def make() -> ResponseReturnValue:
    """Put a kind of work on a schedule, for a company or for the installation."""
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    here = services()
    try:
        tenant_id = _company_of(given)
        make_schedule(
            given["kind"], given["cron"], given["zone"], now=here.now(), tenant_id=tenant_id, missed=given["missed"],
            made_by=current_visit().user.id,
        )  # fmt: skip
    except BooksError as error:
        errors, status = told(error, FIELDS)
        return _page(given, errors), status
    note("schedules.make", f"{given['kind']} {given['cron']}", _company(tenant_id))
    flash(_("It is on the schedule."), "success")
    return redirect(url_for("schedules.index"), 303)


@blueprint.post("/<int:number>/pause")
@administrators
def pause(number: int) -> ResponseReturnValue:
    """Let a schedule rest."""
    return _set_pause(number, True)


@blueprint.post("/<int:number>/resume")
@administrators
def resume(number: int) -> ResponseReturnValue:
    """Let a schedule go on, from now."""
    return _set_pause(number, False)


@blueprint.post("/<int:number>/delete")
@administrators
def delete(number: int) -> ResponseReturnValue:
    """Remove a schedule that somebody made; those of the program can only rest."""
    schedule = _found(number)
    if schedule.name is not None:
        raise BadInput("This schedule is the program's own: let it rest instead.")
    schedule.delete_instance()
    note("schedules.delete", f"{schedule.kind} {schedule.cron}", _company(schedule.tenant_id))
    return redirect(url_for("schedules.index"), 303)


@blueprint.post("/<int:number>/run")
@administrators
def run(number: int) -> ResponseReturnValue:
    """Do at once what a schedule is for, besides its times."""
    schedule, here = _found(number), services()
    wanted = KINDS.get(schedule.kind)
    job, _is_new = ask(
        schedule.kind, schedule.given, Asker(identity=f"schedule:{schedule.kind}"), now=here.now(),
        tenant_id=schedule.tenant_id, priority=LATER, most_attempts=wanted.most_attempts if wanted else 1,
    )  # fmt: skip
    send(here, job)
    note("schedules.run", schedule.kind, _company(schedule.tenant_id))
    return redirect(url_for("jobs.show", id=job.id), 303)


def _set_pause(number: int, paused: bool) -> ResponseReturnValue:
    schedule = _found(number)
    schedule.set_pause(paused, now=services().now())
    action = "schedules.pause" if paused else "schedules.resume"
    note(action, f"{schedule.kind} {schedule.cron}", _company(schedule.tenant_id))
    return redirect(url_for("schedules.index"), 303)


def _found(number: int) -> Schedule:
    schedule = Schedule.get_or_none(Schedule.id == number) if number < 2**63 else None
    if schedule is None:
        raise NotFound("There is no such schedule any more.")
    return schedule


def _company_of(given: dict[str, str]) -> str:
    """Return the id of the company that a new schedule is for, "" for none. Raises BadInput."""
    if given["kind"] not in OFFERED:
        raise BadInput("Choose what is to be done.", field="kind")
    if not KINDS[given["kind"]].of_company:
        return ""
    tenant = tenant_named(given["company"]) if given["company"] else None
    if tenant is None:
        raise BadInput("Name the company by its short name.", field="company")
    return tenant.id


def _company(tenant_id: str) -> Company | None:
    return Company.get_or_none(Company.tenant_id == tenant_id) if tenant_id else None


def _page(given: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "schedules/index.html",
        rows=_rows(),
        given=given
        or {"zone": services().config.time_zone, "missed": "latest", "cron": "0 2 1 * *"},
        errors=errors,
        offered=[(name, title_of(name, {})) for name in OFFERED],
        missed=list(MISSED.items()),
    )


def _rows() -> list[Row]:
    schedules = list(
        Schedule.select().order_by(Schedule.name.is_null(), Schedule.name, Schedule.id)
    )
    ids = [each.tenant_id for each in schedules if each.tenant_id]
    companies = {row.tenant_id: row for row in Company.select().where(Company.tenant_id.in_(ids))}
    now = services().now()
    return [_row(each, companies.get(each.tenant_id), now) for each in schedules]


def _row(schedule: Schedule, company: Any, now: float) -> Row:
    return Row(
        schedule,
        title_of(schedule.kind, schedule.given),
        shown_name(company) if company is not None else "",
        in_words(schedule.cron),
        MISSED[schedule.missed],
        [] if schedule.paused else schedule.next_slots(now),
        schedule.name is not None,
    )
