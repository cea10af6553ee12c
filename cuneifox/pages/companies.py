"""The companies a user may open, and the form of a new one."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.formats import month
from cuneifox.forms import told
from cuneifox.i18n import _, _l
from cuneifox.identify import current_visit
from cuneifox.navigation import Link
from cuneifox.rosters import (
    FEW,
    OPEN,
    Roster,
    companies,
    reads_several,
    tenant_named,
    with_tenants,
)
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import create_company
from models.errors import BadInput, Conflict
from models.people import Membership
from tenants import BadSlug, SlugTaken

blueprint = Blueprint("companies", __name__, url_prefix="/companies")

navigation = [Link(_l("Companies"), "companies.index", 10, "installation")]

FIELDS = (
    "slug",
    "name",
    "local_name",
    "currency",
    "decimals",
    "fiscal_start_month",
    "template",
    "share_registers_with",
)
TEMPLATES = {"thai": _l("Thai"), "general": _l("General")}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The companies that the user is a member of, archived ones apart; administrators also see the others.

    Each list pages by key, and ?text= narrows them all.
    """
    user = current_visit().user
    text = request.args.get("text", "").strip()[:200]
    after, beyond, shelf = (request.args.get(name, "") for name in ("after", "others", "archived"))
    mine = companies(user, member=True, text=text, after=after, states=OPEN)
    archived = companies(user, member=True, text=text, after=shelf, states=("archived",))
    others = (
        companies(user, member=False, text=text, after=beyond)
        if user.is_administrator
        else Roster([], None)
    )
    here = partial(url_for, "companies.index", text=text or None)
    more = mine.following or others.following or archived.following
    return render_template(
        "companies/index.html",
        text=text,
        several=reads_several(user),
        mine=with_tenants(mine.rows),
        archived=with_tenants(archived.rows),
        others=with_tenants(others.rows),
        left_over=user.is_administrator and _is_left_over(),
        paged=bool(text or after or beyond or shelf or more),
        first=here() if after or beyond or shelf else None,
        more_mine=here(after=mine.following, others=beyond or None) if mine.following else None,
        more_archived=here(archived=archived.following) if archived.following else None,
        more_others=here(others=others.following, after=after or None)
        if others.following
        else None,
    )


def _is_left_over() -> bool:
    """Whether there are unused stores, or companies that were purged."""
    router = services().router
    return bool(router.unused_stores() or router.tombstones())


@blueprint.route("/new", methods=["GET", "POST"])
@administrators
def new() -> ResponseReturnValue:
    """Make a company; whoever makes it becomes its first member, with all rights."""
    if request.method != "POST":
        return _form({"currency": "THB", "decimals": "2", "fiscal_start_month": "1"})
    given = {name: request.form.get(name, "") for name in FIELDS}
    user = current_visit().user
    try:
        company = create_company(services().router, **_values(given))
    except (BadInput, Conflict) as error:
        return _form(given, *told(error, FIELDS))
    except SlugTaken:
        return _form(given, {"slug": _("Another company has this short name.")}, 409)
    except BadSlug:
        return _form(given, {"slug": SLUG_RULE}, 422)
    Membership.grant(user, company.tenant_id, may_freeze=True, may_close=True)
    note("companies.create", f"{company.name} ({given['slug']})")
    flash(_("%(name)s is made.", name=shown_name(company)), "success")
    return redirect(f"/c/{given['slug']}/", 303)


SLUG_RULE = _l(
    "Small letters, digits and hyphens, beginning with a letter or digit; it stands in the address."
)


def _values(given: dict[str, str]) -> dict[str, Any]:
    """The form as `create_company` wants it; BadInput says which field isn't right."""
    values: dict[str, Any] = {name: given[name].strip() for name in FIELDS}
    values["decimals"] = _number(given, "decimals", 0, 6)
    values["fiscal_start_month"] = _number(given, "fiscal_start_month", 1, 12)
    if given["template"] not in TEMPLATES:
        raise BadInput("Choose a chart of accounts.", field="template")
    partner = values.pop("share_registers_with")
    if partner and not is_partner(partner):
        raise BadInput("Choose a company from the list.", field="share_registers_with")
    return values | {"share_registers_with": partner or None}


def _number(given: dict[str, str], name: str, least: int, most: int) -> int:
    text = given[name].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 3 and least <= int(text) <= most):
        raise BadInput(
            "Choose a number from %(least)s to %(most)s.", field=name, least=least, most=most
        )
    return int(text)


def is_partner(slug: str) -> bool:
    """Whether the user may share that company's registers, which only its members may."""
    tenant = tenant_named(slug)
    return tenant is not None and Membership.find(current_visit().user, tenant.id) is not None


def partners() -> list[tuple[str, str]] | None:
    """The companies whose registers the user may share, as (short name, name); None if that is too many."""
    mine = companies(current_visit().user, member=True, size=FEW, states=("active",))
    if mine.following:
        return None
    return [(tenant.slug, shown_name(company)) for company, tenant in with_tenants(mine.rows)]


def _form(
    given: dict[str, str], errors: dict[str, Any] | None = None, status: int = 200
) -> ResponseReturnValue:
    offered = partners()
    page = render_template(
        "companies/new.html",
        given=given,
        errors=errors or {},
        slug_rule=SLUG_RULE,
        templates=list(TEMPLATES.items()),
        months=[(number, month(number)) for number in range(1, 13)],
        partners=None if offered is None else [("", _("None: registers of its own")), *offered],
    )
    return page, status
