"""Every order in which two threads can take their steps through the router and the locks.

Each kind of exploration has a control: code with a known fault, in which the fault is found. Those of the pool and of
maintenance are in test_tenants_interleavings_pool.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import Context
from types import SimpleNamespace
from typing import Any

import pytest

from exploring import explore, peopled, require, scheduler
from notes import Note
from tenants import (
    UNIVERSAL,
    DBLock,
    KeyInUse,
    LockTimeout,
    NoTenant,
    Router,
    WrongTenant,
    store_locks,
)
from tenants.known import KnownTenants

__all__ = ["peopled", "scheduler"]

pytestmark = pytest.mark.usefixtures("scheduler")


# The lock


def locked(timeout: float | None = None, kind: type[DBLock] = DBLock) -> Callable[[], Any]:
    """Return a set-up of one lock, and what is known of who has it."""
    return lambda: SimpleNamespace(lock=kind("books"), inside=0, most=0, had=[], timeout=timeout)


def hold(state: Any) -> None:
    """Take the lock, be in there, and give it back."""
    try:
        state.lock.acquire(state.timeout)
    except LockTimeout:
        state.had.append(False)
        return
    state.inside += 1
    state.most = max(state.most, state.inside)
    state.inside -= 1
    state.had.append(True)
    state.lock.release()


def is_free(state: Any) -> bool:
    """True where nobody was in there with somebody else, and nobody has the lock now or waits for it."""
    return state.most <= 1 and not state.lock.waiting() and not state.lock.held(state.lock._owner)


def test_the_lock_lets_one_in_at_a_time() -> None:
    """Two threads never have it together, each gets it, and it is free afterwards."""
    require(locked(), [hold, hold], lambda s: is_free(s) and s.had == [True, True])


def test_the_lock_and_three_threads() -> None:
    """Three don't either, in all orders in which one of them is interrupted."""
    three = [True, True, True]
    require(locked(), [hold] * 3, lambda s: is_free(s) and s.had == three, preemption_bound=1)


def test_a_lock_that_is_had_again() -> None:
    """Whoever has it may take it again, and gives it back as often, or wholly, before anybody else has it."""

    def twice(state: Any) -> None:
        state.lock.acquire(owner="again")
        state.lock.acquire(owner="again")
        state.inside += 1
        state.most = max(state.most, state.inside)
        state.inside -= 1
        state.had.append(True)
        state.lock.release_wholly("again")

    require(locked(), [twice, hold], lambda s: is_free(s) and s.had == [True, True])


def hold_for_a_second(state: Any) -> None:
    """Take the lock and keep it for just as long as the other one waits."""
    state.lock.acquire(5.0)
    time.sleep(1.0)  # of the scheduler's clock
    state.lock.release()


def test_a_lock_that_comes_as_time_runs_out() -> None:
    """Whether the time-out or the hand-over is first, whoever waits has it or hasn't, and it is never lost."""
    require(locked(1.0), [hold_for_a_second, hold], is_free, clock="explored")


class Losing(DBLock):
    """Doesn't ask, once the time is up, whether the lock came in the last moment."""

    def _wait(self, waiter: Any, seconds: float) -> None:
        if waiter.signal.acquire(timeout=seconds):
            return
        with self._mutex:
            if waiter in self._queue:
                self._queue.remove(waiter)
        raise LockTimeout("late")

    def _withdraw(self, waiter: Any) -> None:
        pass


def test_a_lost_lock_is_found() -> None:
    """The control: where the hand-over meets the time-out and isn't asked for, the exploration finds it lost."""
    result = explore(locked(1.0, Losing), [hold_for_a_second, hold], is_free, clock="explored")
    assert not result.property_holds


# The router


def afresh(router: Router) -> Router:
    """Make the router as it is in a process that has touched nothing, with locks that the scheduler knows."""
    router.db_dict.clear()
    router.universal.release(wholly=True)
    router.pool.close()
    store_locks.forget_all()
    router.disown()
    router.known = KnownTenants(router)
    return router


def in_context(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the work as a thread of a server does it: in a context of its own, whose outcome is kept."""

    def run(state: Any) -> None:
        try:
            state.outcomes.append(Context().run(work, state))
        except (KeyInUse, NoTenant, WrongTenant) as error:
            state.outcomes.append(type(error).__name__)

    return run


def on(router: Router, **known: Any) -> Callable[[], Any]:
    """Return a set-up of the router as if untouched."""
    return lambda: SimpleNamespace(router=afresh(router), outcomes=[], **known)


def test_one_key_is_given_once(peopled: Router) -> None:
    """Of two threads that enter under one key, one is refused, or comes when the other has left."""
    tenant = peopled.tenant("acme")

    @in_context
    def come_and_go(state: Any) -> str:
        entry = state.router.enter(("digest", "request"), tenant)
        alone = state.router.db_dict[entry.key] is entry
        state.router.leave(entry)
        return "alone" if alone else "with another"

    def holds(state: Any) -> bool:
        return (
            "alone" in state.outcomes
            and set(state.outcomes) <= {"alone", "KeyInUse"}
            and list(state.router.db_dict) == [UNIVERSAL]
        )

    require(on(peopled), [come_and_go, come_and_go], holds, preemption_bound=1)


def test_a_key_that_is_popped(peopled: Router) -> None:
    """Whoever reads while another thread takes the entry out gets their own company's rows, or is refused."""
    tenant = peopled.tenant("acme")

    @in_context
    def read(state: Any) -> str:
        entry = state.router.enter(("digest", "request"), tenant)
        try:
            database = Note._meta.database
            return str(
                getattr(database.store, "label", database.store)
            )  # a null one knows the role
        finally:
            state.router.leave(entry)

    @in_context
    def pop(state: Any) -> str:
        state.router.db_dict.pop(("digest", "request"), None)
        return "popped"

    def holds(state: Any) -> bool:
        allowed = {"acme/books", "books", "popped", "NoTenant"}
        return set(state.outcomes) <= allowed and list(state.router.db_dict) == [UNIVERSAL]

    require(on(peopled), [read, pop], holds)


def one_entry(router: Router) -> Callable[[], Any]:
    """Return a set-up of an entry that has a connection in hand."""
    tenant = router.tenant("acme")

    def setup() -> Any:
        state = on(router)()
        context = Context()
        state.entry = context.run(state.router.enter, ("digest", "request"), tenant)
        context.run(lambda: Note.get().text)
        state.home = tenant.store("books").home
        return state

    return setup


def is_left(state: Any) -> bool:
    """True where the entry is gone and has nothing in hand, and leaving it once more changes nothing."""
    pool = state.router.pool
    state.router.leave(state.entry)
    left = list(state.router.db_dict) == [UNIVERSAL] and not state.entry.live
    return left and (pool.leases(), pool.lent(), state.home.leases()) == (0, 0, 0)


leave = in_context(lambda state: state.router.leave(state.entry))


def test_two_who_leave_one_entry(peopled: Router) -> None:
    """An entry that two threads leave at once ends once: what it has in hand isn't handed back twice."""
    require(one_entry(peopled), [leave, leave], is_left, preemption_bound=1)


def test_an_entry_that_is_popped_as_it_is_left(peopled: Router) -> None:
    """Whoever takes it out of `db_dict` in the middle of that doesn't get in the way."""
    pop = in_context(lambda state: state.router.db_dict.pop(state.entry.key, None))
    require(one_entry(peopled), [leave, pop], is_left, preemption_bound=1)


def test_the_first_touch_of_a_store(peopled: Router) -> None:
    """Two threads that touch a store first have one database of it, and so one pool and one lock."""

    def setup() -> Any:
        state = on(peopled)()
        state.store = state.router.tenant("acme").store("books")
        return state

    def touch(state: Any) -> None:
        state.outcomes.append((state.store.database, state.store.lock))

    require(setup, [touch, touch], lambda s: s.outcomes[0] == s.outcomes[1], preemption_bound=1)


def test_a_first_touch_without_its_lock_is_found(
    peopled: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the peopled's mutex, two databases of one store are made in some order."""

    class Nothing:
        def __enter__(self) -> None: ...

        def __exit__(self, *exc: object) -> None: ...

    def setup() -> Any:
        state = on(peopled)()
        state.store = state.router.tenant("acme").store("books")
        state.router.mutex = Nothing()
        return state

    def touch(state: Any) -> None:
        state.outcomes.append(state.store.database)

    result = explore(setup, [touch, touch], lambda s: s.outcomes[0] is s.outcomes[1])
    assert not result.property_holds


def test_two_who_look_a_tenant_up(peopled: Router) -> None:
    """Two threads that have read a tenant's row, which nobody has in mind, get one tenant, with the same stores."""

    def setup() -> Any:
        state = on(peopled, row=peopled.catalogue.find("acme"), now=peopled.notice.now())()
        peopled.universal.release()
        return state

    def take(state: Any) -> None:
        tenant = state.router.known.take(state.row, state.now)
        state.outcomes.append((tenant, tenant.store("books")))

    def holds(state: Any) -> bool:
        (one, two), known = state.outcomes, state.router.known
        return one == two and known.find("acme") is known.find(one[0].id) is one[0]

    require(setup, [take, take], holds, preemption_bound=1)
