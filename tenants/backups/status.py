"""How backups stand, for pages and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from .backup import Backup, moment_of
from .records import Standing


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """How one tenant stands.

    Attributes:
        tenant: its id, or `universal`.
        latest: its last backup, or None.
        failures: how many attempts in a row have failed since.
        error: what the last one failed with; empty where it didn't.
        looked_at: when its files were last looked into, in UTC, as ISO 8601 has it. Files that haven't changed since
            the last backup aren't looked into.
        bytes, stored_bytes: of the last backup's databases, and of what was stored of them.
    """

    tenant: str
    latest: Backup | None
    failures: int
    error: str
    looked_at: str
    bytes: int
    stored_bytes: int

    @property
    def age(self) -> float | None:
        """Seconds since the last backup was made; None where there is none. Old isn't bad: it may be unchanged."""
        if self.latest is None:
            return None
        return (datetime.now(UTC) - moment_of(self.latest.stamp)).total_seconds()


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """How all stand.

    Attributes:
        place: where the backups are kept.
        interval: seconds between two runs.
        running: True while a manager of this process makes backups every so often.
        failures: how many runs of this manager in a row had one that failed.
        last_run_at: when this manager's last run ended, in seconds since 1970; None before the first.
        last_run_seconds: how long it took.
        made, same, failed: how many of each this manager has had.
        tenants: of which there is, or should be, a backup.
    """

    place: str
    interval: float
    running: bool
    failures: int
    last_run_at: float | None
    last_run_seconds: float
    made: int
    same: int
    failed: int
    tenants: list[TenantStatus]


@dataclass(frozen=True, slots=True)
class BackupFigures:
    """How one manager has done, by what it knows itself.

    Attributes:
        failures, last_run_at, last_run_seconds, made, same, failed: as in `BackupStatus`.
        failing: of how many tenants the last backup has failed.
    """

    failures: int
    failing: int
    last_run_at: float | None
    last_run_seconds: float
    made: int
    same: int
    failed: int


def tenant_status(standing: Standing) -> TenantStatus:
    """Return how a tenant stands, as the records have it."""
    latest = Backup(standing.tenant, standing.latest) if standing.latest else None
    return TenantStatus(
        standing.tenant,
        latest,
        standing.failures,
        standing.error,
        standing.looked_at,
        standing.bytes,
        standing.stored_bytes,
    )
