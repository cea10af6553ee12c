"""Backups as pages show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cuneifox.i18n import _
from cuneifox.services import services
from cuneifox.words import shown_name
from models.companies import Company
from tenants import BackupManager, BadBackup, BadKey, Tenant, UnknownTenant
from tenants.backups.backup import UNIVERSAL

if TYPE_CHECKING:
    from tenants.backups.backup import Backup


class BackupRow(NamedTuple):
    """One backup, as it is shown; `at` is in UTC seconds, `damaged` says why its manifest can't be read."""

    stamp: str
    at: float
    increment: bool = False
    bytes: int = 0
    stored_bytes: int = 0
    vouchers: int | None = None
    last_number: str = ""
    slug: str = ""
    company: str = ""
    damaged: str = ""


def backup_row(manager: BackupManager, backup: Backup) -> BackupRow:
    """A backup by its manifest; one that can't be read is shown all the same, with the reason."""
    at = backup.made_at.timestamp()
    try:
        manifest = manager.manifest(backup)
    except (BadBackup, BadKey) as error:
        return BackupRow(backup.stamp, at, damaged=str(error))
    facts = manifest.facts
    return BackupRow(
        backup.stamp,
        at,
        bool(manifest.bases),
        manifest.bytes,
        manifest.stored_bytes,
        facts.get("chain_count"),
        facts.get("last_number", ""),
        manifest.slug,
        facts.get("company", {}).get("name", ""),
    )


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
    return next((row.company or row.slug for row in rows if not row.damaged), id)
