"""An installation on a new machine: what the backups hold, whoever is killed when, and nothing over another one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backed_up import Site, site, texts_in
from notes import Child, Contact, Note
from tenants import BadBackup, BadChange, BadKey, Router, Tenant
from tenants.backups import keys
from tenants.backups.rebuilding import rebuild

__all__ = ["site"]

#: Runs one rebuild after another, each in a fork of its own, which is killed at the step of the given number.
RUNNER = """
import json, os, signal, sys
import notes
from tenants.backups.rebuilding import rebuild
from tenants.life import steps
def run(place, folder, at):
    count = 0
    def reached(name):
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
    steps.reached = reached
    rebuild(place, folder, trusting=True)
    return count
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os._exit(run(*json.loads(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def rows(folder: Path, slug: str) -> list[str]:
    """A tenant's notes in a data folder."""
    router = Router(folder)
    try:
        with router.using(slug):
            return [note.text for note in Note.select().order_by(Note.id)]
    finally:
        router.close()


def test_all_of_it(site: Site, tmp_path: Path) -> None:
    """Tenants with their ids, slugs, states and stores, shared ones and those of owners that are gone among them."""
    key_file = tmp_path / "key"
    keys.make(key_file)
    site.router.create("friend", models=[Note, Contact], share={"registers": "acme"})
    site.router.create("orphaned", models=[Note, Contact])
    site.router.create("heir", models=[Note, Contact], share={"registers": "orphaned"})
    for slug, name in (("friend", "Ploy"), ("heir", "Somchai")):
        with site.router.using(slug):
            Contact.create(name=name)
    site.router.archive("orphaned")
    site.router.purge("orphaned")
    site.router.suspend("globex", "the bill is open")
    manager = site.manager(key_file=key_file)
    manager.backup_now().require_good()
    manager.restore("acme", roles=["books"])
    site.write("acme", "the last")
    manager.backup_now().require_good()
    before = site.texts("acme")
    ids = {tenant.slug: tenant.id for tenant in site.router.tenants()}
    given: list[dict[str, Any]] = []

    def register(tenant: Tenant, **told: Any) -> None:
        given.append({"slug": tenant.slug, **told})

    new = tmp_path / "new"
    rebuilt = rebuild(
        site.folder / "backups", new, key_file,
        checks=["backed_up:no_bad_notes"], describe="backed_up:count_notes", register=register,
    )  # fmt: skip
    assert rebuilt.missing == {}
    assert rebuilt.restored.keys() == {"acme", "friend", "globex", "heir", "orphaned"}
    acme = next(told for told in given if told["slug"] == "acme")
    assert acme["facts"] == {"notes": 401}
    assert acme["source"] == rebuilt.restored["acme"].stamp
    router = Router(new)
    assert {tenant.slug: tenant.id for tenant in router.tenants()} == ids
    assert router.tenant("globex").reason == "the bill is open"
    assert router.kept() == []
    assert router.tenant("acme").store("books").generation == 3
    with router.using("acme"):
        assert [note.text for note in Note.select().order_by(Note.id)] == before
        Note.create(text="on the new machine")
    for slug, name in (("friend", "Ploy"), ("acme", "Ploy"), ("heir", "Somchai")):
        with router.using(slug):
            assert Contact.get().name == name
    router.close()
    assert sorted(path.name for path in new.iterdir() if path.name == "lock") == []
    assert not Path(f"{new}.rebuilding").exists()


def test_the_new_installation_backs_up_to_the_same_place(site: Site, tmp_path: Path) -> None:
    """Its first backup of each is a full one, and both its own and the old ones can be restored."""
    site.manager().backup_now().require_good()
    old = site.manager().latest("acme")
    rebuild(site.folder / "backups", tmp_path / "new", trusting=True)
    site.router.close()
    site.router = Router(tmp_path / "new")
    site.write("acme", "new")
    manager = site.manager()
    manager.backup_now().require_good()
    assert manager.manifest(manager.latest("acme")).stores[0].kind == "full"
    manager.restore("acme", old)
    assert len(site.texts("acme")) == 400
    manager.restore("acme")
    assert site.texts("acme")[-1] == "new"


def test_what_cant_be_restored_is_told(site: Site, tmp_path: Path) -> None:
    """The one before the last is taken where that is damaged; who has none is there and can't be entered."""
    manager = site.manager()
    manager.backup_now().require_good()
    site.write("acme", "second")
    manager.backup_now().require_good()
    for slug in ("acme", "globex"):
        unit = site.folder / "backups" / site.router.tenant(slug).id
        file = next((unit / manager.latest(slug).stamp).glob("books*.zst"))
        file.write_bytes(file.read_bytes()[:-3])
    told: list[str] = []
    rebuilt = rebuild(site.folder / "backups", tmp_path / "new", trusting=True, tell=told.append)
    assert rebuilt.restored.keys() == {"acme"}
    assert rebuilt.missing.keys() == {"acme", "globex"}
    assert len(rows(tmp_path / "new", "acme")) == 400
    assert any("globex can't be restored" in line for line in told)


def test_a_tenant_that_came_after_the_catalogue(site: Site, tmp_path: Path) -> None:
    """It is entered under its own id, and the application told; one that was purged by then doesn't come back."""
    manager = site.manager()
    manager.backup_now().require_good()
    universal = manager.latest("universal")
    site.router.create("late", models=[Note], setup=lambda: Note.create(text="late"))
    late = site.router.tenant("late").id
    manager.backup_now("late").require_good()
    given: list[str] = []
    rebuilt = rebuild(
        site.folder / "backups", tmp_path / "new", trusting=True,
        enlist=lambda tenant, facts: given.append(tenant.id),
    )  # fmt: skip
    assert rebuilt.catalogue == universal
    assert rows(tmp_path / "new", "late") == ["late"]
    assert given == [late]
    site.router.archive("late")
    site.router.purge("late")
    manager.backup_now().require_good()
    rebuilt = rebuild(site.folder / "backups", tmp_path / "newer", trusting=True)
    assert "late" not in rebuilt.restored | rebuilt.missing


def test_nothing_is_written_over_anything(site: Site, tmp_path: Path) -> None:
    """A folder with anything in it is refused, an installation above all; an empty one isn't."""
    site.manager().backup_now().require_good()
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "letter").write_text("Dear Sir")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for folder in (site.folder / "data", tmp_path / "some", tmp_path / "link"):
        with pytest.raises(BadChange, match="There is something in"):
            rebuild(site.folder / "backups", folder, trusting=True)
    (tmp_path / "empty").mkdir()
    rebuild(site.folder / "backups", tmp_path / "empty", trusting=True)
    assert len(rows(tmp_path / "empty", "acme")) == 400


def test_nothing_vouches(site: Site, tmp_path: Path) -> None:
    """Without a key the place has to be said to be trusted; without its key an encrypted one can't be read at all."""
    site.manager().backup_now().require_good()
    with pytest.raises(BadBackup, match="nothing vouches for universal"):
        rebuild(site.folder / "backups", tmp_path / "new")
    with pytest.raises(BadBackup, match="there is none of the shared database"):
        rebuild(tmp_path / "elsewhere", tmp_path / "new")
    key_file = tmp_path / "key"
    keys.make(key_file)
    site.manager(place=tmp_path / "sealed", key_file=key_file).backup_now().require_good()
    with pytest.raises(BadKey):
        rebuild(tmp_path / "sealed", tmp_path / "new")
    assert not list(tmp_path.glob("new*"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a small installation has kept its backups."""
    folder = tmp_path_factory.mktemp("small")
    router = Router(folder / "data")
    router.create("acme", models=[Note], setup=lambda: Note.create(text="kept"))
    from tenants import BackupManager

    BackupManager(router, folder / "backups").backup_now().require_good()
    router.close()
    shutil.rmtree(folder / "data")
    yield folder / "backups"
    shutil.rmtree(folder)


def test_a_rebuild_that_is_killed_at_any_step(place: Path, tmp_path: Path) -> None:
    """The new folder isn't there, or whole; the next attempt makes it, and the backups are as they were."""
    runner = Child(RUNNER)

    def run(folder: Path, at: int = 0) -> int:
        runner.told(json.dumps([str(place), str(folder), at]))
        return int(runner.hears())

    before = sorted(place.rglob("*"))
    count = run(tmp_path / "whole")
    assert count > 8
    for at in range(1, count + 1):
        folder = tmp_path / f"at{at}"
        assert run(folder, at) == -9
        if folder.exists():
            assert at == count
        else:
            assert run(folder) == count
            assert not Path(f"{folder}.rebuilding").exists()
        (books,) = (folder / "tenants").glob("*/books.*.db")
        assert texts_in(books) == ["kept"]
    runner.process.communicate(timeout=60)
    assert sorted(place.rglob("*")) == before
