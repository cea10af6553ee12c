"""A tenant comes to use another's store, and goes back to one of its own; nothing is lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from notes import Contact, Note, child, texts
from tenants import (
    BadChange,
    LockTimeout,
    Router,
    Tenant,
    TenantError,
    UnknownTenant,
    WrongFile,
    sqlite,
)
from tenants.life import sharing


def names() -> list[str]:
    """The contacts' names, in order of writing."""
    return [contact.name for contact in Contact.select().order_by(Contact.id)]


@pytest.fixture
def owner(router: Router) -> Tenant:
    """A tenant whose contact is Ploy."""
    return router.create("owner", models=[Note, Contact], setup=lambda: Contact.create(name="Ploy"))


@pytest.fixture
def friend(router: Router) -> Tenant:
    """Another one, whose contact is Dao."""
    return router.create("friend", models=[Note, Contact], setup=lambda: Contact.create(name="Dao"))


def test_a_disk_that_fails_under_the_check_is_told(
    router: Router, owner: Tenant, friend: Tenant
) -> None:
    """Whoever asks for it gets an error that names the tenant, not the driver's; nothing is changed."""
    failure = sqlite.driver.OperationalError("disk I/O error")
    failure.sqlite_errorcode = 10

    def check() -> None:
        with friend.store("books").get_connection():
            raise failure

    with pytest.raises(TenantError, match="Whether friend may share owner/registers") as told:
        router.share("friend", "registers", "owner", check=check)
    assert told.value.__cause__ is failure
    assert friend.store("registers").owner == friend.id
    assert friend.store("books").read_only == "an I/O error"


def test_a_store_is_shared_from_now_on(router: Router, owner: Tenant, friend: Tenant) -> None:
    """Both see the owner's rows and what either adds; the friend's own store stays, unused, and so do its books."""
    former = friend.store("registers")
    assert router.unused_stores() == []
    assert router.share("friend", "registers", "owner") is friend
    assert friend.store("registers") is owner.store("registers")
    with router.using("friend"):
        assert names() == ["Ploy"]
        Contact.create(name="Malee")
        Note.create(text="the friend's")
    with router.using("owner"):
        assert names() == ["Ploy", "Malee"]
        assert texts() == []
    assert router.unused_stores() == [former]
    assert former.label == "friend/registers"


def test_a_copy_of_its_own_again(router: Router, owner: Tenant, friend: Tenant) -> None:
    """It begins with what was shared, under a name that was never used; the former own one stays as it was."""
    former = friend.store("registers")
    router.share(friend, "registers", owner)
    router.unshare("friend", "registers")
    own = friend.store("registers")
    assert (own.owner, own.generation) == (friend.id, 2)
    assert own.id not in (former.id, owner.store("registers").id)
    with router.using("friend"):
        assert names() == ["Ploy"]
        Contact.create(name="Malee")
    with router.using("owner"):
        assert names() == ["Ploy"]
    assert router.unused_stores() == [former]
    with former.get_connection() as connection:
        assert connection.execute("SELECT name FROM contact").fetchall() == [("Dao",)]


def test_names_of_stores_are_given_once(router: Router, owner: Tenant, friend: Tenant) -> None:
    """Also when the one that had it was purged."""
    former = friend.store("registers")
    generations = [former.generation]
    for _ in range(3):
        router.share(friend, "registers", owner)
        for store in router.unused_stores():
            router.purge_store(store)
        router.unshare(friend, "registers")
        generations.append(friend.store("registers").generation)
    assert generations == [1, 2, 3, 4]
    assert sorted(p.name for p in Path(former.path).parent.glob("*.db")) == [
        "books.1.db",
        "registers.4.db",
    ]


def test_who_is_in_it_is_waited_for(router: Router, owner: Tenant, friend: Tenant) -> None:
    """An entry keeps the store that it has in hand to its end, so that nothing is written where nobody looks."""
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        assert names() == ["Dao"]
        inside.set()
        leave.wait()
        Contact.create(name="late")

    thread = router.start_thread(work, tenant=friend)
    inside.wait()
    with pytest.raises(LockTimeout, match="friend was in use"):
        router.share(friend, "registers", owner, patience=0.05)
    assert friend.store("registers").owner == friend.id
    leave.set()
    thread.join()
    router.share(friend, "registers", owner)
    former = router.unused_stores()[0]
    with former.get_connection() as connection:
        assert connection.execute("SELECT count(*) FROM contact").fetchone() == (2,)


def test_an_entry_that_began_before_doesnt_write_to_the_former_store(
    router: Router, owner: Tenant, friend: Tenant
) -> None:
    """It had nothing in hand yet, so that nobody waited for it; its first touch says what happened."""
    with router.using("friend"):
        router.share(friend, "registers", owner)
        with pytest.raises(WrongFile, match="was replaced"):
            Contact.create(name="lost")
    with router.using("friend"):
        assert names() == ["Ploy"]


def test_another_process_sees_it_at_once(router: Router, owner: Tenant, friend: Tenant) -> None:
    """Also one that has the former store open still."""
    code = (
        "import sys; from notes import Contact; from tenants import Router; r = Router(sys.argv[1])\n"
        "for line in sys.stdin:\n"
        "    with r.using('friend'): print([c.name for c in Contact.select()], flush=True)\n"
        "r.close()"
    )
    with child(code, router.folder) as other:
        other.told()
        assert other.hears() == "['Dao']"
        router.share(friend, "registers", owner)
        other.told()
        assert other.hears() == "['Ploy']"
        router.unshare(friend, "registers")
        with router.using("friend"):
            Contact.create(name="Malee")
        other.told()
        assert other.hears() == "['Ploy', 'Malee']"
        assert other.process.stdin is not None
        other.process.stdin.close()
        other.process.stdin = None


def test_a_role_that_the_tenant_hadnt(router: Router, owner: Tenant) -> None:
    """It has one from then on."""
    router.create("small", models=[Note])
    router.share("small", "registers", "owner")
    with router.using("small"):
        assert names() == ["Ploy"]


def test_who_shares_with_a_sharer_shares_with_the_owner(
    router: Router, owner: Tenant, friend: Tenant
) -> None:
    """There is one store, whoever is named."""
    router.create("third", models=[Note, Contact])
    router.share(friend, "registers", owner)
    router.share("third", "registers", friend)
    assert router.tenant("third").store("registers") is owner.store("registers")


WRONG: list[tuple[Callable[[Router], object], type[Exception], str]] = [
    (lambda r: r.share("friend", "registers", "friend"), BadChange, "friend's own"),
    (lambda r: r.share("sharer", "registers", "owner"), BadChange, "already"),
    (lambda r: r.share("friend", "papers", "owner"), TenantError, "owner has no 'papers' store"),
    (lambda r: r.share("friend", "registers", "nobody"), UnknownTenant, "nobody"),
    (lambda r: r.share("nobody", "registers", "owner"), UnknownTenant, "nobody"),
    (lambda r: r.unshare("friend", "registers"), BadChange, "friend/registers is its own"),
    (lambda r: r.unshare("friend", "papers"), TenantError, "friend has no 'papers' store"),
    (lambda r: r.share("archived", "registers", "owner"), BadChange, "archived is archived"),
    (lambda r: r.share("friend", "registers", "archived"), BadChange, "archived is archived"),
    (
        lambda r: r.purge_store(r.tenant("owner").store("registers")),
        BadChange,
        "owner/registers is used by owner, sharer",
    ),
]


@pytest.mark.parametrize(("step", "error", "said"), WRONG)
def test_what_isnt_possible(
    router: Router,
    owner: Tenant,
    friend: Tenant,
    step: Callable[[Router], object],
    error: type[Exception],
    said: str,
) -> None:
    """It is told, and every tenant has the stores that it had."""
    router.create("sharer", models=[Note, Contact], share={"registers": "owner"})
    router.create("archived", models=[Note, Contact])
    router.archive("archived")
    before = [(t.slug, sorted(s.stamp for s in t.stores.values())) for t in router.tenants()]
    with pytest.raises(error, match=said):
        step(router)
    after = [(t.slug, sorted(s.stamp for s in t.stores.values())) for t in router.tenants()]
    assert after == before
    assert router.unused_stores() == []


def test_a_name_that_somebody_put_a_log_at(router: Router, owner: Tenant, friend: Tenant) -> None:
    """No new store meets an old log: it isn't made, and the tenant goes on sharing."""
    router.share(friend, "registers", owner)
    stale = Path(friend.store("books").path).with_name("registers.2.db-wal")
    stale.write_bytes(b"old")
    with pytest.raises(TenantError, match=r"registers\.2\.db-wal is already there"):
        router.unshare(friend, "registers")
    assert friend.store("registers") is owner.store("registers")


def test_a_store_that_was_purged_meanwhile(router: Router, owner: Tenant, friend: Tenant) -> None:
    """Whoever had it in hand is told that, and not that a file is missing."""
    router.share(friend, "registers", owner)
    store = router.unused_stores()[0]
    other = Router(router.folder)
    other.purge_store(other.unused_stores()[0])
    other.close()
    with pytest.raises(BadChange, match="was purged already"):
        router.purge_store(store)
    assert len(list((router.folder / "purged").iterdir())) == 1


def test_a_tenant_whose_store_was_changed_while_it_waited(
    router: Router, owner: Tenant, friend: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told so, and no copy is made of a store that it doesn't use any more."""
    router.create("third", models=[Contact])
    router.share(friend, "registers", owner)
    alone = sharing.alone

    @contextmanager
    def late(router: Router, owners: Iterable[tuple[str, str]], patience: float) -> Iterator[None]:
        monkeypatch.setattr(sharing, "alone", alone)
        other = Router(router.folder)
        other.share("friend", "registers", "third")
        other.close()
        with alone(router, owners, patience):
            yield

    monkeypatch.setattr(sharing, "alone", late)
    with pytest.raises(BadChange, match="friend has come to use another 'registers' store"):
        router.unshare(friend, "registers")
    assert router.tenant("friend").store("registers").label == "third/registers"
    assert not list((router.folder / "tenants" / friend.id).glob("registers.2.db*"))
