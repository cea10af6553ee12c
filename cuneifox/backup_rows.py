"""Backups, and files that restores have replaced, as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from cuneifox.i18n import _
from cuneifox.identify import current_visit
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from models.people import Membership
from tenants import BackupManager, BadBackup, BadKey, Tenant, UnknownTenant
from tenants.backups.backup import UNIVERSAL, is_unit

if TYPE_CHECKING:
    from tenants.backups.backup import Backup
    from tenants.backups.manifest import Manifest


class BackupRow(NamedTuple):
    """One backup, as it is shown; `at` is in UTC seconds.

    `wrong` says why its manifest can't be read; it may be sound, and `without_key`.
    """

    stamp: str
    at: float
    increment: bool = False
    bytes: int = 0
    stored_bytes: int = 0
    vouchers: int | None = None
    last_number: str = ""
    slug: str = ""
    company: str = ""
    wrong: str = ""
    without_key: bool = False


class KeptGroup(NamedTuple):
    """What one restore replaced; `at` is in UTC seconds, `since` the same as the catalogue writes it."""

    since: str
    at: float
    roles: list[str]
    bytes: int
    reason: str


def backup_row(manager: BackupManager, backup: Backup, of_member: bool) -> BackupRow:
    """A backup by its manifest; one that can't be read is shown all the same, with the reason.

    What stands in the books is for the company's members, of whom the administrator needn't be one.
    """
    at = backup.made_at.timestamp()
    try:
        manifest = manager.manifest(backup)
        facts = _facts(manifest)
    except (BadBackup, BadKey) as error:
        return BackupRow(backup.stamp, at, wrong=str(error), without_key=isinstance(error, BadKey))
    return BackupRow(
        backup.stamp,
        at,
        bool(manifest.bases),
        manifest.bytes,
        manifest.stored_bytes,
        facts.chain_count,
        facts.last_number if of_member else "",
        manifest.slug,
        str(facts.company.get("name", "")),
    )


class _Facts(msgspec.Struct):
    """What of a copy's facts is shown; the catalogue's copy has none of them."""

    chain_count: Annotated[int, msgspec.Meta(ge=0)] | None = None
    last_number: str = ""
    company: dict[str, str | int] = {}


_FACTS = msgspec.json.Decoder(_Facts)


def _facts(manifest: Manifest) -> _Facts:
    try:
        return _FACTS.decode(msgspec.json.encode(manifest.facts))
    except msgspec.ValidationError as error:
        raise BadBackup(
            f"The manifest of {manifest.backup} says of the books what this program never writes ({error})."
        ) from error


def kept_groups(tenant: Tenant) -> list[KeptGroup]:
    """What restores of a company have replaced, the latest first; what went together comes back together."""
    groups: dict[tuple[str, str], KeptGroup] = {}
    for kept in services().router.kept(tenant):
        group = groups.setdefault(
            (kept.since, kept.reason),
            KeptGroup(kept.since, utc_seconds(kept.since), [], 0, kept.reason),
        )
        group.roles.append(kept.role)
        groups[kept.since, kept.reason] = group._replace(bytes=group.bytes + kept.bytes)
    return list(groups.values())


class DrillSummary(NamedTuple):
    """How the companies stand whose backups were restored aside; `at` is when the last one was, in UTC seconds."""

    at: float
    well: int
    failed: int


def last_drill(manager: BackupManager) -> DrillSummary | None:
    """How drills have gone, of each company the last; None before the first."""
    drills = manager.drills()
    if not drills:
        return None
    failed = sum(bool(drill.faults) for drill in drills)
    return DrillSummary(
        datetime.fromisoformat(drills[0].at).timestamp(), len(drills) - failed, failed
    )


def is_member(id: str) -> bool:
    """Whether the reader is a member of the company of that id."""
    return Membership.find(current_visit().user, id) is not None


def found_backup(manager: BackupManager, id: str, stamp: str) -> Backup | None:
    """A company's backup of that stamp, if there is one."""
    if not is_unit(id):
        return None
    return next((backup for backup in manager.list(id) if backup.stamp == stamp), None)


def utc_seconds(told: str) -> float:
    """A moment as the catalogue writes it, in UTC seconds."""
    return datetime.fromisoformat(told).replace(tzinfo=UTC).timestamp()


def tenant_of(id: str) -> Tenant | None:
    """The company of that id; None if it was purged, or never was."""
    try:
        return services().router.tenant(id)
    except UnknownTenant:
        return None


def name_of(id: str, rows: list[BackupRow]) -> str:
    """What people call whose backups these are; a purged company by what its last backup says."""
    if id == UNIVERSAL:
        return _("Users, rights and the list of companies")
    company = Company.get_or_none(Company.tenant_id == id)
    if company is not None:
        return shown_name(company)
    return next((row.company or row.slug for row in rows if not row.wrong), id)
