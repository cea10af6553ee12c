"""Work on several companies: its arguments name them, and who asks must have the rights that it needs in each of them.

Such a job belongs to its asker and to no company. It is looked at again before each company is entered, every second
while it runs, and when its file is fetched: where one company is closed, or a right in it was taken away, there is
nothing to be had of any of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cuneifox.jobs.kinds import Kind
from cuneifox.visits import Visit
from models.errors import NotAllowed
from models.people import Membership
from tenants import Router, Tenant, UnknownTenant


class Barred(Exception):
    """Raised where one of the companies can't be worked on.

    Attributes:
        reason: of `models.jobs.job.REASONS`: "company" where it is gone or suspended, "rights" where who asked may not.
        tenant_id: which; "" where none was named.
    """

    def __init__(self, reason: str, tenant_id: str) -> None:
        self.reason, self.tenant_id = reason, tenant_id
        super().__init__(f"{tenant_id or 'No company'}: {reason}")


def demand_each(router: Router, kind: Kind, ids: Collection[str], visit: Visit | None) -> None:
    """Raise `Barred` unless a kind of work may be done on each of these companies.

    Args:
        router: whose tenants they are.
        kind: the work.
        ids: of the companies. None at all are refused.
        visit: whoever asked; None for the server itself, which has whatever rights its kind needs.
    """
    if not ids:
        raise Barred("company", "")
    memberships = Membership.among(visit.user, ids) if visit is not None else {}
    for tenant_id in ids:
        tenant = _open(router, tenant_id)
        if tenant is None:
            raise Barred("company", tenant_id)
        if visit is not None and not _may(visit, kind, tenant, memberships.get(tenant_id)):
            raise Barred("rights", tenant_id)


def _open(router: Router, tenant_id: str) -> Tenant | None:
    try:
        tenant = router.tenant(tenant_id)
    except UnknownTenant:
        return None
    return tenant if tenant.id == tenant_id and tenant.state != "suspended" else None


def _may(visit: Visit, kind: Kind, tenant: Tenant, membership: Membership | None) -> bool:
    if membership is None:
        return False
    try:
        kind.demand(replace(visit, tenant=tenant, membership=membership).actor)
    except NotAllowed:
        return False
    return True
