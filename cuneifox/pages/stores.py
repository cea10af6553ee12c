"""Stores that no company uses any more, and companies that were purged: what is left of them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.audit import note
from cuneifox.forms import told
from cuneifox.i18n import _
from cuneifox.request import this_request
from cuneifox.rosters import FEW
from cuneifox.services import services
from models.errors import BadInput, Conflict
from models.unused_stores import find_unused, purge_unused
from tenants import LockTimeout, Store, TenantError

if TYPE_CHECKING:
    from tenants.catalogue import Tombstone

log = logging.getLogger("cuneifox")

blueprint = Blueprint("stores", __name__, url_prefix="/companies/stores")


class Row(NamedTuple):
    """An unused store, as it is shown; `bytes` is None where its file is missing."""

    id: str
    label: str
    role: str
    bytes: int | None


class Purged(NamedTuple):
    """A company that is no more; `at` is UTC seconds, `backup` a folder within the data folder."""

    slug: str
    at: float
    backup: str


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """The stores that no company uses any more, and the companies that were purged, with their last backups."""
    return _page()


@blueprint.post("/<id>/purge")
@administrators
def purge(id: str) -> ResponseReturnValue:
    """Delete an unused store for good, after a last backup; its name confirms it."""
    store = find_unused(services().router, id)
    try:
        backup = purge_unused(
            services().router, store, confirmed=request.form.get(f"confirmed_{id}", "")
        )
    except (BadInput, Conflict) as error:
        errors, status = told(error, ("confirmed",))
        return _page(id, *errors.values()), status
    except LockTimeout:
        return _page(id, _("It is in use. Nothing was changed; try again.")), 503
    except TenantError as error:  # a full disk, say
        log.exception("Request %s: purging %s failed", this_request().id, store.label)
        return _page(id, _("That can't be done at the moment: %(why)s", why=str(error))), 503
    note("companies.purge_store", f"{store.label} {id}, {backup.name}")
    flash(
        _(
            "%(label)s is deleted. Its last backup lies on the server: %(path)s",
            label=store.label,
            path=str(backup),
        ),
        "success",
    )
    return redirect(url_for("stores.index"), 303)


def _page(wrong: str = "", error: str = "") -> Any:
    """The page as things are by now; `error` is about the store `wrong`."""
    router = services().router
    return render_template(
        "companies/stores.html",
        rows=[_row(store) for store in router.unused_stores()[:FEW]],
        purged=[_purged(tombstone) for tombstone in router.tombstones()[:FEW]],
        most=FEW,
        wrong=wrong,
        error=error,
    )


def _purged(tombstone: Tombstone) -> Purged:
    at = datetime.fromisoformat(tombstone.purged_at).replace(tzinfo=UTC)
    return Purged(tombstone.slug, at.timestamp(), tombstone.backup)


def _row(store: Store) -> Row:
    return Row(store.id, store.label, store.role, store.size())
