"""Backups as an application makes them: of what changed, checked, each failure by itself, beside an event loop."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from backed_up import OLD, Site, describe_too_much, find_no_room, no_bad_notes, site, texts_in
from notes import Child, Note, child
from tenants import BackupFailed, BackupManager, TenantError, UnknownTenant
from tenants.backups import keys, local_place
from tenants.backups.backup import Backup
from tenants.backups.disk_words import told
from tenants.backups.stored import StoredFile
from tenants.backups.units import RACY, unit_of
from tenants.life import steps

__all__ = ["site"]


def kinds(report: object) -> dict[str, str]:
    return {outcome.slug: outcome.kind for outcome in report.outcomes}  # type: ignore[attr-defined]


def test_a_backup_holds_what_was_there(site: Site) -> None:
    """Each tenant has a backup whose databases hold its rows, and the manifest tells what is in it."""
    manager = site.manager()
    report = manager.backup_now().require_good()
    assert kinds(report) == {"acme": "made", "globex": "made", "universal": "made"}
    backup = manager.latest("acme")
    found = manager.manifest(backup)
    tenant = site.router.tenant("acme")
    assert (found.tenant, found.slug, found.stamp) == (tenant.id, "acme", backup.stamp)
    assert found.facts == {"notes": 400}
    assert found.checks == ["backed_up:no_bad_notes"]
    books, registers = found.stores
    assert (books.role, registers.role) == ("books", "registers")
    assert (books.store, books.owner, books.generation) == (tenant.stores["books"].id, tenant.id, 1)
    assert books.bytes == books.pages * books.page_size > 40_000
    assert 0 < books.stored_bytes < books.bytes
    fetched = manager.fetch(backup, site.folder / "fetched")
    assert fetched.keys() == {"books", "registers"}
    assert texts_in(fetched["books"]) == site.texts("acme")
    assert manager.trusts(backup)
    assert manager.list("acme") == [backup]
    assert {found.tenant for found in manager.list()} == {
        tenant.id,
        site.router.tenant("globex").id,
        "universal",
    }
    assert not list(site.folder.glob("data/backing_up/*"))


def test_only_what_changed_is_backed_up(site: Site) -> None:
    """A run looks at all and copies those alone whose files changed, as an increment where that saves space."""
    manager = site.manager()
    manager.backup_now().require_good()
    site.age()
    again = manager.backup_now().require_good()  # what was younger than two seconds isn't relied on
    assert kinds(again)["acme"] == kinds(again)["globex"] == "same"
    site.age()
    manager.backup_now()
    assert manager.backup_now().outcomes == []
    site.write("acme", "more")
    report = manager.backup_now().require_good()
    assert kinds(report) == {"acme": "made", "universal": "made"}
    assert report.looked_at == 3
    made = report.made[0]
    assert made.increment
    assert made.stored_bytes < made.bytes / 10
    books = manager.manifest(made.backup).stores[0]
    assert (books.kind, books.since_full) == ("increment", 1)
    fetched = manager.fetch(made.backup, site.folder / "fetched")
    assert texts_in(fetched["books"]) == site.texts("acme")
    assert len(manager.list("acme")) == 2


def test_what_a_look_tells(site: Site) -> None:
    """Any of its files that is written to, replaced or gone changes the look; what is too young to tell gives none."""
    unit = unit_of(site.router, site.router.tenant("acme").id)
    books = Path(unit.members[0].path)
    site.router.pool.close_idle()
    site.age()
    before = unit.signature("place", OLD + RACY)
    assert before
    assert unit.signature("place", OLD + RACY - 1) == unit.signature("place", OLD - 1) == ""
    assert unit.signature("elsewhere", OLD + RACY) != before
    seen = {before}
    os.utime(books, ns=(OLD, OLD - 1))
    seen.add(unit.signature("place", OLD + RACY))
    wal = Path(f"{books}-wal")
    wal.write_bytes(b"frames")
    os.utime(wal, ns=(OLD, OLD))
    seen.add(unit.signature("place", OLD + RACY))
    wal.unlink()
    books.rename(site.folder / "books")
    seen.add(unit.signature("place", OLD + RACY))
    shutil.copy2(site.folder / "books", books)
    os.utime(books, ns=(OLD, OLD))
    seen.add(unit.signature("place", OLD + RACY))  # another file of the same size and time
    assert len(seen) == 5


def test_who_only_reads_changes_nothing(site: Site) -> None:
    """Databases that are opened to read them, by whatever process, aren't copied: their logs are there, and empty."""
    manager = site.manager()
    for _ in range(2):
        manager.backup_now().require_good()
        site.router.pool.close_idle()
        site.age()
    manager.backup_now()
    assert manager.backup_now().outcomes == []
    for path in site.folder.glob("data/tenants/*/*.db"):
        Path(f"{path}-wal").touch()  # as young as a process that begins with a backup
    assert manager.backup_now().outcomes == []


def test_another_key_wants_new_backups(site: Site) -> None:
    """Where the key is another, or there is one now, each tenant gets a backup that can be read with it alone."""
    for number, name in enumerate((None, "one", "other", None)):
        key_file = site.folder / f"{name}{number}" if name else None
        if key_file is not None:
            keys.make(key_file)
        manager = site.manager(key_file=key_file)
        site.age()
        made = kinds(manager.backup_now().require_good())
        assert made["acme"] == made["globex"] == "made"
        assert manager.manifest(manager.latest("acme")).encrypted == (name is not None)
        site.age()
        assert "made" not in kinds(manager.backup_now().require_good()).values()


def test_an_increment_that_saves_nothing_is_a_full_one(site: Site) -> None:
    """Where most pages changed, where there are enough of them, and where the full one is old or its digests gone."""
    manager = site.manager(most_increments=1)
    manager.backup_now("acme").require_good()

    def next_kind(text: str) -> str:
        site.write("acme", text)
        made = manager.backup_now("acme").require_good().made[0]
        return manager.manifest(made.backup).stores[0].kind

    assert next_kind("one") == "increment"
    assert next_kind("two") == "full"
    with site.router.using("acme"):
        for note in Note.select():
            note.text = os.urandom(60).hex()
            note.save()
    assert next_kind("three") == "full"
    for digests in (site.folder / "backups").glob("*/*/books.1.digests"):
        digests.write_bytes(b"x" * digests.stat().st_size)
    assert next_kind("four") == "full"
    manager.oldest_full = 0.0
    assert next_kind("five") == "full"
    assert manager.verify(manager.latest("acme")).facts == {"notes": 405}


def test_an_unsound_copy_is_no_backup(site: Site) -> None:
    """It is told and counted, the others are backed up, and what there was before stays."""
    told: list[tuple[str, str, int]] = []
    manager = site.manager(on_backup_failure=lambda *given: told.append(given))
    manager.backup_now().require_good()
    good = manager.latest("acme")
    site.write("acme", "bad")
    site.write("globex", "good")
    for times in (1, 2):
        report = manager.backup_now()
        assert kinds(report)["acme"] == "failed"
        assert "acme: note 401 is bad" in report.failed[0].error
        assert (report.failed[0].failures, manager.failures) == (times, times)
        with pytest.raises(BackupFailed, match="note 401 is bad"):
            report.require_good()
    assert [(slug, failures) for slug, _, failures in told] == [("acme", 1), ("acme", 2)]
    assert len(manager.list("globex")) == 2
    assert manager.list("acme") == [good]
    assert not list((site.folder / "backups").glob("*/*.part"))
    by_tenant = {found.tenant: found for found in manager.status().tenants}
    assert (by_tenant[good.tenant].failures, by_tenant[good.tenant].latest) == (2, good)
    assert "note 401 is bad" in by_tenant[good.tenant].error
    with site.router.using("acme"):
        Note.update(text="fine").where(Note.text == "bad").execute()
    manager.backup_now().require_good()
    assert manager.failures == 0
    assert {found.failures for found in manager.status().tenants} == {0}


def test_a_damaged_store_is_no_backup(site: Site) -> None:
    """What SQLite finds, rows that refer to nothing, and a file of another store are told, and not kept."""
    manager = site.manager()
    with site.router.tenant("acme").store("books").get_connection() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("CREATE TABLE pair (of INTEGER REFERENCES note (id))")
        connection.execute("INSERT INTO pair VALUES (123456)")
    with site.router.tenant("globex").store("books").get_connection() as connection:
        connection.execute("UPDATE store_identity SET generation = 7")
    report = manager.backup_now()
    errors = {outcome.slug: outcome.error for outcome in report.failed}
    assert "row 1 of pair refers to one of note that isn't there" in errors["acme"]
    assert "and the catalogue expects" in errors["globex"]
    assert kinds(report)["universal"] == "made"
    assert manager.list("acme") == manager.list("globex") == []


def test_a_full_disk_leaves_nothing_half_made(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whichever step, the cause is shown, nothing stays, and the next run makes the backup."""
    manager = site.manager()

    def full_at(step: str) -> None:
        def reached(name: str) -> None:
            if name == step:
                raise OSError(28, "No space left on device", str(site.folder))

        monkeypatch.setattr(steps, "reached", reached)

    for step in (
        "store copied for a backup",
        "copies made for a backup",
        "copies packed for a backup",
        "manifest of a backup written",
    ):
        full_at(step)
        report = manager.backup_now("acme")
        assert "The disk is full" in report.failed[0].error
        assert list((site.folder / "backups").glob("*/*")) == []
        assert not list(site.folder.glob("data/backing_up/*"))
    full_at("")
    manager.backup_now("acme").require_good()


def test_a_full_disk_is_told_in_one_sentence(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Which disk and what to do, also where another process meets it; and how often in a row, where that is more."""
    manager = BackupManager(site.router, site.folder / "backups", describe=find_no_room)
    said = "No backup of acme could be made: The disk is full at /the/place: make room there."
    for again in ("", " It has failed 2 times in a row."):
        (outcome,) = manager.backup_now("acme").failed
        assert outcome.failure == said
        assert said.endswith(outcome.error)
        (line,) = [record.getMessage() for record in caplog.records]
        assert line == said + again
        caplog.clear()


def test_facts_that_could_not_be_read_again(site: Site) -> None:
    """What a manifest may not say isn't written into one: the backup fails, with the function's name."""
    manager = BackupManager(site.router, site.folder / "backups", describe=describe_too_much)
    (outcome,) = manager.backup_now("acme").failed
    assert "backed_up:describe_too_much returned no dictionary" in outcome.error
    assert manager.list("acme") == []


def test_a_file_that_finds_no_room_tells_its_name(tmp_path: Path) -> None:
    """Writing to it, ending it and giving it up fail with its path, and not with the bare number of an error."""
    for end in (StoredFile.finish, StoredFile.close):
        file = StoredFile(str(tmp_path), ("tenant", "stamp", f"{end.__name__}.zst"), None)
        file._file.close()
        file._file = open("/dev/full", "wb")  # noqa: SIM115 - closed as it fails
        file.write(b"x")
        with pytest.raises(OSError, match="No space left on device") as raised:
            end(file)
        assert raised.value.filename == f"{tmp_path}/{end.__name__}.zst"
        assert (
            told(raised.value) == f"The disk is full at {raised.value.filename}: make room there."
        )
        with suppress(OSError):
            file.close()


def test_a_place_that_is_no_folder(site: Site) -> None:
    """The run fails with its reason, which a started manager tells with no tenant's name; so does a tenant's folder."""
    (site.folder / "backups").write_text("not a folder")
    told = threading.Event()
    failures: list[tuple[str, str, int]] = []
    manager = site.manager(
        on_backup_failure=lambda *given: (failures.append(given), told.set()), backup_interval=60
    )
    with pytest.raises(BackupFailed, match="can't be listed"):
        manager.backup_now()
    with manager:
        assert told.wait(60)
    assert failures[0][0] == ""
    assert "can't be listed" in failures[0][1]
    assert manager.failures == failures[0][2] == 2
    (site.folder / "backups").unlink()
    (site.folder / "backups").mkdir()
    (site.folder / "backups" / site.router.tenant("acme").id).write_text("not a folder")
    report = manager.backup_now()
    assert kinds(report) == {"acme": "failed", "globex": "made", "universal": "made"}
    assert "is a link, or no folder" in report.failed[0].error


def test_unused_and_shared_stores_are_backed_up(site: Site) -> None:
    """A store that nobody uses, or only others do, is in the backup of whose folder it lies in, under its own name."""
    site.router.create("third", models=[Note], share={"registers": "acme"})
    site.router.unshare("third", "registers")
    site.router.share("third", "registers", "acme")
    manager = site.manager()
    manager.backup_now().require_good()
    names = [store.name for store in manager.manifest(manager.latest("third")).stores]
    assert names == ["books", "registers.1"]
    acme = site.router.tenant("acme").id
    site.router.archive("acme")
    site.router.purge("acme")
    manager.backup_now().require_good()
    found = manager.manifest(manager.latest(acme))
    assert [store.name for store in found.stores] == ["registers.1"]
    assert found.slug == "acme"


def test_one_tenant_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process has the turn nobody else makes backups, and what it has made isn't made again."""
    manager = site.manager()
    holder = """
import fcntl, sys
lock = open(sys.argv[1], "ab")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""
    with child(holder, site.folder / "data/backups.lock") as other:
        assert other.hears() == "held"
        lock, refused = fcntl.flock, threading.Event()

        def flock(descriptor: int, kind: int) -> None:
            try:
                lock(descriptor, kind)
            except BlockingIOError:
                if os.readlink(f"/proc/self/fd/{descriptor}").endswith("/backups.lock"):
                    refused.set()
                raise

        monkeypatch.setattr(fcntl, "flock", flock)
        thread = threading.Thread(target=manager.backup_now, args=("acme",))
        thread.start()
        assert refused.wait(60)
        assert manager.list() == []
        other.told()
        thread.join(120)
    assert len(manager.list("acme")) == 1


def test_two_managers_share_the_work(site: Site) -> None:
    """Of two that run at once each tenant gets one backup."""
    managers = [site.manager(), site.manager()]
    site.age()
    gate = threading.Barrier(2)
    reports = []

    def work(manager: BackupManager) -> None:
        gate.wait()
        reports.append(manager.backup_now())
        site.router.universal.release(wholly=True)

    threads = [threading.Thread(target=work, args=(manager,)) for manager in managers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [outcome.slug for report in reports for outcome in report.made]
    assert sorted(name for name in made if name != "universal") == ["acme", "globex"]


def test_every_so_often(site: Site) -> None:
    """A started manager makes backups by itself, and stops at once, in the middle of one too, leaving nothing of it."""
    twice = threading.Event()  # by then each has had its turn

    def failed(slug: str, error: str, failures: int) -> None:
        if failures == 2:
            twice.set()

    manager = site.manager(backup_interval=0.01, on_backup_failure=failed)
    site.write("globex", "bad")
    with manager:
        assert twice.wait(120)
        assert manager.status().running
    assert not manager.status().running
    assert len(manager.list("acme")) == 1
    reached = threading.Event()
    stopping = threading.Thread(target=manager.stop)

    def stop(name: str) -> None:
        if name == "copies made for a backup":
            stopping.start()
            reached.set()
            assert manager._stopping.wait(10)

    site.write("acme", "more")
    steps.reached = stop
    try:
        manager.start()
        assert reached.wait(60)
        stopping.join()
    finally:
        steps.reached = None
    assert len(manager.list("acme")) == 1
    assert not list((site.folder / "backups").glob("*/*.part"))
    assert threading.active_count() == 1


def test_an_event_loop_goes_on(site: Site) -> None:
    """While a backup waits in the middle, other tasks run; a cancelled one ends, and leaves nothing."""
    manager = site.manager()
    begun, beaten = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        if name == "copies made for a backup":
            begun.set()
            assert beaten.wait(30)

    async def heartbeat() -> None:
        while not begun.is_set():
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        beaten.set()

    async def both() -> None:
        report, _ = await asyncio.gather(manager.backup_now_async("acme"), heartbeat())
        assert kinds(report) == {"acme": "made"}
        begun.clear()
        beaten.clear()
        site.write("acme", "more")
        task = asyncio.create_task(manager.backup_now_async("acme"))
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        beaten.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with manager:
            pass

    steps.reached = wait
    try:
        asyncio.run(both())
    finally:
        steps.reached = None
    assert len(manager.list("acme")) <= 2
    assert not list((site.folder / "backups").glob("*/*.part"))


def test_an_idle_tenant_costs_a_look(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing changed no file is opened, no connection, and no other process begun."""
    manager = site.manager()
    for _ in range(3):
        manager.backup_now()
        site.age()
    manager.backup_now()
    opens = site.router.pool.status().opens
    real, opened = os.open, []
    monkeypatch.setattr(
        os, "open", lambda *given, **more: (opened.append(given), real(*given, **more))[1]
    )
    report = manager.backup_now()
    assert (report.looked_at, report.outcomes) == (3, [])
    assert site.router.pool.status().opens == opens
    assert {os.path.basename(given[0]) for given in opened} <= {"universal.backups"}


def test_a_killed_examiner_fails_one_backup(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenant whose copies it had in hand has none; the next one gets a new process."""
    manager = site.manager(retention=None)
    runs = []

    def kill(name: str) -> None:
        if name == "copies made for a backup" and not runs:
            run = next(iter(manager._runs))
            runs.append(run)
            process = run._examiner._begin()
            process.kill()
            process.wait()

    monkeypatch.setattr(steps, "reached", kill)
    report = manager.backup_now()
    assert [outcome.kind for outcome in report.outcomes] == ["failed", "made", "made"]
    assert "ended in the middle" in report.failed[0].error


def test_a_clock_that_was_put_back(site: Site) -> None:
    """A backup's stamp comes after those that there are, whatever the clock says."""
    manager = site.manager()
    manager.backup_now("globex").require_good()
    first = manager.latest("globex")
    later = site.folder / "backups" / first.tenant / "29991231T000000.000000Z"
    later.parent.joinpath(first.stamp).rename(later)
    site.write("globex", "more")
    made = manager.backup_now("globex").require_good().made[0].backup
    assert made == Backup(first.tenant, "29991231T000000.000001Z")


def test_names_lead_nowhere_else(site: Site) -> None:
    """Who isn't a tenant has no backups, and no name of one becomes a path."""
    manager = site.manager()
    with pytest.raises(UnknownTenant):
        manager.list("nobody")
    with pytest.raises(UnknownTenant):
        manager.latest("acme")
    for name in (("../x", "20300101T000000.000000Z"), ("universal", "../../x"), ("universal", "")):
        with pytest.raises(TenantError, match="no backup's name"):
            manager.manifest(Backup(*name))


def test_a_place_that_lost_its_backups(site: Site) -> None:
    """What is missing there is made again, also of tenants that are idle; where all is gone, it asks."""
    manager = site.manager()
    for _ in range(3):
        manager.backup_now().require_good()
        site.age()
    acme = manager.latest("acme")
    shutil.rmtree(site.folder / "backups" / acme.tenant)
    assert kinds(manager.backup_now().require_good())["acme"] == "made"
    next((site.folder / "backups").glob(f"{acme.tenant}/*/books*zst")).unlink()
    os.utime(site.router.tenant("acme").stores["books"].path, ns=(OLD, OLD + 1))
    assert kinds(manager.backup_now().require_good())["acme"] == "made"
    shutil.rmtree(site.folder / "backups")
    with pytest.raises(BackupFailed, match="is its disk mounted"):
        manager.backup_now()
    assert manager.failures == 1
    assert not (site.folder / "backups").exists()
    assert len(manager.backup_now(even_unchanged=True).require_good().made) == 3


#: Makes the first backup ever, and is killed at the step of that name.
FIRST = """
import os, signal, sys
import notes
from tenants import BackupManager, Router
from tenants.life import steps
folder, at = sys.argv[1:]
def reached(name):
    if name == at:
        os.kill(os.getpid(), signal.SIGKILL)
steps.reached = reached
BackupManager(Router(folder + "/data"), folder + "/backups").backup_now()
"""


@pytest.mark.parametrize(
    "step",
    [
        "copies made for a backup",
        "copies packed for a backup",
        "manifest of a backup written",
        "backup noted",
        "backup published",
    ],
)
def test_killed_in_the_first_backup_ever(site: Site, step: str) -> None:
    """The next run goes on, and doesn't take what was noted, and never came to be, for backups that were lost."""
    process = Child(FIRST, site.folder, step).process
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    manager = site.manager()
    manager.backup_now().require_good()
    there = manager.list()
    assert {backup.tenant for backup in there} == set(manager.place.tenants())
    for one in manager.status().tenants:
        assert one.latest in there


def test_another_process_makes_the_first_backup_meanwhile(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever listed the place before that doesn't say that backups were lost."""
    manager, other = site.manager(), site.manager()

    def listed() -> list[str]:
        monkeypatch.undo()
        found = manager.place.tenants()
        other.backup_now("acme").require_good()
        return found

    monkeypatch.setattr(manager.place, "tenants", listed)
    assert kinds(manager.backup_now().require_good()).keys() >= {"globex", "universal"}


def test_a_new_place_is_on_the_disk_before_anything_is_noted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power failure doesn't leave notes of backups beside a place that isn't there."""
    flushed: list[Path] = []
    monkeypatch.setattr(
        local_place, "flush_folder", lambda folder: flushed.append(Path(folder))
    )  # which the machine of a test can't see undone
    before: list[Path] = []

    def reached(name: str) -> None:
        if name == "copies packed for a backup":
            before.extend(flushed)

    monkeypatch.setattr(steps, "reached", reached)
    manager = site.manager(place=site.folder / "new" / "backups")
    manager.backup_now("acme").require_good()
    assert {site.folder, site.folder / "new", site.folder / "new" / "backups"} <= set(before)


def test_checks_stand_in_modules(site: Site) -> None:
    """One that another process couldn't find is refused at once, with what to do."""
    BackupManager(site.router, site.folder / "b", checks=["backed_up:no_bad_notes", no_bad_notes])

    def inner() -> list[str]:
        return []

    for check in (inner, "backed_up:nothing", "nowhere:check"):
        with pytest.raises(ValueError, match="in a module by its own name"):
            BackupManager(site.router, site.folder / "b", checks=[check])


def test_the_catalogue_knows_its_backups(site: Site) -> None:
    """Digest and facts of each stand in the catalogue, and go with it."""
    manager = site.manager()
    manager.backup_now().require_good()
    rows = site.router.universal_store.execute_sql(
        "SELECT tenant, stamp, facts FROM backup"
    ).fetchall()
    assert {(tenant, stamp) for tenant, stamp, _ in rows} == {
        tuple(backup) for backup in manager.list() if backup.tenant != "universal"
    }
    assert sorted(json.loads(facts)["notes"] for *_, facts in rows) == [0, 400]
    status = manager.status()
    assert {found.tenant: found.latest for found in status.tenants} == {
        backup.tenant: backup for backup in manager.list()
    }
    assert all(found.age is not None and found.stored_bytes > 0 for found in status.tenants)
    assert Path(status.place) == site.folder / "backups"
    assert [manager.status_of(found.tenant) for found in status.tenants] == status.tenants


def test_a_place_that_is_a_link_to_nowhere_is_called_that(site: Site) -> None:
    """It is told with what to do, and nothing is made where the link points."""
    (site.folder / "backups").symlink_to(site.folder / "nowhere")
    report = site.manager().backup_now()
    assert "backups is no folder, or a link to none" in report.failed[0].error
    assert not (site.folder / "nowhere").exists()


def test_how_one_tenant_stands_is_asked_of_it_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By slug or id, with what has failed, and before its first backup; of the others nothing is read."""
    manager = site.manager()
    assert manager.status_of("acme") is None
    assert manager.status_of("universal").latest is None
    with pytest.raises(UnknownTenant):
        manager.status_of("nobody")
    site.write("globex", "bad")
    manager.backup_now()
    monkeypatch.setattr(manager.records, "standings", None)
    acme, globex = manager.status_of("acme"), manager.status_of(site.router.tenant("globex"))
    assert (acme.failures, acme.latest) == (0, manager.latest("acme"))
    assert (globex.failures, globex.latest) == (1, None)
    assert "is bad" in globex.error
    assert manager.status_of("universal").latest == manager.latest("universal")


def test_an_examiner_whose_starter_died_ends_without_a_word(tmp_path: Path) -> None:
    """Nobody reads its answer any more: no traceback comes into the log of a server that was killed."""
    examiner = subprocess.Popen(
        [sys.executable, "-m", "tenants.backups.examiner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert examiner.stdin is not None
    assert examiner.stdout is not None
    assert examiner.stderr is not None
    examiner.stdout.close()
    setup = {"scratch": str(tmp_path), "checks": [], "describe": None, "key": None}
    with suppress(BrokenPipeError), examiner.stdin as questions:
        questions.write(json.dumps(setup).encode() + b"\n{}\n")
    with examiner.stderr as stderr:
        assert stderr.read() == b""
    assert examiner.wait(timeout=60) == 0
