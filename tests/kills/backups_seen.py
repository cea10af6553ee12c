"""Looking at backups after a kill: all that there are can be read, hold what they have to, and nothing lies about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from kills.books_seen import unkept, unsound
from kills.ground import Ground
from kills.inspection import walk
from kills.truth import Known, Truth
from kills.works.backing_up import fetched, manager_of
from models.errors import BooksError
from tenants import Router, TenantError, sqlite
from tenants.backups.manager import BackupManager


def check_backups(ground: Ground, truth: Truth, router: Router, beside: bool) -> list[str]:
    """Look at the backups of the companies of which one was being made, or used. Returns what is wrong.

    Args:
        ground, truth: the folder, and what must be so in it; what was looked at is open no more.
        router: of the data folder.
        beside: others are at work, and may be making some.
    """
    made, used = (
        {
            deed.what.get("company") or deed.what["source"]
            for deed in truth.open
            if deed.kind in kinds
        }
        for kinds in (("backup",), ("restore", "adopt"))
    )
    manager = manager_of(router, ground.folder)
    findings: list[str] = []
    for id in made | used:
        try:
            if id in made:
                manager.backup_now(id).require_good()  # nothing stands in the way of the next one
            findings += _look(manager, router, truth.companies[id])
        except (TenantError, BooksError) as error:
            findings.append(f"a backup of {id}: {type(error).__name__}: {error}")
    truth.open = [deed for deed in truth.open if deed.kind not in ("backup", "restore", "adopt")]
    if beside:
        return findings
    if made:
        places = walk(Path(ground.folder) / "backups")
        findings += [f"left over: {path}" for path in places if ".part" in str(path)]
    if made or used:
        left = walk(ground.data / "backing_up")
        findings += [f"left over: {path}" for path in left]
    return findings


def _look(manager: BackupManager, router: Router, known: Known) -> Iterator[str]:
    there = manager.list(known.id)
    for backup in there:
        manager.verify(backup)
        held = known.backups.get(backup.stamp)  # None for one that nobody was told of
        if held is not None:
            with (
                fetched(router, manager, backup) as (files, _),
                closing(sqlite.driver.connect(str(files["books"]))) as books,
            ):
                label = f"the backup {backup}"
                yield from unsound(books, label)
                yield from unkept(books, msgspec.structs.replace(known).hold(held), [], label)
    missing = known.backups.keys() - {backup.stamp for backup in there}
    yield from (f"LOST: the backup {stamp} of {known.slugs}" for stamp in missing)
