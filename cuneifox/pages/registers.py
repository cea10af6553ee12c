"""Registers: lists and forms of customers, suppliers, products and employees."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.forms import told
from cuneifox.i18n import LazyText, _, _l
from cuneifox.navigation import Link
from models.errors import BadInput, Conflict
from models.registers import REGISTERS, Party, Register

PER_PAGE = 50

_PARTY = ("code", "name", "local_name", "tax_id", "branch", "country", "address", "phone", "email")
_PRODUCT = ("code", "name", "local_name", "unit")

PLURALS: dict[str, tuple[str, LazyText, LazyText]] = {
    "customer": ("customers", _l("Customers"), _l("New customer")),
    "supplier": ("suppliers", _l("Suppliers"), _l("New supplier")),
    "product": ("products", _l("Products"), _l("New product")),
    "employee": ("employees", _l("Employees"), _l("New employee")),
}
"""For each kind its word in the address, its heading, and what its button says."""

blueprint = Blueprint("registers", __name__, url_prefix="/c/<slug>/registers")


def fields_of(model: type[Register]) -> tuple[str, ...]:
    """Return the names of the fields that a register's form has."""
    return _PARTY if issubclass(model, Party) else _PRODUCT


def index(model: type[Register]) -> ResponseReturnValue:
    """Rows by code, a page at a time."""
    text, after = request.args.get("text", "").strip(), request.args.get("after", "")
    inactive = request.args.get("inactive") == "1"
    rows = model.page(after=after, limit=PER_PAGE + 1, text=text, inactive=inactive)
    kept: dict[str, Any] = {"text": text or None, "inactive": 1 if inactive else None}
    here = partial(url_for, f"registers.{model.kind}_index", **kept)
    following = here(after=rows[PER_PAGE - 1].code) if len(rows) > PER_PAGE else None
    return render_template(
        "registers/index.html",
        model=model,
        heading=PLURALS[model.kind][1],
        add_label=PLURALS[model.kind][2],
        rows=rows[:PER_PAGE],
        text=text,
        inactive=inactive,
        is_party=issubclass(model, Party),
        previous=here() if after else None,
        following=following,
    )


def new(model: type[Register]) -> ResponseReturnValue:
    """The form of a row to come."""
    given = {"country": "TH", "active": True}
    if request.method != "POST":
        return _form(model, given)
    given = _given(model)
    try:
        row = model.add(**given)
    except (BadInput, Conflict) as error:
        return _form(model, given, error=error)
    flash(_("%(name)s was added.", name=row.name), "success")
    return redirect(url_for(f"registers.{model.kind}_index"), 303)


def edit(model: type[Register], stid: int) -> ResponseReturnValue:
    """The form of a row that is there."""
    row = model.find(stid)
    if request.method != "POST":
        given = {name: getattr(row, name) for name in (*fields_of(model), "active")}
        return _form(model, given, row)
    given = _given(model)
    try:
        row = model.change(stid, **given)
    except (BadInput, Conflict) as error:
        return _form(model, given, row, error)
    flash(_("%(name)s was saved.", name=row.name), "success")
    return redirect(url_for(f"registers.{model.kind}_index"), 303)


def _given(model: type[Register]) -> dict[str, Any]:
    given: dict[str, Any] = {name: request.form.get(name, "") for name in fields_of(model)}
    return given | {"active": request.form.get("active") == "1"}


def _form(
    model: type[Register],
    given: dict[str, Any],
    row: Register | None = None,
    error: BadInput | Conflict | None = None,
) -> ResponseReturnValue:
    errors, status = told(error, fields_of(model)) if error else ({}, 200)
    page = render_template(
        "registers/form.html",
        model=model,
        fields=fields_of(model),
        given=given,
        errors=errors,
        row=row,
        title=row.name if row else PLURALS[model.kind][2],
        back=url_for(f"registers.{model.kind}_index"),
    )
    return page, status


def _serve(model: type[Register]) -> None:
    """Give one register its three addresses, each for those whose rights reach it."""
    path = "/" + PLURALS[model.kind][0]
    read, add, change = (
        needs(model.module, level)(_bound(view, model))
        for view, level in ((index, "read"), (new, "add"), (edit, "edit"))
    )
    rule = blueprint.add_url_rule
    rule(path, f"{model.kind}_index", read)
    rule(f"{path}/new", f"{model.kind}_new", add, methods=["GET", "POST"])
    rule(f"{path}/<int:stid>", f"{model.kind}_edit", change, methods=["GET", "POST"])


def _bound(view: Any, model: type[Register]) -> Any:
    def of_kind(**args: Any) -> ResponseReturnValue:
        return view(model, **args)

    return of_kind


for _model in REGISTERS.values():
    _serve(_model)

navigation = [
    Link(PLURALS[kind][1], f"registers.{kind}_index", 60 + n, "ledger", (model.module, "read"))
    for n, (kind, model) in enumerate(REGISTERS.items())
]
