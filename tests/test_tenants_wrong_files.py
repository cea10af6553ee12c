"""Files that aren't what the catalogue expects: refused, and left as they are to the last byte."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copy

import pytest

from notes import Contact, Note, texts
from tenants import Router, Tenant, WrongFile, sqlite


def missing(path: Path, other: Path) -> None:
    path.unlink()


def empty(path: Path, other: Path) -> None:
    os.truncate(path, 0)


def truncated(path: Path, other: Path) -> None:
    os.truncate(path, 4096)


def cut_in_the_header(path: Path, other: Path) -> None:
    os.truncate(path, 50)


def not_sqlite(path: Path, other: Path) -> None:
    path.write_bytes(b"no database " * 1000)


def another_tenants(path: Path, other: Path) -> None:
    path.unlink()
    copy(other, path)


def another_tenants_with_its_log(path: Path, other: Path) -> None:
    """A file with commits that stand in its write-ahead log alone, as after a crash."""
    copying = f"cp {other} {path}; cp {other}-wal {path}-wal"
    with closing(sqlite.driver.connect(other, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE late (x)")
        connection.execute("INSERT INTO late VALUES (1)")
        assert os.system(copying) == 0


def another_role(path: Path, other: Path) -> None:
    path.unlink()
    copy(path.with_name("registers.1.db"), path)


def of_an_older_generation(path: Path, other: Path) -> None:
    tampered(path, "UPDATE store_identity SET generation = 0")


def of_nobody(path: Path, other: Path) -> None:
    tampered(path, "DELETE FROM store_identity")


def of_another_application(path: Path, other: Path) -> None:
    tampered(path, "PRAGMA application_id = 7")


def a_plain_database(path: Path, other: Path) -> None:
    path.unlink()
    tampered(path, "CREATE TABLE t (x)")


def a_symbolic_link(path: Path, other: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere.db"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def a_hard_link(path: Path, other: Path) -> None:
    os.link(path, path.parents[3] / "elsewhere.db")


def a_linked_log(path: Path, other: Path) -> None:
    (path.parents[3] / "elsewhere.db-wal").write_bytes(b"theirs")
    Path(f"{path}-wal").symlink_to(path.parents[3] / "elsewhere.db-wal")


def a_linked_folder(path: Path, other: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere"
    path.parent.rename(elsewhere)
    path.parent.symlink_to(elsewhere)


def a_folder(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


def beside_a_rollback_journal(path: Path, other: Path) -> None:
    Path(f"{path}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\1" * 600)


def tampered(path: Path, sql: str) -> None:
    with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


WRONG = [
    missing, empty, truncated, cut_in_the_header, not_sqlite, another_tenants, another_tenants_with_its_log,
    another_role, of_an_older_generation, of_nobody, of_another_application, a_plain_database, a_symbolic_link,
    a_hard_link, a_linked_log, a_linked_folder, a_folder, beside_a_rollback_journal,
]  # fmt: skip


def prepared(folder: Path, damage: Callable[[Path, Path], None]) -> tuple[Router, Tenant]:
    """A data folder with two tenants, the books of the first one of which are not what the catalogue expects."""
    first = Router(folder)
    paths = [
        Path(first.create(slug, models=[Note, Contact]).store("books").path)
        for slug in ("acme", "globex")
    ]
    first.close()
    damage(*paths)
    router = Router(folder)
    return router, router.tenant("acme")


def files(folder: Path) -> dict[str, bytes]:
    """Every file's content, but for the logs' indexes, which hold no data."""
    found = [p for p in folder.rglob("*.db*") if p.is_file() and "universal" not in p.name]
    return {str(p): p.read_bytes() for p in found if not p.name.endswith("-shm")}


@pytest.mark.parametrize("damage", WRONG)
def test_a_wrong_file_is_refused_and_left_as_it_is(
    tmp_path: Path, damage: Callable[[Path, Path], None]
) -> None:
    """The error names the store; file, log and journal keep each byte; the neighbour and other stores are served."""
    router, acme = prepared(tmp_path / "data", damage)
    before = files(tmp_path)
    named = "The folder of acme " if damage is a_linked_folder else "acme/books"
    for _ in range(2):
        with router.using(acme), pytest.raises(WrongFile, match=named):
            texts()
        with pytest.raises(WrongFile, match="acme/books"):
            acme.store("books").open()
    assert files(tmp_path) == before
    with router.using("globex"):
        assert texts() == []
    if damage is not a_linked_folder:
        with router.using(acme):
            assert list(Contact.select()) == []
    router.close()


def test_closing_a_foreign_file_the_usual_way_would_write_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the above: without the reader that stays a moment longer, a refused file gets its log."""
    monkeypatch.setattr(sqlite, "_close_unchanged", lambda connection, path: connection.close())
    router, acme = prepared(tmp_path / "data", another_tenants_with_its_log)
    before = files(tmp_path / "data" / "tenants")
    with router.using(acme), pytest.raises(WrongFile):
        texts()
    assert files(tmp_path / "data" / "tenants") != before
    router.close()


def test_identity_is_read_at_every_physical_open(router: Router) -> None:
    """A file that was right is looked at again when it is next opened."""
    store = router.create("acme", models=[Note]).store("books")
    with router.using("acme"):
        assert texts() == []
    router.pool.close()
    tampered(Path(store.path), "UPDATE store_identity SET owner = 'somebody'")
    with router.using("acme"), pytest.raises(WrongFile, match="somebody"):
        texts()
