"""What another process, a forked one, and another router find where the catalogue says `memory:`."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_models import LIVE, Tally, Visit
from notes import Note, child
from tenants import LockTimeout, RoutedModel, Router, Store, Tenant, TenantError
from tenants.engines import anew

OTHER = """
import sys
from tenants import Router
from live_models import Event, Tally, Visit

router = Router(sys.argv[1])
router.on_empty["live"] = lambda tenant: Tally.create(name=f"begun for {tenant.slug}")
with router.using("acme"):
    print([tally.name for tally in Tally.select()], flush=True)
    Visit.create(token="here alone", seen_at=1)
    print(router.tenant("acme").store("live").execute_sql("SELECT count(*) FROM visit").fetchone(), flush=True)
sys.stdin.readline()
with router.using("acme"):
    print([visit.token for visit in Visit.select()], flush=True)
router.close()
"""


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    """Live stores are in memory, all others in files."""
    router = Router(tmp_path / "data", engines={"live": "memory:"})
    yield router
    router.close()


@pytest.fixture
def live(router: Router) -> Store:
    """The live store of `acme`, with a row."""
    store = router.create("acme", models=[Note, *LIVE]).store("live")
    with router.using("acme"):
        Visit.create(token="somebody", seen_at=1)
    return store


def tokens() -> list[str]:
    """The tokens that the current entry sees."""
    return [visit.token for visit in Visit.select()]


def test_another_process_begins_empty(router: Router, live: Store) -> None:
    """It has the models' tables, what `on_empty` adds, and nothing of this process's; nor has this one of its."""
    with child(OTHER, router.folder) as other:
        assert other.hears() == "['begun for acme']"
        assert other.hears() == "(1,)"
        with router.using("acme"):
            assert tokens() == ["somebody"]
            assert Tally.select().count() == 0
        other.told()
        assert other.hears() == "['here alone']"


def in_a_child(router: Router) -> str:
    """What a forked process finds, and what it has after writing."""
    seen, write = os.pipe()
    child_id = os.fork()
    if child_id == 0:  # pragma: no cover - another process
        try:
            with router.using("acme"):
                found = tokens()
                Visit.create(token="the child's", seen_at=1)
                os.write(write, repr([found, tokens()]).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(seen, "rb") as answer:
        told = answer.read().decode()
    os.waitpid(child_id, 0)
    return told


def test_a_forked_process_begins_empty(router: Router, live: Store) -> None:
    """A child that is forked has none of its parent's rows, and what it writes is its own."""
    router.universal.release(wholly=True)
    assert in_a_child(router) == repr([[], ["the child's"]])
    with router.using("acme"):
        assert tokens() == ["somebody"]


def test_forked_while_it_is_in_use(router: Router, live: Store) -> None:
    """Also where the parent had it in hand, in the middle of a transaction, which goes on."""
    with router.using("acme"), live.writing():
        Visit.create(token="another", seen_at=1)
        assert in_a_child(router) == repr([[], ["the child's"]])
        Visit.create(token="a third", seen_at=1)
    with router.using("acme"):
        assert tokens() == ["somebody", "another", "a third"]


def test_a_router_that_is_closed_lets_it_go(router: Router, live: Store) -> None:
    """What is in memory lasts as long as a router has it, and a second router on the folder has the same."""
    second = Router(router.folder)
    with second.using("acme"):
        assert tokens() == ["somebody"]
        Visit.create(token="by the second", seen_at=2)
    second.close()
    with router.using("acme"):
        assert tokens() == ["somebody", "by the second"]
    router.close()
    third = Router(router.folder)
    with third.using("acme"):
        assert tokens() == []
    third.close()


def test_many_find_it_empty_at_once(router: Router, live: Store) -> None:
    """It is made once, while all others wait, and `on_empty` is called once."""
    router.close()
    again = Router(router.folder)
    made: list[str] = []
    start = threading.Barrier(6)

    def fill(tenant: Tenant) -> None:
        made.append(tenant.slug)
        Tally.create(name="begun")

    counted: list[int] = []

    def work() -> None:
        start.wait()
        counted.append(Tally.select().count())

    again.on_empty["live"] = fill
    threads = [again.start_thread(work, tenant="acme") for _ in range(6)]
    for thread in threads:
        thread.join()
    assert (made, counted) == (["acme"], [1] * 6)
    again.close()


def test_filling_that_fails(router: Router, live: Store) -> None:
    """What `on_empty` raises is raised where the store was touched, and the next touch tries again, from the start."""
    router.close()
    again = Router(router.folder)
    calls: list[int] = []

    def fill(tenant: Tenant) -> None:
        calls.append(1)
        Tally.create(name="begun")
        if len(calls) == 1:
            raise ValueError("not yet")

    again.on_empty["live"] = fill
    with again.using("acme"):
        with pytest.raises(ValueError, match="not yet"):
            Tally.get()
        assert Tally.select().count() == 1
    again.close()


def test_nobody_gets_what_came_to_nothing(router: Router, live: Store) -> None:
    """Whoever waited while the filling failed doesn't see what it left, but makes it anew."""
    router.close()
    again = Router(router.folder)
    begun, go = threading.Event(), threading.Event()
    calls: list[int] = []
    outcomes: list[object] = []

    def fill(tenant: Tenant) -> None:
        calls.append(1)
        Tally.create(name=f"call {len(calls)}")
        if len(calls) == 1:
            begun.set()
            go.wait(30)
            raise ValueError("not yet")

    def work() -> None:
        try:
            outcomes.append([tally.name for tally in Tally.select()])
        except ValueError as error:
            outcomes.append(str(error))

    again.on_empty["live"] = fill
    first = again.start_thread(work, tenant="acme")
    assert begun.wait(30)
    database = again.in_memory.find(live)
    assert database is not None
    wait = database.ready.wait
    waits = threading.Event()

    def wait_and_tell(timeout: float | None = None) -> bool:
        waits.set()
        return wait(timeout)

    database.ready.wait = wait_and_tell  # type: ignore[method-assign]
    second = again.start_thread(work, tenant="acme")
    assert waits.wait(30)
    go.set()
    first.join()
    second.join()
    assert outcomes == ["not yet", ["call 2"]] or outcomes == [["call 2"], "not yet"]
    again.close()


def test_waiting_for_it_ends(router: Router, live: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for another thread's filling gives up after the router's patience."""
    router.close()
    again = Router(router.folder, patience=0.05)
    begun, go = threading.Event(), threading.Event()

    def fill(tenant: Tenant) -> None:
        begun.set()
        go.wait(30)

    again.on_empty["live"] = fill
    thread = again.start_thread(lambda: Tally.get_or_none(), tenant="acme")
    assert begun.wait(30)
    with again.using("acme"), pytest.raises(LockTimeout, match="acme/live is being made anew"):
        Tally.get_or_none()
    go.set()
    thread.join()
    with again.using("acme"):
        assert Tally.get_or_none() is None
    again.close()


def test_which_models_it_is_made_of() -> None:
    """Those that declare the role, but for bases that have no field of their own."""

    class Base(RoutedModel):
        class Meta:
            store = "anew_one"

    class Kept(Base):
        name = Visit.token.__class__()

    assert anew.declared("anew_one") == [Kept]
    assert anew.declared("nobody_has_it") == []


def test_two_models_of_one_table() -> None:
    """Where two models would be the same table, nobody guesses which is meant."""

    class First(RoutedModel):
        name = Visit.token.__class__()

        class Meta:
            store = "anew_two"
            table_name = "twice"

    class Second(RoutedModel):
        name = Visit.token.__class__()

        class Meta:
            store = "anew_two"
            table_name = "twice"

    with pytest.raises(
        TenantError, match=r"First and .*Second both are the table 'twice' of 'anew_two'"
    ):
        anew.declared("anew_two")
    assert First is not Second
