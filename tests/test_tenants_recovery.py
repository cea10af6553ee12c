"""A change that is cut short anywhere leaves the old state or the new one, whole, and nothing of it is ever seen."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import TextField

from notes import Child, Contact, Note, child, texts
from prepared_files import earlier
from tenants import BadChange, RoutedModel, Router, Tenant, TenantError
from tenants.life import copies, marks, steps
from tenants.life.recovery import recover
from tenants.scratch import scratch_folder

#: What each change is, as code with a router `r`; what the data folder holds before it is made by `prepared`.
CHANGES = {
    "create": "r.create('fresh', models=[Note, Contact], setup=lambda: Note.create(text='new'), register=enlist)",
    "from a template": "r.create('fresh', models=[Note, Contact], template='t', register=enlist,"
    " prepare=lambda: Note.create(text='new'))",
    "from a template that is there": "r.create('fresh', models=[Note, Contact], template='there', register=enlist,"
    " prepare=lambda: Note.create(text='new'))",
    "clone": "r.clone('acme', 'fresh', setup=lambda: Note.create(text='new'), register=enlist)",
    "share": "r.share('acme', 'registers', 'owner')",
    "unshare": "r.unshare('friend', 'registers')",
    "the first store of its own": "r.unshare('guest', 'registers')",
    "purge": "r.purge('old', unregister=delist)",
    "purge an owner": "r.purge('owner', unregister=delist)",
    "purge a store": "r.purge_store(r.unused_stores()[0])",
    "replace": "r.replace('acme', earlier(r, 'acme', 'books', 'registers'), 'x', register=enlist,"
    " shared_too=['registers'])",
    "replace again": "r.replace('old', earlier(r, 'old', 'books'), 'x')",
    "adopt": "r.adopt('fresh', earlier(r, 'acme', 'books'), share={'registers': 'acme'}, register=enlist,"
    " setup=lambda: Note.create(text='new'))",
    "go back": "r.go_back('old', {'books': 1, 'registers': 1}, register=enlist)",
    "discard": "r.discard(r.kept('old'))",
}
#: Runs one change after another, each in a fork of its own, which is killed at the step of the given number.
RUNNER = """
import json, os, signal, sys
from notes import Contact, Note
from prepared_files import earlier
from test_tenants_recovery import delist, enlist
from tenants import Router
from tenants.life import steps
def run(data, at, code):
    r, count = Router(data), 0
    def reached(name):
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
    steps.reached = reached
    exec(code, dict(globals(), r=r))
    steps.reached = None
    r.close()
    return count
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os._exit(run(*json.loads(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Runner:
    """Runs changes in processes that may be killed."""

    def __init__(self) -> None:
        self.child = Child(RUNNER)

    def run(self, code: str, data: Path, at: int = 0) -> int:
        """Run code with a router `r`; return how many steps it took, or -9 where it was killed at step `at`."""
        self.child.told(json.dumps([str(data), at, code]))
        return int(self.child.hears())


class Listing(RoutedModel):
    """A row of the shared database on each tenant."""

    tenant_id = TextField()


def enlist(tenant: Tenant) -> None:
    """What an application enters of a tenant."""
    Listing.create(tenant_id=tenant.id)


def delist(tenant: Tenant) -> None:
    """… and takes out again."""
    Listing.delete().where(Listing.tenant_id == tenant.id).execute()


#: What the changes' code may name, beside the router.
SPACE = {
    "Note": Note, "Contact": Contact, "enlist": enlist, "delist": delist, "earlier": earlier
}  # fmt: skip


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """One for all tests."""
    runner = Runner()
    yield runner
    runner.child.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder: `acme`; `owner`, suspended, whose registers others use; `old`, suspended; an unused store.

    What replacements have kept lies there of `old` and of the unused store.
    """
    folder = tmp_path_factory.mktemp("prepared") / "data"
    router = Router(folder)
    router.universal.create_tables([Listing])

    def make(slug: str, **how: Any) -> Tenant:
        def fill() -> None:
            Note.create(text=slug)
            if "share" not in how:
                Contact.create(name=slug)

        return router.create(slug, models=[Note, Contact], setup=fill, register=enlist, **how)

    for slug in ("acme", "owner", "old"):
        make(slug)
    make("friend", share={"registers": "owner"})
    router.create("guest", models=[Contact], share={"registers": "owner"}, register=enlist)
    make("parted")
    for slug in ("parted", "old"):
        router.replace(slug, earlier(router, slug, "books", "registers"), "x")
    router.share("parted", "registers", "acme")
    router.create(
        "blank", models=[Note, Contact], template="there", prepare=lambda: Note.create(text="new")
    )
    for slug in ("old", "owner"):
        router.suspend(slug, "x")
    router.close()
    return folder


@pytest.fixture
def data(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it, which nobody has open."""
    return Path(shutil.copytree(prepared, tmp_path / "data"))


State = dict[str, Any]


def state_of(router: Router) -> State:
    """All that can be seen of a data folder's tenants, their rows included, and its unused stores."""
    seen: State = {}
    for tenant in router.tenants():
        rows = {}
        for role, store in tenant.stores.items():
            with store.get_connection() as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                table = {"books": "SELECT text FROM note", "registers": "SELECT name FROM contact"}
                rows[role] = (store.label, connection.execute(table[role]).fetchall())
        assert (router.folder / "tenants" / tenant.id).is_dir()
        listed = Listing.select().where(Listing.tenant_id == tenant.id).count()
        seen[tenant.slug] = (tenant.state, listed, rows)
    seen["kept"] = sorted((one.label, one.generation) for one in router.kept() if one.bytes)
    seen["*"] = sorted(store.label for store in router.unused_stores())
    seen["tombstones"] = sorted(stone.slug for stone in router.tombstones())
    seen["listed"] = Listing.select().count()
    return seen


def look(data: Path, recovering: bool) -> State:
    """Open a data folder anew, and return what is seen in it."""
    router = Router(data)
    try:
        if recovering:
            router.recover()
        return state_of(router)
    finally:
        router.close()


def strays(data: Path) -> list[str]:
    """Files and folders that no row of the catalogue accounts for."""
    router = Router(data)
    try:
        named = {
            Path(store.path) for tenant in router.tenants() for store in tenant.stores.values()
        }
        named |= {Path(store.path) for store in router.unused_stores()}
        named |= {Path(one.path) for one in router.kept()}
        homes = {path.parent for path in named}
        homes |= {data / "tenants" / tenant.id for tenant in router.tenants()}
        backups = {data / stone.backup for stone in router.tombstones()}
        gone = router.universal.execute_sql("SELECT backup FROM purged_store").fetchall()
        backups |= {data / backup for (backup,) in gone}
    finally:
        router.close()
    found = [path for path in (data / "tenants").iterdir() if path not in homes]
    found += [path for home in homes for path in home.glob("*.db*") if path not in named]
    found += list((data / "making").glob("*"))
    found += [path for home in homes for path in home.glob("snapshots/*") if home.is_dir()]
    found += [path for path in (data / "purged").glob("*") if path not in backups]
    found += [path for path in (data / "templates").glob("*") if "." in path.name]
    return sorted(str(path.relative_to(data)) for path in found)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_killed_at_any_step(
    prepared: Path, change: str, tmp_path: Path, runner: Runner
) -> None:
    """Before and after recovery, the folder is as it was or as it was to become; nothing is left of a half."""
    code = CHANGES[change]
    whole = Path(shutil.copytree(prepared, tmp_path / "whole"))
    before = look(whole, recovering=False)
    count = runner.run(code, whole)
    after = look(whole, recovering=False)
    assert count > 0
    assert after != before
    assert strays(whole) == []
    outcomes = []
    for at in range(1, count + 1):
        one = Path(shutil.copytree(prepared, tmp_path / f"at{at}"))
        assert runner.run(code, one, at) == -9
        seen = look(one, recovering=False)
        assert seen in (before, after), f"half a change was seen at step {at}"
        recovered = look(one, recovering=True)
        assert recovered == seen, f"recovery changed what was seen at step {at}"
        assert strays(one) == [], f"something was left of step {at}"
        outcomes.append(seen == after)
    assert outcomes == sorted(outcomes), "a later step undid what an earlier one had done"


@pytest.mark.parametrize(
    "change",
    [
        "create",
        "clone",
        "unshare",
        "the first store of its own",
        "purge",
        "purge an owner",
        "purge a store",
        "replace again",
        "discard",
    ],
)
def test_recovery_that_is_killed_itself(
    prepared: Path, change: str, tmp_path: Path, runner: Runner
) -> None:
    """At its first step, the next one at its second, and so on: the last one goes on with it."""
    count = runner.run(CHANGES[change], Path(shutil.copytree(prepared, tmp_path / "whole")))
    kills = 0
    for at in range(1, count + 1):
        one = Path(shutil.copytree(prepared, tmp_path / f"at{at}"))
        assert runner.run(CHANGES[change], one, at) == -9
        seen = look(one, recovering=False)
        step = 1
        while runner.run("r.recover()", one, step) == -9:
            step += 1
            kills += 1
        assert look(one, recovering=True) == seen
        assert strays(one) == []
    assert kills > 0


@pytest.mark.parametrize("change", CHANGES)
def test_a_full_disk_at_any_step(
    prepared: Path, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: Runner
) -> None:
    """The error tells; without any recovery the folder is as it was, or as it was to become, with nothing left over."""
    whole = Path(shutil.copytree(prepared, tmp_path / "whole"))
    count = runner.run(CHANGES[change], whole)
    after = look(whole, recovering=False)
    for at in range(1, count + 1):
        one = Path(shutil.copytree(prepared, tmp_path / f"at{at}"))
        router = Router(one)
        before = state_of(router)
        reached = 0

        def fail(name: str, at: int = at) -> None:
            nonlocal reached
            reached += 1
            if reached == at:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(steps, "reached", fail)
        space = dict(SPACE, r=router)
        try:
            with pytest.raises((TenantError, OSError), match="No space left on device"):
                exec(CHANGES[change], space)
            monkeypatch.setattr(steps, "reached", None)
            seen = state_of(router)
        finally:
            monkeypatch.setattr(steps, "reached", None)
            router.close()
        assert seen in (before, after)
        assert look(one, recovering=True) == seen
        assert strays(one) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("clone", "files of fresh can't be made"),
        ("unshare", "owner/registers can't be copied for friend"),
        ("purge", "last backup of old can't be made"),
        ("purge a store", "last backup of parted/registers can't be made"),
    ],
)
def test_a_disk_that_sqlite_finds_full(
    data: Path, change: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says whose copy found no room and what to do, and all is as it was."""
    private = copies._private

    def small(path: str) -> Any:
        connection = private(path)
        connection.execute("PRAGMA max_page_count = 2")  # SQLite tells this as a full disk
        return connection

    router = Router(data)
    before = state_of(router)
    monkeypatch.setattr(copies, "_private", small)
    space = dict(SPACE, r=router)
    with pytest.raises(TenantError, match=rf"{said} \(.*full.*Is there room on the disk"):
        exec(CHANGES[change], space)
    assert state_of(router) == before
    router.close()
    assert strays(data) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_mark_that_cant_be_written(
    data: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it nothing is begun, and the error says whose change it was and what to do."""
    if change == "share":
        return  # one row of the catalogue: it needs no mark
    router = Router(data)
    before = state_of(router)

    def full(path: str, make: bool = True) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(marks, "open_own", full)
    space = dict(SPACE, r=router)
    with pytest.raises(TenantError, match=r"can't be begun \(.*No space.*Is there room"):
        exec(CHANGES[change], space)
    assert state_of(router) == before
    router.close()
    assert strays(data) == []


def test_recovery_ends_what_the_notice_says(data: Path) -> None:
    """A process that died in the middle of a change left it odd, and all ask the catalogue each time until then."""
    code = (
        "import os, signal, sys; from tenants import Router; r = Router(sys.argv[1])\n"
        "with r.notice.changing(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    router = Router(data)
    Child(code, data).process.communicate(timeout=60)
    assert router.notice.now() is None
    router.recover()
    assert router.notice.now() is not None
    router.close()


def test_what_a_living_process_is_at_is_left_alone(data: Path) -> None:
    """Recovery takes nothing from it, and another change of the same home is told to wait."""
    code = (
        "import sys; from notes import Contact, Note; from tenants import Router; r = Router(sys.argv[1])\n"
        "def wait():\n    Note.create(text='new'); print('half', flush=True); sys.stdin.readline()\n"
        "r.create('fresh', models=[Note, Contact], setup=wait); r.close()"
    )
    router = Router(data)
    with child(code, data) as other:
        assert other.hears() == "half"
        assert router.recover() == []
        assert "fresh" not in {tenant.slug for tenant in router.tenants()}
        other.told()
        other.process.wait(timeout=60)
    with router.using("fresh"):
        assert texts() == ["new"]
    router.close()


def test_two_who_change_one_home(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told, and what the first does isn't disturbed."""
    router, other = Router(data), Router(data)
    refused: list[BadChange] = []

    def meddle(name: str) -> None:
        monkeypatch.setattr(steps, "reached", None)
        try:
            from tenants.life.marks import Mark

            with Mark(other, router.tenant("old").id, "purge", "old"):
                pass
        except BadChange as error:
            refused.append(error)

    monkeypatch.setattr(steps, "reached", meddle)
    router.purge("old", unregister=delist)
    assert "old is being changed by somebody else" in str(refused[0])
    assert strays(data) == []
    router.close()
    other.close()


def test_what_no_row_names_isnt_taken_for_left_over(data: Path) -> None:
    """A catalogue that was restored from an older backup lacks tenants whose files are all there is of them."""
    home = data / "tenants" / ("a" * 26)
    home.mkdir()
    (home / "books.1.db").write_bytes(b"somebody's books")
    router = Router(data)
    assert router.recover() == []
    router.close()
    assert (home / "books.1.db").read_bytes() == b"somebody's books"


def test_a_mark_that_leads_nowhere(data: Path) -> None:
    """What isn't a mark is left; one that was cut short in the writing is seen to; a link isn't followed."""
    (data / "making").mkdir(exist_ok=True)
    (data / "making" / "README").write_text("mine")
    (data / "making" / ("b" * 26)).write_text('{"change": "cre')
    outside = data.parent / "outside"
    outside.write_text('{"stores": [["books", 1]]}')
    (data / "making" / ("c" * 26)).symlink_to(outside)
    (data / "making" / ("d" * 26)).hardlink_to(outside)
    router = Router(data)
    said = router.recover()
    router.close()
    assert len(said) == 3
    assert all("can't be removed yet" in line for line in said[1:])
    names = ["README", "c" * 26, "d" * 26]
    assert sorted(path.name for path in (data / "making").iterdir()) == names
    assert outside.exists()


def test_a_home_that_cant_be_removed_yet_is_told_and_tried_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant is gone in any case, and the others are seen to."""
    router = Router(data)
    old = router.tenant("old")
    home = Path(old.store("books").path).parent

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(TenantError, match="old: this is done"):
            router.purge(old, unregister=delist)
        assert "old" not in {tenant.slug for tenant in router.tenants()}
        assert "can't be removed yet" in router.recover()[0]
    assert home.exists()
    assert len(router.recover()) == 1
    assert not home.exists()
    assert router.recover() == []
    router.close()


@pytest.mark.parametrize("name", ["making", "templates", "tenants", "purged"])
def test_a_folder_that_is_a_link(data: Path, name: str, tmp_path: Path) -> None:
    """It would lead out of the data folder, and is refused wherever it is met; nothing is written behind it."""
    elsewhere = tmp_path / "elsewhere"
    router = Router(data)
    (data / name).rename(elsewhere) if (data / name).exists() else elsewhere.mkdir()
    (data / name).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    change = (
        (lambda: router.purge("old"))
        if name == "purged"
        else (lambda: router.create("fresh", models=[Note], template="x"))
    )
    with pytest.raises(TenantError, match="is a link"):
        change()
    assert sorted(elsewhere.rglob("*")) == before
    router.close()
    with pytest.raises(TenantError, match="is a link"):
        Router(data)


def test_a_mark_that_stays_holds_nothing_up(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk doesn't let it be removed the change is done all the same, and the next start removes it."""
    unlink = os.unlink

    def fail(path: str, **how: Any) -> None:
        if "/making/" in str(path):
            raise OSError(errno.EIO, "Input/output error")
        unlink(path, **how)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fail)
        acme = router.create("acme", models=[Note])
    mark = router.folder / "making" / acme.id
    assert mark.exists()
    assert router.recover() == ["create: acme is as the catalogue says"]
    assert not mark.exists()
    with router.using("acme"):
        Note.create(text="written")


@pytest.mark.parametrize("name", ["backing_up", "restoring"])
def test_what_was_being_worked_in_goes_at_the_next_start(router: Router, name: str) -> None:
    """Folders of dead processes go, also one that died before its lock was there; those of living ones stay."""
    above = Path(router.path, name)
    with scratch_folder(router.path, name) as alive:
        dead = above / "dead"
        dead.mkdir()
        (dead / "lock").touch()
        (dead / "books.db").write_bytes(b"half of it")
        (above / "dead-at-once").mkdir()
        recover(router)
        assert [path.name for path in above.iterdir()] == [Path(alive).name]
    assert not above.exists()


def test_a_template_that_was_being_removed_goes_at_the_next_start(router: Router) -> None:
    """Put out of the way, and its process died: nobody needs it, and the one in use stays."""
    in_use = Path(router.path, "templates", "0" * 16 + "-" + "1" * 32)
    aside = in_use.with_name(in_use.name + ".2")
    for each in (in_use, aside):
        each.mkdir(parents=True)
        (each / "books.db").touch()
    recover(router)
    assert in_use.is_dir()
    assert not aside.exists()
