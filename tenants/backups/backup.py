"""A backup by name: whose it is, and the moment that it was made."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..errors import BadBackup
from ..tenant import is_id

UNIVERSAL = "universal"
"""Stands for a tenant's id in the backups of the shared database."""

_FORM = "%Y%m%dT%H%M%S.%fZ"
_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z")


class Backup(NamedTuple):
    """One backup.

    Attributes:
        tenant: the tenant's id, or `universal`.
        stamp: when it was made, in UTC, as in `20300131T235959.000000Z`: sorts by time, and is given once per tenant.
    """

    tenant: str
    stamp: str

    @property
    def made_at(self) -> datetime:
        """When it was made, in UTC."""
        return moment_of(self.stamp)

    def __str__(self) -> str:
        return f"{self.tenant}/{self.stamp}"


def is_unit(text: str) -> bool:
    """True for what may stand for a tenant in the place of the backups."""
    return text == UNIVERSAL or is_id(text)


def is_stamp(text: str) -> bool:
    """True for what has the form of a stamp, and is a moment."""
    if not _STAMP.fullmatch(text):
        return False
    try:
        moment_of(text)
    except ValueError:
        return False
    return True


def moment_of(stamp: str) -> datetime:
    """Return the moment of a stamp."""
    return datetime.strptime(stamp, _FORM).replace(tzinfo=UTC)


def stamp_of(moment: datetime) -> str:
    """Return the stamp of a moment."""
    return moment.astimezone(UTC).strftime(_FORM)


def fresh_stamp(latest: str, now: datetime | None = None) -> str:
    """Return the stamp of now; where the clock was put back, one that comes after the latest."""
    stamp = stamp_of(now or datetime.now(UTC))
    if latest and stamp <= latest:
        stamp = stamp_of(moment_of(latest) + timedelta(microseconds=1))
    return stamp


def require_backup(backup: Backup) -> Backup:
    """Return it if its parts may be names of folders. Raises `BadBackup`."""
    if not is_unit(backup.tenant) or not is_stamp(backup.stamp):
        raise BadBackup(f"{tuple(backup)!r} is no backup's name: take one that the list shows.")
    return backup
