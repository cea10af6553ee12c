"""The detector of what a test leaves behind sees each kind of thing."""

from __future__ import annotations

import threading
from pathlib import Path

from notes import Note
from tenants import Router
from tenants.testing import Surroundings, left_behind


def test_a_clean_test_leaves_nothing(tmp_path: Path) -> None:
    """A router that is used and closed leaves nothing behind."""
    before = Surroundings()
    router = Router(tmp_path)
    router.create("acme")
    with router.using("acme"):
        pass
    router.close()
    assert left_behind(before) == []


def test_each_kind_is_seen(tmp_path: Path) -> None:
    """An open router, its database files, a live entry and a thread are each told."""
    before = Surroundings()
    router = Router(tmp_path)
    router.create("acme")
    entry = router.enter_here("acme")
    stop = threading.Event()
    waiting = threading.Thread(target=stop.wait, name="lingers")
    waiting.join = lambda timeout=None: None  # type: ignore[method-assign]  # the test need not wait for it
    waiting.start()
    told = " ".join(left_behind(before))
    stop.set()
    threading.Thread.join(waiting)
    router.leave(entry)
    for kind in ("entry", "open router", "thread lingers", "universal.db", "current entry"):
        assert kind in told
    router.close()
    assert left_behind(before) == []


def test_a_lease_of_a_lost_entry_is_seen(tmp_path: Path) -> None:
    """Whoever takes an entry out of `db_dict` and never leaves it keeps its lease, which is told."""
    router = Router(tmp_path)
    router.create("acme", models=[Note])
    before = Surroundings()
    entry = router.enter_here("acme")
    Note.create(text="kept")
    router.db_dict.pop(entry.key)
    assert [line.split()[0] for line in left_behind(before)] == ["lease"]
    router.leave(entry)
    assert left_behind(before) == []
    router.close()


def test_a_transaction_on_the_shared_database_is_seen(tmp_path: Path) -> None:
    """A transaction that this thread has left open on the shared database is told."""
    router = Router(tmp_path)
    before = Surroundings()
    with router.universal.atomic():
        assert [line.split()[0] for line in left_behind(before)] == ["transaction"]
    assert left_behind(before) == []
    router.close()


def test_what_was_there_before_is_not_told_again(router: Router) -> None:
    """The test after one that has forgotten to leave an entry isn't blamed for it."""
    entry = router.enter_here(router.create("acme"))
    before = Surroundings()
    assert left_behind(before) == []
    router.leave(entry)
