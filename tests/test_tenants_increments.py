"""Many threads add to one row: every acknowledged increment is there, and nobody hears that the database is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from peewee import OperationalError

from notes import Note
from tenants import Router, Store, sqlite

pytestmark = pytest.mark.each_engine


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, empty."""
    return router.create("acme", models=[Note]).store("books")


def increments(
    router: Router, add: Callable[[], object], threads: int, each: int
) -> list[BaseException]:
    """Call it so often in so many threads that start together; return what went wrong."""
    wrong: list[BaseException] = []
    start = threading.Barrier(threads)

    def work() -> None:
        start.wait()
        for _ in range(each):
            try:
                add()
            except OperationalError as error:
                wrong.append(error)

    workers = [router.start_thread(work, tenant="acme") for _ in range(threads)]
    for worker in workers:
        worker.join()
    return wrong


def add_one() -> None:
    """Read, then write what was read and one more."""
    note = Note.get_by_id(1)
    Note.update(count=note.count + 1).where(Note.id == 1).execute()


def test_no_increment_is_lost(router: Router, store: Store) -> None:
    """8 threads × 100 increments of one row: all are there, and nobody was told that the database is busy."""
    with router.using("acme"):
        Note.create(text="counter")
    assert increments(router, lambda: store.write(add_one), 8, 100) == []
    with router.using("acme"):
        assert Note.get_by_id(1).count == 800


def test_no_increment_is_lost_in_blocks(router: Router, store: Store) -> None:
    """The same with `writing()` and `atomic()`, which aren't rerun: it is the queue that makes the difference."""
    with router.using("acme"):
        Note.create(text="counter")

    def in_blocks() -> None:
        with store.writing():
            add_one()
        with store.database.atomic():
            add_one()

    assert increments(router, in_blocks, 8, 50) == []
    with router.using("acme"):
        assert Note.get_by_id(1).count == 800


@pytest.mark.of_files
def test_deferred_transactions_would_fail(router: Router, store: Store) -> None:
    """The control of the above: read-modify-write in deferred transactions, without the queue, meets busy errors."""
    with router.using("acme"):
        Note.create(text="counter")

    def deferred() -> None:
        with store.database.atomic("DEFERRED"):
            add_one()

    wrong = increments(router, deferred, 8, 50)
    assert wrong
    assert all(sqlite.is_busy(error) for error in wrong)
    with router.using("acme"):
        assert Note.get_by_id(1).count == 400 - len(wrong)
