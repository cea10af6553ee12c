"""The steps of a company's life: another short name, suspended, archived, resumed, purged.

Each raises Conflict where it isn't possible as things stand, and LockTimeout (of tenants) where the
company was in use for too long; then nothing is changed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.companies import Company
from models.errors import BadInput, Conflict
from models.jobs.schedules import Schedule
from models.people.memberships import Membership
from models.seal_anchors import SealAnchor
from models.texts import clean_line
from tenants import BadChange, Router, SlugTaken, Tenant, WrongFile

LONGEST_REASON = 300


def standing_of(tenant: Tenant) -> str:
    """Return a digest of what a company's administration hangs on: a form with another one is out of date."""
    stores = sorted((role, store.id) for role, store in tenant.stores.items())
    stands = repr((tenant.slug, tenant.state, tenant.reason, stores))
    return hashlib.sha256(stands.encode()).hexdigest()[:16]


@contextmanager
def turn(company: Tenant, seen: str) -> Iterator[None]:
    """Take a step of a company's life within the block, alone in this process.

    Raises Conflict where another thread is at one just now, and where the company doesn't stand as it did when
    ``seen`` was taken: of two administrators who saw the same, one goes first and the other is told.
    """
    with _guard:
        if company.id in _changing:
            raise Conflict(
                "Somebody else is changing %(slug)s at this moment. Nothing was done; look at it as it is then, "
                "and try again if that is still what you want.",
                slug=company.slug,
            )
        _changing.add(company.id)
    try:
        if seen != standing_of(company.router.tenant(company.id)):
            raise Conflict(
                "The company was changed meanwhile by somebody else. Look at it as it is now, and try again "
                "if that is still what you want."
            )
        yield
    finally:
        with _guard:
            _changing.discard(company.id)


_guard = threading.Lock()
_changing: set[str] = set()
"""Ids of the companies that a thread of this process is changing."""


def rename_company(router: Router, company: Tenant | str, slug: str) -> Tenant:
    """Give a company another short name; its old one leads nowhere, and may be given to others.

    Raises BadSlug, SlugTaken and Conflict.
    """
    tenant = router.tenant(company)
    if tenant.slug == slug:
        raise Conflict("%(slug)s is its short name already.", slug=slug)
    with steps(tenant):
        router.rename(tenant, slug)
    return router.tenant(tenant.id)


def suspend_company(router: Router, company: Tenant | str, reason: str) -> None:
    """Let nobody in any more, until the company is resumed. Raises BadInput without a reason."""
    tenant = router.tenant(company)
    why = clean_line(reason, "reason", longest=LONGEST_REASON, required=True)
    if tenant.state not in ("active", "archived"):
        raise Conflict("%(slug)s is suspended already, or gone.", slug=tenant.slug)
    with steps(tenant):
        router.suspend(tenant, why)


def archive_company(router: Router, company: Tenant | str, reason: str = "") -> None:
    """Let people look at a company and print from it, and change nothing, until it is resumed."""
    tenant = router.tenant(company)
    why = clean_line(reason, "reason", longest=LONGEST_REASON)
    if tenant.state not in ("active", "suspended"):
        raise Conflict("%(slug)s is archived already, or gone.", slug=tenant.slug)
    with steps(tenant):
        router.archive(tenant, why)


def resume_company(router: Router, company: Tenant | str) -> None:
    """Let people work in a company again that was suspended or archived."""
    tenant = router.tenant(company)
    if tenant.state not in ("suspended", "archived"):
        raise Conflict("%(slug)s is active; there is nothing to resume.", slug=tenant.slug)
    with steps(tenant):
        router.resume(tenant)


def purge_company(router: Router, company: Tenant | str, *, confirmed: str) -> Path:
    """Delete a company for good, after a last backup, and return where that lies.

    Its memberships go too; what was done in it stays in the activity log, under its name. ``confirmed``
    is its short name as whoever wants it gone wrote it: BadInput if it isn't.
    """
    tenant = router.tenant(company)
    demand_purgeable(tenant)
    if confirmed.strip() != tenant.slug:
        raise BadInput(
            "Write the company's short name, %(slug)s, to have it purged.",
            field="confirmed",
            slug=tenant.slug,
        )
    with steps(tenant):
        return router.purge(tenant, unregister=unregister)


def demand_purgeable(tenant: Tenant) -> None:
    """Raise Conflict unless the company is suspended or archived, so that nobody works in it."""
    if tenant.state not in ("suspended", "archived"):
        raise Conflict(
            "%(slug)s is active; suspend or archive it before it is purged.", slug=tenant.slug
        )


def unregister(tenant: Tenant) -> None:
    """Take a company that is being purged off the lists, in the caller's transaction on the catalogue."""
    Membership.delete().where(Membership.tenant_id == tenant.id).execute()
    Company.delete().where(Company.tenant_id == tenant.id).execute()
    Schedule.delete().where(Schedule.tenant_id == tenant.id).execute()
    SealAnchor.delete().where(
        SealAnchor.store_id.in_([s.id for s in tenant.own_stores()])
    ).execute()


@contextmanager
def steps(tenant: Tenant) -> Iterator[None]:
    """Tell of a step that tenants refuse in the words of the books' errors.

    Raises UnknownTenant where the company was purged while this waited for its turn.
    """
    try:
        yield
    except SlugTaken:
        raise
    except WrongFile:
        tenant.router.tenant(tenant.id)  # whose folder may be gone, and not just damaged
        raise
    except BadChange as error:
        # What can be known beforehand is refused by name, so somebody was faster.
        raise Conflict(
            "%(slug)s has just been changed by somebody else, or is being changed at this moment. Nothing was "
            "done; look at it as it is now, and try again if that is still what you want.",
            slug=tenant.slug,
        ) from error
