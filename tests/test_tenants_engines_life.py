"""The steps of a tenant's life with stores in memory: none assumes a file, and each is as whole as with files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from live_models import LIVE, Event, Tally, Visit
from migrating import ADD_COLUMN, RAISES, Folders
from notes import Contact, Note, texts
from tenants import (
    BadChange,
    ReadOnlyStore,
    Router,
    SlugTaken,
    Store,
    StoreBehind,
    Tenant,
    TenantSuspended,
    UnknownTenant,
    sqlite,
)
from tenants.engines.memory_databases import _alive
from tenants.schemas.fleet import Fleet


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    """Live stores and registers are in memory, books in files."""
    memory = {"live": "memory:", "registers": "memory:"}
    router = Router(tmp_path / "data", engines=memory)
    yield router
    router.close()


def fill() -> None:
    """Write what the tests look for."""
    Note.create(text="in a file")
    Contact.create(name="in memory")
    visit = Visit.create(token="somebody", seen_at=1)
    Event.create(visit=visit, at=1, what="came")


@pytest.fixture
def acme(router: Router) -> Tenant:
    """A tenant with rows in each of its stores."""
    return router.create("acme", models=[Note, Contact, *LIVE], setup=fill)


def counts() -> list[int]:
    """How many rows there are of each model."""
    return [model.select().count() for model in (Note, Contact, Visit, Event, Tally)]


def test_a_template(router: Router) -> None:
    """Stores that are made of a template have its rows, and say that they are their own tenant's."""
    for slug in ("north", "south"):
        router.create(
            slug,
            models=[Note, Contact, *LIVE],
            template="kind",
            prepare=fill,
            setup=lambda: Tally.create(name="own"),
        )
    for slug in ("north", "south"):
        with router.using(slug):
            assert counts() == [1, 1, 1, 1, 1]
            Tally.delete().execute()
    with router.using("north"):
        Contact.create(name="another")
    with router.using("south"):
        assert counts() == [1, 1, 1, 1, 0]
    stores = {router.tenant(slug).store("live").stamp for slug in ("north", "south")}
    assert len(stores) == 2


def test_what_cant_be_made_leaves_nothing(router: Router, acme: Tenant) -> None:
    """Where `setup` raises, and where the slug is taken at the last moment, nothing of it stays in memory."""
    before = set(_alive)

    def fail() -> None:
        Tally.create(name="begun")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        router.create("globex", models=LIVE, setup=fail)
    with pytest.raises(ValueError, match="no"):
        router.clone("acme", "globex", setup=fail)
    with pytest.raises(SlugTaken):
        router.create("globex", models=LIVE, setup=lambda: router.create("globex", models=[Note]))
    assert set(_alive) == before


def test_a_clone(router: Router, acme: Tenant) -> None:
    """It has all rows as of one instant, in memory what was in memory, and then each goes its own way."""
    twin = router.clone(acme, "twin")
    assert {role: store.engine.name for role, store in twin.stores.items()} == {
        "books": "sqlite", "live": "memory:", "registers": "memory:"
    }  # fmt: skip
    with router.using(twin):
        assert counts() == [1, 1, 1, 1, 0]
        Visit.delete().execute()
        assert counts() == [1, 1, 0, 0, 0]
    with router.using(acme):
        assert counts() == [1, 1, 1, 1, 0]


def test_sharing(router: Router, acme: Tenant) -> None:
    """A store in memory is shared and parted from as a file is."""
    north = router.create("north", models=[Note], share={"registers": acme})
    with router.using(north):
        assert Contact.get().name == "in memory"
        Contact.create(name="from the north")
    with router.using(acme):
        assert Contact.select().count() == 2
    router.unshare(north, "registers")
    own = router.tenant(north).store("registers")
    assert own.owner == north.id
    assert own.engine.name == "memory:"
    with router.using(north):
        Contact.create(name="the north's own")
        assert Contact.select().count() == 3
    with router.using(acme):
        assert Contact.select().count() == 2
    router.share(north, "registers", acme)
    with router.using(north):
        assert Contact.select().count() == 2
    (left,) = router.unused_stores()
    assert left.stamp == own.stamp
    (copy,) = router.purge_store(left).glob("*.db")
    assert rows_of(copy, "contact") == 3
    assert left not in router.in_memory


def rows_of(file: Path, table: str) -> int:
    """How many rows a copy has, read by SQLite alone."""
    with closing(sqlite.driver.connect(sqlite.uri(str(file)), uri=True)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_renaming(router: Router, acme: Tenant) -> None:
    """Its stores in memory go on under the new name."""
    router.rename(acme, "apex")
    with router.using("apex"):
        assert counts() == [1, 1, 1, 1, 0]
    assert router.tenant("apex").store("live").label == "apex/live"


def test_suspended_and_archived(router: Router, acme: Tenant) -> None:
    """They are kept while nobody may enter, and can be read and not written while it is archived."""
    router.suspend(acme, "away")
    with pytest.raises(TenantSuspended):
        router.enter_here("acme")
    router.resume(acme)
    router.archive(acme)
    with router.using("acme"):
        assert counts() == [1, 1, 1, 1, 0]
        with pytest.raises(ReadOnlyStore, match="archived"):
            Tally.create(name="late")
        with pytest.raises(ReadOnlyStore, match="archived"), acme.store("live").writing(Tally):
            pass
    router.resume(acme)
    with router.using("acme"):
        Tally.create(name="again")


def test_purging(router: Router, acme: Tenant) -> None:
    """A last backup has the rows of each store, in a file that can be opened by itself; then the memory is free."""
    stores = list(acme.stores.values())
    router.archive(acme)
    backup = router.purge(acme)
    manifest = json.loads((backup / "manifest.json").read_text())
    assert {told["role"] for told in manifest["stores"]} == {"books", "live", "registers"}
    assert rows_of(backup / "live.1.db", "event") == 1
    assert rows_of(backup / "registers.1.db", "contact") == 1
    assert not any(store in router.in_memory for store in stores)
    with pytest.raises(UnknownTenant):
        router.tenant("acme")


def test_purged_by_another_router(router: Router, acme: Tenant) -> None:
    """Whoever finds that a tenant is gone lets go of what he has of it in memory."""
    live = acme.store("live")
    with router.using("acme"):
        Tally.get_or_none()
    other = Router(router.folder)
    other.archive("acme")
    other.purge("acme")
    other.close()
    assert live in router.in_memory
    with pytest.raises(UnknownTenant):
        router.tenant("acme")
    assert live not in router.in_memory


def test_maintaining(router: Router, acme: Tenant) -> None:
    """Maintenance has the stores alone, and finds in memory what was there."""
    with router.maintaining(acme) as tenant, tenant.store("live").get_connection() as connection:
        assert connection.execute("SELECT count(*) FROM visit").fetchone() == (1,)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Migrations."""
    return Folders(tmp_path / "migrations")


def visits(store: Store) -> list[tuple]:
    """The store's rows, whatever its version."""
    with closing(store.open(any_version=True)) as connection:
        found: list[tuple] = connection.execute("SELECT * FROM note").fetchall()
        return found


def test_migrations(tmp_path: Path, folders: Folders) -> None:
    """A store in memory is refused while it is behind, tried on a copy, and migrated after a snapshot."""
    old = Router(tmp_path / "memory", engine="memory:")
    old.create("acme", models=[Note], setup=lambda: Note.create(text="kept"))
    folders.write("books", "0001_added", ADD_COLUMN.format("added"))
    new = Router(tmp_path / "memory", engine="memory:", migrations=folders("books"))
    store = new.tenant("acme").store("books")
    with new.using("acme"), pytest.raises(StoreBehind):
        Note.get()
    old.pool.close()
    report = Fleet(new).run(dry_run=True)
    assert [found.outcome.name for found in report.results] == ["WOULD_MIGRATE"]
    report = Fleet(new).run()
    assert report.is_well
    (done,) = report.results
    assert done.after == 1
    assert rows_of(Path(done.snapshot), "note") == 1
    with new.using("acme"):
        assert texts() == ["kept"]
    assert visits(store) == [(1, "kept", 0, 7)]
    assert Fleet(new).run().results == ()
    made = new.create("globex", models=[Note])
    with new.using(made):
        assert texts() == []
    new.close()
    old.close()


def test_a_migration_that_fails(tmp_path: Path, folders: Folders) -> None:
    """The store is as it was, and in quarantine."""
    old = Router(tmp_path / "memory", engine="memory:")
    old.create("acme", models=[Note], setup=lambda: Note.create(text="kept"))
    folders.write("books", "0001_raises", RAISES)
    new = Router(tmp_path / "memory", engine="memory:", migrations=folders("books"))
    old.pool.close()
    (result,) = Fleet(new).run().results
    assert "no such luck" in result.reason
    store = old.tenant("acme").store("books")
    assert visits(store) == [(1, "kept", 0)]
    with old.using("acme"):
        assert texts() == ["kept"]
        with pytest.raises(ReadOnlyStore, match="quarantine"):
            Note.create(text="late")
    new.close()
    old.close()


def test_made_anew_at_the_programs_version(tmp_path: Path, folders: Folders) -> None:
    """A process that makes it anew has nothing to migrate, whatever the catalogue says of it."""
    old = Router(tmp_path / "memory", engine="memory:", engines={"books": "sqlite"})
    old.create("acme", models=[*LIVE])
    old.close()
    folders.write("live", "0001_nothing", "def up(migrator, db): pass\n")
    new = Router(tmp_path / "memory", engine="memory:", migrations=folders("live"))
    with new.using("acme"):
        assert Visit.select().count() == 0
    (result,) = Fleet(new).run().results
    assert result.outcome.name == "CURRENT"
    assert Fleet(new).run().results == ()
    new.close()


def test_files_cant_take_its_place(router: Router, acme: Tenant, tmp_path: Path) -> None:
    """What lives in memory isn't replaced by a file: that is said, and nothing is changed."""
    with pytest.raises(BadChange, match="acme/live is no file"):
        router.replace(acme, {"live": tmp_path / "live.db"}, "to see")
    with router.using(acme):
        assert counts() == [1, 1, 1, 1, 0]
