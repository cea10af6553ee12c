"""The detector of what a test leaves behind sees each kind of thing."""

from __future__ import annotations

import threading
from pathlib import Path

from leaks import Surroundings, left_behind
from tenants import Router


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
