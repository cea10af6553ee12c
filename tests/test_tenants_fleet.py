"""Migrating a fleet: whole or not at all, each store by itself, nobody held up, and trying without a trace."""

from __future__ import annotations

import fcntl
import hashlib
import threading
from contextlib import closing
from pathlib import Path

import pytest

from migrating import ADD_COLUMN, RAISES, UNIQUE, Folders, asked, columns, make, opened, version
from notes import Contact, Note, child, texts
from tenants import (
    LockTimeout,
    MigrationFailed,
    ReadOnlyStore,
    StoreBehind,
    UnknownTenant,
    scratch,
    sqlite,
)
from tenants.schemas import trial
from tenants.schemas.fleet import Fleet, Outcome, Progress
from tenants.store import Store

RENAMED = "def up(migrator, db): db.execute_sql(\"UPDATE note SET text = text || '!'\")\n"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "migrations")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder as it was before there were migrations: acme, globex and initech."""
    with opened(tmp_path / "data") as router:
        make(router, "acme", "globex", "initech")
    return tmp_path / "data"


def paths(data: Path, role: str = "books") -> dict[str, str]:
    """The stores' files by slug."""
    with opened(data) as router:
        return {tenant.slug: tenant.store(role).path for tenant in router.tenants()}


def outcomes(report: object) -> dict[str, str]:
    """How it ended for each store."""
    return {found.store: str(found.outcome) for found in report.results}  # type: ignore[attr-defined]


def test_every_store_is_brought_to_the_end(data: Path, folders: Folders) -> None:
    """Pending migrations run in order, history and version say so, rows are kept, a second run opens nothing."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    folders.write("books", "0002_shout", RENAMED)
    with opened(data, migrations=folders("books")) as router:
        first = Fleet(router).run()
        second = Fleet(router).run()
        with router.using("globex"):
            assert texts() == ["one!", "two!"]
    assert outcomes(first) == dict.fromkeys(
        ("acme/books", "globex/books", "initech/books"), "migrated"
    )
    assert [(r.before, r.after, r.names) for r in first.results] == [
        (0, 2, ("0001_karma", "0002_shout"))
    ] * 3
    assert first.is_well
    assert (second.stores, second.results) == (3, ())
    for path in paths(data).values():
        assert version(path) == 2
        assert "karma" in columns(path)
        assert asked(path, "SELECT name FROM schema_migration ORDER BY id") == [
            ("0001_karma",),
            ("0002_shout",),
        ]
        assert asked(path, "SELECT DISTINCT karma FROM note") == [(7,)]


def test_a_later_failure_undoes_the_earlier_migrations(data: Path, folders: Folders) -> None:
    """All that is pending of a store is one transaction."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    folders.write("books", "0002_raises", RAISES)
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run()
    assert {str(found.outcome) for found in report.results} == {"failed"}
    assert "0002_raises failed on acme/books: ValueError: no such luck" in report.results[0].reason
    for path in paths(data).values():
        assert version(path) == 0
        assert columns(path) == ["id", "text", "count"]
        assert asked(path, "SELECT count FROM note") == [(0,), (0,)]
        assert asked(path, "SELECT name FROM sqlite_schema WHERE name LIKE 'schema_m%'") == []


def test_one_that_fails_does_not_stop_the_rest(data: Path, folders: Folders) -> None:
    """It is in quarantine with the reason, closed to the newer program, and open for reading to the older one."""
    with opened(data) as older, opened(data, migrations=folders("books")) as router:
        with older.using("globex"):
            Note.create(text="one")  # there twice now
        folders.write("books", "0001_unique", UNIQUE)
        router.init_migrations(folders("books"), False)
        report = Fleet(router).run()
        assert outcomes(report) == {
            "acme/books": "migrated", "globex/books": "failed", "initech/books": "migrated",
        }  # fmt: skip
        assert not report.is_well
        trouble = router.tenant("globex").store("books").trouble
        assert trouble is not None
        assert "UNIQUE constraint failed: note.text" in trouble
        with router.using("globex"):
            assert Contact.get().name == "Ploy"  # another store of the same tenant
            with pytest.raises(StoreBehind, match=r"in quarantine: 0001_unique failed.*UNIQUE"):
                Note.get()
        with older.using("globex"):
            assert texts() == ["one", "two", "one"]
            with pytest.raises(ReadOnlyStore, match="quarantine"):
                Note.create(text="more")


def test_a_later_run_lifts_the_quarantine(data: Path, folders: Folders) -> None:
    """What failed is tried again by each run, and written again once it succeeds."""
    with opened(data) as router, router.using("globex"):
        doubled = Note.create(text="one").id
    folders.write("books", "0001_unique", UNIQUE)
    with opened(data, migrations=folders("books")) as router:
        assert [found.store for found in Fleet(router).run().failed] == ["globex/books"]
        path = router.tenant("globex").store("books").path
        router.pool.close()
        with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
            connection.execute("DELETE FROM note WHERE id = ?", (doubled,))
        again = Fleet(router).run()
        assert outcomes(again) == {"globex/books": "migrated"}
        assert router.tenant("globex").store("books").trouble is None
        with router.using("globex"):
            assert Note.create(text="three").id


def test_rows_of_a_store_in_quarantine_can_be_mended(data: Path, folders: Folders) -> None:
    """The program can't enter it, but maintenance reaches its rows at any version; then it migrates."""
    folders.write("books", "0001_unique", UNIQUE)
    with opened(data) as router, router.using("globex"):
        Note.update(text="double").execute()
    with opened(data, migrations=folders("books")) as router:
        assert [found.store for found in Fleet(router).run().failed] == ["globex/books"]
        with (
            router.maintaining("globex") as globex,
            closing(globex.store("books").open(any_version=True)) as connection,
        ):
            connection.execute("UPDATE note SET text = text || id")
        assert outcomes(Fleet(router).run()) == {"globex/books": "migrated"}
        with router.using("globex"):
            assert texts() == ["double1", "double2"]
            Note.create(text="three")


def test_going_back_to_the_older_program_lifts_the_quarantine(data: Path, folders: Folders) -> None:
    """Whoever withdraws a migration that failed runs the older program's, and can write again."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    with opened(data, migrations=folders("books")) as router:
        assert Fleet(router).run().is_well
    failing = folders.write("books", "0002_raises", RAISES)
    with opened(data, migrations=folders("books")) as router:
        assert not Fleet(router).run(only=["acme"]).is_well
    failing.unlink()
    with opened(data, migrations=folders("books")) as router:
        with router.using("acme"), pytest.raises(ReadOnlyStore, match="quarantine"):
            Note.update(text="not yet").execute()
        assert outcomes(Fleet(router).run()) == {"acme/books": "current"}
        with router.using("acme"):
            Note.update(text="again").execute()
            assert set(texts()) == {"again"}
        assert Fleet(router).run().results == ()


def test_a_snapshot_is_kept_of_how_it_was(data: Path, folders: Folders) -> None:
    """It is a whole database of the old version, beside the store; the last three stay."""
    for number in range(1, 6):
        folders.write("books", f"{number:04}_more", ADD_COLUMN.format(f"more{number}"))
        with opened(data, migrations=folders("books")) as router:
            report = Fleet(router).run(only=["acme"])
            store = router.tenant("acme").store("books")
            assert report.results[0].snapshot == str(
                Path(store.path).parent / "snapshots" / f"books.1.v{number - 1}.db"
            )
    kept = sorted(Path(report.results[0].snapshot).parent.iterdir())
    assert [path.name for path in kept] == ["books.1.v2.db", "books.1.v3.db", "books.1.v4.db"]
    assert columns(kept[0]) == ["id", "text", "count", "more1", "more2"]
    assert asked(kept[0], "PRAGMA integrity_check") == [("ok",)]
    assert version(kept[2]) == 4


def test_snapshots_of_an_older_generation_are_anothers(data: Path, folders: Folders) -> None:
    """Whoever shares a tenant's former store has it migrated after a snapshot too, which stays."""
    with opened(data) as router:
        router.share("globex", "registers", "acme")
        router.share("acme", "registers", "initech")
        router.unshare("acme", "registers")
        home = Path(router.tenant("acme").store("registers").path).parent
    for number in range(1, 5):
        folders.write("registers", f"{number:04}_x", "def up(m, db): pass\n")
        with opened(data, migrations=folders("registers")) as router:
            report = Fleet(router).run()
        assert all(Path(result.snapshot).exists() for result in report.results)
    assert sorted(path.name for path in (home / "snapshots").iterdir()) == [
        f"registers.{generation}.v{version}.db" for generation in (1, 2) for version in (1, 2, 3)
    ]


def test_no_migration_without_a_snapshot(
    data: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none can be taken the store stays as it is, and isn't blamed for it."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tenants.life.copies.copy", full)
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run(only=["acme"])
        assert router.tenant("acme").store("books").trouble is None
    assert outcomes(report) == {"acme/books": "hindered"}
    assert "No space left" in report.results[0].reason
    assert version(paths(data)["acme"]) == 0


def test_a_snapshot_goes_nowhere_else(data: Path, folders: Folders, tmp_path: Path) -> None:
    """Where a link leads out of the home, none is taken, and nothing is migrated."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    (tmp_path / "elsewhere").mkdir()
    Path(paths(data)["acme"]).with_name("snapshots").symlink_to(tmp_path / "elsewhere")
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run(only=["acme"])
    assert outcomes(report) == {"acme/books": "hindered"}
    assert "is a link" in report.results[0].reason
    assert list((tmp_path / "elsewhere").iterdir()) == []


# What a migration may not do


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("db.execute_sql('COMMIT')", "begins or ends a transaction"),
        ("db.connection().execute('ROLLBACK')", "begins or ends a transaction"),
        ("db.connection().commit()", "begins or ends a transaction"),
        ("db.execute_sql(\"ATTACH 'other.db' AS other\")", "reaches for another file"),
        ("db.execute_sql('UPDATE store_identity SET owner = 1')", "says it is"),
        ("db.execute_sql('DELETE FROM journal')", "rows refer to rows that aren't there"),
        ("db.execute_sql('INSERT OR ROLLBACK INTO journal VALUES (1)')", "UNIQUE constraint"),
        ("\n    try: db.execute_sql('INSERT OR ROLLBACK INTO journal VALUES (1)')\n    except Exception: pass",
         "ended the store's transaction"),
        ("raise SystemExit(0)", "SystemExit"),
        ("db.close()", "can't close"),
        ("db.connection().close()", "it closed the store"),
        ("\n    try: db.connection().close()\n    finally: raise ValueError", "it closed the store"),
        ("db.execute_sql('DELETE FROM schema_migration')", "it changed the table schema_migration"),
        ("db.execute_sql('DROP TABLE schema_migration')", "it changed the table schema_migration"),
        ("db.execute_sql('DROP TABLE store_identity')", "no such table: store_identity"),
        ("\n    db.execute_sql('PRAGMA Writable_Schema = 1')"
         "\n    db.execute_sql(\"UPDATE sqlite_schema SET sql = 'x' WHERE name = 'note'\")", "malformed"),
        ("raise KeyError", "store: KeyError. Nothing"),
        ("\n    from peewee import CharField"
         "\n    migrator.migrate(migrator.alter_column_type('entry', 'text', CharField()))",
         "the trigger keep went as entry was rebuilt"),
    ],
)  # fmt: skip
def test_what_a_migration_may_not_do(
    tmp_path: Path, folders: Folders, code: str, said: str
) -> None:
    """Each is refused, says why, and leaves nothing of itself or of the migration before it."""
    before = [
        "CREATE TABLE journal (id INTEGER PRIMARY KEY)",
        "CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT, journal INTEGER REFERENCES journal)",
        "CREATE TRIGGER keep BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'kept'); END",
        "INSERT INTO journal VALUES (1)",
        "INSERT INTO entry VALUES (1, 'a', 1)",
    ]
    with opened(tmp_path / "data") as router:
        make(router, "acme")
        path = router.tenant("acme").store("books").path
        router.pool.close()
        with closing(sqlite.driver.connect(path)) as connection:
            connection.executescript(";".join(before))
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    folders.write("books", "0002_bad", f"def up(migrator, db):\n    {code}\n")
    with opened(tmp_path / "data", migrations=folders("books")) as router:
        report = Fleet(router).run()
    assert outcomes(report) == {"acme/books": "failed"}
    assert said in report.results[0].reason.replace("acme/books:", "store:")
    assert version(path) == 0
    assert columns(path) == ["id", "text", "count"]
    assert asked(path, "SELECT * FROM entry") == [(1, "a", 1)]


def test_what_a_migration_may_do(tmp_path: Path, folders: Folders) -> None:
    """Tables of its own, savepoints, rebuilt tables with their rows and references, triggers dropped by name."""
    code = """
from peewee import *

def up(migrator, db):
    class Tag(db.Model):
        name = TextField(unique=True)
    db.create_tables([Tag])
    with db.atomic():
        Tag.create(name="kept")
    try:
        with db.atomic():
            Tag.create(name="kept")
    except IntegrityError:
        pass
    db.execute_sql("DROP TRIGGER IF EXISTS keep")
    migrator.migrate(migrator.alter_column_type("note", "count", TextField()))
"""
    with opened(tmp_path / "data") as router:
        make(router, "acme")
        with router.using("acme"):
            Note._meta.database.execute_sql(
                "CREATE TRIGGER keep BEFORE DELETE ON note BEGIN SELECT raise(ABORT, 'kept'); END"
            )
            Note._meta.database.execute_sql(
                "CREATE TABLE child (note INTEGER REFERENCES note ON DELETE CASCADE)"
            )
            Note._meta.database.execute_sql("INSERT INTO child VALUES (1)")
        path = router.tenant("acme").store("books").path
    folders.write("books", "0001_much", code)
    with opened(tmp_path / "data", migrations=folders("books")) as router:
        assert Fleet(router).run().is_well
    assert asked(path, "SELECT name FROM tag") == [("kept",)]
    assert asked(path, "SELECT note FROM child") == [(1,)]
    assert asked(path, "SELECT typeof(count) FROM note") == [("text",), ("text",)]


@pytest.mark.parametrize(
    "loop",
    [
        "db.execute_sql('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n')",
        "\n    while True: pass",
        "\n    while True:\n        try: db.execute_sql('SELECT 1')\n        except Exception: pass",
    ],
    ids=["in SQL", "in Python", "that swallows errors"],
)  # fmt: skip
def test_what_takes_too_long_is_ended(data: Path, folders: Folders, loop: str) -> None:
    """A statement and a loop of the migration's own are ended after the limit, and nothing is kept."""
    folders.write("books", "0001_loop", f"def up(migrator, db):\n    {loop}\n")
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run(only=["acme"], time_limit=0.05)
    assert outcomes(report) == {"acme/books": "failed"}
    assert "it took longer than 0.05 seconds" in report.results[0].reason
    assert version(paths(data)["acme"]) == 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_the_run_and_nothing_else(data: Path, folders: Folders, jobs: int) -> None:
    """What is under way is rolled back, isn't blamed, and is done by the next run."""
    file = folders.write("books", "0001_stop", "def up(m, db): raise KeyboardInterrupt\n")
    with opened(data, migrations=folders("books")) as router:
        with pytest.raises(KeyboardInterrupt):
            Fleet(router).run(jobs=jobs)
        assert all(tenant.store("books").trouble is None for tenant in router.tenants())
    file.write_text(RENAMED)
    with opened(data, migrations=folders("books")) as router:
        assert len(Fleet(router).run().of(Outcome.MIGRATED)) == 3


def test_the_applications_own_check_is_asked_before_the_commit(
    data: Path, folders: Folders
) -> None:
    """What it finds wrong keeps the migration from being committed."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))

    def check(store: Store, connection: object) -> list[str]:
        return ["the sums are off"] if store.label.startswith("globex") else []

    with opened(data, migrations=folders("books")) as router:
        router.check_migrated = check
        report = Fleet(router).run()
    assert [found.store for found in report.failed] == ["globex/books"]
    assert "afterwards the sums are off" in report.failed[0].reason
    assert "karma" not in columns(paths(data)["globex"])


def test_a_check_that_can_not_be_made_finds_something_wrong(data: Path, folders: Folders) -> None:
    """The migration took away what the check looks at: it is to blame, and not the disk."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    with opened(data, migrations=folders("books")) as router:
        router.check_migrated = lambda store, connection: connection.execute(
            "SELECT gone FROM note"
        )
        report = Fleet(router).run()
    assert set(outcomes(report).values()) == {"failed"}
    assert "it can't be checked (OperationalError: no such column: gone)" in report.failed[0].reason


# Who is chosen, and in which order


def test_only_those_that_are_named(data: Path, folders: Folders) -> None:
    """Others stay as they are; a name that nobody has is refused before anything is done."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    with opened(data, migrations=folders("books")) as router:
        with pytest.raises(UnknownTenant):
            Fleet(router).run(only=["globex", "nobody"])
        report = Fleet(router).run(only=["globex"])
        assert outcomes(report) == {"globex/books": "migrated"}
        assert report.unasked == 2
    assert {slug: version(path) for slug, path in paths(data).items()} == {
        "acme": 0,
        "globex": 1,
        "initech": 0,
    }


def test_a_shared_store_is_done_once_and_names_all_whom_it_affects(
    data: Path, folders: Folders
) -> None:
    """It is migrated with its owner, never as a side effect of somebody who merely uses it."""
    with opened(data) as router:
        router.create("north", models=[Note, Contact], share={"registers": "acme"})
    folders.write("registers", "0001_note", "def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    with opened(data, migrations=folders("registers")) as router:
        assert Fleet(router).run(only=["north"]).results == ()
        report = Fleet(router).run()
    found = {result.store: result.tenants for result in report.results}
    assert found["acme/registers"] == ("acme", "north")
    assert sorted(found) == ["acme/registers", "globex/registers", "initech/registers"]


def test_canaries_go_first_and_stop_the_rest(data: Path, folders: Folders) -> None:
    """Those with the smallest files; if one of them fails, nobody else is touched and the report says who was left."""
    with opened(data) as router:
        for slug in ("acme", "globex"):
            with router.using(slug):
                Note.create(text="x" * 100_000)
        with router.using("initech"):
            Note.create(text="one")
    folders.write("books", "0001_unique", UNIQUE)
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run(canary=1)
        assert outcomes(report) == {"initech/books": "failed"}
        assert report.stopped
        assert report.left == ("acme/books", "globex/books")
        assert not report.is_well
        everyone = Fleet(router).run(canary=2)  # initech is one of them, and fails again
        assert outcomes(everyone) == {"acme/books": "migrated", "initech/books": "failed"}
        router.pool.close()
        path = router.tenant("initech").store("books").path
        with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
            connection.execute("DELETE FROM note WHERE id = 3")
        assert Fleet(router).run(canary=1).is_well
    assert {version(path) for path in paths(data).values()} == {1}


def test_the_shared_database_goes_first(data: Path, folders: Folders) -> None:
    """While it fails nothing else is done; then everything is, and entering works."""
    file = folders.write(
        "universal", "0001_x", "def up(m, db): db.execute_sql('CREATE TABLE tenant (x)')\n"
    )
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    with opened(data, migrations=folders("books", "universal")) as router:
        report = Fleet(router).run()
        assert outcomes(report) == {"the shared database": "failed"}
        assert len(report.left) == 3
    assert {version(path) for path in paths(data).values()} == {0}
    file.write_text("def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    with opened(data, migrations=folders("books", "universal")) as router:
        report = Fleet(router).run()
        assert report.results[0].store == "the shared database"
        assert report.is_well
        with router.using("acme"):
            assert texts() == ["one", "two"]
        assert version(router.universal_store.path) == 1


def test_several_at_a_time(data: Path, folders: Folders) -> None:
    """Two tenants are migrated at the same time: each waits in its migration until the other is in its own."""
    folders.write("books", "0001_meet", "import meeting\ndef up(m, db): meeting.barrier.wait(20)\n")
    with opened(data) as router:
        make(router, "hooli")
    import sys
    from types import ModuleType

    meeting = ModuleType("meeting")
    meeting.barrier = threading.Barrier(2)  # type: ignore[attr-defined]
    sys.modules["meeting"] = meeting
    try:
        with opened(data, migrations=folders("books")) as router:
            assert Fleet(router).run(jobs=2).is_well
    finally:
        del sys.modules["meeting"]


# While others are at work


def test_others_go_on_serving(data: Path, folders: Folders) -> None:
    """While one tenant's store is being migrated, another's is read and written, and the one's own waits."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    seen: list[object] = []

    def watch(at: Progress) -> None:
        if at.step != "begun" or at.store != "acme/books":
            return

        def work() -> None:
            with older.using("globex"):
                Note.create(text="meanwhile")
                seen.append(texts())
            try:
                older.homes.of(acme.id).lease(0.05)
            except LockTimeout as error:
                seen.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    with opened(data) as older:
        acme = older.tenant("acme")
        with opened(data, migrations=folders("books")) as router:
            assert Fleet(router).run(only=["acme"], progress=watch).is_well
    assert seen[0] == ["one", "two", "meanwhile"]
    assert isinstance(seen[1], LockTimeout)


def test_a_store_that_is_in_use_waits_and_is_not_blamed(data: Path, folders: Folders) -> None:
    """Where a lease doesn't end in time the store is left for the next run, and isn't in quarantine."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    with opened(data, migrations=folders("books")) as router:
        home = router.homes.of(router.tenant("acme").id, "acme")
        home.lease(1)
        report = Fleet(router, patience=0.05).run()
        home.release()
        assert outcomes(report) == {
            "acme/books": "hindered", "globex/books": "migrated", "initech/books": "migrated",
        }  # fmt: skip
        assert router.tenant("acme").store("books").trouble is None
        assert outcomes(Fleet(router).run()) == {"acme/books": "migrated"}


OLDER = """
import sys
from notes import Note, texts
from tenants import Router, StoreAhead
router = Router(sys.argv[1], migrations={"books": sys.argv[2]})
for _ in range(2):
    try:
        with router.using("acme"):
            print(len(texts()), flush=True)
    except StoreAhead as error:
        print("ahead", flush=True)
    sys.stdin.readline()
router.close()
"""


def test_another_process_with_warm_connections_is_no_obstacle(
    data: Path, folders: Folders, tmp_path: Path
) -> None:
    """An older program that has the store open, and nothing to do there, gives way, and notices what was done."""
    older = Folders(tmp_path / "older")("books")["books"]
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    with child(OLDER, data, older) as other:
        assert other.hears() == "2"
        with opened(data, migrations=folders("books")) as router:
            assert Fleet(router, patience=5).run().is_well
        other.told()
        assert other.hears() == "ahead"
        other.told()


RUN = """
import sys
from tenants import Router
from tenants.schemas.fleet import Fleet
router = Router(sys.argv[1], migrations={"books": sys.argv[2]})
def meet(at):
    if at.step == "begun" and not met:
        met.append(1); print("begun", flush=True); sys.stdin.readline()
met = []
if sys.argv[3] == "meets":
    report = Fleet(router).run(progress=meet)
else:
    print("started", flush=True)
    report = Fleet(router).run()
print(sum(r.outcome == "migrated" for r in report.results), report.is_well, flush=True)
router.close()
"""


def test_two_runs_at_once_share_the_work(data: Path, folders: Folders) -> None:
    """A run that meets another's store finds nothing left to do there; each store is migrated exactly once."""
    folders.write("books", "0001_shout", RENAMED)
    folder = folders("books")["books"]
    with child(RUN, data, folder, "meets") as first:
        assert first.hears() == "begun"
        with child(RUN, data, folder, "started") as second:
            assert second.hears() == "started"
            first.told()
            counts = [first.hears().split(), second.hears().split()]
    assert sum(int(count) for count, _ in counts) == 3
    assert all(well == "True" for _, well in counts)
    for path in paths(data).values():
        assert asked(path, "SELECT text FROM note") == [("one!",), ("two!",)]


def test_two_runs_at_once_migrate_the_shared_database_once(data: Path, folders: Folders) -> None:
    """The one that comes second waits, then finds nothing to do, and keeps no copy of what is new for the old."""
    folders.write("universal", "0001_x", "def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    run = RUN.replace('{"books"', '{"universal"')
    with child(run, data, folders("universal")["universal"], "meets") as first:
        assert first.hears() == "begun"
        with child(run, data, folders("universal")["universal"], "started") as second:
            assert second.hears() == "started"
            first.told()
            assert first.hears() == "1 True"
            assert second.hears() == "0 True"
    assert version(data / "snapshots" / "universal.1.v0.db") == 0
    assert version(data / "universal.db") == 1


def test_the_shared_database_is_one_runs_alone(data: Path, folders: Folders) -> None:
    """From before its version is read until it is committed no other process gets at its migrations."""
    folders.write("universal", "0001_x", "def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    refused: list[str] = []

    def look(at: Progress) -> None:
        if at.step in ("snapshot", "committed"):
            with (data / "universal.db.lock").open("rb") as lock, pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            refused.append(at.step)

    with opened(data, migrations=folders("universal")) as router:
        assert Fleet(router).run(progress=look).is_well
    assert refused == ["snapshot", "committed"]


# Trying


def fingerprints(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that holds data: a lock is empty, and `-shm` SQLite's own while a database is open."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "lock"))
    }


def test_a_dry_run_changes_nothing(data: Path, folders: Folders) -> None:
    """Every file is as it was byte for byte, also a log that a dead process left; data decide what would fail."""
    with opened(data) as router, router.using("globex"):
        Note.create(text="one")
    folders.write("books", "0001_unique", UNIQUE)
    folders.write("universal", "0001_x", "def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    left = (
        "import os, sys; from tenants import Router; from notes import Note; r = Router(sys.argv[1]);"
        "r.using('initech').__enter__(); Note.create(text='logged'); os._exit(0)"
    )
    with child(left, data):
        pass
    with opened(data, migrations=folders("books", "universal")) as router:
        router.catalogue.all()
        router.universal.release(wholly=True)
        router.pool.close()
        before = fingerprints(data)
        assert any(name.endswith("-wal") for name in before)
        report = Fleet(router).run(dry_run=True, jobs=2)
        router.universal.release(wholly=True)
        router.pool.close()
        assert fingerprints(data) == before
        assert report.dry_run
        assert outcomes(report) == {
            "the shared database": "would migrate", "acme/books": "would migrate",
            "globex/books": "would fail", "initech/books": "would migrate",
        }  # fmt: skip
        assert "UNIQUE constraint failed" in report.failed[0].reason
        assert router.tenant("globex").store("books").trouble is None
        assert not (data / "trials").exists()


def test_a_dry_run_finds_rows_that_a_rule_does_not_fit(data: Path, folders: Folders) -> None:
    """A column without default that may not be NULL fails where there are rows, and nowhere else."""
    with opened(data) as router:
        router.create("empty", models=[Note, Contact])
    code = "def up(m, db): m.migrate(m.add_not_null('note', 'x'))\n"
    folders.write(
        "books",
        "0001_strict",
        "def up(m, db): db.execute_sql('ALTER TABLE note ADD COLUMN x INT')\n",
    )
    folders.write("books", "0002_strict", code)
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run(dry_run=True)
    assert outcomes(report)["empty/books"] == "would migrate"
    assert outcomes(report)["acme/books"] == "would fail"


def test_what_a_dead_dry_run_left_goes_with_the_next(data: Path, folders: Folders) -> None:
    """Its folder of copies is removed, and that of a run that is still at work isn't."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    (data / "trials" / "dead").mkdir(parents=True)
    (data / "trials" / "dead" / "lock").touch()
    (data / "trials" / "dead" / "copy.db").touch()
    with opened(data, migrations=folders("books")) as router, trial.trials(router) as alive:
        Path(alive, "copy.db").touch()
        assert Fleet(router).run(dry_run=True).is_well
        assert Path(alive, "copy.db").exists()
        assert not (data / "trials" / "dead").exists()
    assert not (data / "trials").exists()


def test_a_dry_run_begins_as_another_ends(
    data: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one takes the folder of all of them away just before this one uses it."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    make_above = scratch._make_above
    taken: list[str] = []

    def make(above: str) -> None:
        if not taken:
            taken.append(Path(above).name)
            raise FileNotFoundError(above)
        make_above(above)

    monkeypatch.setattr(scratch, "_make_above", make)
    with opened(data, migrations=folders("books")) as router:
        assert Fleet(router).run(dry_run=True).is_well
    assert taken == ["trials"]


# As stores are opened


def test_stores_may_migrate_as_they_are_opened(data: Path, folders: Folders) -> None:
    """Whoever enters a tenant finds its stores as the program wants them; the others stay as they are."""
    folders.write("books", "0001_shout", RENAMED)
    folders.write("universal", "0001_x", "def up(m, db): db.execute_sql('CREATE TABLE x (y)')\n")
    with opened(data, migrations=folders("books", "universal"), migrate_on_open=True) as router:
        for _ in range(2):
            with router.using("acme"):
                assert texts() == ["one!", "two!"]
        assert version(router.universal_store.path) == 1
        assert [result.store for result in Fleet(router).run().results] == [
            "globex/books",
            "initech/books",
        ]


def test_what_fails_as_it_is_opened_is_not_tried_with_every_request(
    data: Path, folders: Folders
) -> None:
    """The first who enters hears of it, the next ones of the quarantine."""
    folders.write("books", "0001_raises", RAISES)
    with opened(data, migrations=folders("books"), migrate_on_open=True) as router:
        with pytest.raises(MigrationFailed, match="no such luck"):
            router.using("acme").__enter__()
        with router.using("acme"), pytest.raises(StoreBehind, match=r"quarantine.*no such luck"):
            Note.get()


def test_many_who_open_one_store_migrate_it_once(data: Path, folders: Folders) -> None:
    """Threads that come at the same time wait for the one that migrates, and all find it done."""
    folders.write("books", "0001_shout", RENAMED)
    found: list[list[str]] = []
    barrier = threading.Barrier(6)
    with opened(data, migrations=folders("books"), migrate_on_open=True) as router:

        def enter() -> None:
            barrier.wait(20)
            with router.using("acme"):
                found.append(texts())

        threads = [threading.Thread(target=enter) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [["one!", "two!"]] * 6


def test_a_file_that_is_missing_is_reported(data: Path, folders: Folders) -> None:
    """A store that can't be opened is told of by name, and the rest are migrated."""
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    Path(paths(data)["globex"]).unlink()
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run()
    assert outcomes(report)["globex/books"] == Outcome.HINDERED
    assert "missing" in report.failed[0].reason
    assert len(report.of(Outcome.MIGRATED)) == 2
