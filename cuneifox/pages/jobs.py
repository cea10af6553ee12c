"""Jobs: how far they are, what they have made, and why they failed; one's own, and to administrators all."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note, noted_elsewhere
from cuneifox.i18n import _l, current_language
from cuneifox.identify import current_visit
from cuneifox.job_events import Streams, event_of, stream, tidings
from cuneifox.job_view import STATES, views_of
from cuneifox.jobs.fetching import find_job, result_of, visit_in
from cuneifox.jobs.requesting import request_job
from cuneifox.navigation import Link
from cuneifox.services import services
from models.companies import Company
from models.errors import Conflict, NotAllowed
from models.jobs import lists, stopping
from models.jobs.job import LATER, Job

PAGE = 50

INLINE = ("application/pdf",)
"""Results that a browser may show in a tab of its own; anything else is only ever saved."""

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")

navigation = [
    Link(_l("My jobs"), "jobs.index", 5, "installation"),
    Link(_l("All jobs"), "jobs.all_jobs", 42, "installation", administrators=True),
]


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The jobs of whoever visits, the latest first. What has ended counts as told then."""
    user = current_visit().user
    jobs = lists.jobs_of(user.id, size=PAGE, under=_under())
    page = render_template(
        "jobs/index.html", rows=views_of(jobs), following=_following(jobs), keep_days=services().config.jobs.keep_days
    )  # fmt: skip
    lists.mark_seen(user.id)
    return page


@blueprint.get("/all")
@administrators
def all_jobs() -> ResponseReturnValue:
    """Everybody's jobs and the server's own, the latest first."""
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    jobs = lists.all_jobs(size=PAGE, under=_under(), state=state)
    return render_template(
        "jobs/all.html", rows=views_of(jobs), following=_following(jobs, state=state or None), state=state,
        states=STATES,
    )  # fmt: skip


@blueprint.get("/<id>")
def show(id: str) -> ResponseReturnValue:
    """One job. To administrators with the trace of what went wrong, and which worker has it."""
    visit = current_visit()
    job = find_job(id, visit)
    (view,) = views_of([job])
    page = render_template("jobs/show.html", view=view, mine=job.user_id == visit.user.id)
    lists.mark_seen(visit.user.id, [job.id])
    return page


@blueprint.get("/<id>/piece")
def piece(id: str) -> ResponseReturnValue:
    """One job, as it stands in lists and on its page: for a page that puts it in the place of what it showed."""
    visit = current_visit()
    job = find_job(id, visit)
    (view,) = views_of([job])
    html = render_template("jobs/piece.html", view=view, mine=job.user_id == visit.user.id)
    if request.args.get("seen") == "1":
        lists.mark_seen(visit.user.id, [job.id])
    return html


@blueprint.get("/<id>/result")
def result(id: str) -> ResponseReturnValue:
    """What a job has made, for who asked for it, as long as they may read what is in it."""
    visit = current_visit()
    job = find_job(id, visit)
    path = result_of(job, visit)
    inline = request.args.get("show") == "1" and job.result_type in INLINE
    lists.mark_seen(visit.user.id, [job.id])
    response = send_file(
        path, mimetype=job.result_type, as_attachment=not inline, download_name=job.result_name,
        conditional=True, etag=False, max_age=None,
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"  # as all that is in the books
    return response


@blueprint.post("/<id>/cancel")
def cancel(id: str) -> ResponseReturnValue:
    """Have a job stop, or not begin."""
    visit = current_visit()
    job = find_job(id, visit)
    if stopping.cancel(job.id, now=services().now()):
        note("jobs.cancel", job.kind, _company_of(job))
    else:
        noted_elsewhere()
    return redirect(url_for("jobs.show", id=job.id), 303)


@blueprint.post("/<id>/again")
def again(id: str) -> ResponseReturnValue:
    """Ask once more for what a job was asked for, with the rights of now."""
    visit = current_visit()
    job = find_job(id, visit)
    if job.user_id != visit.user.id and job.user_id:
        raise NotAllowed("Only who asked for a job can ask for it again.")
    if job.is_open:
        raise Conflict("It has not ended yet.")
    anew = request_job(visit_in(visit, job.tenant_id), job.kind, job.given, priority=LATER)
    note("jobs.again", job.kind, _company_of(job))
    return redirect(url_for("jobs.show", id=anew.id), 303)


@blueprint.get("/state.json")
def state() -> ResponseReturnValue:
    """How one's jobs stand, for pages that can't listen."""
    return tidings(services(), current_visit().user.id, _everybody())


@blueprint.get("/events")
def events() -> ResponseReturnValue:
    """The same as server-sent events; 503 where as many listen as there is room for, who then ask instead."""
    visit = current_visit()
    streams: Streams = current_app.extensions["job_streams"]
    news = tidings(services(), visit.user.id, _everybody())
    if not news["under_way"] or request.method == "HEAD":
        # there is nothing to wait for, or nobody who waits
        return Response(event_of(news), mimetype="text/event-stream")
    if not streams.begin():
        return Response(status=503, headers={"Retry-After": "5"})
    steps = stream(services(), streams, visit.session.digest, current_language(), _everybody())
    response = Response(steps, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
    response.call_on_close(streams.end)
    return response


def _everybody() -> bool:
    return request.args.get("all") == "1" and current_visit().user.is_administrator


def _company_of(job: Job) -> Company | None:
    return Company.get_or_none(Company.tenant_id == job.tenant_id) if job.tenant_id else None


def _under() -> lists.Place | None:
    """Where the page begins; None on the first one, or where that can't be understood."""
    asked_at, _colon, id = request.args.get("before", "").partition(":")
    try:
        return lists.Place(float(asked_at), id)
    except ValueError:
        return None


def _following(jobs: list[Job], **args: Any) -> str | None:
    if len(jobs) < PAGE or request.endpoint is None:
        return None
    last = jobs[-1]
    return url_for(request.endpoint, before=f"{last.asked_at!r}:{last.id}", **args)
