"""What a backup holds becomes a tenant's stores again, or a new one's, while the others go on working."""

from __future__ import annotations

import re
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from backed_up import Site, site
from notes import Contact, Note
from tenants import (
    BadBackup,
    BadChange,
    RefusedFile,
    SlugTaken,
    Tenant,
    TenantError,
    UnknownTenant,
    sqlite,
)
from tenants.backups import keys
from tenants.backups.backup import Backup
from tenants.confined import Template
from tenants.life import steps

__all__ = ["site"]

TEMPLATE = Template("notes", [Note, Contact])


class Told:
    """What an application is told in the transaction that changes the catalogue."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, tenant: Tenant, **given: Any) -> None:
        self.calls.append((tenant.slug, given))


def left(site: Site) -> list[Path]:
    """What a restore has left in its folder."""
    return list(site.folder.glob("data/restoring/*"))


def test_the_last_backup_is_restored(site: Site) -> None:
    """All that was written since is gone from the books, and kept with the reason; the application is told."""
    manager, told = site.manager(), Told()
    manager.backup_now().require_good()
    before = site.texts("acme")
    site.write("acme", "since")
    done = manager.restore("acme", register=told)
    assert site.texts("acme") == before
    assert (done.roles, done.stayed, done.trusted) == (["books", "registers"], [], True)
    assert done.backup == manager.latest("acme")
    assert done.facts == {"notes": 400}
    assert told.calls == [("acme", {"facts": {"notes": 400}, "source": done.backup.stamp})]
    kept = site.router.kept("acme")
    assert {one.role for one in kept} == {"books", "registers"}
    assert kept[0].reason == f"restored from backup {done.backup.stamp}"
    assert left(site) == []
    report = manager.backup_now().require_good()
    assert "acme" in {outcome.slug for outcome in report.outcomes}


def test_any_backup_and_only_some_roles(site: Site) -> None:
    """An earlier one by its stamp, an increment too; the roles that aren't named stay as they are."""
    manager = site.manager()
    manager.backup_now().require_good()
    first = manager.latest("acme")
    site.write("acme", "second")
    manager.backup_now("acme").require_good()
    assert manager.manifest(manager.latest("acme")).stores[0].kind == "increment"
    with site.router.using("acme"):
        Contact.create(name="Ploy")
    site.write("acme", "third")
    manager.restore("acme", roles=["books"])
    assert site.texts("acme")[-1] == "second"
    with site.router.using("acme"):
        assert Contact.get().name == "Ploy"
    manager.restore("acme", first.stamp)
    assert len(site.texts("acme")) == 400
    with site.router.using("acme"):
        assert Contact.select().count() == 0
    with pytest.raises(BadBackup, match="holds no papers of acme, but books, registers"):
        manager.restore("acme", roles=["papers"])


def test_into_a_new_tenant(site: Site) -> None:
    """The old one isn't touched; what is done before anybody sees the new one is the caller's."""
    manager, told = site.manager(), Told()
    manager.backup_now().require_good()
    site.write("acme", "since")
    done = manager.restore(
        "acme", into="acme-then", register=told, setup=lambda: Note.create(text="a copy")
    )
    assert done.tenant.slug == "acme-then"
    assert len(site.texts("acme")) == 401
    assert site.texts("acme-then")[-2:] == [site.texts("acme")[399], "a copy"]
    assert told.calls == [("acme-then", {"facts": {"notes": 400}})]
    assert site.router.kept() == []
    with pytest.raises(SlugTaken):
        manager.restore("acme", into="globex")


def test_one_that_was_purged(site: Site) -> None:
    """Its backups are there by its id, and a new tenant can be made of them."""
    manager = site.manager()
    manager.backup_now().require_good()
    gone = site.router.tenant("acme").id
    site.router.archive("acme")
    site.router.purge("acme")
    with pytest.raises(UnknownTenant):
        manager.restore(gone)
    manager.restore(gone, into="acme")
    assert len(site.texts("acme")) == 400
    assert site.router.tenant("acme").id != gone


def test_shared_registers(site: Site) -> None:
    """What others share is restored only by name; a new tenant shares what the old one does."""
    manager = site.manager()
    site.router.create("friend", models=[Note, Contact], share={"registers": "acme"})
    with site.router.using("acme"):
        Contact.create(name="Ploy")
    manager.backup_now().require_good()
    with site.router.using("friend"):
        Contact.create(name="Somchai")
    with pytest.raises(BadChange, match="acme/registers is used by friend too"):
        manager.restore("acme")
    manager.restore("acme", roles=["books"])
    done = manager.restore("friend")
    assert (done.roles, done.stayed) == (["books"], [])
    made = manager.restore("friend", into="friend-2").tenant
    assert made.store("registers") is site.router.tenant("acme").store("registers")
    manager.restore("acme", shared_too=["registers"])
    with site.router.using("friend"):
        assert [contact.name for contact in Contact.select()] == ["Ploy"]


def test_registers_whose_owner_is_gone(site: Site) -> None:
    """They are restored through who uses them, from the backup that is kept under the owner's id."""
    manager = site.manager()
    acme = site.router.tenant("acme")
    site.router.create("friend", models=[Note, Contact], share={"registers": "acme"})
    site.router.archive("acme")
    site.router.purge("acme")
    with site.router.using("friend"):
        Contact.create(name="Ploy")
    manager.backup_now().require_good()
    with site.router.using("friend"):
        Contact.create(name="Somchai")
    backup = manager.list(acme.id)[-1]
    assert manager.restore("friend", backup, roles=["registers"]).roles == ["registers"]
    with site.router.using("friend"):
        assert [contact.name for contact in Contact.select()] == ["Ploy"]


def test_the_shared_database_isnt_restored_so(site: Site) -> None:
    """It holds all tenants' rows; there is another way."""
    manager = site.manager()
    manager.backup_now().require_good()
    with pytest.raises(BadChange, match="rebuild it in another folder"):
        manager.restore("acme", manager.latest("universal"))


def test_what_isnt_sound_isnt_restored(site: Site) -> None:
    """The manager's checks look at what came out, before anything changes."""
    manager = site.manager()
    site.write("acme", "bad")
    lenient = site.manager()
    lenient.checks = []
    lenient.backup_now().require_good()
    before = site.texts("acme")
    with pytest.raises(
        BadBackup, match=r"of acme isn't sound, so that nothing was changed: .*is bad"
    ):
        manager.restore("acme")
    assert site.texts("acme") == before
    assert site.router.kept() == []
    assert left(site) == []


def test_a_damaged_backup(site: Site) -> None:
    """It is refused, and says so; the one before can be named."""
    manager = site.manager()
    manager.backup_now().require_good()
    first = manager.latest("acme")
    site.write("acme", "second")
    manager.backup_now("acme").require_good()
    file = next(
        (site.folder / "backups" / first.tenant / manager.latest("acme").stamp).glob("books.*")
    )
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BadBackup):
        manager.restore("acme")
    assert site.texts("acme")[-1] == "second"
    manager.restore("acme", first)
    assert len(site.texts("acme")) == 400


# Files of others


def foreign(site: Site, tmp_path: Path, **options: Any) -> tuple[Any, Path]:
    """Another installation, with a company acme of its own, and where it keeps its backups."""
    other = Site(tmp_path / "other")
    place = other.folder / "backups"
    other.manager(**options).backup_now().require_good()
    other.close()
    return other, place


def test_a_backup_of_another_installation(site: Site, tmp_path: Path) -> None:
    """Nothing vouches for it, so its rows are taken into fresh stores, if the caller says what those are like."""
    _, place = foreign(site, tmp_path)
    backup = next(
        Backup(folder.name, next(folder.iterdir()).name)
        for folder in place.iterdir()
        if next(folder.glob("*/registers*"), None)
    )
    manager = site.manager()
    with pytest.raises(RefusedFile, match="Nothing vouches for what was offered"):
        manager.restore("acme", backup, place=place)
    assert site.router.kept() == []
    done = manager.restore("acme", backup, place=place, template=TEMPLATE)
    assert not done.trusted
    assert done.left_out == {"books": [], "registers": []}
    assert len(site.texts("acme")) == 400
    made = manager.restore(backup.tenant, backup, into="theirs", place=place, template=TEMPLATE)
    assert site.texts("theirs") == site.texts("acme")
    assert made.facts == {"notes": 400}


def test_a_backup_with_our_key_from_elsewhere(site: Site, tmp_path: Path) -> None:
    """Who has the key is trusted; without it nothing can be read at all."""
    key_file = tmp_path / "key"
    keys.make(key_file)
    _, place = foreign(site, tmp_path, key_file=key_file)
    backup = next(
        Backup(folder.name, next(folder.iterdir()).name)
        for folder in place.iterdir()
        if next(folder.glob("*/registers*"), None)
    )
    manager = site.manager()
    with pytest.raises(TenantError, match="Name the key file"):
        manager.restore("acme", backup, place=place, template=TEMPLATE)
    assert manager.restore("acme", backup, place=place, key_file=key_file).trusted
    done = manager.restore("acme", backup, place=place, key_file=key_file, offered=True, template=TEMPLATE)  # fmt: skip
    assert not done.trusted


def test_a_file_that_is_offered(site: Site, tmp_path: Path) -> None:
    """A plain database, or a compressed one: its rows come in, what it wants to be done doesn't."""
    manager, told = site.manager(), Told()
    manager.backup_now().require_good()
    offered = manager.fetch(manager.latest("acme"), tmp_path / "fetched")["books"]
    connection = sqlite.driver.connect(str(offered), isolation_level=None)
    connection.executescript(
        "CREATE TRIGGER bomb AFTER INSERT ON note BEGIN DELETE FROM note; END; CREATE TABLE extra (a);"
    )
    connection.close()
    content = offered.read_bytes()
    done = manager.restore_file("globex", {"books": offered}, TEMPLATE, register=told)
    assert site.texts("globex") == site.texts("acme")
    assert done.left_out == {"books": ["table 'extra'", "1 triggers of its own making"]}
    assert told.calls == [("globex", {"facts": {"notes": 400}, "source": ""})]
    site.write("globex", "one more")
    assert len(site.texts("globex")) == 401
    assert offered.read_bytes() == content
    manager.restore_file(None, {"books": offered}, TEMPLATE, into="fresh")
    assert site.texts("fresh") == site.texts("acme")


def test_a_file_that_isnt_taken(site: Site, tmp_path: Path) -> None:
    """Odd values, rows that the checks refuse, roles that the program doesn't have, garbage: nothing was changed."""
    manager = site.manager()
    manager.backup_now().require_good()

    def offer(script: str) -> Path:
        shutil.rmtree(tmp_path / "fetched", ignore_errors=True)
        path = manager.fetch(manager.latest("acme"), tmp_path / "fetched")["books"]
        connection = sqlite.driver.connect(str(path), isolation_level=None)
        connection.executescript(script)
        connection.close()
        return path

    for role, script, said in (
        ("books", "UPDATE note SET count = 'x' WHERE id < 3", r"another kind.*note\.count \(2\)"),
        ("books", "INSERT INTO note (text, count) VALUES ('bad', 1)", "isn't sound.*is bad"),
        ("papers", "", "has no 'papers' stores"),
        ("registers", "", "has no table 'contact'"),
    ):
        with pytest.raises(RefusedFile, match=said):
            manager.restore_file("acme", {role: offer(script)}, TEMPLATE)
    assert site.router.kept() == []
    assert left(site) == []


# Back again


def test_going_back(site: Site) -> None:
    """What a restore has replaced is in use again, once it was looked at; the application is told since when it was."""
    manager, told = site.manager(), Told()
    manager.backup_now().require_good()
    site.write("acme", "since")
    manager.restore("acme", roles=["books"])
    done = manager.go_back("acme", {"books": 1}, register=told)
    assert site.texts("acme")[-1] == "since"
    assert done.facts == {"notes": 401}
    ((slug, given),) = told.calls
    assert (slug, given["facts"]) == ("acme", {"notes": 401})
    assert given["source"].endswith("Z")
    manager.go_back("acme", {"books": 2})
    site.write("acme", "bad")
    manager.go_back("acme", {"books": 1})
    with pytest.raises(BadBackup, match="is bad"):
        manager.go_back("acme", {"books": 2})
    with pytest.raises(BadChange, match="isn't kept"):
        manager.go_back("acme", {"books": 9})
    assert left(site) == []


# All the while


def test_others_post_while_one_is_restored(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every step of a restore a thread writes to another tenant and reads it; it never waits for the restore.

    The restored one's own visitors go on, too, until its stores change.
    """
    manager = site.manager()
    manager.backup_now().require_good()
    site.write("acme", "since")
    reached: list[str] = []

    def reach(name: str) -> None:
        reached.append(name)
        thread = threading.Thread(target=site.write, args=("globex", name))
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
        if name in ("backup fetched", "file brought up", "files looked at", "store prepared"):
            thread = threading.Thread(target=site.texts, args=("acme",))
            thread.start()
            thread.join(60)
            assert not thread.is_alive()

    monkeypatch.setattr(steps, "reached", reach)
    manager.restore("acme")
    monkeypatch.setattr(steps, "reached", None)
    assert {"backup fetched", "files looked at", "replaced"} <= set(reached)
    assert site.texts("globex") == reached
    assert len(site.texts("acme")) == 400


def test_a_restore_that_is_cut_short(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step a full disk stops it at, the books are as they were or as they were to be, and nothing is left."""
    manager = site.manager()
    manager.backup_now().require_good()
    site.write("acme", "since")
    number, count = 0, 0
    told: list[str] = []
    while True:
        number, count = number + 1, 0

        def fail(name: str) -> None:
            nonlocal count
            count += 1
            if count == number:  # noqa: B023 -- called before it changes
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(steps, "reached", fail)
        try:
            manager.restore("acme", roles=["books"])
        except (TenantError, OSError) as error:
            told.append(str(error))
        else:
            break
        finally:
            monkeypatch.setattr(steps, "reached", None)
        texts = site.texts("acme")
        assert len(texts) in (400, 401)
        assert left(site) == []
        home = Path(site.router.tenant("acme").store("books").path).parent
        assert len(list(home.glob("books.*.db"))) == 1 + len(site.router.kept())
        if len(texts) == 400:
            site.write("acme", "since")
    assert number > 8
    assert all(re.search("No space left|The disk is full", line) for line in told)
