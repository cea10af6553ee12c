"""The catalogue: which rows name a tenant and its stores, and that only what it gave out becomes a path."""

from __future__ import annotations

from pathlib import Path

import pytest
from peewee import IntegrityError

from notes import Contact, Note, child, texts
from tenants import Router, StoreAhead, TenantError, UnknownTenant, WrongFile
from tenants.places import NOTICE_NAME
from tenants.tenant import new_id


def test_a_tenant_is_found_by_slug_and_id(router: Router) -> None:
    """Both give the same object, in this router and as another one reads it."""
    made = router.create("acme", models=[Note])
    other = Router(router.folder)
    assert router.tenant("acme") is router.tenant(made.id) is router.tenant(made) is made
    found = other.tenant(made.id)
    assert (found.id, found.slug) == (made.id, "acme")
    assert found.store("books").path == made.store("books").path
    assert found is other.tenant("acme")
    with pytest.raises(UnknownTenant, match="another router"):
        router.tenant(found)
    other.close()


def test_what_another_process_makes_is_seen(router: Router) -> None:
    """No restart is needed, and what wasn't there a moment ago isn't remembered as missing."""
    with pytest.raises(UnknownTenant, match="'acme'"):
        router.tenant("acme")
    code = (
        "import sys; from notes import Note; from tenants import Router; r = Router(sys.argv[1]);"
        "r.create('acme', models=[Note], setup=lambda: Note.create(text='from there')); r.close()"
    )
    with child(code, router.folder):
        pass
    with router.using("acme"):
        assert texts() == ["from there"]
    assert [tenant.slug for tenant in router.tenants()] == ["acme"]


def test_the_notice_has_its_room_on_the_disk(router: Router) -> None:
    """It is written through mapped memory, and where that leads to a hole a full disk kills the process."""
    path = router.folder / NOTICE_NAME
    assert (path.stat().st_size, path.stat().st_blocks > 0) == (8, True)
    with router.notice.changing():
        pass
    count = router.notice.now()
    other = Router(router.folder)  # which leaves what is counted there
    assert other.notice.now() == router.notice.now() == count
    other.close()


def test_all_tenants_by_slug(router: Router) -> None:
    """In order, with those of no store, and as the very objects that are known already."""
    made = [router.create(slug, models=[Note, Contact]) for slug in ("b", "c", "a")]
    router.create("d")
    assert [tenant.slug for tenant in router.tenants()] == ["a", "b", "c", "d"]
    assert router.tenants()[1] is made[0]
    again = Router(router.folder)
    assert [len(tenant.stores) for tenant in again.tenants()] == [2, 2, 2, 0]
    again.close()


def test_a_shared_store_is_one_store(router: Router) -> None:
    """Whoever is looked up first, affiliates get one object for it, labelled by its owner."""
    router.create("owner", models=[Note, Contact])
    router.create("friend", models=[Note, Contact], share={"registers": "owner"})
    for order in (("owner", "friend"), ("friend", "owner")):
        other = Router(router.folder)
        stores = {other.tenant(slug).store("registers") for slug in order}
        assert [store.label for store in stores] == ["owner/registers"]
        other.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("url", "sqlite:////etc/passwd"),
        ("url", "sqlite:///tenants/../universal.db"),
        ("role", "../../outside"),
        ("role", "books/../../x"),
        ("owner", ".."),
        ("generation", 0),
        ("generation", -1),
    ],
)
def test_a_catalogue_that_was_tampered_with_leads_nowhere(
    router: Router, column: str, value: object
) -> None:
    """A row that would place a store elsewhere is refused, and nothing is opened or made."""
    router.create("acme", models=[Note])
    router.universal.execute_sql("PRAGMA foreign_keys = OFF")
    with router.universal_store.get_connection() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"UPDATE store SET {column} = ?", (value,))
        if column != "url":  # as somebody would who knows how the two go together
            connection.execute(
                "UPDATE store SET url = 'sqlite:///tenants/' || owner || '/' || role || '.' || generation || '.db'"
            )
    before = sorted(router.folder.parent.rglob("*"))
    other = Router(router.folder)
    with pytest.raises((WrongFile, TenantError)):
        other.tenant("acme")
    other.close()
    assert set(before) >= {p for p in router.folder.parent.rglob("*") if "universal" not in p.name}


def test_a_row_of_another_generation_finds_no_file(router: Router) -> None:
    """Generation and file name go together: a catalogue that is ahead of its files says so."""
    router.create("acme", models=[Note])
    with router.universal_store.get_connection() as connection:
        connection.execute("UPDATE store SET generation = 2, url = replace(url, '.1.db', '.2.db')")
    other = Router(router.folder)
    with other.using("acme"), pytest.raises(WrongFile, match="acme/books is missing"):
        texts()
    other.close()


def test_an_unknown_id(router: Router) -> None:
    """An id of the right form that nobody has is unknown, also where it was cut or in capitals."""
    made = router.create("acme", models=[Note])
    for wrong in (new_id(), made.id[:-1], made.id.upper(), f"{made.id} ", "' OR 1=1 --"):
        with pytest.raises(UnknownTenant):
            router.tenant(wrong)


# The folder's shared database


def test_starts_at_the_same_time_make_one_catalogue(tmp_path: Path) -> None:
    """Processes that open a new data folder together agree on one shared database."""
    code = (
        "import sys; from tenants import Router; print('ready', flush=True); sys.stdin.readline();"
        "r = Router(sys.argv[1]); r.create(sys.argv[2]); r.close()"
    )
    folder = tmp_path / "data"
    slugs = ["a", "b", "c"]
    with (
        child(code, folder, "a") as a,
        child(code, folder, "b") as b,
        child(code, folder, "c") as c,
    ):
        for one in (a, b, c):
            assert one.hears() == "ready"
        for one in (a, b, c):
            one.told()
    router = Router(folder)
    assert [tenant.slug for tenant in router.tenants()] == slugs
    router.close()


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_catalogue_that_was_lost_is_not_made_anew(tmp_path: Path, suffix: str) -> None:
    """Where its log lies about and it doesn't, a fresh one would hide every company."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / f"universal.db{suffix}").write_bytes(b"")
    with pytest.raises(WrongFile, match="restore it from a backup"):
        Router(folder)
    assert not (folder / "universal.db").exists()


def test_a_start_that_was_interrupted(tmp_path: Path) -> None:
    """What it had begun to make is made anew."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "universal.db.new").write_bytes(b"half")
    router = Router(folder)
    assert router.tenants() == []
    router.close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_shared_database_that_isnt_one(tmp_path: Path, content: bytes) -> None:
    """It is refused and left as it is; no router is open afterwards."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "universal.db").write_bytes(content)
    with pytest.raises(WrongFile, match="the shared database"):
        Router(folder)
    assert (folder / "universal.db").read_bytes() == content


def test_a_start_waits_for_no_writer(router: Router) -> None:
    """Opening the folder while another process is writing to its shared database takes no lock."""
    with router.universal.atomic():
        router.universal.execute_sql("CREATE TABLE busy (x)")
        other = Router(router.folder)
        assert other.tenants() == []
        other.close()


OLD_CATALOGUE = """
    DROP TABLE tenant_store; DROP TABLE store; DROP TABLE tenant; DROP TABLE tombstone; DROP TABLE catalogue;
    DROP TABLE purged_store; DROP TABLE kept_store;
DROP TABLE drill; DROP TABLE backup; DROP TABLE backup_state;
    CREATE TABLE tenant (
        id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE store (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL,
        generation INTEGER NOT NULL, url TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tenant_store (
        tenant TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL, store TEXT NOT NULL REFERENCES store (id),
        PRIMARY KEY (tenant, role)
    ) STRICT, WITHOUT ROWID;
"""


def test_an_older_programs_catalogue(router: Router) -> None:
    """Brought up to date, it has the same tenants, with the same stores, and links that hold."""
    owner = router.create("owner", models=[Note, Contact])
    friend = router.create("friend", models=[Note, Contact], share={"registers": owner})
    with router.universal_store.get_connection() as connection:
        tables = ("tenant", "store", "tenant_store")
        columns = {"tenant": "id, slug, created_at", "store": "id, owner, role, generation, url"}
        rows = {
            t: connection.execute(f"SELECT {columns.get(t, '*')} FROM {t}").fetchall()
            for t in tables
        }
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.executescript(OLD_CATALOGUE)
        for table in tables:
            marks = ", ".join("?" * len(rows[table][0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
    other = Router(router.folder)
    for tenant in (owner, friend):
        found = other.tenant(tenant.slug)
        assert (found.id, found.state) == (tenant.id, "active")
        assert {r: s.stamp for r, s in found.stores.items()} == {
            r: s.stamp for r, s in tenant.stores.items()
        }
    with pytest.raises(IntegrityError):
        other.universal.execute_sql("DELETE FROM store WHERE id = ?", (owner.store("books").id,))
    assert other.universal.execute_sql("PRAGMA foreign_key_check").fetchall() == []
    other.close()


def test_a_newer_programs_catalogue(router: Router) -> None:
    """It is left as it is."""
    router.universal.execute_sql("UPDATE catalogue SET version = 99")
    with pytest.raises(StoreAhead, match="install that program again"):
        Router(router.folder)
    assert router.universal.execute_sql("SELECT version FROM catalogue").fetchone() == (99,)
