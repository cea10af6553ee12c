"""Users, and what they may do in which company: for administrators of the installation."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.forms import told
from cuneifox.i18n import _, _l, error_text
from cuneifox.identify import current_visit
from cuneifox.navigation import Link
from cuneifox.pages.paging import PAGE, before, following
from cuneifox.rosters import FEW, companies, companies_of, people, tenant_named
from cuneifox.services import services
from models.actors import LEVELS, MODULES
from models.companies import Company
from models.errors import BadInput, Conflict
from models.people import Membership, Session, SignIn, User

blueprint = Blueprint("people", __name__, url_prefix="/people")

navigation = [
    Link(_l("People"), "people.index", 20, "installation", administrators=True),
    Link(_l("Login history"), "people.history", 30, "installation", administrators=True),
]

FORMS = 20
"""Companies whose rights one page has forms for."""

MODULE_NAMES = {
    "ledger": _l("Ledger"),
    "receivables": _l("Receivables and payables"),
    "inventory": _l("Inventory"),
    "assets": _l("Assets"),
    "wages": _l("Wages"),
}
LEVEL_NAMES = {
    "none": _l("none"),
    "read": _l("read"),
    "add": _l("add"),
    "edit": _l("edit"),
    "delete": _l("delete"),
}


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """All users by name, a page at a time; ?text= narrows the list."""
    text, after = request.args.get("text", "").strip()[:200], request.args.get("after", "")
    page = people(text=text, after=after)
    here = partial(url_for, "people.index", text=text or None)
    return render_template(
        "people/index.html",
        users=page.rows,
        member_of=companies_of(page.rows),
        text=text,
        paged=bool(text or after or page.following),
        first=here() if after else None,
        following=here(after=page.following) if page.following else None,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@administrators
def new() -> ResponseReturnValue:
    """Add a user, with a first password that they have to change."""
    if request.method != "POST":
        return _new_form({})
    form = request.form
    try:
        user = User.add(
            form.get("name", ""),
            form.get("password", ""),
            display_name=form.get("display_name", ""),
            administers=bool(form.get("administers")),
            must_change_password=True,
            passwords=services().passwords,
        )
    except Conflict as error:
        return _new_form({"name": error_text(error)}), 409
    except BadInput as error:
        errors, status = told(error, ("name", "password", "display_name"))
        return _new_form(errors), status
    note("people.add", user.name)
    flash(_("%(name)s is added; now give rights in companies.", name=user.name), "success")
    return redirect(url_for("people.show", id=user.id), 303)


def _new_form(errors: dict[str, str]) -> str:
    return render_template(
        "people/new.html",
        given=request.form,
        errors=errors,
        shortest=services().passwords.shortest,
    )


@blueprint.get("/<id>")
@administrators
def show(id: str) -> ResponseReturnValue:
    """One user: standing, password, rights by company."""
    return _page(_user(id))


def _page(user: User, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    text, after = request.args.get("text", "").strip()[:200], request.args.get("after", "")
    mine = companies(user, member=True, text=text, after=after, size=FORMS)
    others = companies(user, member=False, size=FEW)
    here = partial(url_for, "people.show", id=user.id, text=text or None)
    page = render_template(
        "people/show.html",
        user=user,
        memberships=[(company, Membership.find(user, company.tenant_id)) for company in mine.rows],
        others=None
        if others.following
        else [(company.tenant_id, company.name) for company in others.rows],
        text=text,
        paged=bool(text or after or mine.following),
        first=here() if after else None,
        following=here(after=mine.following) if mine.following else None,
        modules=MODULE_NAMES,
        levels=list(LEVEL_NAMES.items()),
        errors=errors or {},
        shortest=services().passwords.shortest,
        history=SignIn.page(user=user, size=10),
    )
    return page, status


@blueprint.post("/<id>/standing")
@administrators
def standing(id: str) -> ResponseReturnValue:
    """Let a user in or keep them out; make them an administrator or not."""
    user = _user(id)
    active, administers = (bool(request.form.get(name)) for name in ("active", "administers"))
    user.set_standing(active=active, administers=administers)
    if not active:
        Session.end_all(user)
    words = [word for word, said in (("active", active), ("administrator", administers)) if said]
    note("people.standing", f"{user.name}: {', '.join(words) or 'inactive'}")
    flash(_("Saved."), "success")
    return redirect(url_for("people.show", id=user.id), 303)


@blueprint.post("/<id>/password")
@administrators
def password(id: str) -> ResponseReturnValue:
    """Set another user's password; they have to change it, and all their sessions end."""
    user = _user(id)
    if user.id == current_visit().user.id:
        return redirect(url_for("account.password"), 303)
    try:
        user.set_password(request.form.get("password", ""), services().passwords, must_change=True)
    except BadInput as error:
        return _page(user, *told(error, ("password",)))
    Session.end_all(user)
    note("people.reset_password", user.name)
    flash(
        _("The password of %(name)s is set, and their sessions are over.", name=user.name),
        "success",
    )
    return redirect(url_for("people.show", id=user.id), 303)


@blueprint.post("/<id>/rights")
@administrators
def rights(id: str) -> ResponseReturnValue:
    """Make a user a member of a company with these rights, or change them."""
    user, company = _user(id), _company(request.form.get("company", ""))
    levels = {module: request.form.get(module, "none") for module in MODULES}
    freeze, close = (bool(request.form.get(name)) for name in ("may_freeze", "may_close"))
    Membership.grant(user, company.tenant_id, levels, may_freeze=freeze, may_close=close)
    told_rights = [f"{module} {level}" for module, level in levels.items() if level != LEVELS[0]]
    told_rights += [word for word, said in (("freeze", freeze), ("close", close)) if said]
    note("people.grant", f"{user.name}, {company.name}: {', '.join(told_rights) or 'none'}")
    flash(
        _("The rights of %(name)s in %(company)s are saved.", name=user.name, company=company.name),
        "success",
    )
    return redirect(url_for("people.show", id=user.id), 303)


@blueprint.post("/<id>/rights/revoke")
@administrators
def revoke(id: str) -> ResponseReturnValue:
    """Take a user out of a company."""
    user, company = _user(id), _company(request.form.get("company", ""))
    Membership.revoke(user, company.tenant_id)
    note("people.revoke", f"{user.name}, {company.name}")
    flash(
        _("%(name)s can't open %(company)s any more.", name=user.name, company=company.name),
        "success",
    )
    return redirect(url_for("people.show", id=user.id), 303)


@blueprint.get("/history")
@administrators
def history() -> ResponseReturnValue:
    """Who signed in and out, and who failed."""
    rows = SignIn.page(before=before(), size=PAGE)
    return render_template("people/history.html", history=rows, following=following(rows))


def _user(id: str) -> User:
    user = User.get_or_none(User.id == id)
    return user if user is not None else abort(404)


def _company(id_or_slug: str) -> Company:
    tenant = tenant_named(id_or_slug)
    company = Company.get_or_none(Company.tenant_id == tenant.id) if tenant else None
    return company if company is not None else abort(404)
