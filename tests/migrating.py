"""Stores with migrations to test `tenants` with: a folder per role, written by the test, and bare looks into files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from notes import Contact, Note
from tenants import Router, sqlite

ADD_COLUMN = """
from peewee import IntegerField

def up(migrator, db):
    migrator.migrate(migrator.add_column("note", "{0}", IntegerField(default=7)))
"""
RAISES = """
def up(migrator, db):
    db.execute_sql("UPDATE note SET count = 99")
    raise ValueError("no such luck")
"""
UNIQUE = """
def up(migrator, db):
    migrator.migrate(migrator.add_index("note", ("text",), unique=True))
"""


class Folders:
    """Folders of migrations that grow as a test goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, role: str, name: str, code: str) -> Path:
        """Write one migration; return its file."""
        folder = self.path / role
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(code)
        return folder / f"{name}.py"

    def __call__(self, *roles: str) -> dict[str, Path]:
        """The folders of these roles, made where nothing was written to them."""
        for role in roles:
            (self.path / role).mkdir(parents=True, exist_ok=True)
        return {role: self.path / role for role in roles}


@contextmanager
def opened(folder: Path, **options: Any) -> Iterator[Router]:
    """A router that is closed at the end of the block."""
    router = Router(folder, **options)
    try:
        yield router
    finally:
        router.close()


def make(router: Router, *slugs: str, texts: tuple[str, ...] = ("one", "two")) -> None:
    """Make tenants with books and registers, and these notes in the books."""

    def fill() -> None:
        for text in texts:
            Note.create(text=text)
        Contact.create(name="Ploy")

    for slug in slugs:
        router.create(slug, models=[Note, Contact], setup=fill)


def asked(path: str | Path, sql: str) -> list[tuple[Any, ...]]:
    """What a file answers whoever asks it without us."""
    with closing(sqlite.driver.connect(str(path))) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows


def version(path: str | Path) -> int:
    """What a file says of its version."""
    found: int = asked(path, "PRAGMA user_version")[0][0]
    return found


def columns(path: str | Path, table: str = "note") -> list[str]:
    """The columns of a table."""
    return [row[1] for row in asked(path, f"PRAGMA table_info({table})")]
