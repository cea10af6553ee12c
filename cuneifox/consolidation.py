"""Reading several companies one after another, each in an entry of its own, for reports across them.

Nothing is written, and no entry outlasts its company. What can't be read doesn't stop the rest: it is
a part with a failure, which the report shows in its place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date as Date
from typing import NamedTuple

from msgspec import structs
from peewee import PeeweeException

from cuneifox.i18n import LazyText, _l
from models.companies import Company
from models.dates import check_range
from models.errors import BooksError
from models.people import Activity
from models.reports.consolidated import Part
from models.reports.trial_balance import trial_balance
from models.settings import LedgerState
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

READ = "consolidated.trial_balance"
"""What the activity log calls it that a company was read."""

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


class Wanted(NamedTuple):
    """What is asked of each company: a range of days, both inclusive, and as in a trial balance what is in it."""

    first: Date | None
    last: Date
    with_closing: bool = True
    empty: bool = False


def read_parts(
    router: Router,
    companies: Iterable[tuple[Company, Tenant]],
    wanted: Wanted,
    *,
    seconds: float,
    may_read: Callable[[Company], bool] = lambda _company: True,
) -> list[Part]:
    """Return a part for each company, in their order: its trial balance, or why there is none.

    Args:
        companies: whose books to read, each with its tenant; bounding their number is the caller's.
        seconds: how long all of it may take, waiting for room in the pool and for maintenance included. A company
            that isn't read by then is left out as "late".
        may_read: asked again for each company right before it is entered.

    Raises BadInput for a reversed range.
    """
    if wanted.first is not None:
        check_range(wanted.first, wanted.last)
    deadline = time.monotonic() + seconds
    parts = []
    for company, tenant in companies:
        left = deadline - time.monotonic()
        if left <= 0:
            parts.append(failed_part(company, tenant, "late"))
            continue
        try:
            if not may_read(company):
                raise NotAMember("The right to its ledger was taken away meanwhile.")
            age = min(left, router.snapshots.max_age)
            snapshot = tenant.snapshot(age, roles=("books",), patience=left)
            parts.append(read_part(company, tenant, wanted, snapshot))
        except UNREADABLE as error:
            parts.append(failed_part(company, tenant, failure_of(error)))
            log.warning("%s can't be read for a consolidated report: %s", tenant.slug, error)
    return parts


UNREADABLE = (TenantError, PeeweeException, BooksError)
"""What reading a company may raise that isn't the others' concern."""


def read_part(
    company: Company, tenant: Tenant, wanted: Wanted, snapshot: AbstractContextManager[object]
) -> Part:
    """Return a company's part, read in a snapshot of its books, which is taken here. Raises UNREADABLE."""
    with snapshot:
        trouble = current_store("books").trouble
        if trouble is not None:
            raise Quarantined(f"The books are in quarantine: {trouble}")
        report = trial_balance(
            wanted.first, wanted.last, with_closing=wanted.with_closing, empty=wanted.empty
        )
        state = LedgerState.get_by_id(1)
    part = failed_part(company, tenant, "")
    return structs.replace(part, report=report, vouchers=state.count, head=state.head)


def note_reading(
    companies: Iterable[Company], wanted: Wanted, user_id: str, user_name: str, now: float
) -> None:
    """Write down in the activity log that somebody has read these for a consolidated report, in UTC seconds."""
    with Activity._meta.database.atomic():  # one wait for the disk, however many
        for company in companies:
            Activity.note(
                READ,
                days_of(wanted),
                now=now,
                user_id=user_id,
                user_name=user_name,
                company_id=company.tenant_id,
                company_name=company.name,
            )


def days_of(wanted: Wanted) -> str:
    """Return the days as the activity log names them."""
    return f"{wanted.first or ''} – {wanted.last}"


def failed_part(company: Company, tenant: Tenant, failure: str) -> Part:
    """Return the part of a company without figures; `failure` is one of FAILURES."""
    return Part(
        slug=tenant.slug,
        name=company.name,
        local_name=company.local_name,
        currency=company.currency,
        decimals=company.decimals,
        failure=failure,
    )


def failure_of(error: Exception) -> str:
    """The word for what was raised, one of FAILURES."""
    if is_busy(error):
        return "busy"
    return next((word for kind, word in _KINDS if isinstance(error, kind)), "unreadable")
