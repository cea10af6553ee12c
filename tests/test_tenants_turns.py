"""Who finds no room waits for it in turn, no tenant starves another, and a wait that ends leaves nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrow_pool import COST, assert_nothing_is_held, narrow_router
from notes import Note, texts
from tenants import (
    NoRoom,
    Router,
)
from tenants.leasing.leases import Lease
from tenants.leasing.pool import Pool
from tenants.leasing.turns import Turns, Waiter
from threads import holding, touching, wait_for


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Router]:
    """A router with room for two tenants of one store."""
    with narrow_router(tmp_path / "data") as router:
        yield router


# Waiting


def test_whoever_finds_no_room_waits_for_it(narrow: Router) -> None:
    """And has it as soon as somebody leaves, by a direct hand-over."""
    a, b = holding(narrow, "a").enters(), holding(narrow, "b").enters()
    c = holding(narrow, "c")
    wait_for(lambda: narrow.pool.status().waiting == 1)
    assert not c.inside
    a.leaves()
    c.enters()
    status = narrow.pool.status()
    assert (status.waits, status.timeouts, status.waiting) == (1, 0, 0)
    assert status.waited_seconds > 0
    assert sorted(lease.tenant for lease in status.leases) == ["b", "c"]
    for held in (b, c):
        assert held.leaves() is None


def test_a_wait_ends_in_no_room(narrow: Router) -> None:
    """The error names the tenant and the budget; nothing stays behind, and the next one is served."""
    narrow.pool.patience = 0.05
    a, b = holding(narrow, "a").enters(), holding(narrow, "b").enters()
    with (
        pytest.raises(NoRoom, match=r"no room for c for 0\.0.* 11 file descriptors"),
        narrow.using("c"),
    ):
        texts()
    status = narrow.pool.status()
    assert (status.timeouts, status.waiting, len(status.leases)) == (1, 0, 2)
    a.leaves()
    with narrow.using("c"):
        assert texts() == ["c"]
    assert b.leaves() is None


def test_an_interrupted_wait_leaves_nothing(
    narrow: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a waiter: its place in the queue is gone, and others get the room."""

    class Interrupted(threading.Event):
        def acquire(self, timeout: float) -> bool:
            raise KeyboardInterrupt

    a, b = holding(narrow, "a").enters(), holding(narrow, "b").enters()
    with monkeypatch.context() as patch:
        patch.setattr(Waiter, "__init__", with_signal(Interrupted()))
        with pytest.raises(KeyboardInterrupt), narrow.using("c"):
            texts()
    assert narrow.pool.status().waiting == 0
    a.leaves()
    with narrow.using("d"):
        assert texts() == ["d"]
    assert b.leaves() is None
    assert_nothing_is_held(narrow)


def test_room_that_comes_with_the_interrupt_goes_on(
    narrow: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was given to a waiter in the moment of its Ctrl-C isn't lost."""
    a, b = holding(narrow, "a").enters(), holding(narrow, "b").enters()

    class Granted:
        def acquire(self, timeout: float) -> bool:
            a.leaves()
            raise KeyboardInterrupt

        def release(self) -> None:
            pass

    with monkeypatch.context() as patch:
        patch.setattr(Waiter, "__init__", with_signal(Granted()))
        with pytest.raises(KeyboardInterrupt), narrow.using("c"):
            texts()
    assert b.leaves() is None
    assert_nothing_is_held(narrow)


def with_signal(signal: object) -> object:
    """A `Waiter.__init__` with that signal."""
    plain = Waiter.__init__

    def init(self: Waiter, lease: object) -> None:
        plain(self, lease)  # type: ignore[arg-type]
        self.signal = signal  # type: ignore[assignment]

    return init


# Fairness


def test_fifty_threads_of_one_delay_another_by_one_turn(
    narrow: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a tenant with many waiting entries at most one more is served before another tenant's only one."""
    order: list[str] = []

    def work(slug: str) -> None:
        with touching(narrow, slug):
            pass

    def noted(pool: Pool, lease: Lease) -> None:
        order.append(lease.tenant.slug)
        grant(pool, lease)

    others = [holding(narrow, slug).enters() for slug in "cd"]
    grant = Pool._grant
    monkeypatch.setattr(Pool, "_grant", noted)
    crowd = [threading.Thread(target=work, args=("a",)) for _ in range(50)]
    for thread in crowd:
        thread.start()
    wait_for(lambda: narrow.pool.status().waiting == 50)
    one = threading.Thread(target=work, args=("b",))
    one.start()
    wait_for(lambda: narrow.pool.status().waiting == 51)
    for held in others:
        held.leaves()
    for thread in [*crowd, one]:
        thread.join()
    assert order.index("b") <= 1
    assert sorted(order) == ["a"] * 50 + ["b"]


def test_who_has_least_goes_first(narrow: Router) -> None:
    """Not who came first: a tenant with nothing in hand is before one that has something already."""
    turns = Turns()
    for slug in "ab":
        with narrow.using(slug) as entry:
            lease = Lease(narrow.pool, entry)
            lease.nested = False
            turns.add(Waiter(lease))
    has = {narrow.tenant("a").id: 1}

    def served() -> str:
        waiter = turns.next(has, lambda lease: True, lambda lease: True)
        assert waiter is not None
        turns.served(waiter)
        return waiter.lease.tenant.slug

    assert [served(), served()] == ["b", "a"]
    assert turns.count == 0


def test_nobody_overtakes_for_needing_less(narrow: Router) -> None:
    """Whose turn it is waits for room; only one whose tenant has its share already lets others go."""
    turns = Turns()
    for slug in "ab":
        with narrow.using(slug) as entry:
            lease = Lease(narrow.pool, entry)
            lease.nested = False
            turns.add(Waiter(lease))
    a = narrow.tenant("a")
    assert turns.next({}, lambda lease: True, lambda lease: lease.tenant is not a) is None
    waiter = turns.next({}, lambda lease: lease.tenant is not a, lambda lease: True)
    assert waiter is not None
    assert waiter.lease.tenant.slug == "b"


def test_whoever_is_nested_and_can_go_on_does(narrow: Router) -> None:
    """An inner entry that finds room isn't held up by one that waits for what only the first can give back."""
    turns = Turns()
    for slug in "ab":
        with narrow.using(slug) as entry:
            lease = Lease(narrow.pool, entry)
            lease.nested = True
            turns.add(Waiter(lease))
    large = narrow.tenant("a")
    waiter = turns.next({}, lambda lease: True, lambda lease: lease.tenant is not large)
    assert waiter is not None
    assert waiter.lease.tenant.slug == "b"
    turns.served(waiter)
    assert turns.next({}, lambda lease: True, lambda lease: lease.tenant is not large) is None


def test_long_entries_of_one_leave_room_for_others(tmp_path: Path) -> None:
    """However many a tenant has under way it leaves as much free as it has, though nobody else is there yet."""
    router = Router(tmp_path / "data", descriptors=16 * COST, patience=60)
    for slug in "abc":
        router.create(slug, models=[Note])
    router.universal.release()
    held = [holding(router, "a") for _ in range(16)]
    wait_for(lambda: sum(one.inside for one in held) + router.pool.status().waiting == 16)
    inside = sum(one.inside for one in held)
    assert 16 * COST // 4 <= inside * COST <= 16 * COST // 2
    for slug in "bc":
        router.pool.patience = 0
        with router.using(slug):
            assert texts() == []
    for one in held:
        one._leave.set()
    for one in held:
        assert one.leaves() is None
    router.close()
