"""The installation's backups: the manager that the settings ask for, with what the books want checked in each copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cuneifox.config import Config, ConfigError
from models import backing_up
from tenants import BackupManager
from tenants.backups.retention import Retention
from tenants.errors import BackupFailed, BadKey

if TYPE_CHECKING:
    from tenants import Router
    from tenants.backups.place import Place


def manager_of(config: Config, router: Router) -> BackupManager | None:
    """The manager of the installation's backups, not started; None where the settings ask for no backups.

    Raises ConfigError if the key file or the place can't be used.
    """
    wanted = config.backups
    if not wanted.folder:
        return None
    try:
        return BackupManager(
            router,
            _place(config),
            backup_interval=wanted.every_seconds,
            checks=[backing_up.faults],
            describe=backing_up.facts,
            key_file=wanted.key_file or None,
            retention=Retention(
                last=wanted.keep_last,
                hourly=wanted.keep_hourly,
                daily=wanted.keep_daily,
                monthly=wanted.keep_monthly,
            ),
        )
    except (BadKey, BackupFailed) as error:
        raise ConfigError(f"[backups]: {error}") from error


def _place(config: Config) -> str | Place:
    folder = config.backups.folder
    return place_at(config, folder if folder.startswith(_S3) else str(config.data_path / folder))


def place_at(config: Config, place: str) -> str | Place:
    """What a place is by its name, a folder or ``s3://…``, which the settings may say how to reach."""
    if not place.startswith(_S3) or not config.backups.s3_endpoint:
        return place
    from tenants.backups.s3_place import S3Place

    return S3Place.of(place, endpoint_url=config.backups.s3_endpoint)


_S3 = "s3://"
