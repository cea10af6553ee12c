"""The next writer in line gets the connection of the one before, whose cache has what the file has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from peewee import OperationalError, PeeweeException

from interrupting import Interrupter
from notes import Note, texts
from tenants import LockTimeout, Router, connections, current_store, store_locks
from tenants.connections import ConnectionState
from tenants.leasing import lent, warm
from test_tenants_locks import wait_for

FILES = {connections.__file__, store_locks.__file__}
EXCHANGES = {"_exchange", "exchange", "_is_as_new", "has_cursors", "_leased"}
"""What is interrupted."""


class Second:
    """A thread that waits to write to acme's books, while whoever makes it writes.

    Args:
        router: where acme is.
        before: what the thread does in its entry before it waits.
    """

    def __init__(self, router: Router, before: Callable[[], object] = lambda: None) -> None:
        self.router, self.before = router, before
        self.had: Any = None
        self.wrote_on: Any = None
        self.error: BaseException | None = None
        self.patience: float | None = None
        self.thread = threading.Thread(target=self._work)
        self.store = current_store("books")

    def wait(self) -> Second:
        """Start it, and return once it waits."""
        self.thread.start()
        wait_for(lambda: self.store.lock.waiting() == 1)
        return self

    def end(self) -> None:
        """Wait until it is done."""
        self.thread.join(30)
        assert not self.thread.is_alive()

    def _work(self) -> None:
        try:
            with self.router.using("acme"):
                kept = self.before()
                state = current_store("books").database._use()
                state.open()
                self.had = state.conn
                with current_store("books").writing():
                    self.wrote_on = state.conn
                    Note.create(text="second")
                del kept
        except (LockTimeout, PeeweeException) as error:
            self.error = error


@pytest.fixture
def acme(router: Router) -> Router:
    router.create("acme", models=[Note])
    return router


def _state() -> ConnectionState:
    state: ConnectionState = current_store("books").database._use()
    state.open()
    return state


def test_the_next_in_line_gets_it(acme: Router) -> None:
    """Each of the two has one connection before and after, and what was written is there."""
    with acme.using("acme"):
        state = _state()
        first = state.conn
        with current_store("books").writing():
            Note.create(text="first")
            second = Second(acme).wait()
            lent = acme.pool.lent()
        second.end()
        assert second.wrote_on is first
        assert state.conn is second.had
        assert state.lease is not None
        assert state.lease.connections == {state.store: second.had}
        assert texts() == ["first", "second"]
        assert acme.pool.lent() < lent
    assert len(acme.pool.warm.stores[state.store]) == 2


@pytest.mark.parametrize("whose", ["before", "next"])
def test_whoever_has_rows_to_fetch_keeps_his(acme: Router, whose: str) -> None:
    """The rows that somebody is in the middle of are read on from the connection that they came from."""

    def begin() -> Any:
        return current_store("books").execute_sql("SELECT text FROM note")

    with acme.using("acme"):
        Note.create(text="zero")
        state = _state()
        first = state.conn
        with current_store("books").writing():
            rows = begin() if whose == "before" else None
            second = Second(acme, begin if whose == "next" else lambda: None).wait()
        second.end()
        assert state.conn is first
        assert second.wrote_on is second.had
        if rows is not None:
            assert rows.fetchall()[0] == ("zero",)


@pytest.mark.parametrize("whose", ["before", "next"])
def test_one_that_differs_from_a_new_one_stays_where_it_is(acme: Router, whose: str) -> None:
    """Settings that somebody made on his own connection follow nobody else."""

    def differ() -> None:
        current_store("books").execute_sql("PRAGMA cache_size = 10").fetchall()

    with acme.using("acme"):
        state = _state()
        if whose == "before":
            differ()
        first = state.conn
        with current_store("books").writing():
            second = Second(acme, differ if whose == "next" else lambda: None).wait()
        second.end()
        assert state.conn is first
        assert second.wrote_on is second.had


def test_whoever_reads_one_state_goes_on_reading_it(acme: Router) -> None:
    """A transaction that was begun to read stays on the connection where it was begun."""
    with acme.using("acme"):
        state = _state()
        first = state.conn
        with current_store("books").writing():
            reader = Second(acme, lambda: current_store("books").database.begin("DEFERRED")).wait()
        reader.end()
        assert state.conn is first
        assert "within a transaction" in str(reader.error)


def test_one_from_before_a_function_was_added(acme: Router) -> None:
    """Whoever has the function on his connection isn't given one that was opened without."""
    opened, go_on = threading.Event(), threading.Event()

    def open_early() -> None:
        _state()
        opened.set()
        assert go_on.wait(30)

    with acme.using("acme"):
        second = Second(acme, open_early)
        second.thread.start()
        assert opened.wait(30)
        current_store("books").database.register_function(lambda: 42, "answer", 0)
    with acme.using("acme"):
        database = current_store("books").database
        with current_store("books").writing():
            go_on.set()
            wait_for(lambda: second.store.lock.waiting() == 1)
        second.end()
        assert database.execute_sql("SELECT answer()").fetchone() == (42,)


def test_an_entry_that_is_left_in_the_middle(acme: Router) -> None:
    """Its connection is in the pool by then, and isn't given to anybody else besides."""
    with acme.using("acme"):
        current_store("books").database.begin()
        Note.create(text="never kept")
        second = Second(acme).wait()
    second.end()
    assert second.wrote_on is second.had
    with acme.using("acme"):
        assert texts() == ["second"]
    assert len(set(acme.pool.warm.stores[second.store])) == 2


def test_of_another_router(acme: Router) -> None:
    """Each router has its own connections, though the lock is the process's."""
    other = Router(acme.path)
    try:
        with acme.using("acme"):
            state = _state()
            first = state.conn
            with current_store("books").writing():
                Note.create(text="first")
                second = Second(other).wait()
            second.end()
            assert state.conn is first
            assert second.wrote_on is second.had
    finally:
        other.close()


def test_whoever_gave_up_has_none_of_anybody(acme: Router) -> None:
    """Those that go on waiting get it."""
    with acme.using("acme"):
        state = _state()
        first = state.conn
        store = current_store("books")
        with store.writing():
            impatient = Second(acme)
            patience, store.lock.timeout = store.lock.timeout, 0.05
            impatient.wait()
            impatient.end()
            store.lock.timeout = patience
            assert isinstance(impatient.error, LockTimeout)
            second = Second(acme).wait()
        second.end()
        assert second.wrote_on is first


def test_ctrl_c_in_the_middle(acme: Router) -> None:
    """Wherever it comes, each goes on with a connection of his own, and whoever waits has his turn at once."""
    at, hit = 0, True
    while hit:
        at += 1
        with acme.using("acme"):
            state = _state()
            state.store.database.begin()
            second = Second(acme).wait()
            hit = Interrupter(at, FILES, EXCHANGES).interrupts(state.store.database.commit)
            second.end()
            assert second.error is None
            assert state.conn is not second.wrote_on, at
            assert state.lease is not None
            assert state.lease.connections == {state.store: state.conn}
        idle = acme.pool.warm.stores[state.store]
        assert len(set(idle)) == len(idle), at
    assert at > 8


def test_whoever_closed_his_own_behind_our_back(acme: Router) -> None:
    """What goes wrong with it is his alone: whoever wrote before has written, and knows."""

    def close() -> None:
        current_store("books").database.connection().close()

    with acme.using("acme"):
        state = _state()
        first = state.conn
        with current_store("books").writing():
            Note.create(text="first")
            second = Second(acme, close).wait()
        second.end()
        assert isinstance(second.error, PeeweeException)
        assert state.conn is first
        assert texts() == ["first"]


ASKING = ["SELECT last_insert_rowid()", "SELECT changes()", "SELECT  Total_Changes ( )"]


@pytest.mark.parametrize("question", ASKING)
def test_what_was_written_last_isnt_asked_of_anothers(acme: Router, question: str) -> None:
    """It would tell what somebody else wrote, so that is refused; until one has written on it oneself."""
    with acme.using("acme"):
        store = current_store("books")
        with store.writing():
            Note.create(text="first")
            assert store.execute_sql(question).fetchone() == (1,)
            second = Second(acme).wait()
        second.end()
        with pytest.raises(OperationalError, match="is another's by now"):
            store.execute_sql(question)
        assert texts() == ["first", "second"]
        Note.create(text="third")
        assert store.execute_sql(question).fetchone() is not None
    with acme.using("acme"):
        assert current_store("books").execute_sql(question).fetchone() is not None


def test_the_heir_doesnt_write_what_another_wrote_last(acme: Router) -> None:
    """He has written one row and names it in the next, by which time the connection is another's."""
    wrote, go_on, errors = threading.Event(), threading.Event(), []

    def work() -> None:
        with acme.using("acme"):
            Note.create(text="his own")
            wrote.set()
            assert go_on.wait(30)
            try:
                current_store("books").execute_sql(
                    "INSERT INTO note (text) SELECT last_insert_rowid()"
                )
            except OperationalError as error:
                errors.append(str(error))

    heir = threading.Thread(target=work)
    with acme.using("acme"):
        store = current_store("books")
        heir.start()
        assert wrote.wait(30)
        with store.writing():
            Note.create(text="first")
            go_on.set()
            wait_for(lambda: store.lock.waiting() == 1)
        heir.join(30)
        assert "is another's by now" in errors[0]
        assert store.lock.waiting() == 0
        assert texts() == ["his own", "first"]


def test_ctrl_c_while_a_connection_is_given_back(router: Router) -> None:
    """Wherever it comes, the connection is a thread's or lies in the pool, and never both."""
    files = {connections.__file__, lent.__file__, warm.__file__}
    gives = {"_part_with", "give_back", "put", "_serve", "close"}
    database, store = router.universal, router.universal_store
    at, hit = 0, True
    while hit:
        at += 1
        database.execute_sql("SELECT 1").fetchall()
        state = database._use()
        connection = state.conn
        hit = Interrupter(at, files, gives).interrupts(database.release)
        idle = router.pool.warm.stores.get(store, ())
        assert state.conn is not connection or connection not in idle, at
        database.release()
        idle = router.pool.warm.stores.get(store, ())
        assert len(set(idle)) == len(idle), at
        for lost in [*router.pool._lent]:  # what came to neither is nobody's, and stays open
            router.pool.discard(lost)
    assert at > 4
