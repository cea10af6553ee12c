"""Who may see a job, and have what it has made: with the rights that they have by now, not those of when they asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cuneifox.jobs.kinds import KINDS, Kind, companies_of
from cuneifox.jobs.several import Barred, demand_each
from cuneifox.services import services
from cuneifox.visits import Visit
from models.companies import Company
from models.errors import NotAllowed, NotFound
from models.jobs.job import Job
from models.people import Membership
from tenants import UnknownTenant


def find_job(job_id: str, visit: Visit) -> Job:
    """Return a job that whoever visits may see: their own, or any to an administrator.

    Raises:
        NotFound: there is none of that id that they may see.
    """
    job = Job.get_or_none(Job.id == job_id)
    mine = job is not None and job.user_id == visit.user.id
    if job is None or not (mine or visit.user.is_administrator):
        raise NotFound("There is no job of yours with this address.")
    return job


def result_of(job: Job, visit: Visit) -> Path:
    """Return where a job's result lies, for who asked for it and may still read what is in it.

    Administrators run the server, and needn't be members of its companies: another's result isn't theirs.

    Raises:
        NotFound: it has none, or not any more, or the company isn't one of theirs any more.
        NotAllowed: they lack a right by now that this kind of work needs.
    """
    path = services().results.path_of(job)
    if job.user_id != visit.user.id or path is None:
        raise NotFound("This job has no result, or it was removed after its time. Run it again.")
    demand(visit_in(visit, job.tenant_id), KINDS.get(job.kind), job.given)
    return path


def visit_in(visit: Visit, tenant_id: str) -> Visit:
    """Return the same visit as if it were in a company; "" is none.

    Raises:
        NotFound: it isn't a company of theirs, or it is suspended.
    """
    if not tenant_id:
        return replace(visit, tenant=None, company=None, membership=None)
    try:
        tenant = services().router.tenant(tenant_id)
    except UnknownTenant:
        tenant = None
    membership = Membership.find(visit.user, tenant_id)
    company = Company.get_or_none(Company.tenant_id == tenant_id)
    if tenant is None or membership is None or company is None or tenant.state == "suspended":
        raise NotFound("The company of this job isn't open to you any more.")
    return replace(visit, tenant=tenant, company=company, membership=membership)


def demand(visit: Visit, kind: Kind | None, arguments: Mapping[str, Any]) -> None:
    """Look whether whoever visits has the rights that a kind of work needs; in each of the companies that it names.

    Raises:
        NotAllowed: they lack one.
        NotFound: one of several companies isn't open to them.
    """
    if kind is None:
        raise NotAllowed("There is no such kind of work in this version of the program.")
    if kind.companies is None:
        kind.demand(visit.actor)
    else:
        try:
            demand_each(services().router, kind, companies_of(kind.name, arguments), visit)
        except Barred:
            raise NotFound(
                "One of the companies of this job isn't open to you any more. Ask anew for those that are."
            ) from None
    if kind.administers and not visit.user.is_administrator:
        raise NotAllowed("Only an administrator may ask for that.")
