"""Months and fiscal years: which are open, frozen or closed, and what changes that."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.audit import note
from cuneifox.clock import today
from cuneifox.errors import status_of
from cuneifox.formats import month_of as shown_month
from cuneifox.formats import year as shown_year
from cuneifox.i18n import LazyText, _, _l, error_text
from cuneifox.identify import current_actor, current_company
from cuneifox.navigation import Link
from cuneifox.words import MONTH_STATES
from models.dates import FIRST_YEAR, LAST_YEAR
from models.errors import BadInput, Conflict, NotFound, PeriodLocked, PeriodNotReady
from models.fiscal import fiscal_year_days, fiscal_year_of, month_days, month_of
from models.months import (
    MonthChange,
    close_month,
    freeze_month,
    month_state,
    month_states,
    open_month,
)
from models.posted import Voucher
from models.reports.monthly import monthly_turnover
from models.settings import books_settings
from models.years import FiscalYear, close_year, list_years, reopen_year

CHANGES_SHOWN = 20

blueprint = Blueprint("months", __name__, url_prefix="/c/<slug>/months")

navigation = [Link(_l("Months and years"), "months.index", 50, "ledger", ("ledger", "read"))]

NOT_NOW = (BadInput, Conflict, NotFound, PeriodLocked, PeriodNotReady)
"""What is told on the page; other errors have a page of their own."""

MONTH_ACTIONS = {"freeze": freeze_month, "open": open_month, "close": close_month}

DONE: dict[str, LazyText] = {
    "freeze": _l("%(month)s is frozen."),
    "open": _l("%(month)s is open again."),
    "close": _l("%(month)s is closed."),
}


@blueprint.get("")
@needs("ledger", "read")
def index() -> ResponseReturnValue:
    """The fiscal years with their months, the latest first."""
    return _index()


@blueprint.post("/<int:month>/<any(freeze, open):action>")
@needs("ledger", "read")
def change(month: int, action: str) -> ResponseReturnValue:
    """Freeze a month, or open a frozen one; the model asks for the right to it."""
    _known(month)
    try:
        MONTH_ACTIONS[action](month, by=current_actor())
    except NOT_NOW as error:
        return _index(error_text(error)), status_of(error)
    return _done(month, action)


@blueprint.route("/<int:month>/close", methods=["GET", "POST"])
@needs("ledger", "read")
def close(month: int) -> ResponseReturnValue:
    """Ask before a month is closed, for that can't be undone; then close it."""
    first, _last = _known(month)
    current_actor().demand_close()
    if month_state(month) == "closed":
        return redirect(url_for("months.index"), 303)
    return _confirm(
        lambda form: close_month(month, by=current_actor(), reason=form["reason"]),
        lambda _made: _done(month, "close"),
        title=_("Close %(month)s", month=shown_month(first)),
        text=_("A closed month stays closed: nobody can post into it or before it, ever again."),
        label=_("Close for good"),
        needs_reason=False,
    )


@blueprint.route("/years/<int:year>/close", methods=["GET", "POST"])
@needs("ledger", "add")
def close_fiscal_year(year: int) -> ResponseReturnValue:
    """Ask, then carry the year's result to retained earnings."""
    current_actor().demand_close()

    def work(form: dict[str, str]) -> Voucher:
        text = form["reason"] or _("Closing of fiscal year %(year)s", year=shown_year(year))
        return close_year(year, by=current_actor(), text=text, key=form["key"] or None)

    return _confirm(
        work,
        lambda voucher: _year_done("months.close_year", year, voucher),
        title=_("Close fiscal year %(year)s", year=shown_year(year)),
        text=_(
            "A closing voucher takes every income and expense account to zero and carries the result "
            "to retained earnings. Until it is undone, nothing can be posted into the year."
        ),
        label=_("Close the year"),
        needs_reason=False,
    )


@blueprint.route("/years/<int:year>/reopen", methods=["GET", "POST"])
@needs("ledger", "edit")
def reopen_fiscal_year(year: int) -> ResponseReturnValue:
    """Ask, then take the closing of a year back."""
    current_actor().demand_close()
    return _confirm(
        lambda form: reopen_year(
            year, by=current_actor(), reason=form["reason"], key=form["key"] or None
        ),
        lambda voucher: _year_done("months.reopen_year", year, voucher),
        title=_("Open fiscal year %(year)s again", year=shown_year(year)),
        text=_("The closing voucher is reversed, and the year can be posted into again."),
        label=_("Open the year again"),
        needs_reason=True,
    )


def _known(month: int) -> Any:
    """The first and the last day of a month in which books can be; 404 for any other number."""
    if not FIRST_YEAR <= month // 100 <= LAST_YEAR:
        abort(404)
    try:
        return month_days(month)
    except ValueError:
        abort(404)


def _done(month: int, action: str) -> ResponseReturnValue:
    note(f"months.{action}", f"{month // 100}-{month % 100:02d}")
    flash(_(DONE[action].msgid, month=shown_month(month_days(month)[0])), "success")
    return redirect(url_for("months.index"), 303)


def _year_done(action: str, year: int, voucher: Voucher) -> ResponseReturnValue:
    note(action, str(year))
    flash(_("Posted as %(number)s.", number=voucher.number), "success")
    return redirect(url_for("vouchers.show", voucher_id=voucher.id), 303)


def _confirm(work: Any, then: Any, **shown: Any) -> ResponseReturnValue:
    """Show what is going to happen, with a reason to give; on POST do it."""
    form = {name: request.form.get(name, "").strip() for name in ("reason", "key")}
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            return then(work(form))
        except NOT_NOW as error:
            field = error.field if isinstance(error, BadInput) else ""
            errors[field if field == "reason" else ""] = error_text(error)
            status = status_of(error)
    form["key"] = form["key"] or secrets.token_urlsafe(18)
    return render_template("months/confirm.html", form=form, errors=errors, **shown), status


def _years() -> list[FiscalYear]:
    """Return the years that hold vouchers and today's, the latest first."""
    years = {year.year: year for year in list_years()}
    start_month = books_settings().fiscal_start_month
    now = fiscal_year_of(today(), start_month)
    for year in range(max([*years, now - 1]) + 1, now + 1):
        years[year] = FiscalYear(year, *fiscal_year_days(year, start_month), None)
    return [years[year] for year in sorted(years, reverse=True)]


def _index(problem: str = "") -> str:
    years = _years()
    first, last = month_of(years[-1].first), month_of(years[0].last)
    states, turnover = month_states(first, last), monthly_turnover(first, last)
    actor = current_actor()
    changes = MonthChange.select().order_by(MonthChange.id.desc()).limit(CHANGES_SHOWN)
    return render_template(
        "months/index.html",
        problem=problem,
        years=[(year, _months(year, states, turnover)) for year in years],
        closed_years=[year.year for year in years if year.closing_voucher],
        changes=[(row, month_days(row.month)[0]) for row in changes],
        states=MONTH_STATES,
        decimals=current_company().decimals,
        may_freeze=actor.may_freeze,
        may_close=actor.may_close,
        today=today(),
    )


def _months(year: FiscalYear, states: dict[int, str], turnover: dict[int, int]) -> list[Any]:
    """Return (month, first day, last day, state, debits) for each month of a year."""
    first, last = month_of(year.first), month_of(year.last)
    return [
        (month, *month_days(month), state, turnover.get(month, 0))
        for month, state in states.items()
        if first <= month <= last
    ]
