"""The embedded engine: what it refuses to run on, what it sets, and files that it must leave alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import peewee
import pytest

from notes import HOLDER, Note, child, texts
from tenants import Router, SqliteUnsafe, WrongFile, sqlite


@pytest.mark.parametrize(
    "version", [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 49, 2), (3, 51, 2)]
)
def test_a_library_that_can_corrupt_is_refused(version: tuple[int, ...]) -> None:
    """The gate refuses each version with the WAL-reset bug, and says what to install."""
    with pytest.raises(SqliteUnsafe, match="pip install"):
        sqlite.require_safe_sqlite(version)


@pytest.mark.parametrize(
    "version", [(3, 44, 6), (3, 44, 9), (3, 50, 7), (3, 51, 3), (3, 53, 4), (4, 0, 0)]
)
def test_a_mended_library_is_taken(version: tuple[int, ...]) -> None:
    """The gate lets mended versions through, the patched older lines among them."""
    sqlite.require_safe_sqlite(version)


def test_one_library_in_the_process() -> None:
    """Peewee and we use the same SQLite: two in one process on one file lose commits."""
    assert sqlite.driver is peewee.sqlite3
    assert sqlite.driver.__name__.startswith("pysqlite3")


def test_every_connection_has_the_settings(router: Router) -> None:
    """A connection of an entry, one of `get_connection`, and one that was pooled have the same settings."""
    store = router.create("acme", models=[Note]).store("books")
    wanted = {
        "journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "foreign_keys": 1, "trusted_schema": 0,
        "cell_size_check": 1, "mmap_size": 0, "query_only": 0, "application_id": sqlite.APPLICATION_ID,
    }  # fmt: skip
    with store.get_connection() as connection:
        assert settings(connection, wanted) == wanted
    for _ in range(2):
        with router.using("acme"), store.reading() as database:
            assert database.execute_sql("SELECT 1").fetchone() == (1,)
        with router.using("acme"):
            assert settings(store.database._use().open(), wanted) == wanted


def settings(connection: object, names: dict[str, object]) -> dict[str, object]:
    """What the connection answers for each pragma; a pragma that has no answer has none, as mmap_size of 0."""
    rows = {name: connection.execute(f"PRAGMA {name}").fetchone() for name in names}  # type: ignore[attr-defined]
    return {name: row[0] if row else None for name, row in rows.items()}


# Making files


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_a_new_file_never_meets_an_old_log(tmp_path: Path, suffix: str) -> None:
    """A stale file of the same name, or its log or journal, would mix its rows in: making one there is refused."""
    path = tmp_path / "books.1.db"
    Path(f"{path}{suffix}").write_bytes(b"old")
    with pytest.raises(FileExistsError, match="nothing was changed"):
        sqlite.create(str(path), ("a", "b", "books", 1))
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [
        (f"books.1.db{suffix}", b"old")
    ]


def test_a_file_that_cant_be_filled_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full half-way leaves no file, and none of its companions."""
    monkeypatch.setattr(sqlite, "_IDENTITY_TABLE", "CREATE TABLE broken (")
    with pytest.raises(sqlite.driver.OperationalError):
        sqlite.create(str(tmp_path / "books.1.db"), ("a", "b", "books", 1))
    assert list(tmp_path.iterdir()) == []


def test_files_are_their_owners_alone(router: Router) -> None:
    """Nobody but the server's user reads a store, its log, or the folders they lie in."""
    store = router.create("acme", models=[Note]).store("books")
    with router.using("acme"):
        Note.create(text="secret")
        home = Path(store.path).parent
        shown = {
            p.name: oct(p.stat().st_mode & 0o777) for p in [home, home.parent, *home.iterdir()]
        }
    assert set(shown.values()) == {"0o700", "0o600"}
    assert all(mode == "0o600" for name, mode in shown.items() if ".db" in name)


def test_paths_with_odd_names(tmp_path: Path) -> None:
    """A data folder whose name means something in a URI, or isn't text, is just a folder."""
    for name in ("a?mode=memory", "b#c%20d", "file:e", os.fsdecode(b"f\xff")):
        router = Router(tmp_path / name)
        router.create("acme", models=[Note], setup=lambda: Note.create(text="kept"))
        router.close()
        again = Router(tmp_path / name)
        with again.using("acme"):
            assert texts() == ["kept"]
        again.close()
        assert (tmp_path / name / "universal.db").stat().st_size > 0


# What errors tell


def test_busy_is_told_from_other_errors(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer in the way and a stale snapshot are busy; a wrong statement and a broken constraint aren't."""
    store = router.create("acme", models=[Note]).store("books")
    with store.get_connection() as mine, store.get_connection() as other:
        mine.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        assert told(mine, "BEGIN IMMEDIATE") == (True, "SQLITE_BUSY")
        mine.execute("BEGIN")
        mine.execute("SELECT count(*) FROM note").fetchone()
        other.execute("INSERT INTO note VALUES (1, 'x', 0)")
        other.execute("COMMIT")
        assert told(mine, "DELETE FROM note") == (True, "SQLITE_BUSY")
        mine.execute("ROLLBACK")
        assert told(mine, "SELECT nothing") == (False, "SQLITE_ERROR")
        assert told(mine, "INSERT INTO note VALUES (1, 'x', 0)")[0] is False


def told(connection: object, sql: str) -> tuple[bool, str]:
    """Whether the error of a statement is busy, and what SQLite calls it."""
    with suppress(AssertionError):
        try:
            connection.execute(sql)  # type: ignore[attr-defined]
        except sqlite.driver.Error as error:
            return sqlite.is_busy(error), error.sqlite_errorname
    raise AssertionError(f"{sql} went through")


def test_another_process_keeps_its_lock(router: Router) -> None:
    """Opening and closing stores here drops no lock that another process, or another connection, holds."""
    store = router.create("acme", models=[Note]).store("books")
    router.pool.close()
    with child(HOLDER, store.path) as holder:
        assert holder.hears() == "held"
        for _ in range(3):
            store.open().close()
        with store.get_connection() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            assert told(connection, "BEGIN IMMEDIATE") == (True, "SQLITE_BUSY")
        holder.told()


@pytest.mark.parametrize(("code", "trouble"), [(10, "an I/O error"), (13, "a full disk")])
def test_a_disk_that_fails_at_opening_is_not_called_a_foreign_file(
    monkeypatch: pytest.MonkeyPatch, router: Router, code: int, trouble: str
) -> None:
    """SQLITE_IOERR and SQLITE_FULL say nothing of whose file it is: the operator is sent to the disk, not a backup.

    The store isn't written any more either.
    """
    router.create("acme", models=[Note])
    store = router.tenant("acme").store("books")
    router.pool.close(store)
    failure = sqlite.driver.OperationalError("the disk")
    failure.sqlite_errorcode = code

    def fail(*args: object, **kwargs: object) -> None:
        raise failure

    monkeypatch.setattr(sqlite.driver, "connect", fail)
    with pytest.raises(WrongFile, match=f"{trouble}.*See to the disk"):
        store.open()
    assert store.read_only == trouble
