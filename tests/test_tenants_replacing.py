"""Other files in the place of a tenant's stores: a next generation, while the others go on working."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import closing
from pathlib import Path

import pytest

from notes import Child, Contact, Note, child, texts
from prepared_files import EARLIER, earlier, prepared_copy
from tenants import (
    BadChange,
    LockTimeout,
    MigrationFailed,
    Router,
    SlugTaken,
    StoreAhead,
    TenantError,
    TenantSuspended,
    UnknownTenant,
    WouldDeadlock,
    WrongFile,
    WrongTenant,
    sqlite,
)
from tenants.life import replacing, steps


def write(text: str) -> None:
    """Write one note."""
    Note.create(text=text)


@pytest.fixture
def acme(router: Router) -> Router:
    """A router with `acme`, which has both stores and a note, and `globex` with one."""
    for slug in ("acme", "globex"):
        router.create(slug, models=[Note, Contact], setup=lambda slug=slug: write(slug))
    return router


def test_a_replaced_store_is_the_prepared_file(acme: Router) -> None:
    """Whoever enters next works on it, and the file says whose it is; the old one is kept with the reason."""
    before = acme.tenant("acme").store("books")
    tenant = acme.replace("acme", earlier(acme, "acme", "books"), "restored for Ann")
    store = tenant.store("books")
    assert (store.id, store.generation) == (before.id, 2)
    assert Path(store.path).name == "books.2.db"
    with acme.using("acme"):
        assert texts() == ["earlier"]
        write("later")
    assert tenant.store("registers").generation == 1
    (kept,) = acme.kept("acme")
    assert (kept.label, kept.generation, kept.reason) == ("acme/books", 1, "restored for Ann")
    assert kept.bytes > 0
    assert acme.kept("globex") == []
    assert acme.kept() == [kept]


def test_others_see_it_at_once(acme: Router) -> None:
    """Another process's router, with warm connections to the old file, goes to the new one and lets go of the old."""
    other = Router(acme.folder)
    with other.using("acme"):
        assert texts() == ["acme"]
    old = other.tenant("acme").store("books")
    acme.replace("acme", earlier(acme, "acme", "books"), "x")
    acme.discard(acme.kept())
    with other.using("acme"):
        assert texts() == ["earlier"]
    assert not Path(old.path).exists()
    held = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    assert not [path for path in held if str(path).startswith(old.path)]
    other.close()


def test_an_old_log_is_never_taken_for_the_new_files(acme: Router) -> None:
    """What was written since the backup lies in a log beside the old file: no row of it is in the restored one.

    A copy that was put under the old name would be read with that log: rows of the old file, and "ok" by SQLite.
    """
    store = acme.tenant("acme").store("books")
    backup = prepared_copy(acme, store)
    spare = shutil.copy(backup, f"{backup}.spare")
    code = (
        "import os, signal, sys; from notes import Note; from tenants import Router; r = Router(sys.argv[1])\n"
        "with r.using('acme'):\n"
        "    for n in range(50): Note.create(text=f'since {n}')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    Child(code, acme.folder).process.communicate(timeout=60)
    assert os.path.getsize(f"{store.path}-wal") > 0
    naive = acme.folder / "naive.db"
    shutil.copy(spare, naive)
    shutil.copy(f"{store.path}-wal", f"{naive}-wal")
    with closing(sqlite.driver.connect(str(naive))) as connection:
        assert connection.execute("SELECT count(*) FROM note").fetchone() > (1,)
    acme.replace("acme", {"books": backup}, "x")
    with acme.using("acme"):
        assert texts() == ["acme"]
    acme.go_back("acme", {"books": 1})
    with acme.using("acme"):
        assert len(texts()) == 51


def test_what_has_the_old_name_is_refused(acme: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the next generation to have the same name, the file that is there would be in the way, and stay."""
    files = earlier(acme, "acme", "books")
    monkeypatch.setattr(replacing, "_next", lambda router, store: store)
    with pytest.raises(TenantError, match=r"books\.1\.db is already there"):
        acme.replace("acme", files, "x")
    monkeypatch.undo()
    with acme.using("acme"):
        assert texts() == ["acme"]


def test_what_was_loaded_before_is_refused_after(acme: Router) -> None:
    """A row, a query and an entry of the old generation don't reach the new one."""
    with acme.using("acme"):
        note = Note.get()
    untouched = acme.enter_here("acme")
    acme.replace("acme", earlier(acme, "acme", "books"), "x")
    with pytest.raises(WrongFile, match="acme/books was replaced"):
        Note.get()
    acme.leave(untouched)
    with acme.using("acme"):
        note.text = "stale"
        with pytest.raises(WrongTenant):
            note.save()
        assert texts() == ["earlier"]


def test_going_back_and_forth(acme: Router) -> None:
    """Each generation has what was written in it, however often they change places; none is given twice."""
    acme.replace("acme", earlier(acme, "acme", "books"), "x")
    with acme.using("acme"):
        write("in the second")
    acme.go_back("acme", {"books": 1}, "a mistake")
    with acme.using("acme"):
        assert texts() == ["acme"]
        write("in the first")
    assert [(kept.generation, kept.reason) for kept in acme.kept()] == [(2, "a mistake")]
    acme.go_back("acme", {"books": 2})
    with acme.using("acme"):
        assert texts() == ["earlier", "in the second"]
    acme.go_back("acme", {"books": 1})
    with acme.using("acme"):
        assert texts() == ["acme", "in the first"]
    acme.discard(acme.kept())
    acme.replace("acme", earlier(acme, "acme", "books"), "x")
    assert acme.tenant("acme").store("books").generation == 3


def test_a_generation_that_isnt_kept(acme: Router) -> None:
    """Neither an unknown one, nor the one in use, nor one that was discarded; discarding twice is refused, too."""
    acme.replace("acme", earlier(acme, "acme", "books"), "x")
    for generation in (0, 2, 7):
        with pytest.raises(BadChange, match=r"isn't kept \(1\)"):
            acme.go_back("acme", {"books": generation})
    kept = acme.kept()
    acme.discard(kept[0])
    assert acme.kept() == []
    assert not Path(kept[0].path).exists()
    with pytest.raises(BadChange, match=r"isn't kept \(none\)"):
        acme.go_back("acme", {"books": 1})
    with pytest.raises(BadChange, match="isn't kept any more"):
        acme.discard(kept)


def test_a_kept_file_that_is_damaged_by_then(acme: Router) -> None:
    """It is looked over before anything changes; discarding it works all the same, also where it is gone."""
    acme.replace("acme", earlier(acme, "acme", "books"), "x")
    (kept,) = acme.kept()
    path = Path(kept.path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * len(content[4096:])
    path.write_bytes(content)
    with pytest.raises(WrongFile):
        acme.go_back("acme", {"books": 1})
    with acme.using("acme"):
        assert texts() == ["earlier"]
    path.unlink()
    assert acme.kept()[0].bytes == 0
    acme.discard(acme.kept())
    assert acme.kept() == []


def test_a_purge_takes_what_was_kept_along(acme: Router) -> None:
    """Nothing of the tenant's folder is left; nor, of a store that is purged by itself, its kept files."""
    acme.replace("acme", earlier(acme, "acme", "books", "registers"), "x")
    home = Path(acme.tenant("acme").store("books").path).parent
    acme.share("acme", "registers", "globex")
    (unused,) = acme.unused_stores()
    assert (home / "registers.1.db").exists()
    acme.purge_store(unused)
    assert sorted(path.name for path in home.glob("*.db")) == ["books.1.db", "books.2.db"]
    assert [kept.label for kept in acme.kept()] == ["acme/books"]
    acme.unshare("acme", "registers")
    assert acme.tenant("acme").store("registers").generation == 3
    acme.suspend("acme", "x")
    acme.purge("acme")
    assert not home.exists()
    assert acme.kept() == []


def test_what_was_lost_wholly_is_replaced(acme: Router) -> None:
    """Also where the tenant's folder itself is gone; others weren't disturbed."""
    files = earlier(acme, "acme", "books", "registers")
    shutil.rmtree(Path(acme.tenant("acme").store("books").path).parent)
    acme.pool.close()
    with pytest.raises(WrongFile), acme.using("acme"):
        Note.get()
    acme.replace("acme", files, "its disk was lost")
    with acme.using("acme"):
        assert texts() == ["earlier"]
    assert {kept.bytes for kept in acme.kept("acme")} == {0}


@pytest.mark.parametrize("state", ["suspended", "archived"])
def test_its_state_stays(acme: Router, state: str) -> None:
    """Whoever mends the files of a company that is closed hasn't opened it."""
    {"suspended": acme.suspend, "archived": acme.archive}[state]("acme", "the bill is open")
    tenant = acme.replace("acme", earlier(acme, "acme", "books"), "x")
    assert (tenant.state, tenant.reason) == (state, "the bill is open")
    if state == "suspended":
        with pytest.raises(TenantSuspended):
            acme.enter_here("acme")
    acme.resume("acme")
    with acme.using("acme"):
        assert texts() == ["earlier"]


def test_quarantine_ends(acme: Router) -> None:
    """What was wrong was wrong with the file that went."""
    store = acme.tenant("acme").store("books")
    acme.universal_store.execute_write_with_retry("UPDATE store SET trouble = 'a migration failed'")
    acme.replace("acme", {"books": prepared_copy(acme, store, EARLIER["books"])}, "x")
    assert acme.tenant("acme").store("books").trouble is None
    assert acme.tenant("globex").store("books").trouble is not None


# Shared stores


def test_a_shared_store_is_replaced_by_name_alone(acme: Router) -> None:
    """The error names everyone who would be affected; named, it is replaced for all of them."""
    acme.share("globex", "registers", "acme")
    acme.create("initech", models=[Note, Contact], share={"registers": "acme"})
    with acme.using("globex"):
        Contact.create(name="Ploy")
    with pytest.raises(BadChange, match="acme/registers is used by globex, initech too"):
        acme.replace("acme", earlier(acme, "acme", "registers"), "x")
    with pytest.raises(BadChange, match="which is acme's and used by acme, globex, initech"):
        acme.replace("globex", earlier(acme, "globex", "registers"), "x", shared_too=["registers"])
    files = earlier(acme, "acme", "registers")
    acme.replace("acme", files, "x", shared_too=["registers"])
    for slug in ("acme", "globex", "initech"):
        with acme.using(slug):
            assert [contact.name for contact in Contact.select()] == ["earlier"]
    with pytest.raises(BadChange, match="is used by globex, initech too"):
        acme.go_back("acme", {"registers": 1})
    acme.go_back("acme", {"registers": 1}, shared_too=["registers"])
    with acme.using("initech"):
        assert Contact.get().name == "Ploy"


def test_who_comes_to_share_it_meanwhile(acme: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again in the transaction that changes it."""
    other = Router(acme.folder)

    def reach(name: str) -> None:
        if name == "store looked over":
            monkeypatch.setattr(steps, "reached", None)
            other.share("globex", "registers", "acme")

    files = earlier(acme, "acme", "registers")
    monkeypatch.setattr(steps, "reached", reach)
    with pytest.raises(BadChange, match="is used by globex too"):
        acme.replace("acme", files, "x")
    assert acme.tenant("acme").store("registers").generation == 1
    other.close()


def test_a_store_whose_owner_is_gone(acme: Router) -> None:
    """It is replaced through one of those who use it, once that is said."""
    acme.share("globex", "registers", "acme")
    acme.create("initech", models=[Note, Contact], share={"registers": "acme"})
    acme.suspend("acme", "x")
    acme.purge("acme")
    with acme.using("globex"):
        Contact.create(name="Ploy")
    files = earlier(acme, "globex", "registers")
    with pytest.raises(BadChange, match="is used by initech too"):
        acme.replace("globex", files, "x")
    acme.replace("globex", files, "x", shared_too=["registers"])
    with acme.using("initech"):
        assert Contact.get().name == "earlier"


# Files that won't do


def test_files_that_arent_stores_of_that_role(acme: Router, tmp_path: Path) -> None:
    """They are refused before anything changes, each with what it is; a foreign application's among them."""
    foreign = prepared_copy(
        acme, acme.tenant("acme").store("books"), "PRAGMA application_id = 0x41424344"
    )
    nobody = prepared_copy(acme, acme.tenant("acme").store("books"), "DELETE FROM store_identity")
    other_role = prepared_copy(acme, acme.tenant("acme").store("registers"))
    outside = tmp_path / "books.db"
    shutil.copy(other_role, outside)
    link = acme.folder / "restoring" / "link.db"
    link.symlink_to(outside)
    through = acme.folder / "elsewhere"
    through.symlink_to(tmp_path)
    text = acme.folder / "restoring" / "text.db"
    text.write_text("Dear Sir or Madam, " * 100)
    logged = prepared_copy(acme, acme.tenant("acme").store("books"))
    Path(f"{logged}-wal").write_bytes(b"somebody's log")
    for path, said in {
        foreign: "with application id 0x41424344",
        nobody: "isn't a 'books' store of ours",
        other_role: "it says 'registers'",
        str(outside): "doesn't lie within the data folder",
        str(through / "books.db"): "doesn't lie within the data folder",
        str(link): "no plain file of one name",
        str(text): "isn't a store of ours",
        logged: "isn't closed",
    }.items():
        with pytest.raises(WrongFile, match=said):
            acme.replace("acme", {"books": path}, "x")
    assert acme.kept() == []
    with acme.using("acme"):
        assert texts() == ["acme"]
    assert len(list(Path(acme.tenant("acme").store("books").path).parent.glob("*.db"))) == 2


def test_a_damaged_file(acme: Router) -> None:
    """What `integrity_check` finds is told, and nothing of it is left."""
    path = prepared_copy(acme, acme.tenant("acme").store("books"))
    script = (
        "CREATE INDEX by_text ON note (text); INSERT INTO note (text, count) VALUES ('b', 1);"
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX by_text ON note (count)' WHERE name = 'by_text';"
    )
    with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)
    with pytest.raises(WrongFile, match="acme/books is damaged"):
        acme.replace("acme", {"books": path}, "x")
    assert acme.kept() == []


def test_what_cant_be_asked_for(acme: Router) -> None:
    """No roles, roles that aren't there, tenants that aren't, and within a transaction or an entry that has leased."""
    with pytest.raises(BadChange, match="Nothing of acme was named"):
        acme.replace("acme", {}, "x")
    with pytest.raises(TenantError, match="acme has no 'papers' store"):
        acme.replace("acme", {"papers": "x"}, "x")
    with pytest.raises(UnknownTenant):
        acme.replace("nobody", {"books": "x"}, "x")
    files = earlier(acme, "acme", "books")
    with acme.universal.atomic(), pytest.raises(TenantError, match="within a transaction"):
        acme.replace("acme", files, "x")
    with acme.using("acme"):
        Note.get()
        with pytest.raises(WouldDeadlock):
            acme.replace("acme", files, "x")
    files = earlier(acme, "acme", "books")
    acme.replace("acme", files, "x")


def test_a_register_that_raises(acme: Router) -> None:
    """The application's part of the transaction decides, too: nothing was changed."""

    def refuse(tenant: object) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        acme.replace("acme", earlier(acme, "acme", "books"), "x", register=refuse)
    assert acme.kept() == []
    with acme.using("acme"):
        assert texts() == ["acme"]
    assert not list(Path(acme.tenant("acme").store("books").path).parent.glob("books.2.*"))


# Others, all the while


def test_who_has_it_in_hand_is_waited_for_at_the_end_alone(acme: Router) -> None:
    """The new file is prepared while somebody works; the change itself waits for him, and gives up in time."""
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        write("at work")
        entered.set()
        leave.wait(60)

    thread = acme.start_thread(work, tenant="acme")
    entered.wait(60)
    try:
        with pytest.raises(LockTimeout, match="acme was in use"):
            acme.replace("acme", earlier(acme, "acme", "books"), "x", patience=0.05)
    finally:
        leave.set()
        thread.join()
    with acme.using("acme"):
        assert texts() == ["acme", "at work"]
    assert not list(Path(acme.tenant("acme").store("books").path).parent.glob("books.2.*"))


def test_others_write_at_each_step(acme: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step of replacing one tenant's files another thread writes to another's, without waiting for it.

    Until the change itself the tenant's own goes on, too.
    """
    reached: list[str] = []

    def post(slug: str, text: str) -> None:
        thread = acme.start_thread(write, text, tenant=slug)
        thread.join(60)
        assert not thread.is_alive()

    def reach(name: str) -> None:
        reached.append(name)
        post("globex", name)
        if name in ("marked", "store prepared", "store in place", "store looked over"):
            post("acme", name)

    files = earlier(acme, "acme", "books", "registers")
    monkeypatch.setattr(steps, "reached", reach)
    acme.replace("acme", files, "x")
    monkeypatch.setattr(steps, "reached", None)
    assert len(reached) == 9
    with acme.using("globex"):
        assert texts() == ["globex", *reached]


def test_two_who_replace_at_once(acme: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told to try again, and the first isn't disturbed."""
    other = Router(acme.folder)
    files, others = earlier(acme, "acme", "books"), earlier(acme, "acme", "books")
    refused: list[BadChange] = []

    def reach(name: str) -> None:
        monkeypatch.setattr(steps, "reached", None)
        for change in (
            lambda: other.replace("acme", others, "y"),
            lambda: other.go_back("acme", {"books": 1}),
        ):
            with pytest.raises(BadChange, match="being changed by somebody else") as raised:
                change()
            refused.append(raised.value)

    monkeypatch.setattr(steps, "reached", reach)
    acme.replace("acme", files, "x")
    assert len(refused) == 2
    assert [kept.reason for kept in acme.kept()] == ["x"]
    other.close()


def test_a_process_that_works_on_it(acme: Router) -> None:
    """Another process's lease is waited for, as this one's is."""
    code = (
        "import sys; from notes import Note; from tenants import Router; r = Router(sys.argv[1])\n"
        "with r.using('acme'):\n    Note.create(text='theirs'); print('held', flush=True); sys.stdin.readline()\n"
        "r.close()"
    )
    files = earlier(acme, "acme", "books")
    with child(code, acme.folder) as other:
        assert other.hears() == "held"
        with pytest.raises(LockTimeout):
            acme.replace("acme", files, "x", patience=0.05)
        other.told()
    with acme.using("acme"):
        assert texts() == ["acme", "theirs"]


# Schemas


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A folder with a migration that gives notes a colour."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_colour.py").write_text(
        "from peewee import TextField\n\n\ndef up(migrator, db):\n"
        "    migrator.migrate(migrator.add_column('note', 'colour', TextField(default='red')))\n"
    )
    return folder


def test_an_older_schema_is_migrated_before_anybody_enters(acme: Router, migrations: Path) -> None:
    """The file is brought up where it lies, so that a migration that fails keeps the old one in use."""
    old = prepared_copy(acme, acme.tenant("acme").store("books"))
    spoiled = prepared_copy(acme, acme.tenant("acme").store("books"), "DROP TABLE note")
    acme.close()
    router = Router(acme.folder, migrations={"books": migrations}, migrate_on_open=True)
    with router.using("acme"):
        assert texts() == ["acme"]
    with pytest.raises(MigrationFailed):
        router.replace("acme", {"books": spoiled}, "x")
    assert router.kept() == []
    router.replace("acme", {"books": old}, "x")
    store = router.tenant("acme").store("books")
    assert store.schema == router.fingerprint("books")
    with router.using("acme"):
        found = store.execute_sql("SELECT text, colour FROM note").fetchall()
    assert found == [("acme", "red")]
    router.close()


def test_a_newer_schema_is_refused(acme: Router, migrations: Path) -> None:
    """The program that made it is to be installed first."""
    newer = prepared_copy(acme, acme.tenant("acme").store("books"), "PRAGMA user_version = 7")
    acme.close()
    router = Router(acme.folder, migrations={"books": migrations}, migrate_on_open=True)
    with pytest.raises(StoreAhead, match="at version 7"):
        router.replace("acme", {"books": newer}, "x")
    assert router.kept() == []
    router.close()


# New tenants


def test_adopting_makes_a_tenant_of_files(acme: Router) -> None:
    """Its files say that they are its own, under ids that nobody had; the application's rows come with it."""
    told = []
    made = acme.adopt(
        "fresh",
        earlier(acme, "acme", "books"),
        register=lambda tenant: told.append(tenant.slug),
        setup=lambda: write("new"),
        share={"registers": "acme"},
    )
    assert told == ["fresh"]
    assert made.id != acme.tenant("acme").id
    assert made.store("books").id != acme.tenant("acme").store("books").id
    assert made.store("registers") is acme.tenant("acme").store("registers")
    with acme.using("fresh"):
        assert texts() == ["earlier", "new"]
    with acme.using("acme"):
        assert texts() == ["acme"]


def test_adopting_leaves_nothing_where_it_fails(acme: Router, tmp_path: Path) -> None:
    """A slug that is taken, a file that won't do, roles twice or none at all."""
    files = earlier(acme, "acme", "books")
    with pytest.raises(SlugTaken):
        acme.adopt("globex", files)
    for share in ({"books": "acme"}, {}):
        with pytest.raises(BadChange, match="for each role"):
            acme.adopt("fresh", files if share else {}, share=share)
    with pytest.raises(WrongFile, match="it says 'books'"):
        acme.adopt("fresh", {"registers": files["books"]})
    assert {tenant.slug for tenant in acme.tenants()} == {"acme", "globex"}
    assert len(list((acme.folder / "tenants").iterdir())) == 2
    assert not list((acme.folder / "making").iterdir())
