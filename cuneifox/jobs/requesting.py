"""Asking for a job from a page, for whoever visits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cuneifox.i18n import current_language
from cuneifox.jobs.fetching import demand
from cuneifox.jobs.kinds import KINDS
from cuneifox.services import Services, services
from cuneifox.visits import Visit
from models.jobs.asking import Asker, ask
from models.jobs.job import SOON, Job


def request_job(
    visit: Visit,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    priority: int = SOON,
    once: str | None = None,
) -> Job:
    """Ask for a job in the company of this visit, and let a worker know once it is written down.

    Raises:
        NotAllowed: the visitor lacks a right that this kind of work needs.
        NotFound: of several companies, one isn't open to the visitor.
    """
    wanted = KINDS.get(kind)
    demand(visit, wanted, arguments)
    assert wanted is not None
    tenant_id = visit.tenant.id if wanted.of_company and visit.tenant is not None else ""
    asker = Asker(visit.user.id, visit.session.digest, language=current_language())
    here = services()
    job, _is_new = ask(
        kind, arguments, asker, now=here.now(), tenant_id=tenant_id, priority=priority, once=once,
        most_attempts=wanted.most_attempts,
    )  # fmt: skip
    send(here, job)
    return job


def send(here: Services, job: Job) -> None:
    """Let a worker know of a job; amid a transaction nobody could see it yet, and they look every second."""
    if not here.router.universal.in_transaction():
        here.queue.send(job.id)
