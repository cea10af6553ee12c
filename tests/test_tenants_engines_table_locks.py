"""The locks of tables in memory: who waits for whom, that nobody waits for ever or meets SQLite's own locks."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from live_models import LIVE, Event, Tally, Visit
from notes import Note
from tenants import RoutedModel, Router, RWLock, Store, TenantError, WouldDeadlock
from tenants.engines import plans
from tenants.engines.table_locks import Hold, TableLocks
from threads import wait_for


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    """All stores are in memory."""
    router = Router(tmp_path / "data", engine="memory:")
    yield router
    router.close()


@pytest.fixture
def live(router: Router) -> Store:
    """The live store of `acme`."""
    return router.create("acme", models=[*LIVE, Note]).store("live")


@pytest.fixture
def locks(router: Router, live: Store) -> TableLocks:
    """Its locks."""
    database = router.in_memory.find(live)
    assert database is not None
    return database.locks


class Other:
    """A thread in an entry of `acme` that does something, then waits in the middle of it until it is told to go on.

    Args:
        router: whose.
        block: makes the block that it waits in.
        first: what it does in it before.
    """

    def __init__(
        self, router: Router, block: Callable[[], Any], first: Callable[[], object] = lambda: None
    ) -> None:
        self._inside, self._go = threading.Event(), threading.Event()
        self.error: BaseException | None = None

        def run() -> None:
            try:
                with block():
                    first()
                    self._inside.set()
                    self._go.wait(60)
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                self.error = error
                self._inside.set()

        self._thread = router.start_thread(run, tenant="acme")

    def __enter__(self) -> Other:
        assert self._inside.wait(60)
        assert self.error is None, self.error
        return self

    def __exit__(self, *exc: object) -> None:
        self._go.set()
        self._thread.join(60)
        assert self.error is None, self.error


def in_thread(router: Router, work: Callable[[], object]) -> tuple[threading.Thread, list[Any]]:
    """Begin something in a thread of `acme`; what it gives, or raises, is in the list once it is done."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            found.append(error)

    return router.start_thread(run, tenant="acme"), found


# Which tables a statement locks


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT count(*) FROM tally", {"tally": False}),
        ("SELECT * FROM event JOIN visit ON visit.id = visit_id", {"event": False, "visit": False}),
        ("UPDATE tally SET count = 1", {"tally": True}),
        ("DELETE FROM visit", {"visit": True, "event": True}),  # which goes with it
        ("UPDATE event SET visit_id = 1", {"event": True, "visit": False}),  # which has to be there
        ("WITH n AS (SELECT 1) INSERT INTO tally SELECT 1, 'a', 1 FROM n", {"tally": True}),
        ("INSERT INTO noted VALUES (1)", {"noted": True, "tally": True}),  # by a trigger
        ("SELECT * FROM both", {"tally": False, "visit": False}),  # a view
        ("insert into tally (name, count) select token, 1 from visit", {"tally": True, "visit": False}),
    ],
)  # fmt: skip
def test_a_statements_tables(live: Store, sql: str, tables: dict[str, bool]) -> None:
    """SQLite tells them: what foreign keys, triggers and views reach is among them."""
    with live.get_connection() as connection:
        connection.executescript(
            "CREATE TABLE noted (n); CREATE TRIGGER note AFTER INSERT ON noted BEGIN UPDATE tally SET count = 1; END;"
            "CREATE VIEW both AS SELECT name FROM tally UNION SELECT token FROM visit;"
        )
        found = plans.read(connection, sql, (), plans.outline(sql).writes)
    assert dict(found.tables) == tables
    assert found.writes == any(tables.values())
    assert not found.alone
    assert [name for name, _ in found.tables] == sorted(tables)


@pytest.mark.parametrize(
    ("sql", "alone", "writes", "begins"),
    [
        ("CREATE TABLE t (n)", True, True, ""),
        ("  drop table tally", True, True, ""),
        ("ANALYZE", True, True, ""),
        ("PRAGMA user_version = 3", True, True, ""),
        ("PRAGMA integrity_check", True, False, ""),
        ("PRAGMA table_info(tally)", False, False, ""),
        ("EXPLAIN DELETE FROM tally", False, False, ""),
        ("BEGIN", False, False, "DEFERRED"),
        ("begin immediate", False, False, "IMMEDIATE"),
        ("/* so */ BEGIN EXCLUSIVE", False, False, "EXCLUSIVE"),
        ("COMMIT", False, False, ""),
    ],
)
def test_what_other_statements_need(sql: str, alone: bool, writes: bool, begins: str) -> None:
    """What changes the schema needs the whole store, and what merely asks about it doesn't."""
    found = plans.outline(sql)
    assert (found.alone, found.writes, found.begins, found.rows) == (alone, writes, begins, False)


def test_virtual_tables(router: Router, live: Store) -> None:
    """What stands behind one can't be told, so writing one takes the whole store, and reading one all of its tables."""
    with live.get_connection() as connection:
        each = "SELECT value FROM json_each('[1]')"
        assert plans.read(connection, each, (), False).tables == ()
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
        assert plans.read(connection, "INSERT INTO words VALUES ('a')", (), True).alone
        found = plans.read(connection, "SELECT * FROM words", (), False)
        assert {"tally", "visit", "words_content"} <= dict(found.tables).keys()
        assert not found.writes


def test_processes_dont_queue_for_it(live: Store) -> None:
    """Other processes have stores of their own, so nobody waits for them."""
    assert live.queue() < 0


def test_a_plan_is_remembered_until_the_schema_changes(
    router: Router, live: Store, locks: TableLocks
) -> None:
    """A statement is looked into once; a change of the schema makes it be looked into again."""
    with router.using("acme"):
        query = "INSERT INTO visit (token, seen_at, hits) VALUES (?, 1, 0)"
        live.execute_sql(query, ("a",))
        assert "tally" not in dict(locks.plans[query].tables)
        live.execute_sql(
            "CREATE TRIGGER more AFTER INSERT ON visit BEGIN UPDATE tally SET count = 1; END"
        )
        assert query not in locks.plans
        live.execute_sql(query, ("b",))
        assert dict(locks.plans[query].tables)["tally"] is True


def test_settings_of_a_connection_are_its_own(
    router: Router, live: Store, locks: TableLocks
) -> None:
    """What a connection without foreign keys compiles doesn't tell others what theirs lock."""
    query = "DELETE FROM visit"
    with live.get_connection() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(query)
    assert query not in locks.plans
    with router.using("acme"):
        live.execute_sql(query)
    assert dict(locks.plans[query].tables) == {"visit": True, "event": True}


# Who waits for whom


def test_readers_run_side_by_side(router: Router, live: Store) -> None:
    """Two transactions read one table at the same time."""
    deferred = lambda: live.database.atomic("DEFERRED")  # noqa: E731
    with Other(router, deferred, lambda: Tally.get_or_none()), router.using("acme"):
        assert Tally.get_or_none() is None


def test_different_tables_dont_meet(router: Router, live: Store) -> None:
    """While one writes a table, and hasn't committed, others read another one."""
    with (
        Other(router, lambda: live.writing(Tally), lambda: Tally.create(name="a")),
        router.using("acme"),
    ):
        assert Visit.select().count() == 0
        assert Event.select().join(Visit).count() == 0


def test_a_reader_waits_for_the_writer_of_its_table(
    router: Router, live: Store, locks: TableLocks
) -> None:
    """Nothing is seen of a row that isn't committed: whoever asks for the table waits, and gets it then."""
    with Other(router, lambda: live.writing(Tally), lambda: Tally.create(name="a")):
        thread, found = in_thread(router, lambda: Tally.select().count())
        wait_for(lambda: locks.of("tally").waiting() == 1)
        assert found == []
    thread.join()
    assert found == [1]


def test_a_writer_waits_for_readers(router: Router, live: Store, locks: TableLocks) -> None:
    """A table that is read in a transaction is written when that has ended."""
    deferred = lambda: live.database.atomic("DEFERRED")  # noqa: E731
    with Other(router, deferred, lambda: Tally.get_or_none()):
        thread, found = in_thread(router, lambda: Tally.create(name="a").name)
        wait_for(lambda: locks.of("tally").waiting() == 1)
    thread.join()
    assert found == ["a"]


def test_one_write_transaction_at_a_time(router: Router, live: Store) -> None:
    """SQLite has one for each database, so writers of different tables wait for their turn, and get it."""
    with Other(router, lambda: live.writing(Tally), lambda: Tally.create(name="a")):
        thread, found = in_thread(router, lambda: Visit.create(token="b", seen_at=1).token)
        wait_for(lambda: live.lock.waiting() == 1)
        assert found == []
    thread.join()
    assert found == ["b"]


def test_copying_waits_for_the_writer(router: Router, live: Store) -> None:
    """SQLite copies nothing while somebody writes, so a copy waits for its turn, and holds what was committed."""

    def count() -> int:
        with live.reading():
            return Tally.select().count()

    with Other(router, lambda: live.writing(Tally), lambda: Tally.create(name="a")):
        thread, found = in_thread(router, count)
        wait_for(lambda: live.lock.waiting() == 1)
    thread.join()
    assert found == [1]


def test_without_names_it_is_the_whole_store(
    router: Router, live: Store, locks: TableLocks
) -> None:
    """`writing()` and `atomic()` say nothing of tables, so whoever asks for any waits."""
    for block in (live.writing, live.database.atomic):
        with Other(router, block):
            thread, found = in_thread(router, lambda: Visit.select().count())
            wait_for(lambda: locks.whole.waiting() == 1)
        thread.join()
        assert found == [0]


def test_naming_takes_what_goes_with_it(router: Router, live: Store, locks: TableLocks) -> None:
    """Whoever names visits has what may go with one, too: events."""
    with Other(router, lambda: live.writing(Visit)):
        threads = [
            in_thread(router, lambda m=model: m.select().count()) for model in (Visit, Event)
        ]
        wait_for(lambda: locks.of("visit").waiting() + locks.of("event").waiting() == 2)
        with router.using("acme"):
            assert Tally.select().count() == 0
    for thread, _ in threads:
        thread.join()
    assert [found for _, found in threads] == [[0], [0]]


def test_a_table_that_wasnt_named(
    router: Router, live: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken where nobody has it; where somebody does, an error says at once to name it, and all is undone."""
    with router.using("acme"), live.writing(Tally):
        Tally.create(name="a")
        assert Event.select().count() == 0  # which comes before, and is free
        Visit.create(token="a", seen_at=1)
    deferred = lambda: live.database.atomic("DEFERRED")  # noqa: E731
    waits: list[float | None] = []
    acquire = RWLock.acquire_write

    def acquire_write(self: RWLock, timeout: float | None = None, owner: object = None) -> None:
        waits.append(timeout)
        acquire(self, 0 if "event" in self.name else timeout, owner)

    def write() -> None:
        Tally.create(name="b")
        Event.create(visit=1, at=1, what="came")

    monkeypatch.setattr(RWLock, "acquire_write", acquire_write)
    with Other(router, deferred, lambda: Event.get_or_none()), router.using("acme"):
        told = r"the table event of acme/live is in use.* name it.* `store.writing\(…\)`"
        with pytest.raises(WouldDeadlock, match=told), live.writing(Tally):
            write()
        assert waits[-1] == 0
        assert Tally.select().count() == 1
    with router.using("acme"), live.writing(Tally, Event):
        write()


def test_naming_more_within(router: Router, live: Store) -> None:
    """An inner block may name more tables, where they come after those in hand or are free."""
    with router.using("acme"), live.writing(Event):
        with live.writing(Tally):
            Tally.create(name="a")
        with live.writing():
            Tally.create(name="b")
    with router.using("acme"):
        assert Tally.select().count() == 2


def test_what_isnt_in_the_store_cant_be_named(router: Router, live: Store) -> None:
    """A model of another store is refused by name."""
    with (
        router.using("acme"),
        pytest.raises(TenantError, match="Note isn't in acme/live"),
        live.writing(Note),
    ):
        pass


def test_names_are_taken_on_a_file_too(tmp_path: Path) -> None:
    """The same code runs on a store in a file, which has one writer in any case."""
    router = Router(tmp_path / "files")
    store = router.create("acme", models=LIVE).store("live")
    with router.using("acme"):
        with store.writing(Tally, Visit):
            Tally.create(name="a")
            Event.select().count()
        assert Tally.select().count() == 1
    router.close()


def test_the_schema_within_a_named_block(router: Router, live: Store) -> None:
    """Changing the schema takes the whole store, which a block that has named tables gets only if it is alone."""
    with (
        Other(router, lambda: live.database.atomic("DEFERRED"), lambda: Visit.get_or_none()),
        router.using("acme"),
        live.writing(Tally),
        pytest.raises(WouldDeadlock, match="the whole store"),
    ):
        live.execute_sql("CREATE TABLE more (n)")
    with router.using("acme"), live.writing(Tally):
        live.execute_sql("CREATE TABLE more (n)")


def test_a_reader_cant_become_a_writer_while_others_write(router: Router, live: Store) -> None:
    """A transaction that begins by reading gets the turn to write where it is free, as a wait could be for ever."""
    with (
        Other(router, lambda: live.writing(Tally)),
        router.using("acme"),
        live.database.atomic("DEFERRED"),
    ):
        Visit.get_or_none()
        with pytest.raises(WouldDeadlock, match=r"begin it with `store.writing\(\)`"):
            Visit.create(token="a", seen_at=1)
    with router.using("acme"), live.database.atomic("DEFERRED"):
        Visit.get_or_none()
        Visit.create(token="a", seen_at=1)


def test_names_are_taken_in_order(
    router: Router, live: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes two tables and whoever reads both take them in the same order, so neither waits for ever.

    Each is stopped after its first table until the other one has a table, too, or waits for one.
    """
    take = Hold._take_table
    has: list[str] = []
    locks = router.in_memory.find(live)
    assert locks is not None

    def waiting() -> int:
        return sum(lock.waiting() for lock in locks.locks.tables.values())

    def take_table(self: Hold, name: str, writes: bool, in_order: bool) -> None:
        take(self, name, writes, in_order)
        if threading.current_thread().name.startswith("both"):
            has.append(name)
            wait_for(lambda: len(has) > 1 or waiting() > 0)

    def write() -> str:
        with live.writing(Visit, Tally):
            Visit.create(token="a", seen_at=1)
            Tally.create(name="a")
        return "written"

    def read() -> int:
        return live.execute_sql("SELECT count(*) FROM tally, visit").fetchone()[0]

    with router.using("acme"):
        read()  # so that what it locks is known
    monkeypatch.setattr(Hold, "_take_table", take_table)
    monkeypatch.setattr(RWLock, "TIMEOUT", 5)
    results: list[Any] = []
    threads = [
        router.start_thread(
            lambda work=work: results.append(work()), tenant="acme", name=f"both {n}"
        )
        for n, work in enumerate((write, read))
    ]
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert "written" in results


# Many at once


def storm(router: Router, live: Store, threads: int = 8, turns: int = 60) -> list[BaseException]:
    """Read, write, join, change the schema and copy, all at once. Returns what went wrong."""
    wrong: list[BaseException] = []
    start = threading.Barrier(threads)

    def work(seed: int) -> None:
        chosen = random.Random(seed)
        start.wait()
        for n in range(turns):
            try:
                chosen.choice(WORK)(live, f"{seed}.{n}")
            except Exception as error:  # noqa: BLE001 - the test looks at it
                wrong.append(error)

    workers = [router.start_thread(work, n, tenant="acme") for n in range(threads)]
    for worker in workers:
        worker.join()
    return wrong


def _in_names(live: Store, name: str) -> None:
    with live.writing(Tally, Visit):
        Tally.update(count=Tally.count + 1).where(Tally.name == "all").execute()
        Visit.create(token=name, seen_at=1)


def _come_and_go(live: Store, name: str) -> None:
    with live.writing(Event):
        visit = Visit.get_or_none()
        if visit is not None:
            Event.create(visit=visit, at=1, what=name)


def _change_schema(live: Store, name: str) -> None:
    table = f"t{name.replace('.', '_')}"
    live.execute_sql(f"CREATE TABLE {table} (n)")
    live.execute_sql(f"DROP TABLE {table}")


def _read_apart(live: Store, name: str) -> None:
    with live.reading():
        assert Event.select().count() == Event.select().join(Visit).count()


WORK: list[Callable[[Store, str], object]] = [
    _in_names,
    _come_and_go,
    _change_schema,
    _read_apart,
    lambda live, name: Tally.update(count=Tally.count + 1).where(Tally.name == "all").execute(),
    lambda live, name: list(Event.select(Event, Visit).join(Visit)),
    lambda live, name: live.snapshot(Visit),
    lambda live, name: Visit.delete().where(Visit.id % 7 == 0).execute(),
]


def test_nobody_meets_sqlites_own_locks(router: Router, live: Store) -> None:
    """Whatever many threads do at once to one store in memory, none hears that it is locked."""
    with router.using("acme"):
        Tally.create(name="all")
    assert storm(router, live) == []


def test_without_its_locks_they_would(
    router: Router, live: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the above: without our locks SQLite turns them away at once."""
    with router.using("acme"):
        Tally.create(name="all")
    monkeypatch.setattr(Hold, "_take_table", lambda self, name, writes, in_order: None)
    monkeypatch.setattr(Hold, "_take_whole", lambda self, connection: None)
    for _ in range(20):
        wrong = storm(router, live)
        if wrong:
            break
    assert any("locked" in str(error) for error in wrong)


def test_models_can_be_read_while_others_are_made(router: Router, live: Store) -> None:
    """A table that is made in a transaction appears to others when that is committed, and doesn't disturb them."""

    class Later(RoutedModel):
        class Meta:
            store = "live"

    with Other(router, live.writing, lambda: live.database.create_tables([Later])):
        thread, found = in_thread(router, lambda: (Tally.select().count(), Later.select().count()))
    thread.join()
    assert found == [(0, 0)]
