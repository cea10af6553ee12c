"""Copies of databases that are being written: SQLite's backup call at one go, and no other way."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from notes import Note
from tenants import Router, Store, sqlite
from tenants.life import copies

#: A copy that begins anew so often isn't going to end.
MOST = 50


class Stepping(sqlite.driver.Connection):
    """A connection that has somebody else write whenever a step of a backup is done."""

    writer: Any = None
    steps = 0

    def backup(self, target: Any, **options: Any) -> None:
        super().backup(target, **options | {"progress": self.step})

    def step(self, *_: int) -> None:
        self.steps += 1
        if self.steps > MOST:
            raise TimeoutError("the copy begins anew with each write, and never ends")
        self.writer.execute("UPDATE note SET count = count + 1 WHERE id = 1")


@pytest.fixture
def store(router: Router) -> Store:
    """Books of some hundred pages."""

    def fill() -> None:
        Note.insert_many([{"text": "x" * 4000} for _ in range(300)]).execute()

    return router.create("acme", models=[Note], setup=fill).store("books")


@pytest.mark.parametrize("pages", [-1, 100])
def test_a_copy_ends_however_much_is_written_meanwhile(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    """At one go it ends, and is whole; by pieces, as in the second case, it begins anew with each write."""
    opened = sqlite.driver.connect(sqlite.uri(store.path), uri=True, factory=Stepping)
    path = str(tmp_path / "copy.db")
    with closing(opened) as source, closing(store.open()) as source.writer:
        if pages > 0:
            whole = Stepping.backup
            monkeypatch.setattr(
                Stepping, "backup", lambda self, target, **_: whole(self, target, pages=pages)
            )
            with pytest.raises(TimeoutError):
                copies.copy(source, path)
            return
        copies.copy(source, path)
    with closing(sqlite.driver.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT count(*) FROM note").fetchone() == (300,)
