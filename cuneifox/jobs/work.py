"""What a job's function is given: who it works for, where, and how to say how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cuneifox.jobs.entering import Stopped, demand_companies, visit_of
from cuneifox.jobs.kinds import KINDS, companies_of
from cuneifox.jobs.results import Results
from models.actors import Actor
from models.companies import Company
from models.jobs import ending
from models.jobs.job import WHOLE, Job
from tenants import SnapshotTooOld, Tenant, UnknownTenant
from tenants.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from cuneifox.services import Services

WRITE_EVERY = 0.25
"""Seconds between two notes of how far a job is."""


class Work:
    """One attempt at a job, in its own entry.

    Attributes:
        job: its row, as it was when it was begun.
        services: the application's.
        tenant: whose stores it works on; None for none. `company` is what the catalogue holds of it.
        actor: who does it, and what they may.
    """

    def __init__(self, job: Job, services: Services) -> None:
        self.job = job
        self.services = services
        self.tenant: Tenant | None = None
        self.company: Company | None = None
        self.actor: Actor
        self.result: ending.Result | None = None
        self._stopped: Stopped | None = None
        self._snapshot: Snapshot | None = None
        self._interrupts: list[Callable[[], None]] = []
        self._written = 0.0

    # Told from outside, by who watches

    def stop(self, reason: str, company: Company | None = None) -> None:
        """Have it stop at its next step; a query of its snapshot is interrupted, and so is what it waits for.

        Args:
            reason: see `Stopped`, as for `company`.
        """
        if self._stopped is not None:
            return
        self._stopped = Stopped(reason, company)
        snapshot = self._snapshot
        if snapshot is not None:
            snapshot.end()
        for interrupt in list(self._interrupts):
            interrupt()

    @property
    def stopping(self) -> Stopped | None:
        """Why it is to stop; None as long as it isn't."""
        return self._stopped

    # For the job's function

    @property
    def arguments(self) -> dict[str, Any]:
        """What was asked for."""
        return self.job.given

    def check(self) -> None:
        """Raise `Stopped` where it is to stop."""
        if self._stopped is not None:
            raise Stopped(self._stopped.reason, self._stopped.company)

    def progress(self, fraction: float, line: str = "") -> None:
        """Say how far it is, from 0 to 1 and in words. Cheap: call it often.

        Raises:
            Stopped: it is to stop.
        """
        self.check()
        now = time.monotonic()
        if now - self._written >= WRITE_EVERY:
            self._written = now
            ending.report(self.job, round(max(0.0, min(fraction, 0.999)) * WHOLE), line)

    def once(self, part: str = "") -> str:
        """Return a key for what the job writes, the same at each attempt: an idempotency key for the books."""
        return f"job:{self.job.id}:{part}" if part else f"job:{self.job.id}"

    def companies(self) -> Iterator[tuple[Company, Tenant]]:
        """Yield the companies that the arguments name, each once it was looked whether who asked may still read it.

        Raises:
            Stopped: a company is gone or suspended, or a right was taken away.
        """
        kind, router = KINDS[self.job.kind], self.services.router
        for tenant_id in companies_of(self.job.kind, self.arguments):
            self.check()
            visit = visit_of(self.job, self.services.now())
            demand_companies(router, kind, [tenant_id], visit)
            try:
                found = Company.get_by_id(tenant_id), router.tenant(tenant_id)
            except (Company.DoesNotExist, UnknownTenant):  # purged this very moment
                raise Stopped("company") from None
            yield found

    @contextmanager
    def snapshot(
        self, roles: Collection[str] | None = ("books",), tenant: Tenant | None = None
    ) -> Iterator[Snapshot]:
        """Read one state of the company's stores in the block; stopping the job interrupts what is being read.

        Args:
            roles: which stores.
            tenant: of which of several companies; it has an entry of its own in the block.
        """
        tenant = tenant or self.tenant
        assert tenant is not None
        taken = tenant.snapshot(roles=roles)
        try:
            with taken as snapshot:
                self._snapshot = snapshot
                self.check()
                yield snapshot
        except SnapshotTooOld:
            self.check()
            raise
        finally:
            self._snapshot = None

    @contextmanager
    def interruptible(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Have stopping the job call this, from another thread, while the block waits for something."""
        self._interrupts.append(interrupt)
        try:
            self.check()
            yield
        finally:
            self._interrupts.remove(interrupt)

    @contextmanager
    def file(self, name: str, media_type: str) -> Iterator[Path]:
        """Write the result to the path that is given in the block; it is kept once the block has ended well.

        Args:
            name: under which it is downloaded.
            media_type: what it is.
        """
        results: Results = self.services.results
        path = results.begin(self.job) / "result"
        try:
            yield path
            self.check()
            place = results.keep(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self.result = ending.Result(name[:200], media_type, place, path.stat().st_size)
