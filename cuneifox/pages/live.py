"""The live page: who is being answered right now, which is what stands in `db_dict`, and the pool."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.entry_kinds import kind_of
from cuneifox.i18n import _l
from cuneifox.navigation import Link
from cuneifox.services import services
from models.companies import Company
from models.people import Session, User
from tenants import establish_key

if TYPE_CHECKING:
    from tenants.leasing.leases import LeaseStatus

blueprint = Blueprint("live", __name__, url_prefix="/live")

navigation = [Link(_l("Live"), "live.index", 50, "installation", administrators=True)]


class Row(NamedTuple):
    """One entry, as it is shown; `age` is in seconds."""

    key: str
    kind: str
    who: str
    company: str
    age: float
    stores: list[str]
    mine: bool


class LeaseRow(NamedTuple):
    """One lease, as it is shown; `age` is in seconds, `where` the lines of the program that took it."""

    company: str
    store: str
    age: float
    where: list[str]
    late: bool


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """Every entry with its key, company, age and open stores; the pool, and who has stores in hand."""
    router = services().router
    # Entries come and go meanwhile: the list is copied in one step, and each is looked at only once.
    entries = list(router.db_dict.items())
    pool = router.pool.status()
    names = _names(entries)
    return render_template(
        "live/index.html",
        rows=_rows(entries, names),
        pool=pool,
        limit=router.pool.lease_limit,
        leases=_leases(pool.leases, entries, names),
    )


def _names(entries: list[tuple[Any, Any]]) -> dict[str, str]:
    """Companies' names by their tenants' ids."""
    ids = {entry.tenant.id for _key, entry in entries if entry.tenant is not None}
    asked = Company.select().where(Company.tenant_id.in_(ids))
    return {company.tenant_id: company.name for company in asked}


def _leases(
    leases: list[LeaseStatus], entries: list[tuple[Any, Any]], names: dict[str, str]
) -> list[LeaseRow]:
    by_key = {
        key: names.get(entry.tenant.id, entry.tenant.slug)
        for key, entry in entries
        if entry.tenant is not None
    }
    return [
        LeaseRow(
            by_key.get(lease.key, lease.tenant),
            lease.store,
            lease.age,
            lease.where.split(" < "),
            lease.late,
        )
        for lease in leases
    ]


def _rows(entries: list[tuple[Any, Any]], names: dict[str, str]) -> list[Row]:
    people = {
        row.digest: row.user.name
        for row in Session.select(Session, User)
        .join(User)
        .where(Session.digest.in_([key[0] for key, _entry in entries]))
    }
    own = establish_key()
    return [_row(key, entry, names, people, key == own) for key, entry in entries]


def _row(
    key: tuple[str, str | None],
    entry: Any,
    names: dict[str, str],
    people: dict[str, str],
    mine: bool,
) -> Row:
    tenant = entry.tenant
    return Row(
        key=f"({_short(key[0])}, {_short(key[1])})",
        kind=kind_of(key),
        who=people.get(key[0], ""),
        company=names.get(tenant.id, tenant.slug) if tenant is not None else "",
        age=time.monotonic() - entry.entered_at if entry.entered_at else 0.0,
        stores=sorted({_label(database) for database in list(entry.states)}),
        mine=mine,
    )


def _label(database: Any) -> str:
    store = getattr(database, "store", None)
    return str(store.role if store is not None and store.owner else "universal")


def _short(part: str | None) -> str:
    """A digest's beginning tells two apart, and fits the page."""
    if part is None:
        return "None"
    return part if len(part) < 40 else part[:10] + "…"
