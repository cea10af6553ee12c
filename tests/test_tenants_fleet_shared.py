"""Stores that outlive their owner, or that nobody uses, are migrated as all others are."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrating import Folders, make, opened, version
from notes import Contact, Note
from tenants import BadChange, Router
from tenants.schemas.fleet import Fleet

RENAME = "def up(migrator, db): db.execute_sql(\"UPDATE contact SET name = name || '!'\")\n"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Migrations of the registers: one, which changes every name."""
    folders = Folders(tmp_path / "migrations")
    folders.write("registers", "0001_shout", RENAME)
    return folders


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """`friend` uses the registers of `acme`, which was purged; its own are used by nobody."""
    with opened(tmp_path / "data") as router:
        make(router, "acme", "friend")
        router.share("friend", "registers", "acme")
        router.archive("acme")
        router.purge("acme")
    return tmp_path / "data"


def found(router: Router) -> dict[str, int]:
    """The version that each file of registers says it has, by whose it was."""
    stores = [router.tenant("friend").store("registers"), *router.unused_stores()]
    return {store.label: version(store.path) for store in stores}


def test_a_run_finds_them(data: Path, folders: Folders) -> None:
    """Both are migrated, and the next run finds nothing to do."""
    with opened(data, migrations=folders("registers")) as router:
        first, second = Fleet(router).run(), Fleet(router).run()
        assert {result.store: str(result.outcome) for result in first.results} == {
            "acme/registers": "migrated",
            "friend/registers": "migrated",
        }
        assert second.results == ()
        assert found(router) == {"acme/registers": 1, "friend/registers": 1}
        with router.using("friend"):
            assert [contact.name for contact in Contact.select()] == ["Ploy!"]


def test_what_is_opened_is_migrated(data: Path, folders: Folders) -> None:
    """What nobody uses isn't, as nobody opens it; it keeps nobody from working either."""
    with opened(data, migrations=folders("registers"), migrate_on_open=True) as router:
        with router.using("friend"):
            assert [contact.name for contact in Contact.select()] == ["Ploy!"]
            Note.create(text="x")
        assert found(router) == {"acme/registers": 1, "friend/registers": 0}


def test_stores_of_any_version_are_purged(data: Path, folders: Folders) -> None:
    """Whoever is to go needn't be migrated first; a copy, though, is made of what can be opened."""
    with opened(data, migrations=folders("registers")) as router:
        with pytest.raises(BadChange):
            router.purge_store(router.tenant("friend").store("registers"))
        router.purge_store(router.unused_stores()[0])
        router.archive("friend")
        router.purge("friend")
        assert [store.label for store in router.unused_stores()] == ["acme/registers"]
        router.purge_store(router.unused_stores()[0])
        assert list((data / "tenants").iterdir()) == []
