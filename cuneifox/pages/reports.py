"""The four reports: on screen, as JSON and as CSV, XLSX and PDF, each of a scope that its form asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.clock import now_shown
from cuneifox.downloads import MOST_ACCOUNTS, csv_response, table_response
from cuneifox.i18n import _, _l, error_text
from cuneifox.identify import current_actor
from cuneifox.lookups import Chart
from cuneifox.navigation import Link
from cuneifox.one_state import one_state
from cuneifox.report_json import json_response
from cuneifox.report_requests import REPORTS, Asked
from cuneifox.scope_form import PRESETS, BadScope, ScopeForm
from models.accounts import account_tree
from models.errors import BadInput
from models.reports.ledger import Ledger, ledger
from models.resolver import resolve

PER_PAGE = 100
"""Lines of a ledger on one page."""

blueprint = Blueprint("reports", __name__, url_prefix="/c/<slug>/reports")

navigation = [
    Link(_l("Trial balance"), "reports.trial_balance", 10, "reports", ("ledger", "read")),
    Link(_l("General ledger"), "reports.ledger", 20, "reports", ("ledger", "read")),
    Link(_l("Profit and loss"), "reports.profit_loss", 30, "reports", ("ledger", "read")),
    Link(_l("Balance sheet"), "reports.balance_sheet", 40, "reports", ("ledger", "read")),
]

FILES = ("csv", "xlsx", "pdf")
"""Forms that hold all there is."""

View = Callable[[str], ResponseReturnValue]


def report(path: str) -> Callable[[View], View]:
    """Serve a view as a page, and under path.json, path.csv, path.xlsx and path.pdf."""

    def serve(view: View) -> View:
        marked = needs("ledger", "read")(_of_one_state(view))
        rule, endpoint = blueprint.add_url_rule, path.replace("-", "_")
        rule(f"/{path}", endpoint, marked, defaults={"form": "html"})
        rule(f"/{path}.<any(json, csv, xlsx, pdf):form>", endpoint, marked)
        return marked

    return serve


def _of_one_state(view: View) -> View:
    @wraps(view)
    def shown(form: str) -> ResponseReturnValue:
        with one_state(whole=form in FILES):
            return view(form)

    return shown


@report("trial-balance")
def show_trial_balance(form: str) -> ResponseReturnValue:
    """Opening balances, debits and credits, closing balances; ?account= narrows it to a group."""
    return _answer("trial-balance", form)


@report("profit-loss")
def show_profit_loss(form: str) -> ResponseReturnValue:
    """Income and expenses of a range of dates, and what is left."""
    return _answer("profit-loss", form)


@report("balance-sheet")
def show_balance_sheet(form: str) -> ResponseReturnValue:
    """What there is and what is owed at the end of a day."""
    return _answer("balance-sheet", form)


@report("ledger")
def show_ledger(form: str) -> ResponseReturnValue:
    """Every line of an account with the balance after it; a page without an account asks for one."""
    asked = Asked.typed(request.args)
    shown = {"accounts": Chart(account_tree()).offered(), "asked": asked.text("account")}
    if not asked.text("account") and form == "html":
        error = {"account": _("Choose the account, by code or name.")} if request.args else {}
        return _page("ledger", asked.scope, None, error, **shown)
    return _answer("ledger", form, **shown)


def _page_of_ledger(asked: Asked) -> Ledger:
    keys: dict[str, Any] = {name: request.args.get(name) for name in ("after", "before")}
    from_end = request.args.get("from") == "end"
    return ledger(asked.account().stid, *asked.days(), limit=PER_PAGE, from_end=from_end, **keys)


def _answer(name: str, form: str, **shown: Any) -> ResponseReturnValue:
    """Build a report and answer in the form that was asked for; a bad scope is told on its form."""
    wanted, asked = REPORTS[name], Asked.typed(request.args)
    paged = name == "ledger" and form not in FILES
    most = 0 if name == "ledger" else MOST_ACCOUNTS
    try:
        made = _page_of_ledger(asked) if paged else wanted.build(asked)
        if form in ("xlsx", "pdf"):
            table = wanted.sign(asked, made, wanted.table(made), now_shown(), current_actor().name)
            return table_response(form, table, most)
        if form == "csv":
            bom = request.args.get("bom", "1") != "0"
            return csv_response(wanted.table(made), bom, most)
    except BadInput as error:
        if form == "json":
            raise
        errors = error.errors if isinstance(error, BadScope) else {error.field: error_text(error)}
        return _page(name.replace("-", "_"), asked.scope, None, errors, **shown), 422
    if form == "json":
        return json_response(made)
    return _page(name.replace("-", "_"), asked.scope, made, {}, **shown)


def _page(name: str, scope: ScopeForm, made: Any, errors: dict[str, str], **shown: Any) -> str:
    endpoint = f"reports.{name}"
    kept: dict[str, Any] = {
        key: request.args[key]
        for key in ("account", "empty", "before_closing")
        if request.args.get(key)
    }
    days = {"first": scope.first or None, "last": scope.last or None}

    def here(**changed: Any) -> str:
        return url_for(endpoint, **{**kept, **days, **changed})

    presets = [(label, url_for(endpoint, preset=key, **kept)) for key, label in PRESETS.items()]
    return render_template(
        f"reports/{name}.html",
        endpoint=endpoint,
        scope=scope,
        report=made,
        errors=errors,
        here=here,
        days=days,
        presets=presets,
        kept=kept,
        parties=_parties(made) if isinstance(made, Ledger) else {},
        **shown,
    )


def _parties(made: Ledger) -> dict[Any, Any]:
    wanted = [(row.register, row.register_stid) for row in made.rows]
    return resolve([(kind, stid) for kind, stid in wanted if kind and stid])
