"""Writing: one writer at a time, whole functions rerun while the database is busy, and never more than that."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from peewee import IntegrityError, OperationalError

from notes import HOLDER, Note, child, texts
from tenants import LockTimeout, Router, Store, retrying, sqlite
from tenants.connections import ConnectionState

pytestmark = pytest.mark.each_engine


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, empty."""
    return router.create("acme", models=[Note]).store("books")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The bounds between which each pause was drawn; none is slept."""
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    monkeypatch.setattr(retrying.random, "uniform", draw)
    monkeypatch.setattr(retrying.time, "sleep", lambda seconds: None)
    return drawn


def busy(code: int = 5, message: str = "database is locked") -> OperationalError:
    """An error as Peewee hands SQLite's on."""
    origin = sqlite.driver.OperationalError(message)
    origin.sqlite_errorcode = code
    return OperationalError(origin, message)


def failing(
    times: int, error: Callable[[int], BaseException]
) -> tuple[Callable[[], str], list[int]]:
    """A function that writes, then fails so often, then is done; and the list of its calls."""
    calls: list[int] = []

    def work() -> str:
        calls.append(len(calls))
        Note.create(text=f"call {len(calls)}")
        if len(calls) <= times:
            raise error(len(calls))
        return "done"

    return work, calls


@pytest.mark.parametrize("code", [5, 261, 517, 773])
def test_a_function_is_rerun_whole(
    router: Router, store: Store, pauses: list[tuple[float, float]], code: int
) -> None:
    """Busy, recovering, a stale snapshot: all that the failed calls wrote is undone, the last one's stays."""
    work, calls = failing(5, lambda n: busy(code))
    with router.using("acme"):
        assert store.write(work) == "done"
        assert texts() == ["call 6"]
    assert len(calls) == 6


def test_the_waits_grow_and_start_at_nothing(
    store: Store, pauses: list[tuple[float, float]]
) -> None:
    """Full jitter: each is drawn between zero and a bound that doubles."""
    work, _ = failing(5, lambda n: busy())
    store.write(work)
    assert pauses == [(0, retrying.BACKOFF * 2**n) for n in range(5)]


def test_five_retries_and_no_more(
    router: Router, store: Store, pauses: list[tuple[float, float]]
) -> None:
    """The sixth failure is the last, the first one's error is shown, and nothing was written."""
    work, calls = failing(99, lambda n: busy(message=f"busy {n}"))
    with router.using("acme"):
        with pytest.raises(OperationalError, match="busy 1"):
            store.write(work)
        assert texts() == []
        assert not store.lock.held()
    assert len(calls) == 6


def test_one_deadline(store: Store, monkeypatch: pytest.MonkeyPatch, pauses: list[object]) -> None:
    """What the calls take counts too: no call is begun, and no pause made, that would end after it."""
    clock = [0.0]
    monkeypatch.setattr(retrying.time, "monotonic", lambda: clock[0])
    given: list[float] = []

    def attempt(patience: float) -> None:
        given.append(patience)
        clock[0] += 12
        raise busy()

    with pytest.raises(OperationalError):
        retrying.retried(attempt)
    assert given == [30, 18, 6]


def test_the_wait_for_the_lock_is_within_the_deadline(
    router: Router, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer who found the lock taken gives up when its deadline comes, and not its lock's longer time-out."""
    monkeypatch.setattr(retrying, "DEADLINE", 0.1)
    store.lock.acquire(owner="somebody")
    store.lock._thread = 0  # as if in another thread
    begun = time.monotonic()
    with pytest.raises(LockTimeout, match="acme/books"):
        store.write(Note.create, text="x")
    assert time.monotonic() - begun < 10
    store.lock.release(owner="somebody")


@pytest.mark.parametrize(
    "error",
    [
        lambda n: busy(1, "wrong statement"),
        lambda n: busy(6, "table is locked"),
        lambda n: busy(10, "disk I/O error"),
        lambda n: busy(11, "malformed"),
        lambda n: busy(13, "disk is full"),
        lambda n: IntegrityError("unique"),
        lambda n: ValueError("the application's"),
        lambda n: LockTimeout("another store was busy"),
        lambda n: KeyboardInterrupt(),
    ],
)
def test_other_errors_are_not_retried(
    router: Router, store: Store, error: Callable[[int], BaseException]
) -> None:
    """Whatever isn't a busy database is shown at once, and undone."""
    work, calls = failing(1, error)
    with router.using("acme"):
        with pytest.raises(type(error(1))):
            store.write(work)
        assert texts() == []
    assert calls == [0]


def test_only_the_outermost_is_rerun(
    router: Router, store: Store, pauses: list[tuple[float, float]]
) -> None:
    """A `write` within another runs once in each run of the outer one: rerunning a part would keep a stale half."""
    inner, calls = failing(2, lambda n: busy())
    outer_calls = []

    def outer() -> str:
        outer_calls.append(1)
        Note.create(text="outer")
        return store.write(inner)

    with router.using("acme"):
        assert store.write(outer) == "done"
        assert texts() == ["outer", "call 3"]
    assert len(outer_calls) == len(calls) == 3


def test_single_writes_wait_for_their_turn(router: Router, store: Store) -> None:
    """A write outside of any block queues as well, and a read doesn't."""
    store.lock.timeout = 0
    store.lock.acquire(owner="somebody")
    store.lock._thread = 0  # as if in another thread
    with router.using("acme"):
        for write in (
            lambda: Note.create(text="x"),
            lambda: store.execute_sql(
                "WITH n(i) AS (SELECT 1) INSERT INTO note SELECT i, 'x', 0 FROM n"
            ),
        ):
            with pytest.raises(LockTimeout, match="acme/books"):
                write()
        assert texts() == []
    store.lock.release(owner="somebody")


def test_a_block_runs_once(router: Router, store: Store) -> None:
    """`writing()` can't run its block again, and doesn't try."""
    runs = []

    def post() -> None:
        with store.writing():
            runs.append(1)
            raise busy()

    with router.using("acme"), pytest.raises(OperationalError):
        post()
    assert runs == [1]


def test_write_enters_where_no_entry_is(router: Router, store: Store) -> None:
    """Server code names a store and writes; the entry is gone afterwards."""
    note = store.write(Note.create, text="x")
    assert list(router.db_dict) == [("universal", None)]
    with router.using("acme"):
        assert Note.get_by_id(note.id).text == "x"


def test_write_from_another_tenants_entry(router: Router, store: Store) -> None:
    """The server may write to a second company from within the first one's entry; each row lands where it belongs."""
    router.create("globex", models=[Note])
    with router.using("globex"):
        store.write(Note.create, text="acme's")
        Note.create(text="globex's")
        assert texts() == ["globex's"]
    with router.using("acme"):
        assert texts() == ["acme's"]


def test_one_statement_with_retries(router: Router, store: Store) -> None:
    """`execute_write_with_retry` gives the cursor of its one statement, also without an entry."""
    sql = "INSERT INTO note (text, count) VALUES (?, 0)"
    assert store.execute_write_with_retry(sql, ("one",)).rowcount == 1
    with router.using("acme"):
        assert store.execute_write_with_retry(sql, ("two",)).lastrowid == 2
        assert texts() == ["one", "two"]


@pytest.mark.of_files
def test_another_process_in_the_way(
    router: Router, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process holds the file, a write is rerun, and goes through as soon as that is done."""
    with child(HOLDER, store.path) as holder:
        assert holder.hears() == "held"
        monkeypatch.setattr(retrying.random, "uniform", lambda low, high: 0)
        tries = []

        def patiently(state: ConnectionState, *args: object) -> None:
            tries.append(1)
            state.open().execute("PRAGMA busy_timeout = 0")
            if len(tries) == 3:
                holder.told()
                assert holder.process.wait() == 0
            begin(state, *args)

        begin = ConnectionState.begin
        monkeypatch.setattr(ConnectionState, "begin", patiently)
        store.write(Note.create, text="at last")
    assert len(tries) == 3
    with router.using("acme"):
        assert texts() == ["at last"]
