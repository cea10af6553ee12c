"""What the backup commands work on: the installation with its backups, a company's backups, one of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cuneifox.cli.exits import Refused
from cuneifox.cli.opening import find_company, installation
from cuneifox.config import Config

if TYPE_CHECKING:
    from tenants import BackupManager, Router
    from tenants.backups.backup import Backup


@contextmanager
def backups() -> Iterator[tuple[Config, Router, BackupManager]]:
    """Open the data folder and its backups; Refused where the settings ask for none."""
    from cuneifox.backing_up import manager_of

    with installation() as (config, router):
        manager = manager_of(config, router)
        if manager is None:
            raise Refused("No backups are wanted here: folder in [backups] is empty; name one.")
        yield config, router, manager


@contextmanager
def untold() -> Iterator[None]:
    """Keep out of the log what came of each company, where the command tells that itself."""
    outcomes = logging.getLogger("tenants.backups.outcomes")
    outcomes.addFilter(_nothing)
    try:
        yield
    finally:
        outcomes.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


def find_unit(router: Router, name: str) -> str:
    """What backups are kept under for a company's short name; an id, also a purged one's, and `universal` are that."""
    from tenants.backups.backup import is_unit

    return name if is_unit(name) else find_company(router, name).id


def find_backup(manager: BackupManager, unit: str, stamp: str | None) -> Backup:
    """The backup of that stamp, else the last one; Refused, saying where to look, if there is none."""
    found = manager.list(unit)
    if not found:
        raise Refused("There is no backup of it yet: `cuneifox backup run`.")
    if stamp is None:
        return found[-1]
    for backup in found:
        if backup.stamp == stamp:
            return backup
    raise Refused(f"No backup of it has the stamp {stamp[:40]!r}: see `cuneifox backup list`.")
