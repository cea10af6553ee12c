"""Two tenants are written at once without anybody waiting for good: in one order, or refused at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from notes import Contact, Note, texts
from tenants import (
    LockTimeout,
    NotAMember,
    NoTenant,
    Router,
    TenantError,
    WouldDeadlock,
    current_store,
)
from tenants.process_turns import ProcessTurn
from tenants.store_locks import StoreLock, _held
from threads import PATIENCE, Held


@pytest.fixture
def slugs(router: Router) -> list[str]:
    """Two tenants in the order of their stores."""
    made = [router.create(slug, models=[Note, Contact]) for slug in ("acme", "globex")]
    return [tenant.slug for tenant in sorted(made, key=lambda tenant: tenant.id)]


def notes(router: Router, slug: str) -> list[str]:
    with router.using(slug):
        return texts()


def writing(router: Router, slug: str) -> Held:
    """A thread that writes to a tenant's books until it is told to end."""

    def hold() -> object:
        entered = router.using(slug)
        entered.__enter__()
        block = current_store("books").writing()

        class Both:
            def __enter__(self) -> None:
                block.__enter__()

            def __exit__(self, *exc: object) -> None:
                block.__exit__(*exc)
                entered.__exit__(*exc)

        return Both()

    return Held(hold)


def test_both_are_written(router: Router, slugs: list[str]) -> None:
    """Each row lands where it belongs; outside of `at` nothing of theirs is current."""
    with router.writing_together(*slugs) as at:
        for slug in slugs:
            with at(slug):
                Note.create(text=f"of {slug}")
        with pytest.raises(NoTenant):
            Note.create(text="whose?")
    for slug in slugs:
        assert notes(router, slug) == [f"of {slug}"]
    assert list(router.db_dict) == [("universal", None)]
    assert not any(_held.values())


def test_both_or_neither(router: Router, slugs: list[str]) -> None:
    """What raises undoes all of them, and leaves no lock and no entry."""

    def fail() -> None:
        with router.writing_together(*slugs) as at:
            for slug in slugs:
                with at(slug):
                    Note.create(text="never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    for slug in slugs:
        assert notes(router, slug) == []
        assert not router.tenant(slug).store("books").lock.held()
    assert list(router.db_dict) == [("universal", None)]


def test_within_another_entry(router: Router, slugs: list[str]) -> None:
    """The entry around it is current again afterwards, and can't write to what is written together."""
    with router.using(slugs[0]):
        with router.writing_together(*slugs) as at:
            with at(slugs[1]):
                Note.create(text="inner")
            with pytest.raises(WouldDeadlock):
                Note.create(text="outer")
        Note.create(text="after")
    assert notes(router, slugs[0]) == ["after"]
    assert notes(router, slugs[1]) == ["inner"]


def test_what_it_refuses(router: Router, slugs: list[str]) -> None:
    """A name twice, a store that there isn't, a tenant that wasn't named, one that the session may not enter."""
    for given, roles in (([slugs[0]] * 2, ("books",)), (slugs, ("nothing",))):
        with pytest.raises(TenantError), router.writing_together(*given, roles=roles):
            pass
    with (
        router.writing_together(slugs[0]) as at,
        pytest.raises(TenantError, match="name it in"),
        at(slugs[1]),
    ):
        pass
    entry = router.enter(("digest", "request"), router.tenant(slugs[0]))
    with pytest.raises(NotAMember), router.writing_together(*slugs):
        pass
    router.leave(entry)
    assert list(router.db_dict) == [("universal", None)]


def test_a_shared_store_is_written_once(router: Router) -> None:
    """Of affiliates that share a store, the first one named writes to it."""
    router.create("north", models=[Note, Contact])
    router.create("south", models=[Note, Contact], share={"registers": "north"})
    with router.writing_together("north", "south", roles=("books", "registers")) as at:
        with at("north"):
            Contact.create(name="Ploy")
            Note.create(text="north")
        with at("south"):
            Note.create(text="south")
    with router.using("south"):
        assert [contact.name for contact in Contact.select()] == ["Ploy"]


def test_two_threads_name_them_in_opposite_orders(router: Router, slugs: list[str]) -> None:
    """Both write to both, again and again, and none waits for good or is refused."""
    start, failed = threading.Barrier(2), []

    def work(order: list[str]) -> None:
        start.wait(PATIENCE)
        try:
            for _ in range(30):
                with router.writing_together(*order) as at:
                    for slug in order:
                        with at(slug):
                            Note.create(text="x")
        except TenantError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(order,)) for order in (slugs, slugs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [len(notes(router, slug)) for slug in slugs] == [60, 60]


def cross(router: Router, slugs: list[str]) -> list[str]:
    """Two threads each write to one and then, both at once, want the other; return what became of each."""
    both_have_one = threading.Barrier(2)
    outcomes = {}

    def work(first: str, second: str) -> None:
        try:
            with router.using(first), current_store("books").writing():
                Note.create(text="first")
                both_have_one.wait(PATIENCE)
                with router.using(second), current_store("books").writing():
                    Note.create(text="second")
            outcomes[first] = "written"
        except LockTimeout as error:
            outcomes[first] = type(error).__name__

    threads = [threading.Thread(target=work, args=pair) for pair in (slugs, slugs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[slug] for slug in slugs]


def test_whoever_comes_out_of_order_is_refused_at_once(router: Router, slugs: list[str]) -> None:
    """The one whose order it is goes on as soon as the other has gone; nothing of the other's is kept."""
    begun = time.monotonic()
    assert cross(router, slugs) == ["written", "WouldDeadlock"]
    assert time.monotonic() - begun < 20
    assert [notes(router, slug) for slug in slugs] == [["first"], ["second"]]


def test_without_that_rule_both_wait_till_their_time_is_over(
    router: Router, slugs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the guard out the same two threads wait for each other."""
    monkeypatch.setattr(StoreLock, "_require_order", lambda self, thread: None)
    for slug in slugs:
        router.tenant(slug).store("books").lock.timeout = 0.5
    begun = time.monotonic()
    assert "LockTimeout" in cross(router, slugs)
    assert time.monotonic() - begun >= 0.5


def test_out_of_order_and_free(router: Router, slugs: list[str]) -> None:
    """Where nobody has it, it is taken in any order."""
    for first, second in (slugs, slugs[::-1]):
        with router.using(first), current_store("books").writing():
            Note.create(text="x")
            with router.using(second), current_store("books").writing():
                Note.create(text="x")
    assert [len(notes(router, slug)) for slug in slugs] == [2, 2]


def test_in_order_one_waits(router: Router, slugs: list[str]) -> None:
    """Whoever asks in the stores' order waits as ever."""
    other = writing(router, slugs[1]).enters()
    lock = router.tenant(slugs[1]).store("books").lock

    def leave() -> None:
        while not lock.waiting():
            time.sleep(0)
        other.leaves()

    leaving = threading.Thread(target=leave)
    leaving.start()
    with (
        router.using(slugs[0]),
        current_store("books").writing(),
        router.using(slugs[1]),
        current_store("books").writing(),
    ):
        Note.create(text="x")
    leaving.join()
    assert notes(router, slugs[1]) == ["x"]


def test_the_shared_database_comes_last(router: Router, slugs: list[str]) -> None:
    """From a tenant's store one waits for it; from it one doesn't wait for a tenant's."""
    router.universal_store.lock.timeout = 0.05
    holder = Held(router.universal.atomic).enters()
    with router.using(slugs[0]), current_store("books").writing():
        with pytest.raises(LockTimeout) as caught:
            router.universal.execute_sql("CREATE TABLE t (n)")
        assert not isinstance(caught.value, WouldDeadlock)
    holder.leaves()
    other = writing(router, slugs[0]).enters()
    with (
        router.universal.atomic(),
        router.using(slugs[0]),
        pytest.raises(WouldDeadlock, match="writing_together"),
    ):
        Note.create(text="x")
    other.leaves()


def test_another_process_that_has_it(router: Router, slugs: list[str]) -> None:
    """Between processes it is the same: out of order nobody waits for another's turn."""
    tenant = router.tenant(slugs[0])
    with router.using(tenant):
        Note.select().count()
        with Path(router.path, "tenants", tenant.id, "lock").open("r+b") as file:
            turn = ProcessTurn(tenant.store("books").path)
            assert turn.take(file.fileno(), 0)
            begun = time.monotonic()
            with (
                router.using(slugs[1]),
                current_store("books").writing(),
                router.using(tenant),
                pytest.raises(WouldDeadlock),
            ):
                Note.create(text="x")
            assert time.monotonic() - begun < 20
            turn.end()
        Note.create(text="y")
    assert notes(router, slugs[0]) == ["y"]


def test_all_or_none_are_waited_for(router: Router, slugs: list[str]) -> None:
    """Where one isn't free in time, the other is neither locked nor written afterwards."""
    for busy in slugs:
        other = writing(router, busy).enters()
        with pytest.raises(LockTimeout), router.writing_together(*slugs, patience=0.05):
            pass
        other.leaves()
        assert not any(_held.values())
    assert list(router.db_dict) == [("universal", None)]
