"""The data folder and its entries: refused where it can't be, and ended with nothing in hand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from notes import Contact, Note, texts
from tenants import (
    KeyInUse,
    Router,
    TenantError,
    WrongFile,
    current_entry,
)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run without root's rights, under which every folder can be written."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was == 0:
            os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others may look into: pytest's are for their owner alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_cant_be_written(public: Path) -> None:
    """A data folder that may only be read, and a new one that can't be filled: each is told, and stays as it is."""
    folder, empty = public / "data", public / "empty"
    router = Router(folder)
    router.create("acme", models=[Note])
    router.close()
    empty.mkdir(mode=0o555)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(public.rglob("*"))
    with as_nobody():
        with pytest.raises(WrongFile, match=r"can't be opened for writing"):
            Router(folder)
        with pytest.raises(WrongFile, match="can't be made"):
            Router(empty)
    assert sorted(public.rglob("*")) == before


@pytest.mark.parametrize("name", ["taken", "taken/data"])
def test_a_folder_that_is_a_file(tmp_path: Path, name: str) -> None:
    """Where something else has the data folder's name, or that of one above it, this is told."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(WrongFile, match=r"data folder .* can't be made"):
        Router(tmp_path / name)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_linked_folder_of_tenants(router: Router, tmp_path: Path) -> None:
    """A link in its place would lead out of the data folder: nothing is made behind it, and it isn't opened."""
    (tmp_path / "elsewhere").mkdir()
    (router.folder / "tenants").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WrongFile, match="is a link"):
        router.create("acme", models=[Note])
    with pytest.raises(WrongFile, match="is a link"):
        Router(router.folder)
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Entries


def test_a_key_is_given_once(router: Router) -> None:
    """Entering a key that is live is refused, and the one that has it goes on."""
    acme = router.create("acme", models=[Note])
    entry = router.enter(("token", "request"), acme)
    with pytest.raises(KeyInUse):
        router.enter(("token", "request"), None)
    assert texts() == []
    router.leave(entry)
    router.leave(entry)
    assert list(router.db_dict) == [("universal", None)]


def test_a_failed_hand_back_holds_no_other_up(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each store's connection is given back although another's couldn't be, and the error is shown."""
    from tenants.connections import ConnectionState

    router.create("acme", models=[Note, Contact])
    hand_back = ConnectionState.hand_back
    lent = router.pool.lent()
    entry = router.enter_here("acme")
    Note.create(text="x")
    Contact.create(name="y")

    def failing(state: ConnectionState) -> None:
        hand_back(state)
        if state.store.role == "books":
            raise OSError("from the first one")

    monkeypatch.setattr(ConnectionState, "hand_back", failing)
    with pytest.raises(OSError, match="from the first one"):
        router.leave(entry)
    monkeypatch.undo()
    assert router.pool.lent() <= lent
    assert current_entry() is None


def test_a_router_with_live_entries_isnt_closed(router: Router) -> None:
    """Closing names the entries, and nothing is closed under them."""
    router.create("acme", models=[Note])
    with router.using("acme") as entry:
        with pytest.raises(TenantError, match="still live"):
            router.close()
        Note.create(text="x")
        assert texts() == ["x"]
    assert not entry.live
