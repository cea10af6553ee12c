"""Every order in which two threads can take their steps through the pool, and through the lock of a tenant's folder.

Each kind of exploration has a control: code with a known fault, in which the fault is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import get_ident
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from exploring import explore, peopled, require, scheduler
from tenants import NoRoom, Router
from tenants.leasing.budget import Budget
from tenants.leasing.homes import Home
from tenants.leasing.pool import Pool

__all__ = ["peopled", "scheduler"]

pytestmark = pytest.mark.usefixtures("scheduler")


# The pool


class Wanted:
    """A lease as the pool sees it, of a tenant with one store that nobody has open."""

    def __init__(self, slug: str) -> None:
        self.tenant = SimpleNamespace(id=slug, slug=slug)
        self.thread = get_ident()
        self.began = monotonic()
        self.cost = 4
        self.stores: dict[str, Any] = {}
        self.claimed: dict[Any, Any] = {}
        self.connections: dict[Any, Any] = {}
        self.homes = ()
        self.store = None
        self.nested = self.held = self.late = False
        self.epoch = self.reused = 0


def with_room_for_one(router: Router, kind: type[Pool] = Pool) -> Callable[[], Any]:
    """Return a set-up of a pool that has room for one lease at a time."""
    return lambda: SimpleNamespace(
        pool=kind(router, Budget(7, 0)), inside=0, most=0, outcomes=[], leases=[]
    )


def lend(slug: str, patience: float = 60.0, seconds: float = 0.0) -> Callable[[Any], None]:
    """Return the work of an entry of that tenant: wait for room, have it, give it back."""

    def work(state: Any) -> None:
        lease = Wanted(slug)
        state.leases.append(lease)
        try:
            state.pool.admit(lease, lease.began + patience)
            state.inside += 1
            state.most = max(state.most, state.inside)
            if seconds:
                time.sleep(seconds)
            state.inside -= 1
            state.outcomes.append("room")
        except NoRoom:
            state.outcomes.append("no room")
        finally:
            state.pool.take_back(lease)

    return work


def is_empty(state: Any) -> bool:
    """True where nobody had room that another one had, and the pool has all its room again, with nobody waiting."""
    pool = state.pool
    return state.most <= 1 and (pool._held, len(pool._turns), pool.leases()) == (0, 0, 0)


def test_room_for_one(peopled: Router) -> None:
    """Of two entries that want the same room, each gets it, one after the other, in every order."""
    both = ["room", "room"]
    workers = [lend("acme"), lend("globex")]
    require(
        with_room_for_one(peopled),
        workers,
        lambda s: is_empty(s) and s.outcomes == both,
        clock="virtual",
        preemption_bound=1,
    )


def test_room_that_comes_as_time_runs_out(peopled: Router) -> None:
    """Whether the time-out or the room is first, whoever waits has it or hasn't, and it is never lost."""
    require(
        with_room_for_one(peopled),
        [lend("acme", seconds=1.0), lend("globex", patience=1.05)],
        lambda s: is_empty(s) and "room" in s.outcomes,
        clock="explored",
        preemption_bound=1,
    )


class Forgetful(Pool):
    """Doesn't ask, once the time is up, whether room was given in the last moment, and gives none back."""

    def _stop_waiting(self, waiter: Any, begun: float) -> bool:
        return False

    def take_back(self, lease: Any) -> None:
        if "no room" not in lease.tenant.slug:
            super().take_back(lease)


def test_lost_room_is_found(peopled: Router) -> None:
    """The control: where the room meets the time-out and isn't asked for, an entry is refused that has it."""
    result = explore(
        with_room_for_one(peopled, Forgetful),
        [lend("acme", seconds=1.0), lend("globex", patience=1.05)],
        lambda s: is_empty(s) and s.outcomes == ["room", "room"],
        clock="explored",
    )
    assert not result.property_holds


def test_a_pool_that_is_closed_meanwhile(peopled: Router) -> None:
    """Whoever closes what lies idle, while another takes a lease and gives it back, takes nothing from them."""
    require(
        with_room_for_one(peopled),
        [lend("acme"), lambda state: state.pool.close()],
        lambda s: is_empty(s) and s.outcomes == ["room"],
    )


# Folders: who works in one, and who maintains it


def a_home(router: Router, kind: type[Home] = Home) -> Callable[[], Any]:
    """Return a set-up of the lock of a tenant's folder."""
    folder = router.tenant("acme").store("books").home.folder
    return lambda: SimpleNamespace(
        home=kind(router.homes, folder, "acme"), leased=0, maintained=0, met=False, done=[]
    )


def work_in(state: Any) -> None:
    """Work in the folder."""
    state.home.lease(60.0)
    state.leased += 1
    state.met |= state.maintained > 0
    state.leased -= 1
    state.home.release()
    state.done.append("worked")


def maintain(state: Any) -> None:
    """Have the folder alone."""
    with state.home.maintaining(60.0):
        state.maintained += 1
        state.met |= state.leased > 0 or state.maintained > 1
        state.maintained -= 1
    state.done.append("maintained")


def kept_apart(state: Any) -> bool:
    """True where both are done and never met, and the folder's lock is given back."""
    state.home.close()
    return not state.met and len(state.done) == 2 and state.home._descriptor < 0


@pytest.mark.parametrize("other", [work_in, maintain])
def test_a_folder_that_is_maintained(peopled: Router, other: Callable[[Any], None]) -> None:
    """Whoever maintains a folder has it alone, and both come to their turn."""
    require(a_home(peopled), [maintain, other], kept_apart, clock="virtual", preemption_bound=1)


class Open(Home):
    """Lets work begin while it is maintained."""

    def _try_lease(self, again: bool) -> bool:
        return True


def test_work_in_a_maintained_folder_is_found(peopled: Router) -> None:
    """The control: where leases don't ask for maintenance, the two meet in some order."""
    result = explore(
        a_home(peopled, Open), [maintain, work_in], kept_apart, clock="virtual", preemption_bound=1
    )
    assert not result.property_holds
