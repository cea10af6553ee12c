"""Files that take longer: asked for on a report's page, made beside it, and shown there as soon as they are ready."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs, only_reads
from cuneifox.audit import note
from cuneifox.clock import today
from cuneifox.i18n import _l, error_text
from cuneifox.identify import current_visit
from cuneifox.jobs.kinds import title_of
from cuneifox.jobs.requesting import request_job
from cuneifox.jobs.works.vouchers import MOST_VOUCHERS
from cuneifox.journal_scope import FILTERS, asked_of, ids_to_print, wanted_of
from cuneifox.navigation import Link
from cuneifox.one_state import one_state
from cuneifox.pages import journal
from cuneifox.papers import FORMS
from cuneifox.papers.statements import FORMS as STATEMENT_FORMS
from cuneifox.report_requests import Asked, check_days, table_of
from cuneifox.scope_form import PRESETS, BadScope, ScopeForm
from cuneifox.statement_papers import statements_of
from models.errors import BadInput
from models.registers import Customer

SCOPE = ("first", "last", "preset", "account", "empty", "before_closing", "negative")
"""What may be asked of a report besides its name and form."""

MOST_OFFERED = 500
"""Customers that a form offers to choose from."""

blueprint = Blueprint("papers", __name__, url_prefix="/c/<slug>")

navigation = [
    Link(_l("Whole ledger"), "papers.whole_ledger", 25, "reports", ("ledger", "read")),
    Link(_l("Statements of account"), "papers.statements", 50, "reports", ("receivables", "read")),
]


@blueprint.get("/reports/whole-ledger")
@needs("ledger", "read")
def whole_ledger() -> ResponseReturnValue:
    """The form for the ledger of all accounts, which is made as a file."""
    return _whole_ledger(_scope_of(request.args), {})


# Each form is sent to the address at which it stands, so that a refused one can be loaded anew.


@blueprint.post("/reports/whole-ledger")
@needs("ledger", "read")
@only_reads
def ask_whole_ledger() -> ResponseReturnValue:
    """Have the ledger of all accounts made as a file. What is wrong with its scope is told on its form."""
    given = _given(SCOPE)
    try:
        form = _form()
        with one_state():
            table_of("whole-ledger", given)
    except BadInput as error:
        return _whole_ledger(_scope_of(given), _errors(error)), 422
    arguments = {"report": "whole-ledger", "form": form, **given}
    return _asked("report", arguments, "papers.whole_ledger", given)


@blueprint.post("/reports/ledger")
@needs("ledger", "read")
@only_reads
def ask_ledger() -> ResponseReturnValue:
    """Have an account's ledger made as a file beside the page, which tells what is wrong with its scope."""
    given, form = _given(SCOPE), _form()
    try:
        with one_state():
            table_of("ledger", given)
    except BadInput:
        return redirect(url_for("reports.ledger", **given), 303)  # where the same is told
    return _asked("report", {"report": "ledger", "form": form, **given}, "reports.ledger", given)


@blueprint.post("/journal")
@needs("ledger", "read")
@only_reads
def ask_journal() -> ResponseReturnValue:
    """Have what the journal's filter shows made as a file beside the page: the list, or as `what` vouchers on paper."""
    asked, given = asked_of(request.values), _given(FILTERS)
    try:
        form = _form()
        if request.form.get("what") == "vouchers":
            wanted = wanted_of(asked)
            check_days(wanted["first"], wanted["last"])
            with one_state():
                ids_to_print(wanted, MOST_VOUCHERS)
            return _asked("vouchers", given, "journal.index", given)
        with one_state():
            table_of("journal", given)
    except BadInput as error:
        return journal.refused(asked, error)
    return _asked("report", {"report": "journal", "form": form, **given}, "journal.index", given)


def _given(names: Iterable[str]) -> dict[str, Any]:
    """What was sent of these, in the form or in its address."""
    sent = {name: request.values.get(name, "").strip() for name in names}
    return {name: value for name, value in sent.items() if value}


def _form() -> str:
    form = request.form.get("form", "")
    if form not in FORMS:
        raise BadInput("Choose CSV, XLSX or PDF.", field="form")
    return form


@blueprint.get("/statements")
@needs("receivables", "read")
def statements() -> ResponseReturnValue:
    """The form for statements of account, of all customers or of some."""
    return _statements(_scope_of(request.args), request.args.getlist("customers"), {})


@blueprint.post("/statements")
@needs("receivables", "read")
@only_reads
def ask_statements() -> ResponseReturnValue:
    """Have statements of account made beside the page, as one PDF or as a zip with one for each customer."""
    customers = request.form.getlist("customers")
    given: dict[str, Any] = {
        name: request.form[name].strip()
        for name in ("first", "last", "preset", "account")
        if request.form.get(name)
    }
    scope, form = _scope_of(given), request.form.get("form", "")
    try:
        if form not in STATEMENT_FORMS:
            raise BadInput("Choose one PDF, or a zip.", field="form")
        with one_state():
            statements_of({**given, "customers": customers})
    except BadInput as error:
        return _statements(scope, customers, _errors(error)), 422
    return _asked(
        "statements", {"form": form, "customers": customers, **given}, "papers.statements", given
    )


def _asked(
    kind: str, arguments: dict[str, Any], page: str, given: dict[str, Any]
) -> ResponseReturnValue:
    """Ask for a job, and go back to the page, which shows how far it is."""
    job = request_job(current_visit(), kind, arguments)
    note("papers.ask", str(title_of(kind, arguments)))
    return redirect(url_for(page, **{**given, "job": job.id}), 303)


def _errors(error: BadInput) -> dict[str, str]:
    return error.errors if isinstance(error, BadScope) else {error.field: error_text(error)}


def _scope_of(given: Any) -> ScopeForm:
    """The scope as typed, or the year that was worked in last where nothing was."""
    asked = Asked.typed({name: given.get(name) for name in ("first", "last", "preset")})
    if not (asked.scope.first or asked.scope.last) or asked.scope.preset:
        with suppress(BadInput):
            asked.scope.read(today())
    return asked.scope


def _presets(endpoint: str) -> list[tuple[Any, str]]:
    return [(label, url_for(endpoint, preset=key)) for key, label in PRESETS.items()]


def _whole_ledger(scope: ScopeForm, errors: dict[str, str]) -> str:
    return render_template(
        "papers/whole_ledger.html",
        scope=scope,
        errors=errors,
        presets=_presets("papers.whole_ledger"),
    )


def _statements(scope: ScopeForm, chosen: list[str], errors: dict[str, str]) -> str:
    rows = Customer.select().where(Customer.active).order_by(Customer.code).limit(MOST_OFFERED + 1)
    customers = list(rows)
    return render_template(
        "papers/statements.html", scope=scope, errors=errors, presets=_presets("papers.statements"),
        customers=customers[:MOST_OFFERED], chosen=set(chosen), more=len(customers) > MOST_OFFERED,
    )  # fmt: skip
