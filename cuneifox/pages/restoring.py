"""Getting a company back from a backup, and undoing that, in the pages of administrators."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note, noted_elsewhere
from cuneifox.backup_rows import UNIVERSAL, backup_row, found_backup, is_member, name_of, tenant_of
from cuneifox.forms import told
from cuneifox.i18n import _
from cuneifox.identify import current_visit
from cuneifox.pages.backups import company_page, manager_or_404
from cuneifox.pages.companies import SLUG_RULE
from cuneifox.request import this_request
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from models.company_life import standing_of, turn
from models.errors import BadInput, BooksError, Conflict
from models.people import Membership
from models.restoring import (
    company_of_backup,
    discard_kept,
    go_back_company,
    restorable,
    restore_company,
)
from tenants import BadSlug, LockTimeout, SlugTaken, Tenant, TenantError, UnknownTenant
from tenants.backups.backup import Backup

log = logging.getLogger("cuneifox")

blueprint = Blueprint("restoring", __name__, url_prefix="/backups/<id>")

FIELDS = ("slug", "name", "local_name", "confirmed")


@blueprint.get("/<stamp>/restore")
@administrators
def form(id: str, stamp: str) -> ResponseReturnValue:
    """What a backup holds, and what can be made of it."""
    return _page(_chosen(id, stamp))


@blueprint.post("/<stamp>/restore")
@administrators
def restore(id: str, stamp: str) -> ResponseReturnValue:
    """Let a company be what it was at a backup; its short name confirms it, and what it is now is kept."""
    backup = _chosen(id, stamp)
    tenant, company = _there(id)

    def work() -> str:
        restore_company(
            manager_or_404(),
            tenant,
            backup,
            confirmed=request.form.get("confirmed", ""),
            registers_too=bool(request.form.get("registers_too")),
            **_me(),
        )
        noted_elsewhere()
        return _(
            "%(name)s is what it was then. What it was before is kept.", name=shown_name(company)
        )

    return _step(tenant, work, lambda *wrong: _page(backup, *wrong), _back(id))


@blueprint.post("/<stamp>/adopt")
@administrators
def adopt(id: str, stamp: str) -> ResponseReturnValue:
    """Make a new company of a backup; who does so is its first member."""
    backup = _chosen(id, stamp)
    given = {name: request.form.get(name, "").strip() for name in ("slug", "name", "local_name")}

    def work() -> str:
        made = company_of_backup(manager_or_404(), backup, **given)
        Membership.grant(current_visit().user, made.tenant_id, may_freeze=True, may_close=True)
        note("companies.restore", f"{given['slug']} of backup {stamp}", made)
        return _("%(name)s is made. You are its only member.", name=shown_name(made))

    return _step(None, work, lambda *wrong: _page(backup, *wrong), url_for("companies.index"))


@blueprint.post("/go-back")
@administrators
def go_back(id: str) -> ResponseReturnValue:
    """Let a company be again what a restore has replaced."""
    tenant, company = _there(id)

    def work() -> str:
        go_back_company(manager_or_404(), tenant, request.form.get("since", ""), **_me())
        noted_elsewhere()
        return _(
            "%(name)s is what it was before the restore. What was written since is kept.",
            name=shown_name(company),
        )

    return _step(tenant, work, _above(id), _back(id))


@blueprint.post("/discard")
@administrators
def discard(id: str) -> ResponseReturnValue:
    """Delete for good what a restore has replaced."""
    tenant, company = _there(id)
    since = request.form.get("since", "")

    def work() -> str:
        discard_kept(tenant, since)
        note("companies.discard", f"{tenant.slug}: what was replaced at {since}", company)
        return _("It is deleted.")

    return _step(tenant, work, _above(id), _back(id))


def _step(
    tenant: Tenant | None,
    work: Callable[[], str],
    again: Callable[[dict[str, str], int], ResponseReturnValue],
    then: str,
) -> ResponseReturnValue:
    """Take one step, if the company stands as it did when the form was shown; `again` shows that with what is wrong.

    `then` is where to go from here.
    """
    try:
        if tenant is None:
            done = work()
        else:
            with turn(tenant, request.form.get("seen", "")):
                done = work()
    except (BadInput, Conflict) as error:
        return again(*_told(error))
    except SlugTaken:
        return again({"slug": _("Another company has this short name.")}, 409)
    except BadSlug:
        return again({"slug": str(SLUG_RULE)}, 422)
    except UnknownTenant:
        abort(404)
    except LockTimeout:
        busy = _(
            "The company is in use, and this has to wait until it isn't. Nothing was changed; try again."
        )
        return again({"": busy}, 503)
    except TenantError as error:  # a damaged backup, say, or a full disk
        log.exception("Request %s: a restore failed", this_request().id)
        return again({"": _("That can't be done at the moment: %(why)s", why=str(error))}, 503)
    flash(done, "success")
    return redirect(then, 303)


def _told(error: BooksError) -> tuple[dict[str, str], int]:
    return told(error, FIELDS)


def _above(id: str) -> Callable[[dict[str, str], int], ResponseReturnValue]:
    """The company's backups, with what is wrong above them."""
    return lambda errors, status: company_page(id, next(iter(errors.values()), ""), status)


def _back(id: str) -> str:
    return url_for("backups.show", id=id)


def _me() -> dict[str, Any]:
    user = current_visit().user
    return {"user_id": user.id, "user_name": user.display_name, "clock": services().now}


def _chosen(id: str, stamp: str) -> Backup:
    backup = found_backup(manager_or_404(), id, stamp)
    if backup is None or id == UNIVERSAL:
        abort(404)
    return backup


def _there(id: str) -> tuple[Tenant, Company]:
    tenant, company = tenant_of(id), Company.get_or_none(Company.tenant_id == id)
    if tenant is None or company is None:
        abort(404)
    return tenant, company


def _page(
    backup: Backup, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    manager = manager_or_404()
    row = backup_row(manager, backup, is_member(backup.tenant))
    tenant = tenant_of(backup.tenant)
    company = Company.get_or_none(Company.tenant_id == backup.tenant)
    if row.wrong:
        return company_page(backup.tenant, row.wrong, 503)
    roles = [store.role for store in manager.manifest(backup).stores]
    affected: list[str] = []
    if tenant is not None:
        roles, affected = restorable(services().router, tenant, manager.manifest(backup))
    count = row.vouchers or 0
    page = render_template(
        "backups/restoring.html",
        id=backup.tenant,
        stamp=backup.stamp,
        name=name_of(backup.tenant, [row]),
        at=row.at,
        vouchers=count,
        last_number=row.last_number,
        slug=tenant.slug if tenant is not None else "",
        lost=max(company.chain_count - count, 0) if company is not None else 0,
        roles=roles,
        affected=affected,
        seen=standing_of(tenant) if tenant is not None else "",
        slug_rule=SLUG_RULE,
        errors=errors or {},
        given=request.form if errors else {},
    )
    return page, status
