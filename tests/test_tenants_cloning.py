"""A clone is a whole copy of another tenant, and a tenant of its own from then on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from notes import Contact, Note, texts
from tenants import (
    ReadOnlyStore,
    Router,
    SlugTaken,
    Store,
    Tenant,
    TenantError,
    TenantSuspended,
    UnknownTenant,
    WrongFile,
)
from tenants.life import copies


@pytest.fixture
def acme(router: Router) -> Tenant:
    """A tenant with a note and a contact."""
    return router.create(
        "acme",
        models=[Note, Contact],
        setup=lambda: Note.create(text="first") and Contact.create(name="Ploy"),
    )


def names() -> list[str]:
    """The contacts' names, in order of writing."""
    return [contact.name for contact in Contact.select().order_by(Contact.id)]


def test_a_clone_has_all_rows_and_stores_of_its_own(router: Router, acme: Tenant) -> None:
    """What either writes afterwards, the other doesn't see; ids are new, generations begin at 1."""
    twin = router.clone("acme", "twin")
    assert twin.id != acme.id
    for role, store in twin.stores.items():
        assert (store.owner, store.generation) == (twin.id, 1)
        assert store.id != acme.store(role).id
        assert Path(store.path).parent.name == twin.id
    with router.using("twin"):
        assert (texts(), names()) == (["first"], ["Ploy"])
        Note.create(text="the twin's")
    with router.using("acme"):
        Note.create(text="acme's")
        assert texts() == ["first", "acme's"]
    with router.using("twin"):
        assert texts() == ["first", "the twin's"]
        assert twin.store("books").execute_sql("PRAGMA journal_mode").fetchone() == ("wal",)
        assert twin.store("books").execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_is_shared_stays_shared(router: Router, acme: Tenant) -> None:
    """A clone of a sharer shares with the same owner; a clone of the owner has a copy."""
    friend = router.create("friend", models=[Note, Contact], share={"registers": acme})
    twin = router.clone(friend, "twin")
    assert twin.store("registers") is acme.store("registers")
    assert twin.store("books") is not friend.store("books")
    other = router.clone(acme, "other")
    assert other.store("registers").owner == other.id


def test_setup_and_register_of_a_clone(router: Router, acme: Tenant) -> None:
    """They run as in `create`: before anybody sees it, and in the catalogue's transaction."""
    seen: list[object] = []

    def set_up() -> None:
        seen.append([tenant.slug for tenant in router.tenants()])
        Note.update(text="renamed").execute()

    twin = router.clone(acme, "twin", setup=set_up, register=lambda tenant: seen.append(tenant.id))
    assert seen == [["acme"], twin.id]
    with router.using(twin):
        assert texts() == ["renamed"]
    with router.using(acme):
        assert texts() == ["first"]


def test_an_archived_tenant_is_cloned_into_an_active_one(router: Router, acme: Tenant) -> None:
    """A suspended one isn't."""
    router.archive(acme)
    router.clone(acme, "twin")
    with router.using("twin"):
        Note.create(text="x")
    router.suspend(acme, "unpaid")
    with pytest.raises(TenantSuspended, match="unpaid"):
        router.clone(acme, "third")


def test_a_store_in_quarantine_is_so_in_the_clone(router: Router, acme: Tenant) -> None:
    """It is as far behind as what it was copied from, and as little to be written."""
    with router.notice.changing():
        router.universal.execute_sql(
            "UPDATE store SET trouble = 'broke', schema = '7:x' WHERE id = ?",
            (acme.store("books").id,),
        )
    twin = router.clone("acme", "twin")
    assert (twin.store("books").trouble, twin.store("books").schema) == ("broke", "7:x")
    assert twin.store("registers").trouble is None
    with router.using(twin):
        assert texts() == ["first"]
        with pytest.raises(ReadOnlyStore):
            Note.create(text="x")


def test_a_clone_is_of_one_instant(router: Router, acme: Tenant) -> None:
    """Rows that are written to both stores while it is made, the second after the first, are never there alone."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            Contact.create(name=str(n))  # a note always finds its contact
            Note.create(text=str(n))
            n += 1
            begun.set()

    writer = router.start_thread(write, tenant=acme)
    begun.wait()
    try:
        for n in range(5):
            router.clone(acme, f"twin{n}")
    finally:
        stop.set()
        writer.join()
    for n in range(5):
        with router.using(f"twin{n}"):
            assert len(texts()) - len(names()) in (0, -1)


def test_two_stores_are_seen_as_of_one_instant(
    router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes to both between the first and the second of them waits until both are held."""
    stores = [acme.store("books"), acme.store("registers")]
    writers: list[threading.Thread] = []
    read = stores[0].engine.fixed

    def write() -> None:
        Contact.create(name="late")
        Note.create(text="late")

    @contextmanager
    def reading(store: Store) -> Iterator[object]:
        with read(store) as connection:
            if not writers:
                writers.append(router.start_thread(write, tenant=acme))
                writers[0].join(timeout=0.5)  # were it not held up, it would be through by then
            yield connection

    monkeypatch.setattr(stores[0].engine, "fixed", reading)
    with copies.snapshot(stores) as connections:
        writers[0].join()
        rows = [
            connections[store].execute(f"SELECT count(*) FROM {table}").fetchone()
            for store, table in zip(stores, ("note", "contact"), strict=True)
        ]
    assert rows == [(1,), (1,)]
    with router.using(acme):
        assert (len(texts()), len(names())) == (2, 2)


def test_what_cant_be_cloned(router: Router, acme: Tenant) -> None:
    """An unknown tenant, a slug that is taken, a file that isn't there: told, and nothing is made."""
    before = sorted((router.folder / "tenants").rglob("*.db"))
    with pytest.raises(UnknownTenant):
        router.clone("nobody", "twin")
    with pytest.raises(SlugTaken):
        router.clone("acme", "acme")
    with router.universal.atomic(), pytest.raises(TenantError, match="within a transaction"):
        router.clone("acme", "twin")
    path = Path(acme.store("registers").path)
    path.rename(path.with_suffix(".away"))
    with pytest.raises(WrongFile, match="acme/registers is missing"):
        router.clone("acme", "twin")
    path.with_suffix(".away").rename(path)
    assert sorted((router.folder / "tenants").rglob("*.db")) == before
    assert list((router.folder / "making").iterdir()) == []
    assert [tenant.slug for tenant in router.tenants()] == ["acme"]
