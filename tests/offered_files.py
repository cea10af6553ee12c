"""Files such as people offer: our own, and what somebody with bad intentions makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from peewee import ForeignKeyField, IntegerField, TextField

from notes import Note
from prepared_files import prepared_copy
from tenants import RoutedModel, Router, current_store, sqlite
from tenants.confined import Pattern, pattern_of


class Remark(RoutedModel):
    """A row that refers to another, and that our schema says something about."""

    note = ForeignKeyField(Note, backref="remarks")
    text = TextField(unique=True)
    stars = IntegerField(default=0)

    class Meta:
        store = "books"


PROTECT = """
CREATE TRIGGER remark_stays BEFORE UPDATE ON remark BEGIN SELECT RAISE(ABORT, 'it stays'); END;
CREATE TRIGGER remark_isnt_added BEFORE INSERT ON remark WHEN NEW.stars > 5 BEGIN SELECT RAISE(ABORT, 'no'); END;
"""
"""What our own program puts into a store; the second would refuse rows that were there before it."""


class Desk:
    """A place where files are offered: a tenant with some rows, copies of its books, and the pattern of new ones.

    Args:
        router: an empty data folder.
        folder: an empty one.
    """

    def __init__(self, router: Router, folder: Path) -> None:
        self.router, self.folder = router, folder
        router.create("blank", models=[Note, Remark], prepare=self._protect)
        router.create("acme", models=[Note, Remark], setup=self._fill)
        for slug in ("blank", "acme"):
            with router.tenant(slug).store("books").get_connection() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.pattern: Pattern = pattern_of(prepared_copy(router, self.books("blank")))
        self.target = folder / "work" / "target.db"
        self.target.parent.mkdir()

    def books(self, slug: str) -> Any:
        """A tenant's books."""
        return self.router.tenant(slug).store("books")

    def _protect(self) -> None:
        for statement in PROTECT.strip().splitlines():
            current_store("books").execute_sql(statement)

    def _fill(self) -> None:
        for number in range(3):
            note = Note.create(text=f"note {number}", count=number)
            Remark.create(note=note, text=f"remark {number}", stars=number + 4)

    def offer(self, script: str = "", name: str = "offered.db") -> Path:
        """Offer a copy of the books, after a script was run on it."""
        made = Path(prepared_copy(self.router, self.books("acme"), script))
        path = self.folder / name
        made.replace(path)
        return path


@contextmanager
def changing(path: Path) -> Iterator[Any]:
    """A connection to an offered file, by which anything may be done to it."""
    with closing(sqlite.driver.connect(str(path), isolation_level=None)) as connection:
        yield connection


def rows_of(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in a file."""
    with changing(path) as connection:
        found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
        return found
