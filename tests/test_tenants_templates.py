"""Ready-made stores: made once for all tenants of a kind, copied byte by byte, and never opened where they lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from peewee import OperationalError, TextField

from notes import Child, Contact, Note, texts
from tenants import RoutedModel, Router, Tenant, TenantError, sqlite

MODELS = [Note, Contact]


def make(router: Router, slug: str, **given: Any) -> Tenant:
    """Make a tenant of the kind `plain`, which begins with one note."""
    wanted: dict[str, Any] = {
        "models": MODELS,
        "template": "plain",
        "prepare": lambda: Note.create(text="first"),
    }
    return router.create(slug, **(wanted | given))


def templates(router: Router) -> list[Path]:
    """The folders of templates that there are."""
    return sorted((router.folder / "templates").glob("*"))


def test_it_is_prepared_once_and_copied(router: Router) -> None:
    """Each tenant begins with what was prepared, has stores of its own, and its own setup comes on top."""
    prepared = []

    def prepare() -> None:
        prepared.append(1)
        Note.create(text="first")

    made = [
        make(router, slug, prepare=prepare, setup=lambda slug=slug: Note.create(text=slug))
        for slug in ("a", "b", "c")
    ]
    assert prepared == [1]
    for tenant in made:
        with router.using(tenant):
            assert texts() == ["first", tenant.slug]
            assert tenant.store("books").execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)
            assert tenant.store("books").execute_sql("PRAGMA journal_mode").fetchone() == ("wal",)
    ids = [store.id for tenant in made for store in tenant.stores.values()]
    assert len(set(ids)) == 6
    assert [tenant.slug for tenant in router.tenants()] == ["a", "b", "c"]
    assert len(templates(router)) == 1


def test_it_is_nobodys(router: Router) -> None:
    """The template's own ids are in no tenant, in the catalogue, or left among the homes."""
    tenant = make(router, "a")
    notes = json.loads((templates(router)[0] / "template.json").read_text())
    for told in notes.values():
        for part in (told["identity"][:26], told["identity"][26:52]):
            assert part.encode() not in Path(tenant.store("books").path).read_bytes()
    assert [path.name for path in (router.folder / "tenants").iterdir()] == [tenant.id]


def test_it_is_never_opened(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite opens no file under `templates/`: what it lays beside a file would be copied with the next, or lost."""
    make(router, "a")
    opened: list[str] = []
    connect = sqlite.driver.connect

    def watch(path: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(str(path))
        return connect(path, *args, **kwargs)

    monkeypatch.setattr(sqlite.driver, "connect", watch)
    before = {path: path.stat().st_mtime_ns for path in templates(router)[0].iterdir()}
    make(router, "b", setup=lambda: Note.create(text="x"))
    assert opened
    assert not [path for path in opened if "templates" in path]
    assert {path: path.stat().st_mtime_ns for path in templates(router)[0].iterdir()} == before
    assert sorted(path.name for path in before) == ["books.db", "registers.db", "template.json"]


def test_other_models_make_another(router: Router) -> None:
    """A field or an index more, and the old one is never used again, and goes."""
    make(router, "a")
    old = templates(router)

    class Grown(RoutedModel):
        text = TextField()
        extra = TextField(default="")

        class Meta:
            store = "books"
            table_name = "grown"

    make(router, "b", models=[*MODELS, Grown], setup=lambda: Grown.create(text="x"))
    newer = templates(router)
    assert len(newer) == 1
    assert newer != old
    Grown.add_index(Grown.text)
    tenant = make(router, "c", models=[*MODELS, Grown])
    assert templates(router) != newer
    with tenant.store("books").get_connection() as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE tbl_name = 'grown'")
        assert ("grown_text",) in found.fetchall()


def test_another_name_is_another_template(router: Router) -> None:
    """Both are kept."""
    make(router, "a")
    make(router, "b", template="other", prepare=lambda: Note.create(text="otherwise"))
    make(router, "c")
    for slug, wanted in (("a", "first"), ("b", "otherwise"), ("c", "first")):
        with router.using(slug):
            assert texts() == [wanted]
    assert len(templates(router)) == 2


def test_without_what_is_shared(router: Router) -> None:
    """A sharer's kind has no store of that role, and is a template of its own."""
    make(router, "owner", setup=lambda: Contact.create(name="Ploy"))
    friend = make(router, "friend", share={"registers": "owner"})
    assert [store.role for store in friend.own_stores()] == ["books"]
    with router.using(friend):
        assert [contact.name for contact in Contact.select()] == ["Ploy"]


@pytest.mark.parametrize("name", ["", "x" * 5000, "../../outside", "thai-en-THB", "ก\0ข\ud800"])
def test_any_name_will_do(router: Router, name: str) -> None:
    """It makes no path."""
    before = {path.name for path in router.folder.parent.iterdir()}
    make(router, "a", template=name)
    make(router, "b", template=name)
    assert len(templates(router)) == 1
    assert {path.name for path in router.folder.parent.iterdir()} == before


def flipped(folder: Path) -> None:
    content = bytearray((folder / "books.db").read_bytes())
    content[content.index(b"first")] ^= 1
    (folder / "books.db").write_bytes(content)


def cut(folder: Path) -> None:
    (folder / "books.db").write_bytes((folder / "books.db").read_bytes()[:4096])


def without_a_store(folder: Path) -> None:
    (folder / "books.db").unlink()


def without_notes(folder: Path) -> None:
    (folder / "template.json").unlink()


def notes_cut(folder: Path) -> None:
    (folder / "template.json").write_text('{"books": ')


def notes_of_another(folder: Path) -> None:
    (folder / "template.json").write_text("{}")


def a_linked_store(folder: Path) -> None:
    (folder / "books.db").rename(folder.parent.parent / "elsewhere.db")
    (folder / "books.db").symlink_to(folder.parent.parent / "elsewhere.db")


def a_link(folder: Path) -> None:
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(folder.parent.parent / "elsewhere")


def a_file(folder: Path) -> None:
    folder.rename(folder.parent.parent / "elsewhere")
    folder.write_text("x")


DAMAGES = [
    flipped, cut, without_a_store, without_notes, notes_cut, notes_of_another, a_linked_store, a_link, a_file,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_that_isnt_what_it_was_is_made_anew(router: Router, damage: Any) -> None:
    """Nobody begins with what a failing disk or a meddler has left there; where it leads to is left alone."""
    make(router, "a")
    folder = templates(router)[0]
    damage(folder)
    elsewhere = {path: path.read_bytes() for path in router.folder.glob("elsewhere/*")}
    tenant = make(router, "b")
    with router.using(tenant):
        assert texts() == ["first"]
        assert tenant.store("books").execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)
    assert templates(router) == [folder]
    assert folder.is_dir()
    assert not [path for path in (folder, *folder.iterdir()) if path.is_symlink()]
    assert {path: path.read_bytes() for path in elsewhere} == elsewhere


def test_a_preparation_that_fails_leaves_nothing(router: Router) -> None:
    """Neither template nor tenant; the next one tries again."""

    def fail() -> None:
        Note.create(text="half")
        raise OperationalError("no")

    with pytest.raises(OperationalError, match="no"):
        make(router, "a", prepare=fail)
    assert templates(router) == []
    assert list((router.folder / "tenants").iterdir()) == []
    assert list((router.folder / "making").iterdir()) == []
    make(router, "a")


def test_a_preparation_that_meddles_with_the_identity(router: Router) -> None:
    """What says whose a file is has to be found where it was written."""

    def meddle() -> None:
        store = "UPDATE store_identity SET role = 'x'"
        Note._meta.database.execute_sql(store)

    with pytest.raises(TenantError, match="store_identity"):
        make(router, "a", prepare=meddle)
    assert templates(router) == []


def test_somebody_who_leaves_a_store_open(router: Router) -> None:
    """What isn't closed can't be copied, nor counted on to be whole: the tenant isn't made."""
    held: list[Any] = []

    def hold() -> None:
        path = Note._meta.database.database
        connection = sqlite.driver.connect(path, isolation_level=None)
        connection.execute("INSERT INTO note (text, count) VALUES ('x', 0)")
        held.append(connection)

    try:
        with pytest.raises(TenantError, match="still open"):
            make(router, "a", setup=hold)
    finally:
        held[0].close()
    assert router.tenants() == []


def test_two_processes_make_one(router: Router) -> None:
    """Whoever comes second uses the first one's, and both tenants are whole."""
    code = (
        "import sys; from notes import Contact, Note; from tenants import Router\n"
        "from tenants.life import steps; r = Router(sys.argv[1])\n"
        "def wait():\n    Note.create(text='first'); print('ready', flush=True); sys.stdin.readline()\n"
        "r.create(sys.argv[2], models=[Note, Contact], template='plain', prepare=wait); r.close()"
    )
    children = [Child(code, router.folder, slug) for slug in ("a", "b")]
    for one in children:
        assert one.hears() == "ready"
    for one in children:
        one.told()
    for one in children:
        _, error = one.process.communicate(timeout=60)
        assert one.process.returncode == 0, error
    assert len(templates(router)) == 1
    assert list((router.folder / "making").iterdir()) == []
    assert len(list((router.folder / "tenants").iterdir())) == 2
    for slug in ("a", "b"):
        with router.using(slug):
            assert texts() == ["first"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_no_new_file_meets_an_old_one(
    router: Router, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """Where something already has the name of a store, or of its log, the tenant isn't made."""
    from tenants.life import steps

    make(router, "a")

    def lay(step: str) -> None:
        if step == "home made":
            home = max(
                (router.folder / "tenants").iterdir(), key=lambda path: path.stat().st_mtime_ns
            )
            (home / f"registers.1.db{suffix}").write_bytes(b"old")

    monkeypatch.setattr(steps, "reached", lay)
    with pytest.raises(TenantError, match="already there"):
        make(router, "b")
    monkeypatch.setattr(steps, "reached", None)
    assert [tenant.slug for tenant in router.tenants()] == ["a"]
    make(router, "b")
