"""A lease is a tenant's whole: had before anything is opened, never taken away, told of when it lasts too long."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrow_pool import assert_nothing_is_held, narrow_router
from notes import Contact, Note, texts
from tenants import (
    Router,
    current_store,
)
from threads import Held, holding, touching, wait_for

#: Companies that take turns; the long run takes ten thousand.
COMPANIES = int(os.environ.get("POOL_COMPANIES", "500"))


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Router]:
    """A router with room for two tenants of one store."""
    with narrow_router(tmp_path / "data") as router:
        yield router


# Taking turns


def test_companies_take_turns(tmp_path: Path) -> None:
    """Many times more of them than there is room for, in four threads, each with its own rows and nothing else."""
    router = Router(tmp_path / "data", descriptors=60, patience=60)
    for n in range(COMPANIES):
        router.create(
            f"c{n}", models=[Note], template="t", setup=lambda n=n: Note.create(text=f"{n}")
        )
    wrong: list[object] = []
    most: list[int] = []

    def visit(first: int) -> None:
        for n in range(first, COMPANIES, 4):
            with router.using(f"c{n}"):
                if texts() != [f"{n}"]:
                    wrong.append((n, texts()))
                most.append(router.pool.status().used)

    threads = [router.start_thread(visit, first, tenant="c0") for first in range(4)]
    for thread in threads:
        thread.join()
    assert wrong == []
    assert max(most) <= 60
    assert router.pool.leases() == 0
    assert router.pool.status().evictions >= COMPANIES - 20
    router.close()


def test_a_leased_store_is_never_closed(narrow: Router) -> None:
    """Whoever has it in hand keeps the connection, with what is open on it, whatever others need."""
    with narrow.using("a"), current_store("books").writing():
        state = current_store("books").database._use()
        connection = state.conn
        for _ in range(3):
            for slug in "bcd":
                held = holding(narrow, slug).enters()
                assert held.leaves() is None
        narrow.pool.close()
        assert state.conn is connection
        Note.create(text="still there")
    with narrow.using("a"):
        assert texts() == ["a", "still there"]


def test_room_for_all_stores_is_had_before_one_is_opened(tmp_path: Path) -> None:
    """With room for one tenant of two stores, two threads that touch them in opposite order both come through."""
    router = Router(tmp_path / "data", descriptors=10, patience=60)
    for slug in "ab":
        router.create(slug, models=[Note, Contact])
    router.universal.release()
    meet = threading.Barrier(2, timeout=60)

    def work(slug: str, first: type, second: type) -> None:
        for _ in range(20):
            meet.wait()
            with router.using(slug):
                first.select().count()
                assert len(router.pool._holders) == 1
                second.select().count()

    threads = [
        threading.Thread(target=work, args=("a", Note, Contact)),
        threading.Thread(target=work, args=("b", Contact, Note)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert router.pool.status().timeouts == 0
    router.close()


# Maintenance


def test_maintenance_and_leases_exclude_each_other(narrow: Router) -> None:
    """Each waits for the other; whoever waits for the end of maintenance holds no room meanwhile."""
    reader = holding(narrow, "a").enters()
    keeper = Held(lambda: narrow.maintaining("a", patience=60))
    wait_for(lambda: narrow.homes.of(narrow.tenant("a").id)._wanted == 1)
    assert not keeper.inside
    late = holding(narrow, "a")  # after the maintenance, though the lease before it goes on
    assert reader.leaves() is None
    keeper.enters()
    assert not late.inside
    assert narrow.pool.leases() == 0
    assert keeper.leaves() is None
    late.enters()
    assert late.leaves() is None


# Leases that nobody gives back


def test_a_lease_beyond_its_limit_is_told_of_once(
    narrow: Router, caplog: pytest.LogCaptureFixture
) -> None:
    """With tenant, store, key, age and the line that took it; the pool goes on."""
    narrow.pool._holders.limit = narrow.pool.lease_limit = 0
    with narrow.using("a") as entry:
        line = texts.__code__.co_firstlineno
        texts()
        with caplog.at_level(logging.WARNING, logger="tenants"):
            first, second = narrow.pool.status(), narrow.pool.status()
            holding(narrow, "b").enters().leaves()
        found = [
            record.getMessage() for record in caplog.records if "a/books" in record.getMessage()
        ]
        assert len(found) == 1
        assert f"by a under {entry.key}" in found[0]
        assert f"notes.py:{line + 2}" in found[0]
        assert Path(__file__).name in found[0]
        for status in (first, second):
            (lease,) = status.leases
            assert (lease.store, lease.tenant, lease.key) == ("a/books", "a", entry.key)
            assert lease.late
            assert 0 < lease.age < 60
    assert_nothing_is_held(narrow)


def test_a_lease_in_time_is_told_of_by_nobody(
    narrow: Router, caplog: pytest.LogCaptureFixture
) -> None:
    """Only those that last too long are."""
    with caplog.at_level(logging.WARNING, logger="tenants"), touching(narrow, "a"):
        (lease,) = narrow.pool.status().leases
        assert not lease.late
    assert caplog.records == []


def test_a_late_lease_is_told_of_when_it_ends(
    narrow: Router, caplog: pytest.LogCaptureFixture
) -> None:
    """If nothing has happened in the pool before."""
    with caplog.at_level(logging.WARNING, logger="tenants"):
        with touching(narrow, "a"):
            narrow.pool._holders.limit = 0
            narrow.pool._holders._due = 0
        assert len(caplog.records) == 1


def test_the_counters_add_up(narrow: Router) -> None:
    """An open for each file that was opened, a reuse for each that wasn't."""
    narrow.pool.close()
    before = narrow.pool.status()
    for _ in range(3):
        with touching(narrow, "a"):
            pass
    after = narrow.pool.status()
    books = current_opens(narrow)
    assert after.opens + after.reuses - before.opens - before.reuses >= 3
    assert after.opens - before.opens <= 2  # a's books, and the shared database
    assert after.lent == 0
    assert books == 1


def current_opens(router: Router) -> int:
    """How many connections of a's books lie idle."""
    return len(router.pool.warm.stores[router.tenant("a").store("books")])
