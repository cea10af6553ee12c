"""Tenants come into being whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peewee import OperationalError, TextField

from notes import Child, Contact, Note, child, texts
from tenants import (
    LockTimeout,
    NotAMember,
    RoutedModel,
    Router,
    SlugTaken,
    Tenant,
    TenantError,
    UnknownTenant,
    current_entry,
    sqlite,
)
from tenants.life import new_homes


class Marker(RoutedModel):
    """A row of the shared database, written as a tenant is registered."""

    tenant_id = TextField()


def everything(router: Router) -> tuple[list[str], list[Path], int]:
    """What a failed creation must leave as it was: tenants, files, connections."""
    homes = sorted((router.folder / "tenants").glob("*"))
    return [tenant.slug for tenant in router.tenants()], homes, len(router.db_dict)


def test_a_tenant_is_there_with_what_its_setup_wrote(router: Router) -> None:
    """Files of the stores that models name, their tables, what `setup` and `register` wrote, in one go."""
    router.universal.create_tables([Marker])
    seen = []

    def set_up() -> None:
        seen.append([tenant.slug for tenant in router.tenants()])
        Note.create(text="first")

    made = router.create(
        "acme",
        models=[Note, Contact, Marker],
        setup=set_up,
        register=lambda tenant: Marker.create(tenant_id=tenant.id),
    )
    assert seen == [[]], "it was visible before it was whole"
    assert sorted(made.stores) == ["books", "registers"]
    assert [marker.tenant_id for marker in Marker.select()] == [made.id]
    files = {path.name for path in Path(made.store("books").path).parent.glob("*.db")}
    assert files == {"books.1.db", "registers.1.db"}
    with router.using("acme"):
        assert texts() == ["first"]


def no_table(patch: pytest.MonkeyPatch) -> dict[str, object]:
    patch.setattr(Note._schema, "create_all", refuse)
    return {}


def refuse(*args: object, **kwargs: object) -> None:
    """Fail as a full disk does."""
    raise OperationalError("database or disk is full")


def no_file(patch: pytest.MonkeyPatch) -> dict[str, object]:
    create = sqlite.create

    def create_one(path: str, identity: sqlite.Identity, *rest: object) -> None:
        if identity[2] != "books":
            raise OSError(28, "No space left on device")
        create(path, identity)

    patch.setattr(sqlite, "create", create_one)
    return {}


def no_flush(patch: pytest.MonkeyPatch) -> dict[str, object]:
    patch.setattr(new_homes, "flush_folder", refuse)
    return {}


def no_file_flush(patch: pytest.MonkeyPatch) -> dict[str, object]:
    fsync = os.fsync

    def flush(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith("/registers.1.db"):
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    patch.setattr(os, "fsync", flush)
    return {}


def bad_setup(patch: pytest.MonkeyPatch) -> dict[str, object]:
    return {"setup": lambda: Note.create(text="lost") and refuse()}


def interrupted(patch: pytest.MonkeyPatch) -> dict[str, object]:
    def interrupt() -> None:
        raise KeyboardInterrupt

    return {"setup": interrupt}


def bad_register(patch: pytest.MonkeyPatch) -> dict[str, object]:
    return {"register": lambda tenant: Marker.create(tenant_id=tenant.id) and refuse()}


@pytest.mark.parametrize(
    "fault", [no_table, no_file, no_flush, no_file_flush, bad_setup, interrupted, bad_register]
)
def test_a_creation_that_fails_leaves_nothing(
    router: Router, fault: Callable[[pytest.MonkeyPatch], dict[str, object]]
) -> None:
    """Neither file nor row nor open connection, whoever raised what; then it can be done again."""
    router.universal.create_tables([Marker])
    router.create("there", models=[Note])
    before = everything(router)
    with pytest.MonkeyPatch.context() as patch:
        given = fault(patch)
        with pytest.raises((TenantError, OperationalError, KeyboardInterrupt)):
            router.create("acme", models=[Note, Contact], **given)  # type: ignore[arg-type]
    assert everything(router) == before
    assert Marker.select().count() == 0
    assert not [path for path in open_files() if ".db" in path and "deleted" in path]
    router.create("acme", models=[Note, Contact])


def open_files() -> Iterator[str]:
    """What this process has open."""
    for descriptor in os.listdir("/proc/self/fd"):
        if os.path.lexists(f"/proc/self/fd/{descriptor}"):
            yield os.readlink(f"/proc/self/fd/{descriptor}")


def test_an_error_after_the_commit_takes_nothing_away(router: Router) -> None:
    """Once the catalogue has the tenant its files stay, though whoever registered it failed afterwards."""

    def register(tenant: Tenant) -> None:
        router.universal.after_commit(refuse)

    with pytest.raises(OperationalError):
        router.create("acme", models=[Note], register=register)
    with router.using("acme"):
        assert texts() == []


def test_a_slug_that_was_taken_meanwhile(router: Router) -> None:
    """The catalogue decides, in its transaction, and not what was asked before."""
    given: dict[str, object] = {"setup": lambda: router.create("acme")}
    with pytest.raises(SlugTaken, match="acme"):
        router.create("acme", models=[Note], **given)  # type: ignore[arg-type]
    assert [tenant.slug for tenant in router.tenants()] == ["acme"]
    assert len(everything(router)[1]) == 1
    assert router.tenant("acme").stores == {}


def test_threads_that_want_one_slug(router: Router) -> None:
    """One of them gets it, the others are told, and their files are gone."""
    made: list[Tenant] = []
    refused: list[SlugTaken] = []
    start = threading.Barrier(6)

    def create() -> None:
        start.wait()
        try:
            made.append(router.create("acme", models=[Note]))
        except SlugTaken as error:
            refused.append(error)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 5)
    assert [home.name for home in everything(router)[1]] == [made[0].id]


def test_processes_that_want_one_slug(router: Router) -> None:
    """The same among processes."""
    code = (
        "import sys; from notes import Note; from tenants import Router, SlugTaken; r = Router(sys.argv[1])\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try: print(r.create('acme', models=[Note]).id, flush=True)\n"
        "except SlugTaken: print('taken', flush=True)\n"
        "r.close()"
    )
    with child(code, router.folder) as one, child(code, router.folder) as other:
        assert one.hears() == other.hears() == "ready"
        one.told()
        other.told()
        answers = {one.hears(), other.hears()}
    assert answers == {"taken", router.tenant("acme").id}
    assert len(everything(router)[1]) == 1


def test_a_creation_that_is_killed_is_never_seen(router: Router) -> None:
    """A process that dies half-way leaves no tenant, and its slug free."""
    code = (
        "import os, sys; from notes import Note; from tenants import Router; r = Router(sys.argv[1])\n"
        "def die():\n    Note.create(text='half'); print('half', flush=True); sys.stdin.readline()\n"
        "r.create('acme', models=[Note], setup=die)"
    )
    half = Child(code, router.folder)
    assert half.hears() == "half"
    half.process.kill()
    half.process.communicate()
    assert router.tenants() == []
    router.create("acme", models=[Note])
    with router.using("acme"):
        assert texts() == []


def test_not_within_a_transaction_on_the_catalogue(router: Router) -> None:
    """Undone later, it would leave a tenant that this process knows and the catalogue doesn't."""
    with (
        router.universal.atomic(),
        pytest.raises(TenantError, match="can't be made or changed within a transaction"),
    ):
        router.create("acme", models=[Note])
    assert everything(router)[:2] == ([], [])


def test_who_looks_it_up_at_once_gets_the_same(router: Router) -> None:
    """A thread that finds the tenant as soon as it is registered has the object that `create` returns."""
    found: list[Tenant] = []

    def register(tenant: Tenant) -> None:
        router.universal.after_commit(lambda: found.append(router.tenant("acme")))

    made = router.create("acme", models=[Note], register=register)
    assert found == [made]
    with router.using("acme"), made.store("books").writing():
        Note.create(text="x")


def test_a_member_may_create_what_it_couldnt_enter(router: Router) -> None:
    """An administrator's request makes a company that nobody is a member of yet; its own key is current afterwards."""
    entry = router.enter(("token", "request"), None)
    made = router.create("acme", models=[Note], setup=lambda: Note.create(text="first"))
    assert current_entry() is entry
    with pytest.raises(NotAMember), router.using(made):
        pass
    router.leave(entry)


# The disk


@pytest.mark.parametrize("template", [None, "kind"])
def test_what_is_entered_is_on_the_disk_already(
    router: Router, monkeypatch: pytest.MonkeyPatch, template: str | None
) -> None:
    """Were power to fail right after the catalogue's commit, each file, its folder and that folder's name are there."""
    flushed: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    before: list[str] = []
    made = router.create(
        "acme",
        models=[Note, Contact],
        setup=lambda: Note.create(text="x"),
        register=lambda tenant: before.extend(flushed),
        template=template,
    )
    home = Path(made.store("books").path).parent
    assert {str(home.parent), str(home), *(s.path for s in made.stores.values())} <= set(before)


# Sharing


def test_affiliates_share_a_store(router: Router) -> None:
    """Each has its own books and sees the owner's registers; who shares with a sharer shares with the owner."""
    owner = router.create(
        "owner", models=[Note, Contact], setup=lambda: Contact.create(name="owner's")
    )
    friend = router.create("friend", models=[Note, Contact], share={"registers": "owner"})
    third = router.create("third", models=[Note, Contact], share={"registers": friend.id})
    assert friend.store("registers") is third.store("registers") is owner.store("registers")
    with router.using("friend"):
        assert [contact.name for contact in Contact.select()] == ["owner's"]
        Contact.create(name="friend's")
        Note.create(text="friend's")
    with router.using("third"):
        assert [contact.name for contact in Contact.select()] == ["owner's", "friend's"]
        assert texts() == []


@pytest.mark.parametrize(
    ("share", "error", "said"),
    [
        ({"registers": "nobody"}, UnknownTenant, "nobody"),
        ({"registers": "../owner"}, UnknownTenant, "owner"),
        ({"papers": "owner"}, TenantError, "owner has no 'papers' store"),
    ],
)
def test_what_cant_be_shared(
    router: Router, share: dict[str, str], error: type[Exception], said: str
) -> None:
    """An unknown tenant, a store that it hasn't: told, and nothing is made."""
    router.create("owner", models=[Note, Contact])
    before = everything(router)
    with pytest.raises(error, match=said):
        router.create("friend", models=[Note, Contact], share=share)
    assert everything(router) == before


@pytest.mark.parametrize("way", ["create", "clone"])
def test_what_was_to_be_shared_is_purged_meanwhile(router: Router, way: str) -> None:
    """It is told by name, and nothing is made."""
    owner = router.create("owner", models=[Note, Contact])
    router.create("friend", models=[Note, Contact], share={"registers": "owner"})
    before = everything(router)[1]

    def meanwhile() -> None:
        if way == "clone":
            router.unshare("friend", "registers")
        else:
            router.purge(router.suspend("friend", "x"))
        router.purge(router.suspend(owner, "x"))

    def setup() -> None:
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join()

    share = {"registers": "owner"}
    making = {
        "create": lambda: router.create("late", models=[Note], share=share, setup=setup),
        "clone": lambda: router.clone("friend", "late", setup=setup),
    }
    with pytest.raises(UnknownTenant, match="owner/registers, which late was to share, was purged"):
        making[way]()
    assert set(everything(router)[1]) < set(before)
    assert "late" not in everything(router)[0]
    assert list((router.folder / "making").iterdir()) == []


def test_a_stores_name_makes_no_path(router: Router) -> None:
    """`Meta.store` becomes part of a file's name, so it is held to what a name may be."""

    class Stray(RoutedModel):
        class Meta:
            store = "../../stray"

    with pytest.raises(TenantError, match="can't be a store's name"):
        router.create("acme", models=[Stray])
    assert everything(router)[:2] == ([], [])


def test_a_lock_that_isnt_had_in_time_is_told_as_what_it_is(tmp_path: Path) -> None:
    """It isn't taken for a full disk."""
    router = Router(tmp_path / "data", patience=0.05)
    router.create("owner", models=[Contact])
    refused: list[BaseException] = []

    def share() -> None:
        try:
            router.create("late", models=[Note, Contact], share={"registers": "owner"})
        except TenantError as error:
            refused.append(error)

    with router.maintaining("owner"):
        thread = threading.Thread(target=share)
        thread.start()
        thread.join()
    assert isinstance(refused[0], LockTimeout)
    assert "owner was being maintained" in str(refused[0])
    assert [tenant.slug for tenant in router.tenants()] == ["owner"]
    router.close()
