"""Backups: how each company stands, and those of one, for administrators."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.backup_rows import backup_row, is_member, kept_groups, last_drill, name_of, tenant_of
from cuneifox.i18n import _, _l
from cuneifox.navigation import Link
from cuneifox.rosters import PAGE, tenant_named
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from models.company_life import standing_of
from tenants import BackupManager, LockTimeout, UnknownTenant
from tenants.backups.backup import UNIVERSAL, is_unit

if TYPE_CHECKING:
    from tenants.backups.status import TenantStatus

blueprint = Blueprint("backups", __name__, url_prefix="/backups")

navigation = [Link(_l("Backups"), "backups.index", 40, "installation", administrators=True)]


class Row(NamedTuple):
    """How a company stands, as it is shown.

    Attributes:
        at: when its last backup was made, in UTC seconds, or None.
        is_there: False once it was purged; its backups stay.
    """

    id: str
    name: str
    at: float | None
    bytes: int
    stored_bytes: int
    failures: int
    error: str
    is_there: bool


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """Where backups are kept, how the last run went, and how each company stands: what has failed first."""
    return _index_page()


@blueprint.get("/<id>")
@administrators
def show(id: str) -> ResponseReturnValue:
    """The backups of one company, also of one that was purged, and what restores of it have replaced."""
    return company_page(id)


@blueprint.post("/<id>/run")
@administrators
def run(id: str) -> ResponseReturnValue:
    """Back up one company now, whether or not it has changed."""
    manager = manager_or_404()
    if not is_unit(id):
        abort(404)
    page = partial(company_page, id) if request.form.get("then") == "show" else _index_page
    try:
        (outcome,) = manager.backup_now(id, even_unchanged=True).outcomes
    except UnknownTenant:
        abort(404)
    except LockTimeout:
        return page(_("Backups are being made at this moment. Nothing was done; try again."), 503)
    if outcome.kind == "failed":
        return page(_("No backup could be made: %(why)s", why=outcome.error), 409)
    note("backups.run", outcome.slug, Company.get_or_none(Company.tenant_id == id))
    flash(_("A backup was made."), "success")
    back = url_for("backups.show", id=id) if request.form.get("then") else url_for("backups.index")
    return redirect(back, 303)


def _index_page(error: str = "", status: int = 200) -> ResponseReturnValue:
    manager = services().backups
    if manager is None:
        return render_template("backups/index.html", status=None)
    stand = manager.status()
    text = request.args.get("text", "").strip()
    named = _named(text) if text else set()
    wanted = [one for one in stand.tenants if not text or one.tenant in named]
    wanted.sort(key=_urgency)
    page = render_template(
        "backups/index.html",
        status=stand,
        encrypted=manager.key is not None,
        drill=last_drill(manager),
        rows=_rows(wanted[:PAGE]),
        more=max(len(wanted) - PAGE, 0),
        paged=len(stand.tenants) > PAGE,
        failing=sum(one.failures > 0 for one in stand.tenants),
        text=text,
        error=error,
    )
    return page, status


def company_page(id: str, error: str = "", status: int = 200) -> ResponseReturnValue:
    """The page on one company's backups; `error` stands above them."""
    manager = manager_or_404()
    if not is_unit(id):
        abort(404)
    tenant, found = tenant_of(id), manager.list(id)
    if tenant is None and id != UNIVERSAL and not found:
        abort(404)
    member = is_member(id)
    rows = [backup_row(manager, backup, member) for backup in reversed(found[-PAGE:])]
    page = render_template(
        "backups/show.html",
        id=id,
        name=name_of(id, rows),
        is_there=tenant is not None or id == UNIVERSAL,
        stand=manager.status_of(id),
        restorable=id != UNIVERSAL,
        kept=kept_groups(tenant) if tenant is not None else [],
        seen=standing_of(tenant) if tenant is not None else "",
        rows=rows,
        more=max(len(found) - PAGE, 0),
        error=error,
    )
    return page, status


def manager_or_404() -> BackupManager:
    """Of the installation; 404 where the settings ask for no backups."""
    manager = services().backups
    if manager is None:
        abort(404)
    return manager


def _urgency(one: TenantStatus) -> tuple[bool, bool, str]:
    """What has failed comes first, then what has no backup, then what was backed up longest ago."""
    return (not one.failures, one.latest is not None, one.latest.stamp if one.latest else "")


def _named(text: str) -> set[str]:
    """Ids of the companies whose name holds the text, or whose short name it is."""
    wanted = Company.name.contains(text) | Company.local_name.contains(text)
    ids = {row.tenant_id for row in Company.select(Company.tenant_id).where(wanted)}
    found = tenant_named(text)
    return ids | ({found.id} if found else set())


def _rows(wanted: list[TenantStatus]) -> list[Row]:
    ids = [one.tenant for one in wanted]
    names = {c.tenant_id: shown_name(c) for c in Company.select().where(Company.tenant_id.in_(ids))}
    return [
        Row(
            one.tenant,
            _("Users, rights and the list of companies")
            if one.tenant == UNIVERSAL
            else names.get(one.tenant, one.tenant),
            one.latest.made_at.timestamp() if one.latest else None,
            one.bytes,
            one.stored_bytes,
            one.failures,
            one.error,
            one.tenant == UNIVERSAL or tenant_of(one.tenant) is not None,
        )
        for one in wanted
    ]
