"""Reports across companies: the trial balances of several side by side, for who may read their ledgers."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import only_reads
from cuneifox.audit import note
from cuneifox.calendar_scope import CALENDAR_PRESETS, CalendarScope
from cuneifox.clock import now_shown
from cuneifox.consolidated_papers import consolidated_paper
from cuneifox.consolidated_requests import FIGURES, KINDS, Asked, asked_of
from cuneifox.consolidated_table import consolidated_table
from cuneifox.consolidation import FAILURES, READ, days_of, read_parts
from cuneifox.downloads import csv_response, table_response
from cuneifox.i18n import _l, error_text
from cuneifox.identify import current_visit
from cuneifox.jobs.kinds import title_of
from cuneifox.jobs.requesting import request_job
from cuneifox.navigation import Link
from cuneifox.papers import FORMS
from cuneifox.report_json import json_response
from cuneifox.rosters import readable, reads_several, tenant_named, with_tenants
from cuneifox.scope_form import BadScope
from cuneifox.services import services
from models.companies import Company
from models.errors import BadInput
from models.people import Membership
from models.reports.consolidated import Consolidated, consolidate
from tenants import Tenant

blueprint = Blueprint("consolidated", __name__, url_prefix="/consolidated")

navigation = [
    Link(
        _l("Consolidated reports"),
        "consolidated.trial_balance",
        15,
        "installation",
        when=lambda visit: reads_several(visit.user),
    )
]

KEPT = ("show", "empty", "before_closing", "negative")

LONGEST = 2000
"""Characters of an address that shows a report again; with more companies in it, the job's own page is shown."""

_SLUG = re.compile(r"[^\s,;]+")


class TooMany(BadInput):
    """Raised for more companies than the page shows, as many as a file may have."""


def show_trial_balance(form: str) -> ResponseReturnValue:
    """A column for each ?company=, summed by currency; what can't be read is shown in its place."""
    scope = CalendarScope.typed(request.args)
    asked = _slugs()
    if form == "html" and "company" not in request.args:
        return _page(scope, asked, None, {})
    try:
        made, meant = _made(scope, asked)
        if form in ("xlsx", "pdf"):
            by = current_visit().user.display_name
            paper = consolidated_paper(form, made, meant.figure, now_shown(), by, meant.parentheses)
            return table_response(form, paper)
        if form == "csv":
            bom = request.args.get("bom", "1") != "0"
            return csv_response(consolidated_table(made, meant.figure), bom)
    except BadInput as error:
        if form == "json":
            raise
        return _refused(scope, asked, error)
    if form == "json":
        return json_response(made)
    return _page(scope, asked, made, {})


blueprint.add_url_rule(
    "/trial-balance", "trial_balance", show_trial_balance, defaults={"form": "html"}
)
blueprint.add_url_rule(
    "/trial-balance.<any(json, csv, xlsx, pdf):form>", "trial_balance", show_trial_balance
)


@blueprint.post("/trial-balance")
@only_reads
def ask() -> ResponseReturnValue:
    """Have it made as a file beside the page, of more companies than the page shows and however long."""
    scope = CalendarScope.typed(request.form)
    slugs, settings = _slugs(), services().config.consolidated
    given: dict[str, Any] = {name: request.form[name] for name in KEPT if request.form.get(name)}
    try:
        form = request.form.get("form", "")
        if form not in FORMS:
            raise BadInput("Choose CSV, XLSX or PDF.", field="form")
        chosen = _chosen(slugs, settings.file_companies)
        asked_of(request.form, scope)
    except BadInput as error:
        return _refused(scope, slugs, error)
    ids = [tenant.id for _company, tenant in chosen]
    given |= {name: day for name, day in (("first", scope.first), ("last", scope.last)) if day}
    arguments = {"companies": ids, "form": form, **given}
    job = request_job(current_visit(), "consolidated", arguments)
    for company, _tenant in chosen:
        note("papers.ask", str(title_of("consolidated", arguments)), company)
    back = url_for("consolidated.trial_balance", company=slugs, job=job.id, **given)
    shown = len(chosen) <= settings.companies and len(back) <= LONGEST
    return redirect(back if shown else url_for("jobs.show", id=job.id), 303)


def _slugs() -> list[str]:
    """The short names that were sent, in one field or in several."""
    return [slug for given in request.values.getlist("company") for slug in _SLUG.findall(given)]


def _made(scope: CalendarScope, asked: list[str]) -> tuple[Consolidated, Asked]:
    settings = services().config.consolidated
    if settings.companies < len(set(asked)) <= settings.file_companies:
        raise TooMany(
            "Choose %(most)s companies at most, or have it made as a file beside the page.",
            field="company",
            most=settings.companies,
        )
    chosen = _chosen(asked, settings.companies)
    meant = asked_of(request.args, scope)
    parts = read_parts(
        services().router,
        chosen,
        meant.wanted,
        seconds=settings.seconds,
        may_read=lambda company: _membership(company.tenant_id) is not None,
    )
    for (company, _tenant), part in zip(chosen, parts, strict=True):
        if not part.failure:
            note(READ, days_of(meant.wanted), company)
    return consolidate(meant.wanted.first, meant.wanted.last, parts), meant


def _chosen(asked: list[str], most: int) -> list[tuple[Company, Tenant]]:
    """The companies of these short names, each once, with their tenants.

    One that doesn't exist and one that the reader may not read are answered alike.
    """
    slugs = list(dict.fromkeys(asked))
    if not slugs:
        raise BadInput("Choose at least one company.", field="company")
    if len(slugs) > most:
        raise BadInput("Choose %(most)s companies at most.", field="company", most=most)
    return [_company(slug) for slug in slugs]


def _company(slug: str) -> tuple[Company, Tenant]:
    tenant = tenant_named(slug)
    found = None
    if tenant is not None and tenant.slug == slug and _membership(tenant.id) is not None:
        found = Company.get_or_none(Company.tenant_id == tenant.id)
    if tenant is None or found is None:
        raise BadInput(
            "There is no company %(slug)s whose ledger you may read.",
            field="company",
            slug=slug[:80],
        )
    return found, tenant


def _membership(tenant_id: str) -> Membership | None:
    """The reader's membership in a company whose ledger they may read, or None."""
    user = current_visit().user
    found = Membership.find(user, tenant_id)
    return found if found is not None and found.actor(user).may("ledger", "read") else None


def _refused(scope: CalendarScope, asked: list[str], error: BadInput) -> ResponseReturnValue:
    """Tell on the form what is wrong; what is only too much to wait for can still be asked for as a file."""
    errors = error.errors if isinstance(error, BadScope) else {error.field: error_text(error)}
    beside = isinstance(error, TooMany) or "company" not in errors
    return _page(scope, asked, None, errors, beside), 422


def _again(kept: dict[str, Any], scope: CalendarScope) -> list[tuple[str, str]]:
    """What was asked for, as fields of another form."""
    sent = {**kept, "first": scope.first, "last": scope.last, "company": " ".join(kept["company"])}
    return [(name, value) for name, value in sent.items() if value]


def _page(
    scope: CalendarScope,
    asked: list[str],
    made: Consolidated | None,
    errors: dict[str, str],
    beside: bool = True,
) -> str:
    kept: dict[str, Any] = {name: request.values[name] for name in KEPT if request.values.get(name)}
    kept["company"] = asked
    days = {"first": scope.first or None, "last": scope.last or None}
    address = "consolidated.trial_balance"
    offered = readable(current_visit().user)
    settings = services().config.consolidated
    return render_template(
        "consolidated/trial_balance.html",
        scope=scope,
        asked=asked,
        report=made,
        errors=errors,
        kept=kept,
        days=days,
        most=settings.companies,
        most_in_file=settings.file_companies,
        beside=beside and bool(asked),
        offered=None if offered.following else with_tenants(offered.rows),
        asked_again=_again(kept, scope),
        figures=list(FIGURES.items()),
        figure=kept.get("show", "closing"),
        failures=FAILURES,
        kinds=KINDS,
        here=lambda **changed: url_for(address, **{**kept, **days, **changed}),
        presets=[
            (label, url_for(address, preset=key, **kept)) for key, label in CALENDAR_PRESETS.items()
        ],
    )
