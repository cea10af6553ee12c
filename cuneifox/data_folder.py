"""Opening the data folder: the one place that says which migrations its stores go through."""

from __future__ import annotations

from typing import Any

from cuneifox.config import Config
from models import migrations
from tenants import Router


def open_folder(config: Config, **limits: Any) -> Router:
    """Open the installation's data folder, made if it isn't there; the caller closes it.

    Args:
        config: the settings.
        limits: of the pool, as `Router` takes them.

    Raises:
        WrongFile: of tenants, the folder isn't ours or can't be written.
    """
    router = Router(
        config.data_path,
        migrations=migrations.FOLDERS,
        migrate_on_open=config.migrations.on_open,
        snapshot_age=config.snapshots.max_age_seconds,
        largest_log=config.snapshots.largest_wal_mb * 1024 * 1024,
        **limits,
    )
    router.check_migrated = migrations.unguarded
    return router
