"""A company's settings, for those who administer it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.formats import month
from cuneifox.forms import told
from cuneifox.i18n import LazyText, _, _l
from cuneifox.identify import current_actor
from cuneifox.words import shown_name
from models.accounts import AccountNode, account_tree
from models.companies import change_settings
from models.errors import BadInput
from models.settings import books_settings

FIELDS = (
    "name",
    "local_name",
    "currency",
    "decimals",
    "fiscal_start_month",
    "era",
    "retained_earnings",
    "rounding",
)
NUMBERS = ("decimals", "fiscal_start_month", "retained_earnings", "rounding")

ERAS: dict[str, LazyText] = {
    "buddhist": _l("Buddhist era (2569)"),
    "common": _l("Common era (2026)"),
}

RETAINED_TYPES = ("equity",)
ROUNDING_TYPES = ("income", "expense", "equity")

blueprint = Blueprint("settings", __name__, url_prefix="/c/<slug>/settings")


@blueprint.route("", methods=["GET", "POST"])
@administrators
def edit() -> ResponseReturnValue:
    """The settings of this company. Currency and fiscal year are fixed once something is posted."""
    if request.method != "POST":
        return _form(_stored())
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        change_settings(by=current_actor(), **_values(given))
    except BadInput as error:
        return _form(given, error)
    note("settings.edit")
    flash(_("Saved."), "success")
    return redirect(url_for("settings.edit"), 303)


def _stored() -> dict[str, Any]:
    settings = books_settings()
    given = {name: getattr(settings, name) for name in FIELDS[:-2]}
    accounts = (settings.retained_earnings_stid, settings.rounding_stid)
    return given | dict(zip(FIELDS[-2:], (stid or "" for stid in accounts), strict=True))


def _values(given: dict[str, str]) -> dict[str, Any]:
    """Return the form as the models want it; accounts that aren't chosen are left as they are."""
    values: dict[str, Any] = dict(given)
    for name in NUMBERS:
        text = given[name]
        if not text and name in ("retained_earnings", "rounding"):
            del values[name]
        elif text.isascii() and text.isdigit() and len(text) < 19:
            values[name] = int(text)
        else:
            raise BadInput("%(field)s is not a number.", field=name)
    return values


def _form(given: dict[str, Any], error: BadInput | None = None) -> ResponseReturnValue:
    errors, status = told(error, FIELDS) if error else ({}, 200)
    nodes = account_tree()
    page = render_template(
        "settings/edit.html",
        given=given,
        errors=errors,
        months=[(number, month(number)) for number in range(1, 13)],
        eras=list(ERAS.items()),
        retained=_leaves(nodes, RETAINED_TYPES),
        rounding=_leaves(nodes, ROUNDING_TYPES),
    )
    return page, status


def _leaves(nodes: list[AccountNode], types: tuple[str, ...]) -> list[tuple[Any, str]]:
    fit = [node for node in nodes if node.type in types and not node.is_group]
    return [("", _("None yet"))] + [(n.stid, f"{n.code} {shown_name(n)}") for n in fit]
