"""Reading several companies one after another, each in an entry of its own, for reports across them.

Nothing is written, and no entry outlasts its company. What can't be read doesn't stop the rest: it is
a part with a failure, which the report shows in its place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import date as Date

from peewee import PeeweeException

from cuneifox.i18n import LazyText, _l
from models.companies import Company
from models.dates import check_range
from models.errors import BooksError
from models.reports.consolidated import Part
from models.reports.trial_balance import TrialBalance, trial_balance
from tenants import (
    LockTimeout,
    NoRoom,
    NotAMember,
    Router,
    SnapshotTooOld,
    StoreAhead,
    StoreBehind,
    Tenant,
    TenantError,
    TenantSuspended,
    UnknownTenant,
    WrongFile,
    current_store,
)
from tenants.sqlite import is_busy

log = logging.getLogger("cuneifox")

FAILURES: dict[str, LazyText] = {
    "late": _l("Not reached in time"),
    "revoked": _l("You may not read it any more"),
    "gone": _l("There is no such company any more"),
    "suspended": _l("Suspended"),
    "quarantined": _l("In quarantine"),
    "version": _l("Its files are of another version"),
    "file": _l("Its file is missing or damaged"),
    "busy": _l("Busy just now"),
    "unreadable": _l("It could not be read"),
}
"""Why a company has no figures. The operator finds more in the log."""


class Quarantined(TenantError):
    """Raised where the catalogue has a company's books in quarantine: they open, but aren't to be trusted."""


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (Quarantined, "quarantined"),
    (NotAMember, "revoked"),
    (UnknownTenant, "gone"),
    (TenantSuspended, "suspended"),
    (StoreBehind, "version"),
    (StoreAhead, "version"),
    (WrongFile, "file"),
    (LockTimeout, "busy"),
    (NoRoom, "busy"),
    (SnapshotTooOld, "late"),
)
"""The first class that fits decides."""


def read_parts(
    router: Router,
    companies: Iterable[tuple[Company, Tenant]],
    first: Date | None,
    last: Date,
    *,
    seconds: float,
    may_read: Callable[[Company], bool] = lambda _company: True,
    with_closing: bool = True,
    empty: bool = False,
) -> list[Part]:
    """Return a part for each company, in their order: its trial balance, or why there is none.

    Args:
        companies: whose books to read, each with its tenant; bounding their number is the caller's.
        seconds: how long all of it may take, waiting for room in the pool and for maintenance included. A company
            that isn't read by then is left out as "late".
        may_read: asked again for each company right before it is entered.
        with_closing, empty: as in a trial balance.

    Raises BadInput for a reversed range.
    """
    if first is not None:
        check_range(first, last)
    deadline = time.monotonic() + seconds
    parts = []
    for company, tenant in companies:
        report, failure = None, "late"
        left = deadline - time.monotonic()
        if left > 0:
            try:
                if not may_read(company):
                    raise NotAMember("The right to its ledger was taken away meanwhile.")
                report = _read(router, tenant, left, first, last, with_closing, empty)
                failure = ""
            except (TenantError, PeeweeException, BooksError) as error:
                failure = failure_of(error)
                log.warning("%s can't be read for a consolidated report: %s", tenant.slug, error)
        parts.append(_part(company, tenant, report, failure))
    return parts


def failure_of(error: Exception) -> str:
    """The word for what was raised, one of FAILURES."""
    if is_busy(error):
        return "busy"
    return next((word for kind, word in _KINDS if isinstance(error, kind)), "unreadable")


def _read(
    router: Router,
    tenant: Tenant,
    seconds: float,
    first: Date | None,
    last: Date,
    with_closing: bool,
    empty: bool,
) -> TrialBalance:
    with tenant.snapshot(_bound(router, seconds), roles=("books",), patience=seconds):
        trouble = current_store("books").trouble
        if trouble is not None:
            raise Quarantined(f"The books are in quarantine: {trouble}")
        return trial_balance(first, last, with_closing=with_closing, empty=empty)


def _bound(router: Router, seconds: float) -> float:
    return min(seconds, router.snapshots.max_age)


def _part(company: Company, tenant: Tenant, report: TrialBalance | None, failure: str) -> Part:
    return Part(
        slug=tenant.slug,
        name=company.name,
        local_name=company.local_name,
        currency=company.currency,
        decimals=company.decimals,
        report=report,
        failure=failure,
    )
