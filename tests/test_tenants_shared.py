"""The shared database: a connection for each thread, and nothing of one thread or task is another's."""

from __future__ import annotations

import asyncio
import threading

import pytest
from peewee import TextField

from notes import Note, child
from tenants import RoutedModel, Router, SharedEntry, Store


class Person(RoutedModel):
    """A row of the shared database."""

    name = TextField()


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, empty."""
    return router.create("acme", models=[Note]).store("books")


def test_threads_have_connections_of_their_own(router: Router) -> None:
    """Each thread's transaction on the shared database is its own, and both queue for writing."""
    router.universal.create_tables([Person])
    begun, looked = threading.Event(), threading.Event()
    seen: list[int] = []

    def look() -> None:
        begun.wait(30)
        seen.append(Person.select().count())
        looked.set()
        Person.create(name="second")

    thread = threading.Thread(target=look)
    thread.start()
    with router.universal.atomic():
        Person.create(name="first")
        begun.set()
        assert looked.wait(30)
    thread.join()
    assert seen == [0]
    assert sorted(person.name for person in Person.select()) == ["first", "second"]


def test_a_thread_that_ends_leaves_nothing_open(router: Router) -> None:
    """Neither its connection nor its transaction and lock outlive it, however it ended."""
    router.universal.create_tables([Person])
    router.universal.release()
    lent = router.pool.lent()

    def work() -> None:
        router.universal.session_start()
        Person.create(name="lost")

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert router.pool.lent() == lent
    Person.create(name="kept")
    assert [person.name for person in Person.select()] == ["kept"]


def test_an_entry_leaves_an_outer_transaction_alone(router: Router, store: Store) -> None:
    """A transaction on the shared database that surrounds entries is still open after them."""
    router.universal.create_tables([Person])
    with router.universal.atomic():
        Person.create(name="one")
        with router.using("acme"):
            Person.create(name="two")
        assert router.universal.in_transaction()
    assert Person.select().count() == 2


def test_shared_rows_are_walked_through_entries(router: Router, store: Store) -> None:
    """A script that goes through universal rows and enters a tenant for each of them gets them all."""
    router.universal.create_tables([Person])
    Person.insert_many([{"name": str(n)} for n in range(300)]).execute()
    router.universal.release(wholly=True)
    for query in (Person.select(), Person.select().iterator()):
        seen = 0
        for _ in query:
            with router.using("acme"):
                seen += 1
        assert seen == 300
    del query, _
    router.universal.release()
    assert router.universal.is_closed()


def test_two_tasks_never_share_a_transaction(router: Router, store: Store) -> None:
    """A second asyncio task that comes while a transaction is open on the shared database is refused."""
    router.universal.create_tables([Person])

    async def stray() -> None:
        with pytest.raises(SharedEntry, match="task"):
            Person.create(name="stray")

    async def main() -> None:
        with router.universal.atomic():
            Person.create(name="one")
            await asyncio.create_task(stray())
        await asyncio.create_task(later())

    async def later() -> None:
        Person.create(name="two")

    asyncio.run(main())
    assert [person.name for person in Person.select()] == ["one", "two"]


def test_asyncio_is_as_it_was() -> None:
    """Importing `tenants` first leaves asyncio its quick look-ups, on which telling tasks apart stands."""
    code = (
        "import tenants, asyncio.events as e;"
        "assert e._get_running_loop is e._c__get_running_loop is tenants.shared._get_running_loop"
    )
    with child(code):
        pass


def test_an_unhurried_write_is_committed(router: Router) -> None:
    """It waits for no disk, others see it at once, and the connection waits for the disk again afterwards."""
    router.universal.create_tables([Person])
    router.universal.execute_unhurried("INSERT INTO person (name) VALUES (?)", ("quick",))
    with router.universal_store.get_connection() as other:
        assert other.execute("SELECT name FROM person").fetchall() == [("quick",)]
    assert router.universal.execute_sql("PRAGMA synchronous").fetchone() == (2,)
    with pytest.raises(Exception, match="no such table"):
        router.universal.execute_unhurried("INSERT INTO nowhere VALUES (1)")
    assert router.universal.execute_sql("PRAGMA synchronous").fetchone() == (2,)


def test_what_a_request_leaves_open_is_undone(router: Router) -> None:
    """`release(wholly=True)`, which ends a request or thread, rolls back; without it a transaction goes on."""
    router.universal.create_tables([Person])
    router.universal.session_start()
    Person.create(name="lost")
    router.universal.release()
    assert router.universal.in_transaction()
    router.universal.release(wholly=True)
    assert not router.universal.in_transaction()
    assert Person.select().count() == 0
    assert not router.universal_store.lock.held()
