"""The steps of a tenant's life, each of which is possible from where it stands or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from notes import Note, child, texts
from tenants import (
    BadChange,
    BadSlug,
    LockTimeout,
    ReadOnlyStore,
    Router,
    SlugTaken,
    Tenant,
    TenantError,
    TenantSuspended,
    UnknownTenant,
    WouldDeadlock,
    WrongTenant,
)

pytestmark = pytest.mark.each_engine


def test_maintenance_has_the_stores_alone(router: Router) -> None:
    """Its thread gets a connection; another maintainer waits, and gives up when its patience ends."""
    acme = router.create("acme", models=[Note])
    other: list[BaseException] = []

    def maintain() -> None:
        try:
            with router.maintaining("acme", patience=0.05):
                pass
        except LockTimeout as error:
            other.append(error)

    with router.maintaining("acme") as tenant:
        assert tenant is acme
        with acme.store("books").get_connection() as connection:
            assert connection.execute("SELECT count(*) FROM note").fetchone() == (0,)
        thread = threading.Thread(target=maintain)
        thread.start()
        thread.join()
    assert "acme was in use for" in str(other[0])
    with router.maintaining(acme, patience=0.05):
        pass


def test_maintenance_of_an_unknown_tenant(router: Router) -> None:
    """It says so."""
    with pytest.raises(UnknownTenant), router.maintaining("acme"):
        pass


# States


def state(tenant: Tenant) -> str:
    """What the catalogue says, as another process would read it."""
    other = Router(tenant.router.folder)
    found = other.tenant(tenant.id)
    other.close()
    return f"{found.state} {found.reason}".strip()


STEPS: dict[str, Callable[[Router, Tenant], Tenant]] = {
    "suspend": lambda router, tenant: router.suspend(tenant, "unpaid"),
    "archive": lambda router, tenant: router.archive(tenant, "closed down"),
    "resume": lambda router, tenant: router.resume(tenant),
}
AFTER = {"suspend": "suspended unpaid", "archive": "archived closed down", "resume": "active"}


@pytest.mark.parametrize("last", STEPS)
@pytest.mark.parametrize("first", STEPS)
def test_each_state_from_each(router: Router, first: str, last: str) -> None:
    """A tenant comes from any state into any other, and not into the one that it is in; the reason is its last."""
    acme = router.create("acme", models=[Note])
    other = router.create("other", models=[Note])
    if first != "resume":
        STEPS[first](router, acme)
    if first == last:
        with pytest.raises(BadChange, match=r"acme is .* and can't become"):
            STEPS[last](router, acme)
    else:
        assert STEPS[last](router, acme) is acme
    assert state(acme) == f"{acme.state} {acme.reason}".strip() == AFTER[last]
    assert state(other) == "active"


def test_a_suspended_tenant_is_not_entered(router: Router) -> None:
    """The error gives the reason; who has its stores in hand goes on; resumed, it is as before."""
    acme = router.create("acme", models=[Note])
    with router.using("acme"):
        assert texts() == []
        router.suspend("acme", "unpaid")
        Note.create(text="was in")
    with (
        pytest.raises(TenantSuspended, match=r"acme is suspended \(unpaid\): resume it"),
        router.using("acme"),
    ):
        pass
    router.resume(acme)
    with router.using("acme"):
        assert texts() == ["was in"]


def test_an_archived_tenant_is_read_and_not_written(router: Router) -> None:
    """Whichever way it is written; the error says what to do."""
    acme = router.create("acme", models=[Note], setup=lambda: Note.create(text="kept"))
    router.archive("acme")
    books = acme.store("books")
    with router.using("acme"):
        assert texts() == ["kept"]
        for write in (
            lambda: Note.create(text="x"),
            lambda: books.writing().__enter__(),
            lambda: books.execute_write_with_retry("DELETE FROM note"),
        ):
            with pytest.raises(ReadOnlyStore, match="archived"):
                write()
        assert texts() == ["kept"]
    router.resume("acme")
    with router.using("acme"):
        Note.create(text="again")


def test_all_are_listed_whatever_their_state(router: Router) -> None:
    """Whoever keeps the list has to find the ones that nobody may enter."""
    for slug in ("a", "b", "c"):
        router.create(slug, models=[Note])
    router.suspend("a", "x")
    router.archive("b")
    assert [(t.slug, t.state) for t in router.tenants()] == [
        ("a", "suspended"),
        ("b", "archived"),
        ("c", "active"),
    ]


def test_another_process_learns_of_a_step_at_once(router: Router) -> None:
    """What it has in mind of the tenant is not what it goes by."""
    router.create("acme", models=[Note])
    code = (
        "import sys; from notes import Note; from tenants import Router; r = Router(sys.argv[1])\n"
        "def look():\n"
        "    try:\n"
        "        with r.using('acme'): Note.create(text='x')\n"
        "        print('wrote', flush=True)\n"
        "    except Exception as error: print(type(error).__name__, flush=True)\n"
        "for line in sys.stdin: look()\n"
        "r.close()"
    )
    with child(code, router.folder) as other:
        for step, said in [
            (lambda: None, "wrote"),
            (lambda: router.suspend("acme", "x"), "TenantSuspended"),
            (lambda: router.archive("acme"), "ReadOnlyStore"),
            (lambda: router.resume("acme"), "wrote"),
            (lambda: router.rename("acme", "other"), "UnknownTenant"),
        ]:
            step()
            other.told()
            assert other.hears() == said
        assert other.process.stdin is not None
        other.process.stdin.close()
        other.process.stdin = None


# Slugs


def test_a_tenant_is_renamed(router: Router) -> None:
    """Its id, its rows and its files stay; the old slug leads nowhere and is free for another."""
    acme = router.create("acme", models=[Note], setup=lambda: Note.create(text="kept"))
    path = acme.store("books").path
    assert router.rename("acme", "apex") is acme
    assert (acme.slug, acme.store("books").path) == ("apex", path)
    assert acme.store("books").label == "apex/books"
    with pytest.raises(UnknownTenant, match="acme"):
        router.tenant("acme")
    other = router.create("acme", models=[Note])
    assert router.tenant("acme") is other
    assert router.tenant("apex") is router.tenant(acme.id) is acme
    with router.using("apex"):
        assert texts() == ["kept"]


def test_messages_use_the_new_slug(router: Router) -> None:
    """Whichever part of the program they come from, and whatever it was called as that part first met it."""
    acme = router.create("acme", models=[Note], setup=lambda: Note.create(text="x"))
    router.create("other", models=[Note])
    with router.using("acme"):
        Note.create(text="y")
        note = Note.get()
    router.rename("acme", "apex")
    assert acme.store("books").lock.name == acme.store("books").label == "apex/books"
    with router.using("other"), pytest.raises(WrongTenant, match="apex/books"):
        note.save()
    with router.using("apex"):
        texts()
        maintenance = router.maintaining("apex")
        with pytest.raises(WouldDeadlock, match="apex is to be maintained"):
            maintenance.__enter__()


@pytest.mark.parametrize(
    ("slug", "error"), [("taken", SlugTaken), ("No Slug", BadSlug), ("new", BadSlug)]
)
def test_what_a_tenant_cant_be_called(router: Router, slug: str, error: type[Exception]) -> None:
    """It keeps the name that it has."""
    acme = router.create("acme", models=[Note])
    router.create("taken", models=[Note])
    with pytest.raises(error):
        router.rename(acme, slug)
    assert router.tenant("acme") is acme


@pytest.mark.parametrize(
    "step",
    [
        lambda router: router.rename("nobody", "x"),
        lambda router: router.suspend("nobody", "x"),
        lambda router: router.resume("nobody"),
        lambda router: router.archive("nobody"),
    ],
)
def test_steps_of_an_unknown_tenant(router: Router, step: Callable[[Router], object]) -> None:
    """They are refused by name."""
    with pytest.raises(UnknownTenant, match="nobody"):
        step(router)


def test_no_step_within_a_transaction_on_the_catalogue(router: Router) -> None:
    """It could be undone after others had seen it."""
    router.create("acme", models=[Note])
    with router.universal.atomic(), pytest.raises(TenantError, match="within a transaction"):
        router.suspend("acme", "x")
    assert router.tenant("acme").state == "active"


def test_changes_of_the_catalogue_take_turns(router: Router) -> None:
    """While one is under way nobody trusts what he remembers, also when another one has just ended."""
    ended, inside = threading.Event(), threading.Event()
    count = router.notice.now()

    def change() -> None:
        with router.notice.changing():
            inside.set()
        ended.set()

    thread = threading.Thread(target=change)
    with router.notice.changing():
        thread.start()
        assert not inside.wait(timeout=0.05)
        assert router.notice.now() is None
    thread.join()
    assert ended.is_set()
    assert router.notice.now() not in (None, count)
