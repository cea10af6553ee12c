"""Whether each company of the catalogue can be opened, and its files are its own."""

from __future__ import annotations

import logging

from cuneifox.i18n import _l, ngettext
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.work import Work
from models.company_faults import faults_of
from models.errors import BooksError

log = logging.getLogger("cuneifox")


@kind(
    "check_up",
    lambda given: str(_l("Check-up of the catalogue")),
    of_company=False,
    administers=True,
)
def check_up(work: Work) -> str:
    """Open each company, and tell of those that can't be."""
    tenants = [tenant for tenant in work.services.router.tenants() if tenant.state != "suspended"]
    ill = []
    for number, tenant in enumerate(tenants):
        work.progress(number / len(tenants), tenant.slug)
        with work.services.router.using(tenant):
            faults = faults_of(tenant)
        for fault in faults:
            log.error("%s: %s", tenant.slug, fault)
        if faults:
            ill.append(tenant.slug)
    if ill:
        raise BooksError(
            "Something is wrong with the files of %(names)s; the log says what, and what to do.",
            names=", ".join(ill)[:500],
        )
    return ngettext(
        "%(num)s company was opened, and is sound.", "%(num)s companies were opened, and are sound.", len(tenants)
    )  # fmt: skip
