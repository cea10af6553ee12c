"""A snapshot that lasts too long, or costs too much, is ended, whatever its thread is at; nothing else is touched."""

from __future__ import annotations

import gc
import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from notes import Contact, Note, texts
from snapshots import Aging, aging
from tenants import NoTenant, SnapshotTooOld, Store, Tenant
from tenants.snapshots import logs
from tenants.snapshots.logs import log_size
from tenants.snapshots.states import SnapshotState
from tenants.sqlite import LOG_KEPT, driver
from threads import wait_for

FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE tick(i) = 0"


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Aging]:
    """A tenant of two stores."""
    yield from aging(tmp_path / "data")


@pytest.fixture
def tenant(acme: Aging) -> Tenant:
    """That tenant."""
    return acme.tenant


@pytest.fixture
def running(acme: Aging) -> Iterator[threading.Event]:
    """Says when `FOR_EVER` runs; then time passes for it."""
    began = threading.Event()
    acme.tenant.store("books").database.register_function(lambda i: began.set() or 1, "tick", 1)

    def grow_old() -> None:
        if began.wait(60):
            acme.clock.seconds += 601
            acme.router.snapshots.look()

    thread = threading.Thread(target=grow_old)
    thread.start()
    yield began
    began.set()
    thread.join()


def is_clean(acme: Aging) -> None:
    """Fail unless nobody has anything in hand, and whoever comes next reads and writes undisturbed."""
    pool = acme.router.pool
    assert (pool.leases(), pool.lent(), acme.router.snapshots.status().open) == (0, 0, 0)
    with acme.router.using(acme.tenant):
        for store in acme.tenant.stores.values():
            assert store.execute_sql("PRAGMA query_only").fetchone() == (0,)
            assert not store.database._state.conn.in_transaction
        Note.create(text="afterwards")
        assert texts()[-1] == "afterwards"
    with acme.tenant.snapshot():
        assert texts()[-1] == "afterwards"


# Where its time is up


def test_while_a_statement_runs(acme: Aging, tenant: Tenant, running: threading.Event) -> None:
    """The statement is interrupted, and so is each later one refused, with the error that says why."""
    with tenant.snapshot():
        for sql in (FOR_EVER, "SELECT 1"):
            with pytest.raises(SnapshotTooOld, match=r"acme .* 600 seconds"):
                tenant.store("books").execute_sql(sql)
        with pytest.raises(SnapshotTooOld):
            Contact.get()
    is_clean(acme)


FETCHES: list[Callable[[Any], object]] = [
    lambda cursor: cursor.fetchone(),
    lambda cursor: cursor.fetchmany(9),
    lambda cursor: cursor.fetchall(),
    lambda cursor: next(cursor),
    list,
]


@pytest.mark.parametrize("fetch", FETCHES)
def test_while_a_row_is_fetched(
    acme: Aging, tenant: Tenant, running: threading.Event, fetch: Callable[[Any], object]
) -> None:
    """A fetch that looks for the next row is interrupted likewise."""
    with tenant.snapshot():
        cursor = tenant.store("books").execute_sql(FOR_EVER.replace("WHERE", "WHERE i = 1 OR"))
        assert not running.is_set()
        with pytest.raises(SnapshotTooOld):
            fetch(cursor)
    is_clean(acme)


STEPS: list[Callable[[Store, Any], object]] = [
    lambda store, cursor: cursor.fetchone(),
    lambda store, cursor: cursor.fetchmany(2),
    lambda store, cursor: cursor.fetchall(),
    lambda store, cursor: next(cursor),
    lambda store, cursor: list(cursor),
    lambda store, cursor: cursor.execute("SELECT 1"),
    lambda store, cursor: cursor.executemany("SELECT 1", []),
    lambda store, cursor: store.execute_sql("SELECT 1"),
    lambda store, cursor: store.database.cursor(),
    lambda store, cursor: store.database.connect(reuse_if_open=True),
    lambda store, cursor: store.database.atomic().__enter__(),
    lambda store, cursor: Note.get(),
    lambda store, cursor: list(Note.select().iterator()),
    lambda store, cursor: Contact.select().count(),
]


def test_where_nobody_was_executing(acme: Aging, tenant: Tenant) -> None:
    """Whatever is tried next in any of its stores raises, also on what was being fetched; leaving is as ever."""
    store = tenant.store("books")
    for step in STEPS:
        with tenant.snapshot():
            cursor = store.execute_sql("SELECT 1 UNION SELECT 2 UNION SELECT 3")
            assert cursor.fetchone() == (1,)
            acme.passes()
            with pytest.raises(SnapshotTooOld):
                step(store, cursor)
            cursor.close()
        is_clean(acme)


def test_as_it_begins(acme: Aging, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong on the way in is told as what it is, be it its age or something else."""
    reading = Store.reading

    def slow(store: Store) -> Any:
        acme.clock.seconds += 400
        return reading(store)

    monkeypatch.setattr(Store, "reading", slow)
    with pytest.raises(SnapshotTooOld), tenant.snapshot():
        pass
    with tenant.snapshot(max_age=1000):
        assert texts()

    def failing(state: SnapshotState, sql: str, *args: Any) -> Any:
        if "query_only" in sql:
            raise driver.OperationalError("the disk is on fire")
        return run(state, sql, *args)

    run = SnapshotState.run
    monkeypatch.setattr(SnapshotState, "run", failing)
    with pytest.raises(driver.OperationalError, match="on fire"), tenant.snapshot(max_age=1000):
        pass
    monkeypatch.undo()
    is_clean(acme)


def test_by_its_own_clock_where_the_watch_is_late(acme: Aging, tenant: Tenant) -> None:
    """The bound doesn't hang on another thread's being scheduled: its own statements look at the clock, too."""
    with tenant.snapshot():
        acme.clock.seconds += 600
        with pytest.raises(SnapshotTooOld):
            Note.get()
    is_clean(acme)


def test_in_the_middle_of_blocks(acme: Aging, tenant: Tenant) -> None:
    """Within savepoints and `reading()` it is that error which comes out, and not one of theirs."""
    database = tenant.store("books").database
    with tenant.snapshot(), suppress(SnapshotTooOld), database.atomic(), database.atomic():
        acme.passes()
        with tenant.store("books").reading(), pytest.raises(SnapshotTooOld) as first:
            Note.get()
        raise first.value
    is_clean(acme)


def test_an_error_of_the_block_is_not_hidden(acme: Aging, tenant: Tenant) -> None:
    """What was raised before stays what it was."""
    with suppress(ZeroDivisionError), tenant.snapshot():
        acme.passes()
        raise ZeroDivisionError
    is_clean(acme)


def test_a_block_that_reads_no_more_ends_well(acme: Aging, tenant: Tenant) -> None:
    """What it has read is right, so there is nothing to complain about."""
    with tenant.snapshot():
        found = texts()
        acme.passes()
    assert found == ["first"]
    is_clean(acme)


def test_an_outer_entry_goes_on(acme: Aging, tenant: Tenant) -> None:
    """Only the snapshot was ended: the entry around it, and its transaction, are as they were."""
    with acme.router.using(tenant), tenant.store("books").writing():
        Note.create(text="second")
        with suppress(SnapshotTooOld), tenant.snapshot():
            acme.passes()
            Note.get()
            pytest.fail("it went through")
        Note.create(text="third")
    is_clean(acme)


def test_left_from_outside_as_it_is_too_old(acme: Aging, tenant: Tenant) -> None:
    """Whoever ends its entry finds nothing left to give back."""
    snapshot = tenant.snapshot()
    snapshot.__enter__()
    acme.passes()
    assert snapshot.entry is not None
    acme.router.leave(snapshot.entry)
    with suppress(NoTenant):
        snapshot.__exit__(None, None, None)
    is_clean(acme)


# What is free then


def test_its_stores_are_free_for_maintenance(acme: Aging, tenant: Tenant) -> None:
    """Maintenance waits for a snapshot, and no longer than that may last, whatever its thread is at."""
    home = tenant.store("books").home
    maintained = threading.Event()

    def maintain() -> None:
        with home.maintaining(60):
            maintained.set()

    with tenant.snapshot():
        thread = threading.Thread(target=maintain)
        thread.start()
        wait_for(lambda: home._wanted == 1)
        assert not maintained.is_set()
        acme.passes()
        assert maintained.wait(60)
        thread.join()
        assert acme.router.pool.leases() == 0
    is_clean(acme)


def test_its_log_is_free(acme: Aging, tenant: Tenant) -> None:
    """While it lasts the log can't be begun anew; from its end on it can, though its thread is still in the block."""
    with tenant.snapshot():
        Note.get()
        cursor = tenant.store("books").execute_sql("SELECT 1 UNION SELECT 2")
        acme.write(3)
        assert not moved_wholly(acme)
        acme.passes()
        assert moved_wholly(acme)
        del cursor
    is_clean(acme)


def moved_wholly(acme: Aging) -> bool:
    """Whether nobody keeps the log from being moved into the file, and begun anew."""
    with acme.tenant.store("books").get_connection() as connection:
        connection.execute("PRAGMA busy_timeout = 0")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        return not busy


def test_an_interrupted_connection_is_never_pooled(acme: Aging, tenant: Tenant) -> None:
    """It is closed, so that nobody gets what an interrupt or a rollback may still be on its way to."""
    own = set(tenant.stores.values())
    with tenant.snapshot():
        assert acme.router.pool.stores() == {*own, acme.router.universal_store}
        acme.passes()
        assert not own & acme.router.pool.stores()
    assert not own & acme.router.pool.stores()
    is_clean(acme)


def test_cursors_that_are_dropped_meanwhile_wait(acme: Aging, tenant: Tenant) -> None:
    """One that goes while somebody is at the connection is closed when that is done, and not under their hands."""
    with tenant.snapshot() as snapshot:
        cursor = tenant.store("books").execute_sql("SELECT 1 UNION SELECT 2")
        state = cursor.state
        inside, done = threading.Event(), threading.Event()

        def at_it() -> None:
            with snapshot.gate._statement:
                inside.set()
                assert done.wait(60)

        thread = threading.Thread(target=at_it)
        thread.start()
        assert inside.wait(60)
        del cursor
        gc.collect()
        assert len(state.dropped) == 1
        done.set()
        thread.join()
        del state
    is_clean(acme)


# What is told


def test_it_is_told_once(acme: Aging, tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    """A line in the log, and one more in the count."""
    with caplog.at_level(logging.WARNING, "tenants"), tenant.snapshot():
        acme.passes()
        for _ in range(3):
            with pytest.raises(SnapshotTooOld):
                Note.get()
    assert [record.getMessage().count("600 seconds") for record in caplog.records] == [1]
    status = acme.router.snapshots.status()
    assert (status.too_old, status.outgrown, status.open) == (1, 0, 0)


# What others write meanwhile


def test_a_log_that_grows_ends_it(
    acme: Aging, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    """Once a store's log has outgrown its limit, long before its time is up, saying so."""
    acme.router.snapshots.largest_log = 200_000
    with caplog.at_level(logging.WARNING, "tenants"), tenant.snapshot():
        acme.router.snapshots.look()
        assert texts() == ["first"]
        acme.write(100, 5_000)
        acme.passes(1)
        with pytest.raises(SnapshotTooOld, match=r"log of acme/books has [\d,]+ bytes.*200,000"):
            texts()
    assert len(caplog.records) == 1
    status = acme.router.snapshots.status()
    assert (status.too_old, status.outgrown) == (0, 1)
    is_clean(acme)


def test_a_log_that_was_large_before_doesnt(acme: Aging, tenant: Tenant) -> None:
    """A snapshot can't help what was written before it: it is ended only if the log grows further."""
    with tenant.snapshot():
        acme.write(100, 5_000)  # and stays that large for want of anybody to begin it anew
        acme.router.snapshots.largest_log = 200_000
        before = acme.log()
        assert before > 200_000
        with tenant.snapshot() as second:
            assert second.outgrown(200_000) is None
            acme.write(1, 5_000)
            assert acme.log() > before
            assert second.outgrown(200_000) is not None


def test_the_log_grows_while_it_lasts_and_is_begun_anew_after(acme: Aging, tenant: Tenant) -> None:
    """Its end moves the log into the file; the next writer begins it anew, and cuts off what is past `LOG_KEPT`."""
    with tenant.snapshot():
        acme.write(30, 1_000_000)
        grown = acme.log()
        assert grown > 25_000_000
        acme.clock.seconds += 2
    assert acme.log() == grown  # nothing is cut off by a reader
    acme.write()
    assert acme.log() <= LOG_KEPT
    is_clean(acme)


def test_its_early_end_helps_the_log_along(acme: Aging, tenant: Tenant) -> None:
    """Whoever ends it moves the log, so that the next writer doesn't pay for that."""
    with tenant.snapshot():
        acme.write(30, 1_000_000)
        acme.passes()
        with tenant.store("books").get_connection() as connection:
            _, frames, moved = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        assert frames == moved
    acme.write()
    assert acme.log() <= LOG_KEPT


def test_helping_along_holds_no_writer_up(acme: Aging, tenant: Tenant) -> None:
    """It asks for no more than SQLite's PASSIVE, which goes beside a writer in the middle of a transaction."""
    store = tenant.store("books")
    with tenant.snapshot():
        acme.write(6, 1_000_000)
    with acme.router.using(tenant), store.writing():
        Note.create(text="in the middle")
        with store.get_connection() as connection:
            statements: list[str] = []
            connection.set_trace_callback(statements.append)
            logs.help_along(store, connection)
            connection.set_trace_callback(None)
            # Its other kinds wait for the writer, and keep the next one from writing.
            assert statements == ["PRAGMA wal_checkpoint(PASSIVE)"]
            _, frames, moved = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        assert frames == moved
    is_clean(acme)


def test_a_faulty_store_is_left_alone(acme: Aging, tenant: Tenant) -> None:
    """Nothing is moved in a store that has a fault, or is in quarantine."""
    store = tenant.store("books")

    class Untouched:
        def execute(self, sql: str) -> None:
            raise AssertionError(sql)

    with tenant.snapshot():
        acme.write(6, 1_000_000)
        for fault in ("trouble", "read_only"):
            setattr(store, fault, "an I/O error")
            logs.help_along(store, Untouched())
            setattr(store, fault, None)


def test_sizes_are_asked_without_opening(
    acme: Aging, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To close a descriptor of a database's file would drop the locks that SQLite has on it."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(args)

    acme.write()
    with tenant.snapshot():
        monkeypatch.setattr("builtins.open", refused)
        monkeypatch.setattr("os.open", refused)
        assert acme.router.snapshots.status().largest_log >= log_size(tenant.store("books")) > 0
        monkeypatch.undo()
    missing = tenant.store("books")
    missing.path += ".none"
    assert log_size(missing) == 0
    missing.path = missing.path.removesuffix(".none")


# All of it at once


def test_many_threads_and_many_ends(acme: Aging, tenant: Tenant) -> None:
    """Threads that execute, fetch, drop and leave while others end them read one state, or are told; others go on."""
    seed = random.randrange(2**32)
    wrong: list[str] = []
    acme.write(200)
    writers = 2
    ended = threading.Event()

    def read(number: int) -> None:
        dice = random.Random(f"{seed} {number}")
        for _ in range(30):
            try:
                with tenant.snapshot(max_age=dice.choice([50.0, 300.0, 5000.0])):
                    count = Note.select().count()
                    for _ in range(dice.randrange(8)):
                        cursor = tenant.store("books").execute_sql(
                            "SELECT sum(a.id * b.id) FROM note a, note b WHERE b.id < 50"
                        )
                        if dice.random() < 0.5:
                            cursor = tenant.store("books").execute_sql("SELECT id FROM note")
                            cursor.fetchmany(3)
                            if dice.random() < 0.5 and len(cursor.fetchall()) != count - 3:
                                wrong.append("another state")
                        if Note.select().count() != count:
                            wrong.append("another state")
            except SnapshotTooOld:
                pass
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                wrong.append(repr(error))

    def write() -> None:
        try:
            while not ended.is_set():
                acme.write()
        except BaseException as error:  # noqa: BLE001 - likewise
            wrong.append(repr(error))

    def grow_old() -> None:
        while not ended.is_set():
            acme.clock.seconds += 10
            acme.router.snapshots.look()

    readers = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    others = [threading.Thread(target=write) for _ in range(writers)]
    others.append(threading.Thread(target=grow_old))
    for thread in [*readers, *others]:
        thread.start()
    for thread in readers:
        thread.join()
    ended.set()
    for thread in others:
        thread.join()
    assert not wrong, (seed, wrong[:3])
    status = acme.router.snapshots.status()
    assert status.too_old > 0, seed
    assert acme.router.pool.lent() == 0
    is_clean(acme)


def test_a_driver_error_of_the_owners_own_stays_one(acme: Aging, tenant: Tenant) -> None:
    """Only what became of a snapshot that was ended is told as that."""
    with tenant.snapshot(), pytest.raises(Exception, match="no such table") as raised:
        tenant.store("books").execute_sql("SELECT * FROM nowhere")
    assert not isinstance(raised.value, SnapshotTooOld)
    with tenant.snapshot(), pytest.raises(driver.Error, match="no such table"):
        tenant.store("books").database.cursor().execute("SELECT * FROM nowhere")
    is_clean(acme)
