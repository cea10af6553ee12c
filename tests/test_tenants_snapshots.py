"""A snapshot reads one state of each store, refuses writing, and holds nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from notes import Contact, Note, texts
from snapshots import Aging, aging
from tenants import (
    DBLock,
    NotAMember,
    ReadOnlyStore,
    Store,
    Tenant,
    TenantError,
    TenantSuspended,
    WrongTenant,
    establish_key,
)
from tenants.snapshots.snapshot import in_order
from tenants.sqlite import driver
from threads import Held

pytestmark = pytest.mark.each_engine


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Aging]:
    """A tenant of two stores."""
    yield from aging(tmp_path / "data")


@pytest.fixture
def tenant(acme: Aging) -> Tenant:
    """That tenant."""
    return acme.tenant


def notes_by_sql(tenant: Tenant) -> list[str]:
    """The notes' texts, past the models."""
    found = tenant.store("books").execute_sql("SELECT text FROM note ORDER BY id")
    return [text for (text,) in found]


# One state


def test_it_reads_one_state_of_each_store(acme: Aging, tenant: Tenant) -> None:
    """What others write after the block was entered isn't seen in it, by models or SQL, in any store; later it is."""
    with tenant.snapshot():
        with acme.router.using(tenant):
            Note.create(text="second")
            Contact.create(name="Bea")
        assert texts() == notes_by_sql(tenant) == ["first"]
        assert [contact.name for contact in Contact.select()] == ["Ann"]
        with tenant.store("books").reading() as database, database.atomic():
            assert texts() == ["first"]
    with acme.router.using(tenant):
        assert texts() == ["first", "second"]
        assert Contact.select().count() == 2


def test_a_store_that_names_is_read_before_one_that_is_named(
    acme: Aging, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a contact and a note that names it, written as a snapshot begins, the note isn't seen without the contact."""
    reading = Store.reading

    def write_and_read(store: Store) -> Any:
        # Whichever store is read next: by then somebody has written both.
        with acme.router.using(tenant):
            contact = Contact.create(name="new")
            Note.create(text="names", count=contact.id)
        return reading(store)

    monkeypatch.setattr(Store, "reading", write_and_read)
    with tenant.snapshot():
        named = {note.count for note in Note.select() if note.count}
        assert named
        assert named < {contact.id for contact in Contact.select()}


def test_books_come_before_registers_before_the_rest(acme: Aging) -> None:
    """Whatever the order of a tenant's roles."""

    def stores(*roles: str) -> list[Any]:
        return [Store(acme.router, role, "", role, 1, "", role) for role in roles]

    ordered = in_order(stores("attachments", "registers", "zebra", "books"))
    assert [store.role for store in ordered] == ["books", "registers", "attachments", "zebra"]


def test_snapshots_nest(acme: Aging, tenant: Tenant) -> None:
    """Each reads its own state, and the outer one goes on with its own."""
    with tenant.snapshot():
        acme.write()
        with tenant.snapshot():
            assert texts() == ["first", "x"]
        assert texts() == ["first"]


# Entering


def test_its_key_is_its_own(acme: Aging, tenant: Tenant) -> None:
    """It is a nested entry; the outer one is current again afterwards, with its transaction as it was."""
    with acme.router.using(tenant), tenant.store("books").writing():
        Note.create(text="not yet committed")
        outer = establish_key()
        with tenant.snapshot() as snapshot:
            assert snapshot.entry is not None
            assert establish_key() == snapshot.entry.key != outer
            assert texts() == ["first"]
        assert establish_key() == outer
        assert texts() == ["first", "not yet committed"]


def test_a_session_enters_what_it_may(acme: Aging, tenant: Tenant) -> None:
    """Within a signed-in entry the key keeps its session, and another tenant's is refused unless the app says so."""
    other = acme.router.create("globex", models=[Note])
    entry = acme.router.enter(("digest", "request"), other)
    try:
        with pytest.raises(NotAMember), tenant.snapshot():
            pass
        with other.snapshot():
            assert establish_key()[0] == "digest"
    finally:
        acme.router.leave(entry)


def test_a_suspended_tenant_is_refused_and_an_archived_one_read(
    acme: Aging, tenant: Tenant
) -> None:
    """As `using` does."""
    acme.router.suspend(tenant, "unpaid")
    with pytest.raises(TenantSuspended, match="unpaid"), tenant.snapshot():
        pass
    acme.router.resume(tenant)
    acme.router.archive(tenant)
    with tenant.snapshot():
        assert texts() == ["first"]


def test_a_tenant_in_quarantine_is_read(tenant: Tenant) -> None:
    """It can be read, so it can be read as one state."""
    tenant.store("books").trouble = "a migration failed"
    with tenant.snapshot():
        assert texts() == ["first"]


def test_a_thread_reads_one_state(acme: Aging, tenant: Tenant) -> None:
    """A thread that was started for a session takes a snapshot under that session."""
    seen: list[Any] = []

    def report() -> None:
        with tenant.snapshot():
            seen.append((establish_key()[0], texts()))

    acme.router.start_thread(report, tenant=tenant, session_token="digest").join()
    assert seen == [("digest", ["first"])]


def test_only_the_stores_that_are_named(acme: Aging, tenant: Tenant) -> None:
    """The others are neither opened nor to be had, so that a damaged one keeps nobody from reading the rest."""
    Path(tenant.store("registers").path).unlink()
    with tenant.snapshot(roles=["books"]):
        assert texts() == ["first"]
        with pytest.raises(WrongTenant, match="acme/books"):
            Contact.select().count()
    with pytest.raises(TenantError, match="no 'attachments' store"):
        tenant.snapshot(roles=["attachments"]).__enter__()
    assert acme.router.pool.leases() == 0


def test_a_snapshot_that_fails_to_begin_leaves_nothing(acme: Aging, tenant: Tenant) -> None:
    """A store that can't be opened ends what was begun; the others' connections are pooled as new."""
    Path(tenant.store("registers").path).unlink()
    with pytest.raises(TenantError, match="missing"), tenant.snapshot():
        pass
    assert acme.router.pool.lent() == acme.router.pool.leases() == 0
    with tenant.snapshot(roles=["books"]):
        assert texts() == ["first"]


def test_a_bound_must_be_one(tenant: Tenant) -> None:
    """There is no snapshot without an end, and none is used twice."""
    for seconds in (0, -1, float("inf"), float("nan")):
        with pytest.raises(TenantError, match="bound"):
            tenant.snapshot(max_age=seconds)
    with tenant.snapshot() as snapshot:
        pass
    with pytest.raises(TenantError, match="new one"), snapshot:
        pass


# Nothing is written, nobody is held up

WRITES: list[Callable[[Store], object]] = [
    lambda store: Note.create(text="x"),
    lambda store: Note(text="x").save(),
    lambda store: Note.update(text="x").execute(),
    lambda store: Note.delete().execute(),
    lambda store: store.execute_sql("DELETE FROM note"),
    lambda store: store.execute_sql("WITH x AS (SELECT 1) INSERT INTO note (text) SELECT 'x'"),
    lambda store: store.execute_sql("PRAGMA user_version = 9"),
    lambda store: store.execute_sql("PRAGMA incremental_vacuum"),
    lambda store: store.database.cursor().execute("DELETE FROM note"),
    lambda store: store.database.cursor().executemany("DELETE FROM note WHERE id = ?", [(1,)]),
    lambda store: store.write(Note.create, text="x"),
    lambda store: store.execute_write_with_retry("DELETE FROM note"),
    lambda store: store.writing().__enter__(),
    lambda store: store.database.atomic().__enter__() and Note.create(text="x"),
    lambda store: store.database.begin("IMMEDIATE"),
    lambda store: store.database.begin("EXCLUSIVE"),
    lambda store: Note.drop_table(),
]

ENDINGS: list[Callable[[Store], object]] = [
    lambda store: store.execute_sql("COMMIT"),
    lambda store: store.execute_sql("ROLLBACK"),
    lambda store: store.execute_sql("-- \n END"),
    lambda store: store.execute_sql("BEGIN IMMEDIATE"),
    lambda store: store.execute_sql("PRAGMA query_only = OFF"),
    lambda store: store.execute_sql("ATTACH ':memory:' AS other"),
    lambda store: store.database.commit(),
    lambda store: store.database.rollback(),
    lambda store: store.database.connection(),
    lambda store: store.database.cursor().executescript("SELECT 1"),
    lambda store: store.database.transaction().__enter__().rollback(),
]


def clean(acme: Aging) -> None:
    """Fail unless what was read is as it was, and the next entry may write."""
    with acme.router.using(acme.tenant):
        assert texts() == ["first"]
        for store in acme.tenant.stores.values():
            assert store.execute_sql("PRAGMA query_only").fetchone() == (0,)
            assert not store.database._state.conn.in_transaction
        Note.create(text="second")


def test_it_refuses_writes(acme: Aging, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever way it is tried, naming the store; the state that is read stays, and the connection is as new after."""
    books = tenant.store("books")
    taken: list[object] = []
    monkeypatch.setattr(DBLock, "acquire", lambda *given, **named: taken.append(given))
    for write in WRITES:
        with tenant.snapshot():
            with pytest.raises(ReadOnlyStore, match=r"acme/books .* snapshot"):
                write(books)
            assert texts() == ["first"]
        assert taken == []  # not even for an instant
        with acme.router.using(tenant):
            assert books.execute_sql("PRAGMA query_only").fetchone() == (0,)
    monkeypatch.undo()
    clean(acme)


def test_nothing_ends_it_from_within(acme: Aging, tenant: Tenant) -> None:
    """A commit would let later statements read another state unnoticed; settings would let them write."""
    for number, end in enumerate(ENDINGS):
        with tenant.snapshot():
            with acme.router.using(tenant):
                Contact.create(name="meanwhile")
            with pytest.raises(TenantError):
                end(tenant.store("books"))
            assert texts() == ["first"]
            assert Contact.select().count() == 1 + number
    clean(acme)


def test_savepoints_are_of_no_consequence(acme: Aging, tenant: Tenant) -> None:
    """A report that uses `atomic()` for what it does elsewhere may go on doing so, failing blocks included."""
    with tenant.snapshot():
        with pytest.raises(ZeroDivisionError), tenant.store("books").database.atomic():
            raise ZeroDivisionError
        with tenant.store("books").database.atomic():
            assert texts() == ["first"]
    clean(acme)


@contextmanager
def writing(acme: Aging) -> Iterator[None]:
    """An entry in which a transaction is being written."""
    with acme.router.using(acme.tenant), acme.tenant.store("books").writing():
        Note.create(text="being written")
        yield


def test_it_takes_no_lock(acme: Aging, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the writers' lock nor SQLite's: it is taken, read and left while a transaction is being written."""
    taken: list[str] = []
    acquire = DBLock.acquire

    def noted(lock: DBLock, *args: Any, **kwargs: Any) -> None:
        taken.append(lock.name)
        acquire(lock, *args, **kwargs)

    statements: list[str] = []
    books = tenant.store("books")
    writer = Held(lambda: writing(acme)).enters()
    try:
        monkeypatch.setattr(DBLock, "acquire", noted)
        with acme.router.using(tenant):
            books.database.connect(reuse_if_open=True)
            books.database._state.conn.set_trace_callback(statements.append)
        with tenant.snapshot():
            assert texts() == ["first"]
    finally:
        assert writer.leaves() is None
    assert taken == []
    assert "BEGIN DEFERRED" in statements
    assert not [sql for sql in statements if "IMMEDIATE" in sql or "EXCLUSIVE" in sql]


def test_writers_write_while_it_lasts(acme: Aging, tenant: Tenant) -> None:
    """In the same thread, and in others, they commit as ever."""
    with tenant.snapshot():
        thread = threading.Thread(target=acme.write, args=(10,))
        thread.start()
        thread.join()
        acme.write(10)
        assert texts() == ["first"]
    with acme.router.using(tenant):
        assert len(texts()) == 21


# Its end


def test_its_connections_are_pooled_as_new(acme: Aging, tenant: Tenant) -> None:
    """The next one finds them warm."""
    with tenant.snapshot():
        texts()
    opens = acme.router.pool.status().opens
    with tenant.snapshot():
        texts()
    assert acme.router.pool.status().opens == opens
    clean(acme)


def test_an_error_in_it_is_that_error(acme: Aging, tenant: Tenant) -> None:
    """However the block ends, the connections are as new."""
    with pytest.raises(ZeroDivisionError), tenant.snapshot():
        raise ZeroDivisionError
    with pytest.raises(driver.Error), tenant.snapshot():
        raise driver.OperationalError
    clean(acme)


def test_what_it_read_is_used_in_an_entry_of_its_tenant(acme: Aging, tenant: Tenant) -> None:
    """Rows carry their store, as ever; a cursor and a query that weren't read to their end are dead afterwards."""
    with tenant.snapshot():
        note = Note.get()
        cursor = tenant.store("books").execute_sql("SELECT * FROM note")
    with acme.router.using(tenant):
        note.text = "changed"
        note.save()
        assert texts() == ["changed"]
        with pytest.raises(WrongTenant, match="left"):
            cursor.fetchone()


def test_an_entry_that_is_left_from_outside(acme: Aging, tenant: Tenant) -> None:
    """A snapshot whose entry was ended by others hands no connection back that refuses writes."""
    snapshot = tenant.snapshot()
    snapshot.__enter__()
    assert snapshot.entry is not None
    acme.router.leave(snapshot.entry)
    with pytest.raises(TenantError, match="rolled back"):
        snapshot.__exit__(None, None, None)
    clean(acme)


def test_a_thread_watches_only_while_there_are_any(acme: Aging, tenant: Tenant) -> None:
    """One for all of a router's snapshots, and none afterwards."""

    def watching() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "snapshots"]

    assert not watching()
    with tenant.snapshot():
        (thread,) = watching()
        with tenant.snapshot():
            assert watching() == [thread]
        assert watching() == [thread]
    thread.join(60)
    assert not watching()
    with tenant.snapshot():
        assert watching()


def test_its_status(acme: Aging, tenant: Tenant) -> None:
    """How many there are, how old the oldest is, how many there were; logs of open stores by their size on the disk."""
    snapshots = acme.router.snapshots
    with tenant.snapshot():
        acme.clock.seconds += 7
        with tenant.snapshot(roles=["books"]):
            acme.clock.seconds += 5
            status = snapshots.status()
            assert (status.open, status.oldest, status.begun) == (2, 12.0, 2)
            sizes = [acme.log("books"), acme.log("registers")]
            own = Path(f"{acme.router.universal_store.path}-wal")
            sizes.append(own.stat().st_size if own.exists() else 0)
            assert (status.largest_log, status.logs) == (max(sizes), sum(sizes))
    status = snapshots.status()
    assert (status.open, status.oldest, status.begun, status.too_old) == (0, 0.0, 2, 0)


def test_a_snapshot_in_a_generator_of_another_tenant_is_noticed(acme: Aging) -> None:
    """As an entry is: its consumer must not work in it without knowing."""
    other = acme.router.create("globex", models=[Note])

    def rows() -> Iterator[Any]:
        with acme.tenant.snapshot():
            yield from Note.select()

    with acme.router.using(other):
        generator = rows()
        assert next(generator).text == "first"
        with pytest.raises(TenantError, match="generator"):
            Note.select().count()
        generator.close()
