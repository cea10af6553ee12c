"""Entries within entries, tasks and generators never wait for what only their own thread could give back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_app import Exchange, make_app
from narrow_pool import assert_nothing_is_held, narrow_router
from notes import Note, texts
from routed_models import tenant
from tenants import (
    NoRoom,
    Router,
)
from tenants.current import NOWHERE, Entry, current
from threads import holding, touching


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Router]:
    """A router with room for two tenants of one store."""
    with narrow_router(tmp_path / "data") as router:
        yield router


# Entries within entries


def test_an_inner_entry_has_a_reserve(tmp_path: Path) -> None:
    """It goes on although those outside of it have to wait."""
    router = Router(tmp_path / "data", descriptors=40, patience=0)
    for n in range(9):
        router.create(f"t{n}", models=[Note])
    router.universal.release()
    held = [holding(router, f"t{n}").enters() for n in range(7)]
    with router.using("t7"):
        assert texts() == []
        outsider = holding(router, "t8")
        outsider.thread.join()
        assert isinstance(outsider.error, NoRoom)
        with router.using("t8"):
            assert texts() == []
    for one in held:
        assert one.leaves() is None
    router.close()


def test_inner_entries_never_wait_for_each_other(narrow: Router) -> None:
    """Where all who have room want more of it, one is refused at once, and so the others come through."""
    meet = threading.Barrier(2, timeout=60)
    outcomes: dict[str, object] = {}

    def work(outer: str, inner: str) -> None:
        with touching(narrow, outer):
            meet.wait()
            try:
                with touching(narrow, inner):
                    outcomes[outer] = "through"
            except NoRoom as error:
                outcomes[outer] = error

    begun = time.monotonic()
    threads = [threading.Thread(target=work, args=pair) for pair in (("a", "c"), ("b", "d"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [error for error in outcomes.values() if error != "through"]
    assert len(outcomes) == 2
    assert len(refused) <= 1
    assert all("within another" in str(error) for error in refused)
    assert time.monotonic() - begun < narrow.pool.patience / 2
    assert_nothing_is_held(narrow)


def test_one_thread_never_waits_for_itself(narrow: Router) -> None:
    """An inner entry for which there is no room is refused at once, however patient the pool is."""
    with touching(narrow, "a"), touching(narrow, "b"):
        begun = time.monotonic()
        with pytest.raises(NoRoom, match="within another"), touching(narrow, "c"):
            pass
        assert time.monotonic() - begun < narrow.pool.patience / 2
    with touching(narrow, "c"):
        assert texts() == ["c"]


def test_who_maintains_a_store_has_the_reserve_too(tmp_path: Path) -> None:
    """Others wait for the end of it, so that it doesn't wait for the room that they have."""
    router = Router(tmp_path / "data", descriptors=40, patience=0)
    for n in range(9):
        router.create(f"t{n}", models=[Note])
    router.universal.release()
    held = [holding(router, f"t{n}").enters() for n in range(8)]
    with pytest.raises(NoRoom), touching(router, "t8"):
        pass
    with router.maintaining("t8"), touching(router, "t8"):
        assert texts() == []
    for one in held:
        assert one.leaves() is None
    router.close()


def test_tasks_of_one_thread_never_wait_for_each_other(narrow: Router) -> None:
    """A task that waited would hold up the loop, and so the task that it waits for."""

    async def inside(slug: str, here: asyncio.Event, go: asyncio.Event) -> str:
        with touching(narrow, slug):
            here.set()
            await go.wait()
        return slug

    async def all_of_them() -> list[object]:
        go, heres = asyncio.Event(), [asyncio.Event() for _ in range(3)]
        tasks = [asyncio.create_task(inside(*args, go)) for args in zip("abc", heres, strict=True)]
        for here in heres[:2]:
            await here.wait()
        done, _ = await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
        assert done == {tasks[2]}
        go.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    *through, refused = asyncio.run(all_of_them())
    assert through == ["a", "b"]
    assert isinstance(refused, NoRoom)
    assert_nothing_is_held(narrow)


def test_a_generator_has_its_lease_until_it_ends(narrow: Router) -> None:
    """While it waits for its consumer, and not longer, also where it is closed in the middle."""

    def rows() -> Iterator[str]:
        with narrow.using("a"):
            yield from texts()

    steps = rows()
    assert next(steps) == "a"
    assert narrow.pool.leases() == 1
    steps.close()
    assert_nothing_is_held(narrow)


def test_an_entry_that_touches_nothing_takes_no_room(narrow: Router) -> None:
    """Room is taken with the first connection, and not before."""
    narrow.pool.patience = 0
    a, b = holding(narrow, "a").enters(), holding(narrow, "b").enters()
    with narrow.using("c") as entry:
        assert entry.lease is None
        assert Note.select().sql()
    for held in (a, b):
        assert held.leaves() is None


@pytest.mark.parametrize("path", ["/stream", "/stream-with-context"])
def test_a_streamed_response_has_its_lease_until_it_is_closed(router: Router, path: str) -> None:
    """From its first query on, also where another thread goes on with it; however it ends, it is given back."""
    tenant(router, "acme")
    app = make_app(router)
    exchange = Exchange(app, path, tenant="acme")
    exchange.step()
    (lease,) = router.pool.status().leases
    assert lease.tenant == "acme"
    other = threading.Thread(target=exchange.step)
    other.start()
    other.join()
    assert list(router.pool._holders.of_thread) == [other.ident]
    exchange.close()
    assert router.pool.leases() == 0
    assert router.pool._holders.of_thread == {}


def test_ctrl_c_as_an_entry_is_left_keeps_no_lease(
    narrow: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had in hand is given back, though it was interrupted before that."""
    entry = narrow.enter_here("a")
    assert texts() == ["a"]
    with monkeypatch.context() as patch:
        patch.setattr(Entry, "empty", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            narrow.leave(entry)
    assert_nothing_is_held(narrow)
    current.set(NOWHERE)


def _interrupted(self: Entry) -> None:
    raise KeyboardInterrupt
