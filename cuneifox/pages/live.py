"""The live page: who is being answered right now, which is what stands in `db_dict`."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.i18n import _l
from cuneifox.navigation import Link
from cuneifox.services import services
from models.companies import Company
from models.people import Session, User
from tenants import UNIVERSAL, establish_key

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


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """Every entry: its key, company, age, and the stores that it has opened so far."""
    return render_template("live/index.html", rows=_rows())


def _rows() -> list[Row]:
    # Entries come and go meanwhile: the list is copied in one step, and each is looked at only once.
    entries = list(services().router.db_dict.items())
    ids = {entry.tenant.id for _key, entry in entries if entry.tenant is not None}
    asked = Company.select().where(Company.tenant_id.in_(ids))
    names = {company.tenant_id: company.name for company in asked}
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
    kind = "client" if key[1] is not None else "server"
    if key == UNIVERSAL:
        kind = "universal"
    tenant = entry.tenant
    return Row(
        key=f"({_short(key[0])}, {_short(key[1])})",
        kind=kind,
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
