"""The page of a posted voucher, and its reversal."""

from __future__ import annotations

import secrets
from datetime import date as Date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.audit import note
from cuneifox.clock import today
from cuneifox.errors import status_of
from cuneifox.i18n import _, error_text
from cuneifox.identify import current_actor, current_company
from cuneifox.lookups import Chart
from cuneifox.voucher_view import view_posted
from models.accounts import account_tree
from models.dates import parse_date
from models.errors import BadInput, Conflict, NotFound, PeriodLocked
from models.posted import Voucher
from models.reversing import reverse

blueprint = Blueprint("reversals", __name__, url_prefix="/c/<slug>/vouchers")


@blueprint.post("/<int:voucher_id>/reverse")
@needs("ledger", "edit")
def take_back(voucher_id: int) -> ResponseReturnValue:
    """Post the reversal of a voucher."""
    voucher = find_posted_voucher(voucher_id)
    if voucher is None:
        raise NotFound("There is no posted voucher with the id %(id)s.", id=voucher_id)
    typed = {name: request.form.get(name, "").strip() for name in ("date", "reason", "key")}
    try:
        date = parse_date(typed["date"])
        reversal = reverse(
            voucher_id,
            date=date,
            by=current_actor(),
            reason=typed["reason"],
            key=typed["key"] or None,
        )
    except (BadInput, Conflict, PeriodLocked) as error:
        field = "date" if isinstance(error, PeriodLocked) else getattr(error, "field", "")
        return voucher_page(voucher, {field: error_text(error)}, typed), status_of(error)
    note("vouchers.reverse", voucher.number)
    flash(_("%(number)s was reversed by this voucher.", number=voucher.number), "success")
    return redirect(url_for("vouchers.show", voucher_id=reversal.id), 303)


def find_posted_voucher(voucher_id: int) -> Voucher | None:
    """Return a posted voucher, or None: it may be a draft, or not these books'."""
    return Voucher.get_or_none(Voucher.id == voucher_id) if voucher_id < 2**63 else None


def voucher_page(
    voucher: Voucher, errors: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> str:
    """Return the page of a posted voucher, with the form of its reversal where that may be."""
    view = view_posted(voucher, Chart(account_tree()))
    default: Date = max(today(), voucher.date)
    reversible = not (voucher.closing or view.reverses or view.reversed_by)
    return render_template(
        "vouchers/show.html",
        view=view,
        decimals=current_company().decimals,
        errors=errors or {},
        typed=typed
        or {"date": default.isoformat(), "reason": "", "key": secrets.token_urlsafe(18)},
        may_reverse=reversible and current_actor().may("ledger", "edit"),
    )
