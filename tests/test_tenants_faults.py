"""What a failing disk or file does to a store: told once, never written again, and read on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from peewee import DatabaseError, OperationalError

from notes import HOLDER, Note, child, texts
from tenants import (
    ReadOnlyStore,
    Router,
    Store,
    sqlite,
)


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, with one note."""
    return router.create("acme", models=[Note], setup=lambda: Note.create(text="first")).store(
        "books"
    )


@contextmanager
def limited(store: Store) -> Iterator[None]:
    """Let the store's file grow no more, which SQLite tells as a full disk."""
    pages = store.execute_sql("PRAGMA page_count").fetchone()[0]
    store.execute_sql(f"PRAGMA max_page_count = {pages}")
    yield


@pytest.mark.parametrize("swallowed", [False, True])
def test_a_full_disk_makes_a_store_read_only(
    router: Router, store: Store, caplog: pytest.LogCaptureFixture, swallowed: bool
) -> None:
    """The posting is undone whole, the operator told once, and nothing written until a restart; reading goes on."""

    def post() -> None:
        with store.writing():
            Note.create(text="half")
            try:
                Note.create(text="x" * 100_000)
            except OperationalError:
                if not swallowed:
                    raise
            Note.create(text="as if nothing had happened")

    with router.using("acme"), limited(store), pytest.raises(OperationalError):
        post()
    assert store.read_only == "a full disk"
    assert [r.levelname for r in caplog.records] == ["CRITICAL"]
    with router.using("acme"):
        assert texts() == ["first"]
        for write in (lambda: Note.create(text="x"), lambda: store.writing().__enter__()):
            with pytest.raises(ReadOnlyStore, match="acme/books is read-only after a full disk"):
                write()
    with store.get_connection() as connection, pytest.raises(sqlite.driver.OperationalError):
        connection.execute("DELETE FROM note")
    assert not store.lock.held()


def test_damage_that_is_met_while_fetching_is_told(
    router: Router, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A page that can't be read makes the store read-only also when it is met after the first row."""
    with router.using("acme"), store.writing():
        Note.insert_many([{"text": "x" * 3000} for _ in range(50)]).execute()
    with store.get_connection() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    router.pool.close()
    damage(Path(store.path))
    with router.using("acme"):
        cursor = store.execute_sql("SELECT text FROM note")
        with pytest.raises(sqlite.driver.DatabaseError):
            cursor.fetchall()
    assert store.read_only == "a damaged file"
    assert "acme/books is read-only" in caplog.text


def test_a_fault_that_scripts_meet_is_told(router: Router, store: Store) -> None:
    """On a connection that somebody asked for himself a failing disk makes the store read-only, too."""
    failure = sqlite.driver.OperationalError("disk I/O error")
    failure.sqlite_errorcode = 10
    with pytest.raises(sqlite.driver.OperationalError), store.get_connection():
        raise failure
    assert store.read_only == "an I/O error"


def damage(path: Path) -> None:
    """Overwrite the last pages of a closed file."""
    content = bytearray(path.read_bytes())
    content[-8 * 4096 :] = b"\xff" * (8 * 4096)
    path.write_bytes(content)


def test_a_file_that_may_not_be_written_is_told(router: Router, store: Store) -> None:
    """SQLite's "readonly database" comes as an error that names the store; it isn't a fault, and nothing is retried."""
    with router.using("acme"):
        store.execute_sql("PRAGMA query_only = ON")
        with pytest.raises(ReadOnlyStore, match="acme/books can't be written"):
            store.write(Note.create, text="x")
    assert store.read_only is None


def test_ordinary_errors_are_no_fault(router: Router, store: Store) -> None:
    """A wrong statement, a broken constraint, a busy database: the store stays writable."""
    with router.using("acme"):
        for sql in ("SELECT nothing", "INSERT INTO note VALUES (1, 'x', 0)"):
            with pytest.raises(DatabaseError):
                store.execute_sql(sql)
    with child(HOLDER, store.path) as holder:
        assert holder.hears() == "held"
        with router.using("acme"):
            store.execute_sql("PRAGMA busy_timeout = 0")
            with pytest.raises(OperationalError, match="locked"):
                Note.create(text="x")
            with pytest.raises(OperationalError, match="locked"):
                store.writing().__enter__()
            assert not store.lock.held(store.database._use())
        holder.told()
    assert store.read_only is None
    with router.using("acme"):
        Note.create(text="second")
