"""Recurring vouchers: their list, the form of one with what it comes to, pausing, and making one by hand."""

from __future__ import annotations

from datetime import date as Date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs, shows_again
from cuneifox.audit import note, noted_elsewhere
from cuneifox.errors import status_of
from cuneifox.i18n import LANGUAGES, _, _l, error_text, ngettext
from cuneifox.identify import current_actor, current_company
from cuneifox.lookups import Chart, Parties
from cuneifox.navigation import Link
from cuneifox.recurring_form import MORE_LINES, TemplateForm
from cuneifox.recurring_timing import EVERY, month_days, months, quarters, weekdays
from cuneifox.recurring_view import as_rows, first_choice, offered_slots, shown_previews
from cuneifox.recurring_words import DATE_RULES, MISSED, told_of
from cuneifox.request import this_request
from cuneifox.security import refuse
from cuneifox.services import services
from cuneifox.words import shown_name
from models.accounts import account_tree
from models.errors import BadInput, BooksError, Conflict, NotAllowed, NotFound
from models.journals import list_books
from models.recurring.checking import checked_template
from models.recurring.copied import resume_copied, template_numbers
from models.recurring.given import TemplateInput
from models.recurring.runs import make_voucher, runs_of
from models.recurring.scheduling import (
    Timing,
    days_ahead,
    end_schedule,
    is_due_on,
    last_jobs,
    schedule_of,
    schedules_of,
    set_pause,
    set_schedule,
)
from models.recurring.template import (
    RecurringVoucher,
    add_template,
    change_template,
    delete_template,
    get_template,
    list_templates,
)
from models.recurring.texts import PLACEHOLDERS

blueprint = Blueprint("recurring", __name__, url_prefix="/c/<slug>/recurring")

navigation = [Link(_l("Recurring vouchers"), "recurring.index", 25, "ledger", ("ledger", "read"))]

ACTIONS = ("save", "preview", "lines")
"""What the form's buttons ask for."""

AHEAD = 3
"""Slots to come that are shown, and may be made ahead of time."""


@blueprint.get("")
@needs("ledger", "read")
def index() -> ResponseReturnValue:
    """All recurring vouchers: when each is due next, and what came of it the last time."""
    tenant_id, templates = _tenant_id(), list_templates()
    rows = as_rows(templates, schedules_of(tenant_id), last_jobs(tenant_id), services().now())
    copied = [row for row in rows if row.rests_since_copied]
    return render_template("recurring/index.html", rows=rows, copied=copied)


@blueprint.post("/resume")
@needs("ledger", "edit")
def resume() -> ResponseReturnValue:
    """Let all go on that rest since they came along with a copy of the books; slots that have passed are left out."""
    count = resume_copied(
        _tenant_id(), template_numbers(), by=current_actor(), now=services().now()
    )
    if count:
        note("recurring.resume", str(count))
    else:
        noted_elsewhere()
    flash(
        ngettext("%(num)s recurring voucher goes on.", "%(num)s recurring vouchers go on.", count),
        "success" if count else "info",
    )
    return redirect(url_for("recurring.index"), 303)


@blueprint.route("/new", methods=["GET", "POST"])
@needs("ledger", "add")
@shows_again
def new() -> ResponseReturnValue:
    """The form of a recurring voucher to come, with what it would make."""
    if request.method != "POST":
        form = TemplateForm()
        form.timing.zone = services().config.time_zone
        return _form(form)
    return _sent(None)


@blueprint.get("/<int:stid>")
@needs("ledger", "read")
def show(stid: int) -> ResponseReturnValue:
    """A recurring voucher: the next vouchers as they would be now, and what was made of it."""
    return _page(get_template(stid))


@blueprint.route("/<int:stid>/edit", methods=["GET", "POST"])
@needs("ledger", "edit")
@shows_again
def edit(stid: int) -> ResponseReturnValue:
    """The form of a recurring voucher that is there."""
    template = _of_stale(stid) if this_request().stale else get_template(stid)
    if request.method == "POST":
        return _sent(template)
    form = TemplateForm.of(
        template.as_input(), _timing(stid), Chart(account_tree()), template.version
    )
    form.timing.zone = form.timing.zone or services().config.time_zone
    return _form(form, template)


@blueprint.post("/<int:stid>/pause")
@needs("ledger", "edit")
def pause(stid: int) -> ResponseReturnValue:
    """Let a recurring voucher rest, or go on from now; slots that pass meanwhile are left out."""
    template = get_template(stid)
    paused = request.form.get("paused") == "1"
    set_pause(_tenant_id(), stid, paused, by=current_actor(), now=services().now())
    note("recurring.pause" if paused else "recurring.resume", template.name)
    flash(_("It is paused.") if paused else _("It goes on."), "success")
    return redirect(url_for("recurring.show", stid=stid), 303)


@blueprint.post("/<int:stid>/delete")
@needs("ledger", "delete")
def delete(stid: int) -> ResponseReturnValue:
    """Delete a recurring voucher; what was made of it stays in the books."""
    template = get_template(stid)
    end_schedule(_tenant_id(), stid, by=current_actor())
    delete_template(stid, by=current_actor())
    note("recurring.delete", template.name)
    flash(_("%(name)s was deleted.", name=template.name), "success")
    return redirect(url_for("recurring.index"), 303)


@blueprint.post("/<int:stid>/run")
@needs("ledger", "add")
def run(stid: int) -> ResponseReturnValue:
    """Make the voucher of a chosen slot now, unless it was made before."""
    template, timing = get_template(stid), _timing(stid)
    slot = _slot(timing)
    if slot is None:
        return _page(template, _("Choose one of the days on which it is due."), 422)
    try:
        made = make_voucher(stid, slot, by=current_actor(), anew=True)
    except NotAllowed:
        raise
    except BooksError as error:
        return _page(template, error_text(error), status_of(error))
    if not made.repeated:
        note("recurring.run", f"{template.name}: {made.number or made.voucher_id}")
    flash(told_of(made), "info" if made.repeated else "success")
    return redirect(url_for("recurring.show", stid=stid), 303)


def _slot(timing: Timing | None) -> Date | None:
    """The day that was chosen; None where nothing is due on it, or too far ahead."""
    try:
        day = Date.fromisoformat(request.form.get("slot", ""))
    except ValueError:
        return None
    if timing is None or not is_due_on(timing, day):
        return None
    ahead = days_ahead(timing, services().now(), AHEAD)
    return day if ahead and day <= ahead[-1] else None


def _of_stale(stid: int) -> RecurringVoucher:
    try:
        return get_template(stid)
    except NotFound:  # there is nothing to show what was typed for
        refuse()


def _sent(template: RecurringVoucher | None) -> ResponseReturnValue:
    """Save what was sent, or show it with what it would make, as the button says."""
    action, chart = request.form.get("action", "save"), Chart(account_tree())
    form = TemplateForm.typed(request.form)
    if action not in ACTIONS:
        abort(400)
    if this_request().stale:
        form.errors[""] = _(
            "You signed in again meanwhile. Look it through, and send it once more."
        )
        return _form(form, template, chart=chart, status=400)
    if action == "lines":
        return _form(form, template, chart=chart, more=MORE_LINES)
    read = form.read(chart, Parties(current_actor()))
    if read is None:
        return _form(form, template, chart=chart, status=422)
    try:
        if action == "preview":
            meant = (checked_template(read[0]), read[1])
            return _form(form, template, chart=chart, meant=meant)
        kept = _save(template, read[0], form.version)
    except BooksError as error:
        return _refused(form, template, chart, error)
    set_schedule(_tenant_id(), kept, read[1], by=current_actor(), now=services().now())
    note("recurring.edit" if template else "recurring.new", kept.name)
    flash(_("%(name)s was saved.", name=kept.name), "success")
    return redirect(url_for("recurring.show", stid=kept.stid), 303)


def _save(
    template: RecurringVoucher | None, given: TemplateInput, version: int
) -> RecurringVoucher:
    if template is None:
        return add_template(given, by=current_actor())
    return change_template(template.stid, given, by=current_actor(), version=version)


def _refused(
    form: TemplateForm, template: RecurringVoucher | None, chart: Chart, error: BooksError
) -> ResponseReturnValue:
    if isinstance(error, NotAllowed) or status_of(error) >= 500:
        raise error
    if isinstance(error, BadInput):
        form.tell(error)
    else:
        form.errors[""] = error_text(error)
    if isinstance(error, Conflict) and template is not None:  # told; who saves now means to
        form.version = get_template(template.stid).version
    return _form(form, template, chart=chart, status=status_of(error))


def _tenant_id() -> str:
    return str(current_company().tenant_id)


def _timing(stid: int) -> Timing | None:
    schedule = schedule_of(_tenant_id(), stid)
    return None if schedule is None else Timing(schedule.cron, schedule.zone, schedule.missed)


def _page(template: RecurringVoucher, problem: str = "", status: int = 200) -> ResponseReturnValue:
    stid, now = template.stid, services().now()
    schedule, timing = schedule_of(_tenant_id(), stid), _timing(stid)
    ahead = days_ahead(timing, now, AHEAD) if timing else []
    given, chart = template.as_input(), Chart(account_tree())
    slots = offered_slots(stid, timing, ahead, now) if timing else []
    page = render_template(
        "recurring/show.html",
        template=template,
        book=next((book for book in list_books(inactive=True) if book.stid == given.book), None),
        schedule=schedule,
        date_rules=DATE_RULES,
        missed=MISSED,
        problem=problem,
        previews=shown_previews(given, ahead, chart, stid),
        runs=runs_of(stid),
        slots=slots,
        chosen=first_choice(slots, ahead),
        last=last_jobs(_tenant_id()).get(stid),
        decimals=int(current_company().decimals),
    )
    return page, status


def _form(
    form: TemplateForm,
    template: RecurringVoucher | None = None,
    *,
    chart: Chart | None = None,
    more: int = 0,
    status: int = 200,
    meant: tuple[TemplateInput, Timing] | None = None,
) -> ResponseReturnValue:
    chart = chart or Chart(account_tree())
    shown: dict[str, Any] = {}
    if meant is not None:
        given, timing = meant
        ahead = days_ahead(timing, services().now(), AHEAD)
        stid = template.stid if template is not None else None
        shown = {"cron": timing.cron, "previews": shown_previews(given, ahead, chart, stid)}
    page = render_template(
        "recurring/form.html",
        template=template,
        form=form,
        errors=form.errors,
        lines=form.padded(more),
        books=[(book.stid, f"{book.code} {shown_name(book)}") for book in list_books()],
        accounts=chart.offered(),
        parties=list(Parties(current_actor()).offered()),
        date_rules=list(DATE_RULES.items()),
        missed=list(MISSED.items()),
        every=EVERY,
        month_days=month_days(),
        weekdays=weekdays(),
        months=months(),
        quarters=quarters(),
        languages=list(LANGUAGES.items()),
        placeholders=list(PLACEHOLDERS),
        zones=sorted({services().config.time_zone, "Asia/Bangkok", "UTC"}),
        decimals=int(current_company().decimals),
        **shown,
    )
    return page, status
