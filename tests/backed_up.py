"""A data folder with two tenants whose backups tests make, and the checks that those backups go through."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notes import Contact, Note
from tenants import BackupManager, Router

OLD = 1_700_000_000_000_000_000
"""Nanoseconds: long before any test, so that what was changed then is relied upon."""


def no_bad_notes() -> Iterator[str]:
    """A check: no note may say "bad"."""
    for note in Note.select().where(Note.text == "bad"):
        yield f"note {note.id} is bad"


def count_notes() -> dict[str, Any]:
    """What is said of a copy."""
    return {"notes": Note.select().count()}


def describe_too_much() -> dict[str, Any]:
    """What is said of a copy, in a number that no database holds."""
    return {"notes": 1 << 63}


def find_no_room() -> dict[str, Any]:
    """What is said of a copy where the disk is full."""
    raise OSError(errno.ENOSPC, "No space left on device", "/the/place")


class Site:
    """The tenants `acme` (with notes and contacts) and `globex` (with notes)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.router = Router(folder / "data")
        self.router.create("acme", models=[Note, Contact])
        self.router.create("globex", models=[Note])
        self.write("acme", *(f"{number} {os.urandom(40).hex()}" for number in range(400)))

    def manager(self, **options: Any) -> BackupManager:
        """A manager of its backups."""
        place = options.pop("place", self.folder / "backups")
        return BackupManager(
            self.router, place, checks=[no_bad_notes], describe=count_notes, **options
        )

    def write(self, slug: str, *texts: str) -> None:
        """Write notes."""
        with self.router.using(slug):
            for text in texts:
                Note.create(text=text)

    def texts(self, slug: str) -> list[str]:
        """The notes' texts as they are now."""
        with self.router.using(slug):
            return [note.text for note in Note.select().order_by(Note.id)]

    def age(self) -> None:
        """Let all files look as if nobody had written to them for long."""
        for path in [
            *self.folder.glob("data/tenants/*/*.db*"),
            *self.folder.glob("data/universal.db*"),
        ]:
            os.utime(path, ns=(OLD, OLD))

    def close(self) -> None:
        self.router.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A fresh one."""
    site = Site(tmp_path)
    yield site
    site.close()


def texts_in(path: Path) -> list[str]:
    """The notes' texts in a database that was fetched."""
    from tenants import sqlite

    connection = sqlite.driver.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY id")]
    finally:
        connection.close()
