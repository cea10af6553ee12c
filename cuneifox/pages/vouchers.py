"""Vouchers: the form of a draft, its saving and deleting, and posting."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs, shows_again
from cuneifox.audit import note
from cuneifox.clock import today
from cuneifox.draft_saving import save_again
from cuneifox.errors import status_of
from cuneifox.i18n import _, _l, error_text
from cuneifox.identify import current_actor, current_company
from cuneifox.lookups import Chart, Parties, commodities_of_late
from cuneifox.navigation import Link
from cuneifox.pages.reversals import find_posted_voucher, voucher_page
from cuneifox.request import this_request
from cuneifox.security import refuse
from cuneifox.voucher_form import MORE_LINES, VoucherForm
from cuneifox.voucher_view import posted_input, view_draft
from cuneifox.words import shown_name
from models.accounts import account_tree
from models.drafts import Draft, delete_draft, get_draft, save_draft
from models.errors import BadInput, BooksError, Conflict, NotAllowed, NotFound, PeriodLocked
from models.inputs import VoucherInput
from models.journals import list_books
from models.posting import post, post_input

blueprint = Blueprint("vouchers", __name__, url_prefix="/c/<slug>/vouchers")

navigation = [Link(_l("New voucher"), "vouchers.new", 10, "ledger", ("ledger", "add"))]

ACTIONS = ("save", "post", "lines", "delete")
"""What the form's buttons ask for."""


@blueprint.get("/new")
@needs("ledger", "add")
def new() -> ResponseReturnValue:
    """An empty form; ?copy= fills it with the content of another voucher."""
    chart = Chart(account_tree())
    form = VoucherForm(date=today().isoformat())
    copied = request.args.get("copy", "")
    if copied.isascii() and copied.isdigit() and len(copied) < 19:
        form = VoucherForm.of(_content(int(copied)), chart, _decimals())
        form.date = today().isoformat()
    return _form(form, chart)


@blueprint.post("/new")
@needs("ledger", "add")
@shows_again
def create() -> ResponseReturnValue:
    """Keep a new voucher as a draft, or post it at once."""
    chart, action = Chart(account_tree()), _action()
    form = VoucherForm.typed(request.form)
    if this_request().stale:
        return _stale(form, chart)
    if action == "lines":
        return _form(form, chart, more=MORE_LINES)
    given = form.read(chart, Parties(current_actor()), _decimals(), posting=action == "post")
    if given is None:
        return _form(form, chart, status=422)
    try:
        if action == "post":
            posted = post_input(given, by=current_actor(), key=form.key or None)
            return _posted(posted.id, posted.number)
        draft = save_draft(given, by=current_actor(), key=form.key or None)
    except BooksError as error:
        return _form(form, chart, status=_tell(form, error))
    return _kept(draft)


@blueprint.get("/<int:voucher_id>")
@needs("ledger", "read")
def show(voucher_id: int) -> ResponseReturnValue:
    """A posted voucher, or a draft: as a form for those who may edit it."""
    voucher = find_posted_voucher(voucher_id)
    if voucher is not None:
        return voucher_page(voucher)
    draft, chart = get_draft(voucher_id), Chart(account_tree())
    if not current_actor().may("ledger", "edit"):
        view = view_draft(draft, chart)
        return render_template("vouchers/show.html", view=view, decimals=_decimals(), errors={})
    form = VoucherForm.of(draft.as_input(), chart, _decimals(), draft.version)
    return _form(form, chart, draft)


@blueprint.post("/<int:voucher_id>")
@needs("ledger", "add")
@shows_again
def edit(voucher_id: int) -> ResponseReturnValue:
    """Save, post or delete a draft, as the button says."""
    action, form = _action(), VoucherForm.typed(request.form)
    if this_request().stale:
        return _stale(form, Chart(account_tree()), _draft_of_stale(voucher_id))
    if action == "delete":
        return _delete(voucher_id, form.version)
    voucher = find_posted_voucher(voucher_id)
    if voucher is not None and form.key and voucher.key == form.key:  # sent twice
        return redirect(url_for("vouchers.show", voucher_id=voucher_id), 303)
    draft, chart = get_draft(voucher_id), Chart(account_tree())
    if not current_actor().may("ledger", "edit"):  # may post it as it is
        form = VoucherForm.of(draft.as_input(), chart, _decimals(), form.version)
        form.key = request.form.get("key", "")[:100]
    if action == "lines":
        return _form(form, chart, draft, more=MORE_LINES)
    given = form.read(chart, Parties(current_actor()), _decimals(), posting=action == "post")
    if given is None:
        return _form(form, chart, draft, status=422)
    return _save_or_post(draft, given, form, chart, action)


def _stale(form: VoucherForm, chart: Chart, draft: Draft | None = None) -> ResponseReturnValue:
    """Show what was typed under a new token; nothing is done until it is sent again."""
    form.errors[""] = _("You signed in again meanwhile. Look it through, and send it once more.")
    return _form(form, chart, draft, status=400)


def _draft_of_stale(voucher_id: int) -> Draft:
    try:
        return get_draft(voucher_id)
    except NotFound:  # or posted by now: there is nothing to show what was typed for
        refuse()


def _save_or_post(
    draft: Draft, given: VoucherInput, form: VoucherForm, chart: Chart, action: str
) -> ResponseReturnValue:
    try:
        draft = save_again(draft, given, form.version, by=current_actor())
    except BooksError as error:
        status = _tell(form, error)
        if isinstance(error, Conflict):  # told; who saves now means to
            form.version = get_draft(draft.id).version
        return _form(form, chart, draft, status=status, conflict=isinstance(error, Conflict))
    if action != "post":
        return _kept(draft)
    try:
        key = form.key or None
        voucher = post(draft.id, by=current_actor(), key=key, version=draft.version)
    except BooksError as error:
        status = _tell(form, error)
        form.version = draft.version
        return _form(form, chart, draft, status=status, saved=True)
    return _posted(voucher.id, voucher.number)


def _action() -> str:
    action = request.form.get("action", "save")
    return action if action in ACTIONS else abort(400)


def _content(voucher_id: int) -> VoucherInput:
    voucher = find_posted_voucher(voucher_id)
    return posted_input(voucher) if voucher is not None else get_draft(voucher_id).as_input()


def _decimals() -> int:
    return int(current_company().decimals)


def _tell(form: VoucherForm, error: BooksError) -> int:
    """Put an error on the form and return the status of the page; 403 has a page of its own."""
    if isinstance(error, NotAllowed) or status_of(error) >= 500:
        raise error
    if isinstance(error, BadInput):
        form.tell(error, _decimals())
    else:
        form.errors["date" if isinstance(error, PeriodLocked) else ""] = error_text(error)
    return status_of(error)


def _kept(draft: Draft) -> ResponseReturnValue:
    note("vouchers.edit" if draft.version > 1 else "vouchers.new", str(draft.id))
    flash(_("The draft is saved. It isn't in the books until it is posted."), "success")
    return redirect(url_for("vouchers.show", voucher_id=draft.id), 303)


def _posted(voucher_id: int, number: str) -> ResponseReturnValue:
    note("vouchers.post", number)
    flash(_("Posted as %(number)s.", number=number), "success")
    return redirect(url_for("vouchers.show", voucher_id=voucher_id), 303)


def _delete(voucher_id: int, version: int) -> ResponseReturnValue:
    try:
        delete_draft(voucher_id, by=current_actor(), version=version or None)
    except NotFound:  # sent twice, or somebody was faster
        flash(_("There is no such draft any more."), "info")
    else:
        note("vouchers.delete", str(voucher_id))
        flash(_("The draft was deleted."), "success")
    return redirect(url_for("journal.index", status="draft"), 303)


def _form(
    form: VoucherForm,
    chart: Chart,
    draft: Draft | None = None,
    *,
    more: int = 0,
    status: int = 200,
    conflict: bool = False,
    saved: bool = False,
) -> ResponseReturnValue:
    decimals, actor = _decimals(), current_actor()
    debit, credit = form.totals(decimals)
    commodities = sorted({*chart.commodities(), *commodities_of_late()})
    books = [(book.stid, f"{book.code} {shown_name(book)}") for book in list_books()]
    page = render_template(
        "vouchers/form.html",
        form=form,
        errors=form.errors,
        lines=form.padded(more),
        draft=draft,
        conflict=conflict,
        saved=saved,
        decimals=decimals,
        debit=debit,
        credit=credit,
        books=books,
        accounts=chart.offered(),
        commodities=commodities,
        quantities=bool(form.has_quantities or commodities or request.form.get("quantities")),
        parties=list(Parties(actor).offered()),
        may_delete=draft is not None and actor.may("ledger", "delete"),
    )
    return page, status
