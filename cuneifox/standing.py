"""What a company's state means to whoever visits it: suspended, archived, or in quarantine."""

from __future__ import annotations

from typing import NoReturn

from flask import Flask, abort, make_response, render_template

from cuneifox.errors import wants_json
from cuneifox.i18n import LazyText, _, _l
from cuneifox.visits import Visit, read_only_modules
from cuneifox.words import shown_name
from models.companies import Company
from tenants import Tenant

STATES: dict[str, LazyText] = {
    "active": _l("active"),
    "suspended": _l("suspended"),
    "archived": _l("archived"),
}

STORES: dict[str, LazyText] = {
    "books": _l("the books"),
    "registers": _l("the registers"),
    "attachments": _l("the attachments"),
}
"""What people call a company's stores within a sentence."""


def init_app(app: Flask) -> None:
    """Give the templates `standing_notice(visit)`, and names of states and stores."""
    app.jinja_env.globals.update(
        standing_notice=standing_notice, STATE_NAMES=STATES, STORE_NAMES=STORES
    )


def refuse_suspended(company: Company, tenant: Tenant) -> NoReturn:
    """Answer a member of a suspended company: 403, and why it is suspended."""
    text = _("%(name)s is suspended: nobody can open it for now.", name=shown_name(company))
    if wants_json():
        abort(403, f"{text} {tenant.reason}".strip())
    page = render_template("companies/suspended.html", company=company, tenant=tenant, text=text)
    abort(make_response(page, 403))


def demand_writable(visit: Visit, needed: tuple[str, str] | None, changes: bool) -> None:
    """Answer 409 where something is to be written, or its form is asked for, that can only be read now.

    `needed` are the (module, level) that the view is marked with; `changes` says that the request isn't
    one that only reads, or that the view is for administrators, who read nothing there.
    """
    if visit.tenant is None:
        return
    closed = read_only_modules(visit.tenant)
    wholly = "ledger" in closed
    writes = needed is not None and needed[0] in closed and needed[1] not in ("none", "read")
    if closed and ((changes and wholly) or (writes and needed and visit.granted.may(*needed))):  # type: ignore[arg-type]
        abort(409, standing_notice(visit))


def standing_notice(visit: Visit | None) -> str:
    """What stands above every page of a company that can only be read, or can only partly be written."""
    tenant = visit.tenant if visit is not None else None
    if tenant is None:
        return ""
    if tenant.is_archived:
        return _(
            "Archived: read only. Everything can be looked at and printed, and nothing can be changed."
        )
    troubled = sorted(role for role, store in tenant.stores.items() if store.trouble)
    if not troubled:
        return ""
    return _(
        "In quarantine: %(stores)s. It can be read, and nothing can be changed in it until an "
        "administrator has seen to it.",
        stores=", ".join(str(STORES.get(role, role)) for role in troubled),
    )
