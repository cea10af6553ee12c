"""Under which key a job works, and what whoever it works for may do there.

What a person asked for works under that person's session, with the rights that the person has at that moment, for as
long as the session goes on. What the server does by itself works under a name of its own, with the rights that its kind
needs and no others; the books show that name, never a person's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from cuneifox.jobs.kinds import Kind, companies_of
from cuneifox.jobs.several import Barred, demand_each
from cuneifox.visits import Visit, read_only_modules
from models.actors import Actor, Level
from models.companies import Company
from models.errors import NotAllowed
from models.jobs.job import Job
from models.people import Membership, Session
from tenants import Router, Tenant, TenantSuspended, UnknownTenant
from tenants.entries import fresh_thread_name


class Stopped(Exception):
    """Raised in a job that is to stop.

    Attributes:
        reason: a word of `models.jobs.job.REASONS`, or `lost` or `closing`.
        company: which of several companies it stops for, where it is known.
    """

    def __init__(self, reason: str, company: Company | None = None) -> None:
        self.reason, self.company = reason, company
        super().__init__(reason)


@contextmanager
def entered(router: Router, job: Job) -> Iterator[Tenant | None]:
    """Be in an entry of the job's own in the block; its key's second half is a name that no other entry ever has.

    Raises:
        Stopped: the company is gone, or suspended.
    """
    tenant = tenant_of(router, job)
    name = fresh_thread_name()
    try:
        entry = router.enter((job.session, name) if job.session else (name, None), tenant)
    except TenantSuspended:
        raise Stopped("company") from None
    try:
        yield tenant
    finally:
        router.leave(entry)
        router.universal.release(wholly=True)


def tenant_of(router: Router, job: Job) -> Tenant | None:
    """Return the tenant of a job's company, None where it has none; Stopped where it is gone."""
    if not job.tenant_id:
        return None
    try:
        return router.tenant(job.tenant_id)
    except UnknownTenant:
        raise Stopped("company") from None


def actor_of(router: Router, job: Job, kind: Kind, tenant: Tenant | None, now: float) -> Actor:
    """Return who does the job, with the rights they have by now.

    Raises:
        Stopped: the session is over, or who asked may not any more; of several companies, in one of them.
    """
    if tenant is not None and tenant.state == "suspended":
        raise Stopped("company")
    visit = visit_of(job, now)
    if kind.companies is not None:
        demand_companies(router, kind, companies_of(kind.name, job.given), visit)
    if visit is None:
        return _demand(server_actor(job, kind, tenant), kind, "company")
    if tenant is not None:
        visit.tenant = tenant
        visit.membership = Membership.find(visit.user, tenant.id)
        visit.company = Company.get_or_none(Company.tenant_id == tenant.id)
        if visit.membership is None or visit.company is None:
            raise Stopped("rights")
    if kind.administers and not visit.user.is_administrator:
        raise Stopped("rights")
    return _demand(visit.actor, kind, "rights") if kind.companies is None else visit.actor


def visit_of(job: Job, now: float) -> Visit | None:
    """Return the visit of the session of a job, None for the server's own; Stopped where it is over."""
    if not job.user_id:
        return None
    session = Session.get_or_none(Session.digest == job.session)
    if session is None or session.expires_at <= now or not session.user.active:
        raise Stopped("signed_out")
    return Visit(session, session.user)


def demand_companies(router: Router, kind: Kind, ids: Collection[str], visit: Visit | None) -> None:
    """Raise Stopped, which names the company, unless a kind of work may be done on each of these; see `demand_each`."""
    try:
        demand_each(router, kind, ids, visit)
    except Barred as barred:
        company = Company.get_or_none(Company.tenant_id == barred.tenant_id)
        raise Stopped(barred.reason, company) from None


def server_actor(job: Job, kind: Kind, tenant: Tenant | None) -> Actor:
    """Return the server itself, with what its kind of work needs and nothing more; less where the company is closed."""
    name = job.identity or kind.name
    levels: dict[str, Level] = dict(kind.needs)
    actor = Actor(f"system:{name}", name, levels, may_freeze=kind.may_freeze)
    closed = read_only_modules(tenant) if tenant is not None else ()
    return actor.reading_only(closed) if closed else actor


def _demand(actor: Actor, kind: Kind, reason: str) -> Actor:
    try:
        kind.demand(actor)
    except NotAllowed:
        raise Stopped(reason) from None
    return actor
