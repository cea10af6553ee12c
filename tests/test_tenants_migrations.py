"""A role's migrations: their order, what a store says of itself, and which stores are refused."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from peewee import SqliteDatabase
from playhouse.migrations import Runner

from migrating import ADD_COLUMN, Folders, asked, make, opened, version
from notes import Note, texts
from tenants import MigrationFailed, StoreAhead, StoreBehind, sqlite
from tenants.schemas.migrations import Migrations

NOTHING = "def up(migrator, db): pass\n"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "migrations")


def read(folders: Folders, *names: str) -> Migrations:
    """The migrations of `books`, with these files."""
    for name in names:
        folders.write("books", name, NOTHING)
    return Migrations("books", folders("books")["books"])


def test_they_are_read_in_the_order_of_their_numbers(folders: Folders) -> None:
    """Order is that of the numbers, whatever their width; other files are left alone."""
    (folders("books")["books"] / "__init__.py").write_text("raise SystemExit\n")
    found = read(folders, "10_j", "2_b", *(f"{n:04}_x" for n in (1, 3, 4, 5, 6, 7, 8, 9)))
    assert found.names[1] == "2_b"
    assert found.names[-1] == "10_j"
    assert found.version == 10


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("0001_a", "0002_b", "0002_c"), r"0002_b\.py and 0002_c\.py"),
        (("0001_a", "1_b"), r"0001_a\.py and 1_b\.py"),
        (("0001_a", "0003_c"), "from 0001_a to 0003_c.*number 2 is missing"),
        (("0002_b",), "from nothing to 0002_b.*number 1 is missing"),
        (("0000_a",), "number 1 is missing"),
        (("0001-a",), r"0001-a\.py.*isn't the name of a migration"),
    ],
)
def test_numbers_out_of_order_are_refused(
    folders: Folders, names: tuple[str, ...], said: str
) -> None:
    """Two files of one number, and a number that is missing, are refused; the message names files."""
    with pytest.raises(MigrationFailed, match=said):
        read(folders, *names)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A router won't open where migrations are to be and aren't, and nothing is made."""
    with (
        pytest.raises(MigrationFailed, match="which is no folder"),
        opened(tmp_path / "data", migrations={"books": tmp_path / "elsewhere"}),
    ):
        pass
    assert not (tmp_path / "data").exists()


def test_the_fingerprint_is_of_the_names(folders: Folders) -> None:
    """A name changes it, and what a file holds doesn't: no store would run it a second time."""
    first = read(folders, "0001_a")
    folders.write("books", "0001_a", "def up(migrator, db): ...\n")
    assert read(folders).fingerprint == first.fingerprint
    assert read(folders, "0002_b").fingerprint != first.fingerprint
    (folders.path / "books" / "0001_a.py").rename(folders.path / "books" / "0001_z.py")
    assert read(folders).fingerprint not in (first.fingerprint, "")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def down(migrator, db): pass", "defines no up"),
        ("def up(migrator, db)", "can't be loaded .SyntaxError"),
        ("import nowhere", "can't be loaded .ModuleNotFoundError"),
        ("raise SystemExit(0)", "can't be loaded .SystemExit"),
        (f"atomic = False\n{NOTHING}", "atomic = False"),
    ],
)
def test_what_can_not_be_run_is_refused(folders: Folders, code: str, said: str) -> None:
    """Files without `up`, with faults, and such as want no transaction are refused by name."""
    folders.write("books", "0001_a", code)
    with pytest.raises(MigrationFailed, match=rf"0001_a\.py.*{said}"):
        read(folders).modules()


def test_a_new_store_starts_at_the_end(tmp_path: Path, folders: Folders) -> None:
    """Its tables are made as the models are, so it has been through everything, as playhouse's own tools say too."""
    folders.write("books", "0001_a", ADD_COLUMN.format("never_run"))
    folders.write("books", "0002_b", NOTHING)
    with opened(tmp_path / "data", migrations=folders("books", "universal")) as router:
        make(router, "acme")
        path = router.tenant("acme").store("books").path
        with router.using("acme"):
            assert texts() == ["one", "two"]
        assert version(router.tenant("acme").store("registers").path) == 0
    assert version(path) == 2
    with closing(SqliteDatabase(path)) as database:
        runner = Runner(database, str(folders.path / "books"))
        assert list(runner.applied()) == ["0001_a", "0002_b"]
        assert all(found.applied.year > 2000 for found in runner.status())
        assert runner.up() == []


def test_our_history_table_is_playhouses(tmp_path: Path, folders: Folders) -> None:
    """Table and index are what playhouse makes itself."""
    sql = "SELECT sql FROM sqlite_schema WHERE tbl_name = 'schema_migration' ORDER BY name"
    with (
        closing(sqlite.driver.connect(":memory:")) as ours,
        closing(SqliteDatabase(":memory:")) as theirs,
    ):
        read(folders, "0001_a").mark(ours)
        Runner(theirs, str(folders.path / "books")).up()
        assert ours.execute(sql).fetchall() == theirs.execute_sql(sql).fetchall()


# What is opened


def test_a_store_that_is_behind_is_not_opened(tmp_path: Path, folders: Folders) -> None:
    """Whoever enters gets StoreBehind at the first touch, with what to do."""
    with opened(tmp_path / "data", migrations=folders("books")) as router:
        make(router, "acme")
    folders.write("books", "0001_a", ADD_COLUMN.format("karma"))
    with (
        opened(tmp_path / "data", migrations=folders("books")) as router,
        router.using("acme"),
        pytest.raises(StoreBehind, match=r"acme/books is at version 0.*works with 1.*migrate"),
    ):
        Note.get()
    with opened(tmp_path / "data") as router, router.using("acme"):
        assert Note.get().text == "one"  # who gives no migrations asks for no version


def test_a_store_that_is_ahead_is_not_opened(tmp_path: Path, folders: Folders) -> None:
    """A program older than the store leaves it alone."""
    file = folders.write("books", "0001_a", NOTHING)
    with opened(tmp_path / "data", migrations=folders("books")) as router:
        make(router, "acme")
    file.unlink()
    with (
        opened(tmp_path / "data", migrations=folders("books")) as router,
        router.using("acme"),
        pytest.raises(StoreAhead, match=r"acme/books is at version 1.*knows 0.*newer program"),
    ):
        Note.get()


def test_an_older_program_that_is_at_work_notices(tmp_path: Path, folders: Folders) -> None:
    """A connection that is warm from before another process migrated isn't used after it."""
    from tenants.schemas.fleet import Fleet

    old = folders("books")
    newer = Folders(tmp_path / "newer")
    newer.write("books", "0001_a", ADD_COLUMN.format("karma"))
    with opened(tmp_path / "data", migrations=old) as router:
        make(router, "acme")
        with router.using("acme"):
            assert texts() == ["one", "two"]
        with opened(tmp_path / "data", migrations=newer("books")) as other:
            assert Fleet(other).run().is_well
        with router.using("acme"), pytest.raises(StoreAhead):
            Note.get()


@pytest.mark.parametrize(
    ("sql", "error", "said"),
    [
        ("PRAGMA user_version = 9", StoreAhead, "at version 9"),
        ("UPDATE schema_migration SET name = '0002_else' WHERE id = 2", StoreAhead, "0002_else"),
        (
            "DELETE FROM schema_migration WHERE name = '0001_a'",
            MigrationFailed,
            "0001_a is not in order",
        ),
        ("PRAGMA user_version = 1", MigrationFailed, "changed by hand"),
    ],
)
def test_a_history_that_is_not_ours_is_refused(
    folders: Folders, sql: str, error: type[Exception], said: str
) -> None:
    """What a store has been through must be the first of ours, in order: a file that came in late is named."""
    found = read(folders, "0001_a", "0002_b")
    with closing(sqlite.driver.connect(":memory:", isolation_level=None)) as connection:
        found.mark(connection)
        assert found.pending(connection, "acme/books") == ()
        connection.execute(sql)
        with pytest.raises(error, match=said):
            found.pending(connection, "acme/books")


def test_the_catalogue_is_corrected(tmp_path: Path, folders: Folders) -> None:
    """Where it says that a store is current and the file says otherwise, the next run looks into the file."""
    from tenants.schemas import pending

    folders.write("books", "0001_a", ADD_COLUMN.format("karma"))
    with opened(tmp_path / "data", migrations=folders("books")) as router:
        make(router, "acme")
        store = router.tenant("acme").store("books")
        router.pool.close()
        with closing(sqlite.driver.connect(store.path)) as connection:
            connection.execute("PRAGMA user_version = 0")
        assert pending.find(router) == []
        with router.using("acme"), pytest.raises(StoreBehind):
            Note.get()
        assert [home.slug for home in pending.find(router)] == ["acme"]


def test_the_shared_database_starts_at_the_end_and_is_asked_first(
    tmp_path: Path, folders: Folders
) -> None:
    """A new one needs nothing; nobody enters anything as long as an old one is behind."""
    folders.write("universal", "0001_a", "def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    with opened(tmp_path / "new", migrations=folders("universal")) as router:
        make(router, "acme")
        assert asked(router.universal_store.path, "PRAGMA user_version") == [(1,)]
    with opened(tmp_path / "old") as router:
        make(router, "acme")
    with opened(tmp_path / "old", migrations=folders("universal")) as router:
        with pytest.raises(StoreBehind, match="shared database is at version 0"):
            router.using("acme").__enter__()
        with closing(sqlite.driver.connect(router.universal_store.path)) as connection:
            connection.execute("PRAGMA user_version = 2")
        router.universal.release(wholly=True)
        router.pool.close()
        with pytest.raises(StoreAhead):
            router.using("acme").__enter__()
