"""Stores outside of entries: fresh connections, schema files, snapshots, and what a fault does to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from peewee import DatabaseError

from notes import Note, texts
from tenants import (
    AlreadyCreated,
    LockTimeout,
    NoTenant,
    Router,
    Store,
    TenantError,
    WrongFile,
    sqlite,
)

pytestmark = pytest.mark.each_engine


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, with one note."""
    return router.create("acme", models=[Note], setup=lambda: Note.create(text="first")).store(
        "books"
    )


def rows(store: Store, sql: str) -> list[tuple]:
    """What a fresh connection reads."""
    with store.get_connection() as connection:
        return connection.execute(sql).fetchall()


# Fresh connections


def test_a_fresh_connection_needs_no_entry_and_is_closed(router: Router, store: Store) -> None:
    """It works wherever the store is named; at the end what is open is rolled back, and it is closed."""
    with store.get_connection() as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO note (text, count) VALUES ('lost', 0)")
        assert connection.execute("SELECT date_part('year', '2026-01-01')").fetchone() == (2026,)
    with pytest.raises(sqlite.driver.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    assert rows(store, "SELECT text FROM note") == [("first",)]


def test_two_fresh_connections_are_two(store: Store) -> None:
    """Each call opens one of its own, also while another is open."""
    with store.get_connection() as one, store.get_connection() as other:
        assert one is not other


def test_a_fresh_connection_is_closed_after_an_error(store: Store) -> None:
    """An error in the block passes through, and the connection is closed all the same."""
    with pytest.raises(ZeroDivisionError), store.get_connection() as connection:
        connection.execute(f"SELECT {1 // 0}")
    with pytest.raises(sqlite.driver.ProgrammingError):
        connection.execute("SELECT 1")


# Schema files

SCHEMA = """
-- tables; of a developer who has no models
CREATE TABLE parts (name TEXT DEFAULT 'a;b'); CREATE TABLE log (said TEXT);
CREATE TRIGGER noted AFTER INSERT ON parts BEGIN
    INSERT INTO log VALUES ('one; two');
    INSERT INTO log VALUES (new.name);
END;
/* rows; too */
INSERT INTO parts VALUES ('wheel')
"""


def schema(folder: Path, text: str, name: str = "schema.sql") -> Path:
    """Write a schema file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_schema_runs_once(store: Store, tmp_path: Path) -> None:
    """Triggers, comments, strings with semicolons, several statements on a line are run; a second time nothing is."""
    path = schema(tmp_path, SCHEMA)
    assert store.create_db(path) is True
    assert store.create_db(str(path)) is False
    assert rows(store, "SELECT said FROM log") == [("one; two",), ("wheel",)]


def test_another_schema_is_refused(store: Store, tmp_path: Path) -> None:
    """A different file, or a changed one, isn't run over the first; the same text under another name is the same."""
    store.create_db(schema(tmp_path, SCHEMA))
    with pytest.raises(AlreadyCreated, match="acme/books"):
        store.create_db(schema(tmp_path, SCHEMA + ";CREATE TABLE more (x)"))
    assert store.create_db(schema(tmp_path, SCHEMA, "same.sql")) is False
    assert rows(store, "SELECT 1 FROM sqlite_schema WHERE name = 'more'") == []


@pytest.mark.parametrize(
    ("text", "error", "where"),
    [
        ("CREATE TABLE a (x);\nCREATE TABLE b (;", DatabaseError, "line 2"),
        ("CREATE TABLE a (x);\nINSERT INTO a VALUES ('never closed", DatabaseError, "line 2"),
        ("CREATE TABLE a (x);\nCOMMIT;\nCREATE TABLE b (x);", TenantError, "Line 2"),
        ("BEGIN; CREATE TABLE a (x); COMMIT;", TenantError, "Line 1"),
        ("CREATE TABLE a (x);\nATTACH 'other.db' AS other;", TenantError, "Line 2"),
        ("CREATE TABLE a (x);\nUPDATE store_identity SET role = 'mine';", WrongFile, "acme/books"),
        ("CREATE TABLE a (x);\nPRAGMA application_id = 1;", WrongFile, "acme/books"),
    ],
)
def test_a_schema_that_cant_be_run_leaves_nothing(
    store: Store, tmp_path: Path, text: str, error: type[Exception], where: str
) -> None:
    """It comes whole or not at all; the error says where; afterwards a mended one runs."""
    before = rows(store, "SELECT * FROM sqlite_schema")
    with pytest.raises(error) as caught:
        store.create_db(schema(tmp_path, text))
    assert where in f"{caught.value} {getattr(caught.value, '__notes__', '')}"
    assert rows(store, "SELECT * FROM sqlite_schema") == before
    assert store.create_db(schema(tmp_path, SCHEMA)) is True


def test_two_threads_create_one_schema(store: Store, tmp_path: Path) -> None:
    """Whoever comes second waits, and finds it done."""
    path, answers, start = schema(tmp_path, SCHEMA), [], threading.Barrier(4)

    def create() -> None:
        start.wait()
        answers.append(store.create_db(path))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, False, False, True]


def test_a_schema_waits_for_its_turn(router: Router, store: Store, tmp_path: Path) -> None:
    """It queues with the other writers; within a writing entry of the same thread it could never come."""
    with router.using("acme"), store.writing(), pytest.raises(LockTimeout):
        store.create_db(schema(tmp_path, SCHEMA))
    assert store.create_db(schema(tmp_path, SCHEMA)) is True


# Snapshots


def note_elsewhere(store: Store, text: str) -> None:
    """Write a note on another connection."""
    with store.get_connection() as connection:
        connection.execute("INSERT INTO note (text, count) VALUES (?, 0)", (text,))


def test_reading_is_one_state(router: Router, store: Store) -> None:
    """What others write after the block was entered isn't seen in it, from its first statement on; afterwards it is."""
    with router.using("acme"):
        with store.reading():
            note_elsewhere(store, "second")
            assert texts() == ["first"]
            note_elsewhere(store, "third")
            assert texts() == ["first"]
        assert texts() == ["first", "second", "third"]


def test_reading_holds_no_writer_up(router: Router, store: Store) -> None:
    """It takes no lock: another entry writes meanwhile, in the same thread too."""
    with router.using("acme"), store.reading():
        assert texts() == ["first"]
        with router.using("acme"):
            Note.create(text="second")
        assert texts() == ["first"]


WRITES: list[Callable[[Store], object]] = [
    lambda store: Note.create(text="x"),
    lambda store: Note.update(text="x").execute(),
    lambda store: store.execute_sql("DELETE FROM note"),
    lambda store: store.write(Note.create, text="x"),
    lambda store: store.writing().__enter__(),
    lambda store: store.execute_write_with_retry("DELETE FROM note"),
    lambda store: nested(store),
]


def nested(store: Store) -> None:
    """Write within a savepoint."""
    with store.database.atomic():
        Note.create(text="x")


@pytest.mark.parametrize("write", WRITES)
def test_reading_refuses_writes(
    router: Router, store: Store, write: Callable[[Store], object]
) -> None:
    """Whichever way it is tried, with an error that names the store; the connection is clean afterwards."""
    with router.using("acme"):
        with store.reading(), pytest.raises(TenantError, match=r"acme/books .* snapshot"):
            write(store)
        Note.create(text="second")
    with router.using("acme"):
        assert texts() == ["first", "second"]
        assert store.execute_sql("PRAGMA query_only").fetchone() == (0,)


def test_reading_inside_a_transaction_is_its_state(router: Router, store: Store) -> None:
    """A report within a posting sees what was posted so far, and the posting goes on."""
    with router.using("acme"), store.writing():
        Note.create(text="second")
        with store.reading():
            assert texts() == ["first", "second"]
        Note.create(text="third")
    assert len(rows(store, "SELECT 1 FROM note")) == 3


def test_an_error_while_reading_leaves_the_connection_clean(router: Router, store: Store) -> None:
    """However the block ends, the next one may write."""
    with router.using("acme"):
        with pytest.raises(ZeroDivisionError), store.reading():
            raise ZeroDivisionError
        Note.create(text="second")


def test_a_snapshot_that_is_never_ended_is_not_pooled(router: Router, store: Store) -> None:
    """An entry left in the middle of `reading()` hands back no connection that refuses writes."""
    entry = router.enter_here("acme")
    block = store.reading()
    block.__enter__()
    router.leave(entry)
    with pytest.raises(NoTenant, match="rolled back"):
        block.__exit__(None, None, None)
    with router.using("acme"):
        Note.create(text="second")


# No way round


@pytest.mark.parametrize(
    "attempt",
    [
        lambda store: store.execute_sql("ATTACH 'other.db' AS other"),
        lambda store: store.execute_sql("/* x */ attach 'other.db' as other"),
        lambda store: store.database.cursor().execute("ATTACH 'other.db' AS other"),
        lambda store: store.database.attach("other.db", "other"),
        lambda store: store.database.init("other.db"),
    ],
)
def test_no_statement_reaches_another_file(
    router: Router, store: Store, attempt: Callable[[Store], object]
) -> None:
    """Attaching a file and pointing the database elsewhere are refused, however they are written."""
    with router.using("acme"), pytest.raises(TenantError, match="acme/books"):
        attempt(store)
