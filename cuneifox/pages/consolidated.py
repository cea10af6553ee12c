"""Reports across companies: the trial balances of several side by side, for who may read their ledgers."""

from __future__ import annotations

import re
from datetime import date as Date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.audit import note
from cuneifox.calendar_scope import CALENDAR_PRESETS, CalendarScope
from cuneifox.clock import today
from cuneifox.consolidated_table import consolidated_table
from cuneifox.consolidation import FAILURES, read_parts
from cuneifox.downloads import csv_response
from cuneifox.i18n import LazyText, _l, error_text
from cuneifox.identify import current_visit
from cuneifox.navigation import Link
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

FIGURES: dict[str, LazyText] = {
    "closing": _l("Closing balance"),
    "moved": _l("Movement"),
    "opening": _l("Opening balance"),
}
"""What the columns may show; each is a property of an account's figures."""

KINDS: dict[str, LazyText] = {
    "asset": _l("Assets"),
    "liability": _l("Liabilities"),
    "equity": _l("Equity"),
    "income": _l("Income"),
    "expense": _l("Expenses"),
}
"""Headings of the accounts of each type, in the order of a report."""

KEPT = ("show", "empty", "before_closing")


def show_trial_balance(form: str) -> ResponseReturnValue:
    """A column for each ?company=, summed by currency; what can't be read is shown in its place."""
    scope = CalendarScope.typed(request.args)
    asked = [slug for given in request.args.getlist("company") for slug in _SLUG.findall(given)]
    if form == "html" and "company" not in request.args:
        return _page(scope, asked, None, {})
    try:
        made = _made(scope, asked)
    except BadInput as error:
        if form == "json":
            raise
        errors = error.errors if isinstance(error, BadScope) else {error.field: error_text(error)}
        return _page(scope, asked, None, errors), 422
    if form == "json":
        return json_response(made)
    if form == "csv":
        bom = request.args.get("bom", "1") != "0"
        return csv_response(consolidated_table(made, _figure()), bom)
    return _page(scope, asked, made, {})


blueprint.add_url_rule(
    "/trial-balance", "trial_balance", show_trial_balance, defaults={"form": "html"}
)
blueprint.add_url_rule("/trial-balance.<any(json, csv):form>", "trial_balance", show_trial_balance)

_SLUG = re.compile(r"[^\s,;]+")


def _made(scope: CalendarScope, asked: list[str]) -> Consolidated:
    settings = services().config.consolidated
    chosen = _chosen(asked, settings.companies)
    first, last = scope.read(today())
    _figure()
    parts = read_parts(
        services().router,
        chosen,
        first,
        last,
        seconds=settings.seconds,
        may_read=lambda company: _membership(company.tenant_id) is not None,
        with_closing=request.args.get("before_closing") != "1",
        empty=request.args.get("empty") == "1",
    )
    for (company, _tenant), part in zip(chosen, parts, strict=True):
        if not part.failure:
            note("consolidated.trial_balance", _days(first, last), company)
    return consolidate(first, last, parts)


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


def _figure() -> str:
    figure = request.args.get("show") or "closing"
    if figure not in FIGURES:
        raise BadInput("Choose from the list what to show.", field="show")
    return figure


def _days(first: Date | None, last: Date) -> str:
    return f"{first or ''} – {last}"


def _page(
    scope: CalendarScope, asked: list[str], made: Consolidated | None, errors: dict[str, str]
) -> str:
    kept: dict[str, Any] = {name: request.args[name] for name in KEPT if request.args.get(name)}
    kept["company"] = asked
    days = {"first": scope.first or None, "last": scope.last or None}
    address = "consolidated.trial_balance"
    offered = readable(current_visit().user)
    most = services().config.consolidated.companies
    return render_template(
        "consolidated/trial_balance.html",
        scope=scope,
        asked=asked,
        report=made,
        errors=errors,
        kept=kept,
        days=days,
        most=most,
        offered=None if offered.following else with_tenants(offered.rows),
        figures=list(FIGURES.items()),
        figure=kept.get("show", "closing"),
        failures=FAILURES,
        kinds=KINDS,
        here=lambda **changed: url_for(address, **{**kept, **days, **changed}),
        presets=[
            (label, url_for(address, preset=key, **kept)) for key, label in CALENDAR_PRESETS.items()
        ],
    )
