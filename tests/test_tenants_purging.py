"""What is purged is gone for good, but for a last backup that holds all of it; nothing else goes with it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from peewee import TextField

from notes import Contact, Note, child, texts
from tenants import (
    BadChange,
    LockTimeout,
    RoutedModel,
    Router,
    Tenant,
    TenantError,
    UnknownTenant,
    WouldDeadlock,
    WrongFile,
    sqlite,
)
from tenants.leasing.homes import Home
from tenants.life import copies, new_homes, steps
from tenants.schemas.fleet import Fleet


class Listed(RoutedModel):
    """A row of the shared database on each tenant."""

    tenant_id = TextField()


@pytest.fixture
def acme(router: Router) -> Tenant:
    """A suspended tenant with a note and a contact, beside another one."""
    router.universal.create_tables([Listed])
    acme = router.create(
        "acme",
        models=[Note, Contact],
        setup=lambda: Note.create(text="kept") and Contact.create(name="Ploy"),
        register=lambda tenant: Listed.create(tenant_id=tenant.id),
    )
    router.create("other", models=[Note], setup=lambda: Note.create(text="other's"))
    router.suspend(acme, "closed down")
    return acme


def unlist(tenant: Tenant) -> None:
    """The caller's part of the purge."""
    Listed.delete().where(Listed.tenant_id == tenant.id).execute()


def test_a_purged_tenant_is_gone(router: Router, acme: Tenant) -> None:
    """No row, no file, no slug; its neighbour has all it had; a tombstone says where the last backup lies."""
    home = Path(acme.store("books").path).parent
    backup = router.purge("acme", unregister=unlist)
    assert not home.exists()
    assert Listed.select().count() == 0
    assert [tenant.slug for tenant in router.tenants()] == ["other"]
    for name in ("acme", acme.id, acme):
        with pytest.raises(UnknownTenant):
            router.tenant(name)
    with router.using("other"):
        assert texts() == ["other's"]
    assert [(t.id, t.slug, router.folder / t.backup) for t in router.tombstones()] == [
        (acme.id, "acme", backup)
    ]
    assert router.unused_stores() == []
    assert list((router.folder / "making").iterdir()) == []
    again = router.create("acme", models=[Note])
    assert again.id != acme.id


def test_the_last_backup_holds_all_of_it(router: Router, acme: Tenant) -> None:
    """Each store as it was, with its digest and whose it was, so that it can be put back."""
    stores = {store.role: store for store in acme.own_stores()}
    with stores["books"].get_connection() as connection:  # in the log alone, as after a crash
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("INSERT INTO note (text, count) VALUES ('late', 0)")
        backup = None
    backup = router.purge(acme)
    manifest = json.loads((backup / "manifest.json").read_text())
    assert (manifest["id"], manifest["name"]) == (acme.id, "acme")
    assert sorted(path.name for path in backup.iterdir()) == [
        "books.1.db",
        "manifest.json",
        "registers.1.db",
    ]
    for told in manifest["stores"]:
        path, store = backup / told["file"], stores[told["role"]]
        content = path.read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            told["bytes"],
            told["sha256"],
        )
        assert (told["store"], told["owner"], told["generation"]) == (store.id, acme.id, 1)
        with closing(sqlite.driver.connect(path)) as connection:
            sqlite.require_identity(connection, store._identity(), "the backup")
            rows = connection.execute(
                {"books": "SELECT text FROM note", "registers": "SELECT name FROM contact"}[
                    store.role
                ]
            ).fetchall()
        assert rows == {"books": [("kept",), ("late",)], "registers": [("Ploy",)]}[store.role]


def test_ids_never_come_back(router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were chance to give one out again, it would be refused."""
    router.purge(acme)
    monkeypatch.setattr(new_homes, "new_id", lambda: acme.id)
    with pytest.raises(TenantError, match="ids never come back"):
        router.create("again")
    assert [tenant.slug for tenant in router.tenants()] == ["other"]


def test_only_what_is_suspended_or_archived(router: Router, acme: Tenant) -> None:
    """Whoever works in it is told first that it ends."""
    router.resume(acme)
    with pytest.raises(BadChange, match="acme is active, and only what is suspended or archived"):
        router.purge(acme)
    router.archive(acme)
    router.purge(acme)


def test_a_store_that_others_share_stays(router: Router, acme: Tenant) -> None:
    """With its place and its name, until nobody uses it and it is purged by itself; then the folder goes, too."""
    router.resume(acme)
    registers = acme.store("registers")
    friend = router.create("friend", models=[Note, Contact], share={"registers": acme})
    router.suspend(acme, "x")
    backup = router.purge(acme)
    assert not (backup / "registers.1.db").exists()
    home = Path(registers.path).parent
    assert [path.name for path in home.glob("*.db")] == ["registers.1.db"]
    assert router.unused_stores() == []
    with router.using("friend"):
        assert [contact.name for contact in Contact.select()] == ["Ploy"]
        Contact.create(name="Malee")
    fresh = Router(router.folder)
    assert fresh.tenant("friend").store("registers").label == "acme/registers"
    fresh.close()
    with pytest.raises(BadChange, match="acme/registers is used by friend"):
        router.purge_store(registers)
    router.unshare(friend, "registers")
    with router.using("friend"):
        assert [contact.name for contact in Contact.select()] == ["Ploy", "Malee"]
    assert router.unused_stores() == [registers]
    last = router.purge_store(registers)
    assert json.loads((last / "manifest.json").read_text())["name"] == "acme/registers"
    assert not home.exists()
    assert router.unused_stores() == []


def test_a_former_store_isnt_purged_with_its_tenant(router: Router, acme: Tenant) -> None:
    """It may be wanted still, and is purged only by itself."""
    router.resume(acme)
    former = acme.store("registers")
    router.create("owner", models=[Contact])
    router.share(acme, "registers", "owner")
    router.suspend(acme, "x")
    router.purge(acme)
    assert router.unused_stores() == [former]
    with former.get_connection() as connection:
        assert connection.execute("SELECT name FROM contact").fetchall() == [("Ploy",)]
    router.purge_store(former)
    assert not Path(former.path).parent.exists()


def test_who_is_in_it_is_waited_for(router: Router, acme: Tenant) -> None:
    """A store that somebody has in hand isn't taken away."""
    router.archive(acme)
    inside, leave = threading.Event(), threading.Event()
    read: list[list[str]] = []

    def work() -> None:
        texts()
        inside.set()
        leave.wait()
        read.append(texts())

    thread = router.start_thread(work, tenant=acme)
    inside.wait()
    with pytest.raises(LockTimeout, match="acme was in use"):
        router.purge(acme, patience=0.05)
    leave.set()
    thread.join()
    assert read == [["kept"]]
    with router.using(acme):
        texts()
        with pytest.raises(WouldDeadlock, match="acme"):
            router.purge(acme)
    router.purge(acme)


def test_who_is_in_it_in_another_process_is_waited_for(router: Router, acme: Tenant) -> None:
    """The same among processes; and whoever comes afterwards is told that it is gone."""
    router.archive(acme)
    code = (
        "import sys; from notes import texts; from tenants import Router; r = Router(sys.argv[1])\n"
        "with r.using('acme'):\n    print(texts(), flush=True); sys.stdin.readline(); print(texts(), flush=True)\n"
        "sys.stdin.readline()\n"
        "try: r.tenant('acme')\n"
        "except Exception as error: print(type(error).__name__, flush=True)\n"
        "r.close()"
    )
    with child(code, router.folder) as other:
        assert other.hears() == "['kept']"
        with pytest.raises(LockTimeout):
            router.purge(acme, patience=0.05)
        other.told()
        assert other.hears() == "['kept']"
        router.purge(acme)
        other.told()
        assert other.hears() == "UnknownTenant"


@pytest.mark.parametrize("wanted", ["to enter it", "to maintain it", "to migrate it", "a dry run"])
def test_who_comes_too_late_is_told_that_it_is_gone(
    router: Router, acme: Tenant, tmp_path: Path, wanted: str
) -> None:
    """Not that its folder is missing, as if something were to be mended."""
    router.archive(acme)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_a.py").write_text("def up(migrator, db): pass\n")
    migrating = wanted in ("to migrate it", "a dry run")
    late = Router(router.folder, migrations={"books": folder} if migrating else None)
    homes_of = late.homes.of

    def meanwhile(owner: str, label: str = "") -> Home:
        found = homes_of(owner, label)
        if owner == acme.id and Path(found.folder).exists():
            router.purge(acme)
        return found

    try:
        if wanted == "to enter it":
            with late.using("acme"):
                router.purge(acme)
                with pytest.raises(UnknownTenant, match="acme was purged meanwhile"):
                    texts()
            return
        late.homes.of = meanwhile  # type: ignore[method-assign]
        if wanted == "to maintain it":
            with (
                pytest.raises(UnknownTenant, match="acme was purged meanwhile"),
                late.maintaining("acme"),
            ):
                pass
        else:
            report = Fleet(late).run(dry_run=wanted == "a dry run")
            assert report.is_well
            assert ("acme/books", "it is no more") in [(r.store, r.reason) for r in report.results]
    finally:
        late.close()


def test_unregistering_that_fails_keeps_all(router: Router, acme: Tenant) -> None:
    """It is in the transaction that takes the tenant out of the catalogue."""

    def refuse(tenant: Tenant) -> None:
        unlist(tenant)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        router.purge(acme, unregister=refuse)
    assert Listed.select().count() == 1
    assert list((router.folder / "purged").iterdir()) == []
    router.resume(acme)
    with router.using(acme):
        assert texts() == ["kept"]


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_without_a_sound_backup_nothing_is_purged(
    router: Router, acme: Tenant, damage: str
) -> None:
    """A store that can't be read, or isn't sound, is told by name, and all stays as it was."""
    path = Path(acme.store("registers").path)
    router.pool.close()
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-4096] + b"\x0d" + b"\xff" * 4095)
    with pytest.raises((WrongFile, TenantError), match="acme/registers"):
        router.purge(acme, unregister=unlist)
    assert router.tenant("acme") is acme
    assert list((router.folder / "purged").iterdir()) == []
    path.write_bytes(content)
    router.purge(acme, unregister=unlist)


def test_snapshots_go_with_their_store(router: Router, acme: Tenant) -> None:
    """Where the folder stays for another store, nothing of the purged one is left in it."""
    router.resume(acme)
    router.create("friend", models=[Note, Contact], share={"registers": acme})
    router.suspend(acme, "x")
    snapshots = Path(acme.store("books").path).parent / "snapshots"
    snapshots.mkdir()
    for name in ("books.1.v3.db", "registers.1.v3.db"):
        (snapshots / name).write_bytes(b"x")
    router.purge(acme)
    assert [path.name for path in snapshots.iterdir()] == ["registers.1.v3.db"]


def test_a_purged_folder_that_is_a_link(router: Router, acme: Tenant, tmp_path: Path) -> None:
    """It would lead out of the data folder: nothing is written there, and nothing purged."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (router.folder / "purged").symlink_to(elsewhere)
    with pytest.raises(WrongFile, match="is a link"):
        router.purge(acme)
    assert list(elsewhere.iterdir()) == []
    assert router.tenant("acme") is acme


def test_a_store_goes_before_its_log(
    router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round a process that dies in between would leave a database that lacks its latest commits."""
    from tenants import places

    removed: list[str] = []
    unlink = places.os.unlink

    def watch(path: str, **how: Any) -> None:
        removed.append(os.path.basename(path))
        unlink(path, **how)

    path = acme.store("books").path
    Path(f"{path}-wal").write_bytes(b"")
    Path(f"{path}-shm").write_bytes(b"")
    monkeypatch.setattr(places.os, "unlink", watch)
    places.remove_store(path)
    monkeypatch.undo()
    assert removed[:3] == ["books.1.db", "books.1.db-wal", "books.1.db-shm"]


def test_what_says_that_files_are_to_go_outlasts_a_power_failure(
    router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark, its name, and the whole last backup are on the disk before the catalogue forgets the tenant."""
    flushed: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    before: list[str] = []
    backup = router.purge(acme, unregister=lambda tenant: before.extend(flushed))
    part = f"{backup}.part"
    wanted = {
        str(router.folder / "making" / acme.id),
        str(router.folder / "making"),
        *(f"{part}/{path.name}" for path in backup.iterdir()),
        part,
        str(backup.parent),
    }
    assert wanted <= set(before)


def test_what_was_purged_does_not_come_back(
    router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are gone for good, on the disk, before the mark goes that would have them removed at the next start."""
    home, mark = router.folder / "tenants" / acme.id, router.folder / "making" / acme.id
    flushed: list[tuple[str, bool, bool]] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        where = os.readlink(f"/proc/self/fd/{descriptor}")
        flushed.append((where, home.exists(), mark.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    router.purge(acme)
    assert (str(home.parent), False, True) in flushed


def while_it_is_backed_up(
    patch: pytest.MonkeyPatch, folder: Path, do: Callable[[Router], Any]
) -> None:
    """Let another process, so to speak, do something to the data folder once the backup is made."""

    def reached(name: str) -> None:
        if name == "backup in place":
            patch.setattr(steps, "reached", None)
            other = Router(folder)
            do(other)
            other.close()

    patch.setattr(steps, "reached", reached)


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda other: other.resume("acme"), "acme is active"),
        (
            lambda other: other.create("late", models=[Contact], share={"registers": "acme"}),
            "acme/registers is used by late",
        ),
    ],
)
def test_what_others_decide_meanwhile_counts(
    router: Router,
    acme: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    do: Callable[[Router], Any],
    said: str,
) -> None:
    """It is asked again in the transaction: who is needed again isn't purged, and its backup isn't a last one."""
    while_it_is_backed_up(monkeypatch, router.folder, do)
    with pytest.raises(BadChange, match=said):
        router.purge(acme, unregister=unlist)
    assert list((router.folder / "purged").iterdir()) == []
    assert Listed.select().count() == 1
    with acme.store("books").get_connection() as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("kept",)]


def test_a_copy_that_is_somebody_elses(
    router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened again before it counts, and has to say that it is that store."""
    copy = copies.copy
    other = router.tenant("other").store("books")._identity()
    monkeypatch.setattr(copies, "copy", lambda connection, path: copy(connection, path, other))
    with pytest.raises(WrongFile, match="the copy of acme/"):
        router.purge(acme)
    assert router.tenant("acme") is acme
