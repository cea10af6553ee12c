"""What administrators do to a company as a whole: rename, clone, suspend, archive, resume, share, purge.

Its address holds the company's id, which is never another's, and not its short name, which may be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.forms import told
from cuneifox.i18n import _, error_text
from cuneifox.identify import current_visit
from cuneifox.pages.companies import SLUG_RULE, is_partner, partners
from cuneifox.request import this_request
from cuneifox.services import services
from cuneifox.words import shown_name
from models.cloning import clone_company
from models.companies import Company
from models.company_faults import faults_of
from models.company_life import (
    archive_company,
    purge_company,
    rename_company,
    resume_company,
    standing_of,
    suspend_company,
    turn,
)
from models.errors import BadInput, BooksError, Conflict
from models.people import Membership
from models.sharing import share_registers, sharers, shares_registers, unshare_registers
from tenants import BadSlug, LockTimeout, SlugTaken, Tenant, TenantError, UnknownTenant

log = logging.getLogger("cuneifox")

blueprint = Blueprint("administration", __name__, url_prefix="/companies/<id>")

FIELDS = (
    "slug", "clone_slug", "clone_name", "clone_local_name", "suspend_reason", "archive_reason",
    "confirmed", "owner",
)  # fmt: skip


@blueprint.get("")
@administrators
def show(id: str) -> ResponseReturnValue:
    """One company as a whole: its state, stores and address, and what can be done to it."""
    return _page(*_found(id))


@blueprint.post("/rename")
@administrators
def rename(id: str) -> ResponseReturnValue:
    """Give a company another short name; addresses with the old one lead nowhere then."""
    slug = request.form.get("slug", "").strip()

    def work(tenant: Tenant, company: Company) -> str:
        old = tenant.slug
        rename_company(services().router, tenant, slug)
        note("companies.rename", f"{old}: {slug}", company)
        return _("%(name)s is to be found under %(slug)s now.", name=shown_name(company), slug=slug)

    return _step(id, work)


@blueprint.post("/clone")
@administrators
def clone(id: str) -> ResponseReturnValue:
    """Make a company after this one, with or without its documents; who does so is its first member."""
    user = current_visit().user
    given = {name: request.form.get(f"clone_{name}", "") for name in ("slug", "name", "local_name")}
    whole = bool(request.form.get("with_documents"))

    def work(tenant: Tenant, company: Company) -> str:
        if Membership.find(user, tenant.id) is None:
            abort(
                403, _("Only members of a company may clone it: give yourself rights in it first.")
            )
        router = services().router
        made = clone_company(router, tenant, with_documents=whole, **_stripped(given))
        Membership.grant(user, made.tenant_id, may_freeze=True, may_close=True)
        what = "with documents" if whole else "without documents"
        note("companies.clone", f"{tenant.slug}: {given['slug']}, {what}", made)
        return _("%(name)s is made. You are its only member.", name=shown_name(made))

    return _step(id, work, {name: f"clone_{name}" for name in given})


@blueprint.post("/suspend")
@administrators
def suspend(id: str) -> ResponseReturnValue:
    """Let nobody into a company until it is resumed; the reason is shown to its members."""
    reason = request.form.get("suspend_reason", "")

    def work(tenant: Tenant, company: Company) -> str:
        suspend_company(services().router, tenant, reason)
        note("companies.suspend", f"{tenant.slug}: {reason.strip()}", company)
        return _("%(name)s is suspended.", name=shown_name(company))

    return _step(id, work, {"reason": "suspend_reason"})


@blueprint.post("/archive")
@administrators
def archive(id: str) -> ResponseReturnValue:
    """Let a company be looked at and printed, and not changed, until it is resumed."""
    reason = request.form.get("archive_reason", "")

    def work(tenant: Tenant, company: Company) -> str:
        archive_company(services().router, tenant, reason)
        note("companies.archive", f"{tenant.slug}: {reason.strip()}".rstrip(": "), company)
        return _("%(name)s is archived.", name=shown_name(company))

    return _step(id, work, {"reason": "archive_reason"})


@blueprint.post("/resume")
@administrators
def resume(id: str) -> ResponseReturnValue:
    """Let people work in a company again that was suspended or archived."""

    def work(tenant: Tenant, company: Company) -> str:
        resume_company(services().router, tenant)
        note("companies.resume", tenant.slug, company)
        return _("%(name)s is active again.", name=shown_name(company))

    return _step(id, work)


@blueprint.post("/share")
@administrators
def share(id: str) -> ResponseReturnValue:
    """Let a company use the registers of an affiliate, of which the administrator is a member."""
    owner = request.form.get("owner", "").strip()

    def work(tenant: Tenant, company: Company) -> str:
        if not is_partner(owner):
            raise BadInput("Choose a company from the list.", field="owner")
        share_registers(services().router, tenant, owner)
        note("companies.share_registers", f"{tenant.slug}: {owner}", company)
        return _(
            "%(name)s uses the registers of %(owner)s now.", name=shown_name(company), owner=owner
        )

    return _step(id, work)


@blueprint.post("/unshare")
@administrators
def unshare(id: str) -> ResponseReturnValue:
    """Give a company registers of its own again, a copy of those it shared."""

    def work(tenant: Tenant, company: Company) -> str:
        unshare_registers(services().router, tenant)
        note("companies.unshare_registers", tenant.slug, company)
        return _("%(name)s has registers of its own now.", name=shown_name(company))

    return _step(id, work)


@blueprint.post("/purge")
@administrators
def purge(id: str) -> ResponseReturnValue:
    """Delete a suspended or archived company for good, after a last backup; its short name confirms it."""
    confirmed = request.form.get("confirmed", "")

    def work(tenant: Tenant, company: Company) -> str:
        slug = tenant.slug
        backup = purge_company(services().router, tenant, confirmed=confirmed)
        note("companies.purge", f"{slug}, {backup.name}", company)
        return _(
            "%(name)s is purged. Its last backup lies on the server: %(path)s",
            name=shown_name(company),
            path=str(backup),
        )

    return _step(id, work, then="companies.index")


def _step(
    id: str,
    work: Callable[[Tenant, Company], str],
    fields: Mapping[str, str] | None = None,
    then: str = "",
) -> ResponseReturnValue:
    """Take one step in a company's life, if it stands as it did when the form was shown.

    `work` returns what is told afterwards; `fields` are the form's names for what errors name otherwise;
    `then` is where to go from here, if not back.
    """
    tenant, company = _found(id)
    try:
        with turn(tenant, request.form.get("seen", "")):
            done = work(tenant, company)
    except (BadInput, Conflict) as error:
        return _page(tenant, company, *_told(error, fields or {}))
    except SlugTaken:
        taken = {_slug_field(fields): _("Another company has this short name.")}
        return _page(tenant, company, taken, 409)
    except BadSlug:
        return _page(tenant, company, {_slug_field(fields): str(SLUG_RULE)}, 422)
    except LockTimeout:
        busy = _(
            "%(name)s is in use, and this has to wait until it isn't. Nothing was changed; try again.",
            name=shown_name(company),
        )
        return _page(tenant, company, {"": busy}, 503)
    except UnknownTenant:
        abort(404)
    except TenantError as error:  # a full disk, say, or a store that isn't migrated yet
        log.exception("Request %s: a step of %s failed", this_request().id, tenant.slug)
        failed = _("That can't be done at the moment: %(why)s", why=str(error))
        return _page(tenant, company, {"": failed}, 503)
    flash(done, "success")
    return redirect(url_for(then) if then else url_for("administration.show", id=id), 303)


def _slug_field(fields: Mapping[str, str] | None) -> str:
    return (fields or {}).get("slug", "slug")


def _told(error: BooksError, fields: Mapping[str, str]) -> tuple[dict[str, str], int]:
    errors, status = told(error)
    field = error.field if isinstance(error, BadInput) else ""
    place = fields.get(field, field)
    return ({place: error_text(error)} if place in FIELDS else errors), status


def _stripped(given: Mapping[str, str]) -> dict[str, Any]:
    return {name: text.strip() for name, text in given.items()}


def _found(id: str) -> tuple[Tenant, Company]:
    """The company of that id, as it is now; 404 for one that was purged, too."""
    company = Company.get_or_none(Company.tenant_id == id)
    if company is None:
        abort(404)
    try:
        tenant = services().router.tenant(company.tenant_id)
    except UnknownTenant:
        abort(404)
    return tenant, company


def _page(
    tenant: Tenant, company: Company, errors: dict[str, str] | None = None, status: int = 200
) -> Any:
    """The page as things are by now, with what was typed where that wasn't right."""
    faults = faults_of(
        tenant
    )  # first: a company that was purged meanwhile has no files, and no page
    tenant, company = _found(tenant.id)
    router = services().router
    offered = None if shares_registers(tenant) else partners()
    page = render_template(
        "companies/administration.html",
        company=company,
        tenant=tenant,
        errors=errors or {},
        given=request.form if errors else {},
        seen=standing_of(tenant),
        faults=faults,
        slug_rule=SLUG_RULE,
        is_member=Membership.find(current_visit().user, tenant.id) is not None,
        members=len(Membership.within(tenant.id)),
        owner=_owner(tenant),
        sharers=[other.slug for other in sharers(router, tenant)],
        partners=None if offered is None else [o for o in offered if o[0] != tenant.slug],
        too_many_partners=offered is None,
    )
    return page, status


def _owner(tenant: Tenant) -> str:
    """The short name of whose registers it shares; empty where they are its own."""
    if not shares_registers(tenant):
        return ""
    owner = tenant.store("registers").owner
    try:
        return services().router.tenant(owner).slug
    except UnknownTenant:
        return _("a company that was purged")
