"""The chart of accounts: the tree, and the form of one account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.forms import told
from cuneifox.i18n import _, _l
from cuneifox.identify import current_actor
from cuneifox.lookups import is_named
from cuneifox.navigation import Link
from cuneifox.words import ACCOUNT_TYPES, shown_name
from models.accounts import (
    Account,
    account_tree,
    add_account,
    change_account,
    delete_account,
    get_account,
)
from models.errors import BadInput, BooksError, Conflict

FIELDS = ("code", "name", "local_name", "parent", "type", "is_group", "active", "commodity")

SHOWN = 2_000
"""Accounts on the page; of longer charts the rest is searched for."""

SEARCHED = 30
"""Accounts past which the page offers to search."""

blueprint = Blueprint("accounts", __name__, url_prefix="/c/<slug>/accounts")

navigation = [Link(_l("Chart of accounts"), "accounts.index", 30, "ledger", ("ledger", "read"))]


@blueprint.get("")
@needs("ledger", "read")
def index() -> ResponseReturnValue:
    """All accounts as a tree; ?text= shows those whose code or name it is in."""
    text = request.args.get("text", "").strip()[:200]
    tree = account_tree()
    found = [node for node in tree if is_named(node, text)] if text else tree
    return render_template(
        "accounts/index.html",
        accounts=found[:SHOWN],
        more=len(found) > SHOWN,
        searched=bool(text) or len(tree) > SEARCHED,
        text=text,
        types=ACCOUNT_TYPES,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@needs("ledger", "add")
def new() -> ResponseReturnValue:
    """The form of an account to come; ?parent= is the group it is to be below."""
    if request.method != "POST":
        parent = request.args.get("parent", "")
        group = get_account(int(parent)) if parent.isdecimal() and len(parent) < 19 else None
        return _form({"parent": parent, "type": group.type if group else "asset", "active": True})
    try:
        account = add_account(by=current_actor(), **_values())
    except (BadInput, Conflict) as error:
        return _form(_typed(), error=error)
    flash(_("Account %(code)s was added.", code=account.code), "success")
    return redirect(url_for("accounts.index") + f"#a{account.stid}", 303)


@blueprint.route("/<int:stid>", methods=["GET", "POST"])
@needs("ledger", "edit")
def edit(stid: int) -> ResponseReturnValue:
    """The form of an account that is there."""
    account = get_account(stid)
    if request.method != "POST":
        return _form(_stored(account), account)
    try:
        account = change_account(stid, by=current_actor(), **_values())
    except (BadInput, Conflict) as error:
        return _form(_typed(), account, error)
    flash(_("Account %(code)s was saved.", code=account.code), "success")
    return redirect(url_for("accounts.index") + f"#a{stid}", 303)


@blueprint.post("/<int:stid>/delete")
@needs("ledger", "delete")
def delete(stid: int) -> ResponseReturnValue:
    """Delete an account that nothing refers to."""
    account = get_account(stid)
    try:
        delete_account(stid, by=current_actor())
    except Conflict as error:
        return _form(_stored(account), account, error, fields=())
    flash(_("Account %(code)s was deleted.", code=account.code), "success")
    return redirect(url_for("accounts.index"), 303)


def _stored(account: Account) -> dict[str, Any]:
    given = {name: getattr(account, name) for name in FIELDS if name != "parent"}
    return given | {"parent": account.parent_stid or ""}


def _typed() -> dict[str, Any]:
    """Return the form as it was typed, to be shown again."""
    given: dict[str, Any] = {name: request.form.get(name, "") for name in FIELDS}
    return given | {name: given[name] == "1" for name in ("is_group", "active")}


def _values() -> dict[str, Any]:
    """Return the form as the models want it; BadInput if the parent is no id."""
    given = _typed()
    parent = given["parent"]
    if parent and not (parent.isdecimal() and len(parent) < 19):
        raise BadInput("Choose the parent account from the list.", field="parent")
    return given | {"parent": int(parent) if parent else None}


def _form(
    given: dict[str, Any],
    account: Account | None = None,
    error: BooksError | None = None,
    fields: tuple[str, ...] = FIELDS,
) -> ResponseReturnValue:
    errors, status = told(error, fields) if error else ({}, 200)
    groups = [
        (node.stid, "\u2003" * node.depth + f"{node.code} {shown_name(node)}")
        for node in account_tree()
        if node.is_group and not (account and node.stid == account.stid)
    ]
    page = render_template(
        "accounts/form.html",
        account=account,
        given=given,
        errors=errors,
        parents=[("", _("None: at the top")), *groups],
        types=list(ACCOUNT_TYPES.items()),
        may_delete=account is not None and current_actor().may("ledger", "delete"),
    )
    return page, status
