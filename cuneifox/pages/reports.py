"""The four reports: on screen, as JSON and as CSV, XLSX and PDF, each of a scope that its form asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.clock import now_shown, today
from cuneifox.colophon import signed
from cuneifox.downloads import csv_response, table_response
from cuneifox.i18n import _, _l, error_text
from cuneifox.identify import current_actor
from cuneifox.lookups import Chart
from cuneifox.navigation import Link
from cuneifox.one_state import one_state
from cuneifox.papers import Table
from cuneifox.report_json import json_response
from cuneifox.report_tables import (
    balance_sheet_table,
    ledger_table,
    profit_loss_table,
    trial_balance_table,
)
from cuneifox.scope_form import PRESETS, BadScope, ScopeForm
from cuneifox.words import shown_name
from models.accounts import account_tree
from models.errors import BadInput
from models.reports.balance_sheet import balance_sheet
from models.reports.figures import Scope
from models.reports.ledger import Ledger, ledger
from models.reports.paging import MOST_ROWS
from models.reports.profit_loss import profit_loss
from models.reports.trial_balance import trial_balance
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
    scope, empty = ScopeForm.typed(request.args), request.args.get("empty") == "1"
    part = request.args.get("account", "")
    with_closing = request.args.get("before_closing") != "1"

    def build() -> Any:
        stid = Chart(account_tree()).find(part).stid if part else None
        days = scope.read(today())
        return trial_balance(*days, empty=empty, account=stid, with_closing=with_closing)

    return _answer("trial_balance", form, scope, build, trial_balance_table)


@report("profit-loss")
def show_profit_loss(form: str) -> ResponseReturnValue:
    """Income and expenses of a range of dates, and what is left."""
    scope, empty = ScopeForm.typed(request.args), request.args.get("empty") == "1"
    return _answer(
        "profit_loss",
        form,
        scope,
        lambda: profit_loss(*scope.read(today()), empty=empty),
        profit_loss_table,
    )


@report("balance-sheet")
def show_balance_sheet(form: str) -> ResponseReturnValue:
    """What there is and what is owed at the end of a day."""
    scope, empty = ScopeForm.typed(request.args), request.args.get("empty") == "1"
    scope.first = ""
    return _answer(
        "balance_sheet",
        form,
        scope,
        lambda: balance_sheet(scope.read(today())[1], empty=empty),
        balance_sheet_table,
    )


@report("ledger")
def show_ledger(form: str) -> ResponseReturnValue:
    """Every line of an account with the balance after it; a page without an account asks for one."""
    scope = ScopeForm.typed(request.args)
    chart = Chart(account_tree())
    asked = request.args.get("account", "").strip()
    accounts = chart.offered()
    if not asked and form == "html":
        error = {"account": _("Choose the account, by code or name.")} if request.args else {}
        return _page("ledger", scope, None, error, accounts=accounts, asked=asked)

    def build() -> Ledger:
        account, days = chart.find(asked), scope.read(today())
        if account.is_group:
            raise BadInput(
                "%(code)s is a group; the ledger shows one account at a time.",
                field="account",
                code=account.code,
            )
        keys: dict[str, Any] = {name: request.args.get(name) for name in ("after", "before")}
        return ledger(account.stid, *days, limit=PER_PAGE, from_end=_from_end(), **keys)

    def table(first_page: Ledger) -> Table:
        account = first_page.account
        named = f"{account.code} {shown_name(account)}"
        return ledger_table(_all_pages(account.stid, scope), named)

    return _answer("ledger", form, scope, build, table, accounts=accounts, asked=asked)


def _from_end() -> bool:
    return request.args.get("from") == "end"


def _all_pages(stid: int, scope: ScopeForm) -> Iterator[Ledger]:
    """Yield every page of an account's ledger."""
    days = scope.read(today())
    page = ledger(stid, *days, limit=MOST_ROWS)
    yield page
    while page.after:
        page = ledger(stid, *days, after=page.after, limit=MOST_ROWS)
        yield page


def _answer(
    name: str,
    form: str,
    scope: ScopeForm,
    build: Callable[[], Any],
    table: Callable[[Any], Table],
    **shown: Any,
) -> ResponseReturnValue:
    """Build a report and answer in the form that was asked for; a bad scope is told on its form."""
    try:
        made = build()
        if form in ("xlsx", "pdf"):
            return table_response(form, _signed(table(made), made.scope))
    except BadInput as error:
        if form == "json":
            raise
        errors = error.errors if isinstance(error, BadScope) else {error.field: error_text(error)}
        return _page(name, scope, None, errors, **shown), 422
    if form == "json":
        return json_response(made)
    if form == "csv":
        return csv_response(table(made), bom=request.args.get("bom", "1") != "0")
    return _page(name, scope, made, {}, **shown)


def _signed(table: Table, scope: Scope) -> Table:
    parentheses = request.args.get("negative") == "parentheses"
    as_of = table.name == "balance-sheet"
    return signed(table, scope, now_shown(), current_actor().name, parentheses, as_of)


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
