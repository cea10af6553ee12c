"""Stores in memory: where they are chosen, what is handed out, what is kept whole, and how they end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import IntegrityError

from live_models import LIVE, Event, Tally, Visit
from notes import Note
from tenants import (
    LockTimeout,
    NoTenant,
    ReadOnlyStore,
    Router,
    SnapshotTooOld,
    Store,
    TenantError,
    WouldDeadlock,
    WrongFile,
    sqlite,
)
from tenants.testing import open_database_files


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    """Live stores are in memory, all others in files."""
    router = Router(tmp_path / "data", engines={"live": "memory:"})
    yield router
    router.close()


@pytest.fixture
def live(router: Router) -> Store:
    """The live store of `acme`, which has books in a file."""
    return router.create("acme", models=[Note, *LIVE]).store("live")


def places(router: Router) -> dict[str, str]:
    """Where the catalogue places each store of `acme`."""
    query = "SELECT role, url FROM store"
    return dict(router.universal.execute_sql(query).fetchall())


# Where


def test_an_engine_by_role(router: Router, live: Store) -> None:
    """One tenant has its books in a file and its live store in memory; no file is made for that, and none is open."""
    url = places(router)
    assert url["live"] == "memory:"
    assert url["books"].startswith("sqlite:///")
    before = open_database_files()
    with router.using("acme"), live.writing():
        Tally.create(name="one")
        assert open_database_files() - before <= {f"{router.homes.of(live.owner).folder}/lock"}
    assert [path.name for path in Path(live.folder).glob("*.db")] == ["books.1.db"]
    with router.using("acme"):
        assert Tally.get().name == "one"
    assert live.size() is not None
    assert live.size() % 4096 == 0


def test_an_engine_for_all(tmp_path: Path) -> None:
    """`engine` is where all new stores live, and `engines` what some roles have instead."""
    router = Router(tmp_path / "data", engine="memory:", engines={"books": "sqlite"})
    router.create("acme", models=[Note, *LIVE])
    assert places(router)["live"] == "memory:"
    assert places(router)["books"].startswith("sqlite:///")
    router.close()


def test_engines_that_arent_there(router: Router, live: Store, tmp_path: Path) -> None:
    """An engine of an unknown name, and a url of an engine that this program doesn't have, are told as such."""
    with pytest.raises(TenantError, match="no engine 'postgres': choose one of sqlite, memory:"):
        Router(tmp_path / "other", engine="postgres")
    with pytest.raises(TenantError, match="no engine 'memry'"):
        Router(tmp_path / "other", engines={"live": "memry"})
    for url in ("postgresql://host/acme", "memory:acme"):
        router.universal.execute_sql("UPDATE store SET url = ? WHERE role = 'live'", (url,))
        again = Router(router.folder)
        with pytest.raises(WrongFile, match="The catalogue places acme/live at"):
            again.tenant("acme")
        again.close()


def test_it_takes_no_room(router: Router, live: Store) -> None:
    """A connection to a store in memory takes no descriptor of the pool's budget, warm or in hand."""
    router.pool.close()
    with router.using("acme"):
        before = router.pool.status().used
        Tally.create(name="one")
        with_books = router.pool.status().used
    assert (
        with_books - before == 3 + 1
    )  # the books and the folder's lock are reserved with the lease
    router.pool.close()
    only_live = router.create("globex", models=LIVE)
    router.pool.close()
    before = router.pool.status().used
    with router.using(only_live):
        Tally.create(name="one")
        assert router.pool.status().used - before == 1
    assert router.pool.status().used - before == 1


def test_nothing_is_lent_after_the_end(router: Router, live: Store) -> None:
    """What is given back to a router that was closed is closed then, though it takes no room."""
    late = router.pool.take(live)
    router.close()
    router.pool.give_back(live, late)
    assert router.pool.idle() == 0
    with pytest.raises(sqlite.driver.ProgrammingError, match="closed"):
        late.execute("SELECT 1")


def test_it_is_known_by_what_it_says(router: Router, live: Store) -> None:
    """A store in memory that says it is another's is refused as a file would be."""
    with live.get_connection() as connection:
        connection.execute("UPDATE store_identity SET role = 'books'")
    router.pool.close()
    with router.using("acme"), pytest.raises(WrongFile, match="acme/live says it is"):
        Tally.get_or_none()


# What is handed out


def test_rows_are_copies(router: Router, live: Store) -> None:
    """While somebody goes through rows others write that table, and the rows are those of when they were asked for."""
    with router.using("acme"):
        for n in range(5):
            Tally.create(name=str(n))
        rows = iter(Tally.select().order_by(Tally.id).iterator())
        first = next(rows)
        router.start_thread(lambda: Tally.update(count=7).execute(), tenant="acme").join()
        assert [first.count, *(row.count for row in rows)] == [0] * 5
        assert Tally.get().count == 7
        cursor = live.execute_sql("SELECT name FROM tally ORDER BY id")
        assert cursor.fetchone() == ("0",)
        router.start_thread(lambda: Tally.delete().execute(), tenant="acme").join()
        assert cursor.fetchmany(2) == [("1",), ("2",)]
        assert list(cursor) == [("3",), ("4",)]
        assert cursor.fetchone() is None
        assert cursor.fetchall() == []


def test_a_snapshot_of_a_model(router: Router, live: Store) -> None:
    """`snapshot` gives each row by its key, as of then; what is done to it or to the table shows in neither."""
    with router.using("acme"):
        ids = [Tally.create(name=str(n), count=n).id for n in range(3)]
    found = live.snapshot(Tally)  # without an entry, too
    assert {key: (row.name, row.count) for key, row in found.items()} == {
        ids[n]: (str(n), n) for n in range(3)
    }
    with router.using("acme"):
        Tally.delete().where(Tally.count == 0).execute()
        found[ids[1]].count = 99
        assert len(found) == 3
        assert Tally.get_by_id(ids[1]).count == 1
        found[ids[1]].save()
        assert live.snapshot(Tally)[ids[1]].count == 99
    with pytest.raises(TenantError, match="Note can't be snapshot from acme/live"):
        live.snapshot(Note)


def test_a_snapshot_of_a_model_in_a_file(router: Router, live: Store) -> None:
    """It works on stores in files as well."""
    with router.using("acme"):
        note = Note.create(text="kept")
        found = router.tenant("acme").store("books").snapshot(Note)
        note.delete_instance()
    assert {key: row.text for key, row in found.items()} == {note.id: "kept"}


def test_reading_holds_nobody_up(router: Router, live: Store) -> None:
    """`reading()` is one state throughout while others write those very tables; it refuses to write."""
    with router.using("acme"):
        Tally.create(name="one")
        with live.reading():
            router.start_thread(lambda: Tally.update(count=7).execute(), tenant="acme").join()
            assert [row.count for row in Tally.select()] == [0]
            with pytest.raises(ReadOnlyStore):
                Tally.create(name="late")
        assert Tally.get().count == 7
        Tally.create(name="two")
        with live.writing(), live.reading():
            assert Tally.select().count() == 2


def test_a_snapshot_of_a_tenant(router: Router, live: Store) -> None:
    """`tenant.snapshot()` reads one state of memory and files alike while others write, and past its age it raises."""
    with router.using("acme"):
        Tally.create(name="one")
        Note.create(text="one")

    def write() -> None:
        Tally.update(count=7).execute()
        Note.delete().execute()

    acme = router.tenant("acme")
    with acme.snapshot():
        router.start_thread(write, tenant="acme").join()
        assert Tally.get().count == 0
        assert Note.select().count() == 1
        with pytest.raises(ReadOnlyStore):
            Tally.create(name="late")
    now = [0.0]
    router.snapshots.clock = lambda: now[0]
    with acme.snapshot(max_age=5):
        assert Tally.get().count == 7
        now[0] = 6
        with pytest.raises(SnapshotTooOld):
            Tally.get()
    with router.using("acme"), live.writing():
        Tally.create(name="two")


def test_leaving_while_reading(router: Router, live: Store) -> None:
    """An entry that is left in the middle of it leaves nothing locked."""
    entry = router.enter_here("acme")
    block = live.reading()
    block.__enter__()
    Tally.get_or_none()
    router.leave(entry)
    with pytest.raises(NoTenant, match="left before its transaction"):
        block.__exit__(None, None, None)
    with router.using("acme"):
        Tally.create(name="one")


# Whole or not at all


def test_what_fails_a_validation_is_undone_whole(router: Router, live: Store) -> None:
    """Whatever a function has written is gone when a check in it raises, also a check of the database's own."""

    def visit(hits: int) -> None:
        row = Visit.create(token="somebody", seen_at=1)
        Event.create(visit=row, at=1, what="came")
        Tally.insert(name="visits", count=1).on_conflict(
            conflict_target=[Tally.name], update={Tally.count: Tally.count + 1}
        ).execute()
        Visit.update(hits=hits).where(Visit.id == row.id).execute()
        if hits > 100:
            raise ValueError("nobody does that")

    def rows() -> list[int]:
        return [model.select().count() for model in LIVE]

    with router.using("acme"):
        live.write(visit, 3)
        before = live.snapshot(Tally)
        with pytest.raises(IntegrityError, match="UNIQUE"):
            live.write(visit, 3)
        Visit.update(token="somebody else").execute()
        with pytest.raises(ValueError, match="nobody does that"):
            live.write(visit, 101)
        with pytest.raises(IntegrityError, match="CHECK"):
            live.write(visit, -1)
        assert rows() == [1, 1, 1]
        assert live.snapshot(Tally)[1].count == before[1].count == 1
        with (
            live.writing(Visit, Event, Tally),
            pytest.raises(ValueError, match="nobody"),
            live.writing(),
        ):
            visit(101)
        assert rows() == [1, 1, 1]
    with router.using("acme"):  # and nothing is left locked
        live.write(visit, 4)


def test_leaving_rolls_back_and_unlocks(router: Router, live: Store) -> None:
    """An entry that is left in the middle of a transaction takes back what it wrote, and others can go on."""
    entry = router.enter_here("acme")
    live.execute_sql("BEGIN IMMEDIATE")
    Tally.create(name="lost")
    router.leave(entry)
    with router.using("acme"):
        assert Tally.select().count() == 0
        Tally.create(name="kept")


def test_schema_changes_are_undone_too(router: Router, live: Store) -> None:
    """A table that is made in a transaction that fails isn't there, and statements are compiled anew after it."""

    def change() -> None:
        live.execute_sql("ALTER TABLE tally RENAME TO sums")
        live.execute_sql("CREATE TABLE tally (n)")
        live.execute_sql("INSERT INTO tally VALUES (1)")
        raise ZeroDivisionError

    with router.using("acme"):
        query = "SELECT count(*) FROM tally"
        assert live.execute_sql(query).fetchone() == (0,)
        with pytest.raises(ZeroDivisionError):
            live.write(change)
        assert live.execute_sql(query).fetchone() == (0,)
        live.execute_sql(
            "CREATE TRIGGER more AFTER INSERT ON tally BEGIN UPDATE visit SET hits = 1; END"
        )
        Visit.create(token="a", seen_at=1)
        Tally.create(name="one")
        assert Visit.get().hits == 1


# Connections of the driver's


def test_connections_for_scripts(router: Router, live: Store) -> None:
    """A connection that is handed out waits for others' locks as everybody does, whichever of its methods is used."""
    with live.get_connection() as connection:
        connection.executescript(
            "BEGIN; INSERT INTO tally (name, count) VALUES ('a;b', 1); COMMIT;"
        )
        connection.executemany(
            "INSERT INTO tally (name, count) VALUES (?, ?)", [("c", 2), ("d", 3)]
        )
        connection.executemany("INSERT INTO tally (name, count) VALUES (?, ?)", [])
        with connection:
            connection.execute("BEGIN")
            connection.execute("UPDATE tally SET count = 9 WHERE name = :name", {"name": "c"})
        connection.execute("BEGIN")
        connection.execute("DELETE FROM tally")
        connection.rollback()
        cursor = connection.cursor()
        cursor.execute("SELECT name, count FROM tally ORDER BY name")
        assert cursor.fetchmany() == [("a;b", 1)]
        assert next(cursor) == ("c", 9)
        with pytest.raises(TenantError, match="lives in memory, where blobs"):
            connection.open_blob("tally", "name", 1)
        connection.execute("BEGIN IMMEDIATE")
    with router.using("acme"):  # what it left open is rolled back, and unlocked
        Tally.create(name="e")


def test_schema_files(router: Router, live: Store, tmp_path: Path) -> None:
    """`create_db` runs a schema.sql once, with tables that SQLite reads by statements of its own."""
    schema = tmp_path / "schema.sql"
    schema.write_text("CREATE TABLE extra (n); CREATE VIRTUAL TABLE words USING fts5(word);")
    assert live.create_db(schema)
    assert not live.create_db(schema)
    with router.using("acme"):
        live.execute_sql("INSERT INTO words VALUES ('clay')")
        assert live.execute_sql("SELECT word FROM words WHERE words MATCH 'clay'").fetchall() == [
            ("clay",)
        ]
        assert live.execute_sql("SELECT value FROM json_each('[1, 2]')").fetchall() == [(1,), (2,)]
        assert live.execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_connection_in_a_transaction_isnt_copied(router: Router, live: Store) -> None:
    """The backup call waits for writers, and can't for one's own transaction: that is said instead."""
    with live.get_connection() as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(TenantError, match="in a transaction"):
            connection.backup(sqlite3.connect(":memory:"))


def test_nested_entries_of_one_thread(router: Router, live: Store) -> None:
    """An entry within another one's transaction reads what that doesn't write, and is told at once of what it does."""
    with router.using("acme"), live.writing(Visit, Event):
        Visit.create(token="a", seen_at=1)
        with router.using("acme"):
            assert Tally.select().count() == 0
            with pytest.raises(WouldDeadlock):
                Visit.get()
            with pytest.raises(WouldDeadlock):
                Tally.create(name="late")
            with pytest.raises(WouldDeadlock), live.reading():
                pass
    with router.using("acme"), live.writing(), router.using("acme"), pytest.raises(WouldDeadlock):
        Tally.get()


def test_a_lock_that_takes_too_long(router: Router, live: Store) -> None:
    """Who waits longer than the lock's time-out for a table gets `LockTimeout`, which names it."""
    entered, go = threading.Event(), threading.Event()

    def hold() -> None:
        with live.writing(Tally):
            entered.set()
            go.wait(30)

    thread = router.start_thread(hold, tenant="acme")
    assert entered.wait(30)
    with pytest.MonkeyPatch.context() as patch, router.using("acme"):
        patch.setattr("tenants.rwlocks.RWLock.TIMEOUT", 0.05)
        patch.setattr("tenants.locks.DBLock.TIMEOUT", 0.05)
        assert Visit.select().count() == 0
        with pytest.raises(LockTimeout, match="the table tally of acme/live was busy"):
            Tally.get_or_none()
        with pytest.raises(LockTimeout, match="acme/live was busy"):
            Visit.create(token="a", seen_at=1)
    go.set()
    thread.join()
    with router.using("acme"):
        assert Tally.get_or_none() is None
