"""Threads and tasks: each has an entry of its own or none, and what isn't supported says so."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flask_app import make_app
from routed_models import Item, Person, tenant
from tenants import (
    UNIVERSAL,
    NoTenant,
    Router,
    SharedEntry,
    UnknownTenant,
    WrongTenant,
    current_entry,
    establish_key,
)

pytestmark = pytest.mark.each_engine


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("threads") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    yield router
    assert set(router.db_dict) == {UNIVERSAL}
    router.close()


def first() -> str:
    """Return the first item's text: whose row it is."""
    return Item.get_by_id(1).text


def outcome(function: Callable[[], Any]) -> Any:
    """Return what the function returns, or the class of what it raises."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
        return type(error)


def in_thread(function: Callable[[], Any]) -> Any:
    """Return the function's outcome in a plain thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(outcome(function)))
    thread.start()
    thread.join()
    return found[0]


# Threads of ours


def test_server_work(companies: Router) -> None:
    """A thread that the server starts has a key of its thread's name from its first line, and none after its last."""
    seen: list[Any] = []

    def work(a: int, b: int = 0) -> None:
        seen.extend([establish_key(), current_entry().session_token, first(), a, b])

    thread = companies.start_thread(work, 1, b=2, tenant="acme", name="nightly")
    thread.join()
    key, token, text, *arguments = seen
    assert key[0].startswith("nightly#")
    assert key[1] is None
    assert token is None
    assert (text, arguments) == ("acme 1", [1, 2])
    assert thread.name == "nightly"
    assert set(companies.db_dict) == {UNIVERSAL}


def test_client_work(companies: Router) -> None:
    """A thread that a client started has its session's digest and the thread's name for a key."""
    seen: list[Any] = []
    companies.start_thread(
        lambda: seen.append((establish_key(), first())),
        tenant="globex",
        session_token="digest",
        name="report",
    ).join()
    ((token, name), text) = seen[0]
    assert (token, text) == ("digest", "globex 1")
    assert name.startswith("report#")


def test_a_thread_started_within_an_entry(companies: Router) -> None:
    """A thread of ours has the tenant that it was started for, whatever is current where it was started."""
    seen: list[str] = []
    with companies.using("globex") as entry:
        companies.start_thread(lambda: seen.append(first()), tenant="acme").join()
        assert current_entry() is entry
    assert seen == ["acme 1"]


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_a_thread_that_fails_leaves_its_entry(
    companies: Router, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """However its work ends, the thread's entry ends with it, and what was open is rolled back."""
    raised: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_type))

    def work() -> None:
        Item._meta.database.atomic().__enter__()
        Item.update(text="changed").execute()
        raise error

    companies.start_thread(work, tenant="acme").join()
    assert raised == [error]
    assert set(companies.db_dict) == {UNIVERSAL}
    with companies.using("acme"):
        assert first() == "acme 1"


def test_an_unknown_tenant_starts_no_thread(companies: Router) -> None:
    """A tenant that isn't there is told to whoever starts the thread."""
    before = threading.active_count()
    with pytest.raises(UnknownTenant):
        companies.start_thread(first, tenant="nobody")
    assert threading.active_count() == before


def test_names_repeat_and_keys_dont(companies: Router) -> None:
    """Threads of one name, one after the other and side by side, have keys that were never given before."""
    keys: list[Any] = []
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        keys.append(establish_key())
        first()
        together.wait()

    for _ in range(3):
        threads = [companies.start_thread(work, tenant="acme", name="same") for _ in range(3)]
        for thread in threads:
            thread.join()
    assert len(set(keys)) == 9
    assert all(name.startswith("same#") for name, _ in keys)


def test_two_companies_side_by_side(companies: Router) -> None:
    """Threads of two companies that read and write in the same moment see and change their own rows."""
    together = threading.Barrier(4)
    wrong: list[str] = []

    def work(slug: str) -> None:
        for _ in range(25):
            together.wait()
            database = Item._meta.database
            with database.atomic() as transaction:
                Item.update(text=f"{slug} changed").where(Item.id == 2).execute()
                found = [item.text for item in Item.select()]
                transaction.rollback()
            wrong.extend(text for text in found if not text.startswith(slug))

    threads = [companies.start_thread(work, slug, tenant=slug) for slug in ("acme", "globex") * 2]
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_report_that_a_request_started(companies: Router) -> None:
    """A thread that a view starts goes on after the request has ended, under the session's token."""
    app = make_app(companies)
    ended, seen = threading.Event(), []
    threads: list[threading.Thread] = []

    def report() -> None:
        ended.wait()
        seen.append((establish_key()[0], first()))

    @app.get("/report")
    def start() -> str:
        entry = current_entry()
        assert entry is not None
        threads.append(
            companies.start_thread(report, tenant=entry.tenant, session_token=entry.session_token)
        )
        return "started"

    app.test_client().get("/report", headers={"X-Token": "digest", "X-Tenant": "acme"})
    ended.set()
    threads[0].join()
    assert seen == [("digest", "acme 1")]


# Threads of others


def test_a_plain_thread_has_no_entry(companies: Router) -> None:
    """A thread that something else starts within an entry has none, and fails closed."""
    with companies.using("acme"):
        assert in_thread(first) is NoTenant
        assert in_thread(establish_key) == UNIVERSAL


def test_a_pools_jobs_dont_inherit(companies: Router) -> None:
    """In a thread pool, what one job entered and left isn't seen by the next, nor what the submitter entered."""

    def job(slug: str) -> str:
        with companies.using(slug):
            return first()

    with ThreadPoolExecutor(1) as pool, companies.using("globex"):
        assert pool.submit(job, "acme").result() == "acme 1"
        assert pool.submit(outcome, first).result() is NoTenant
        assert pool.submit(job, "globex").result() == "globex 1"


def test_a_job_that_forgot_to_leave(companies: Router) -> None:
    """An entry that a pool's job didn't leave is left by its key, and then the next job doesn't see it either."""
    with ThreadPoolExecutor(1) as pool:
        entry = pool.submit(companies.enter_here, "acme").result()
        del companies.db_dict[entry.key]
        assert pool.submit(outcome, first).result() is NoTenant
        companies.leave(entry)


@pytest.mark.parametrize(
    "use",
    [
        first,
        lambda: Item._meta.database.execute_sql("SELECT 1"),
        lambda: Item.update(text="changed").execute(),
        lambda: Item._meta.database.atomic().__enter__(),
    ],
)
def test_a_copied_context_is_refused_in_another_thread(
    companies: Router, use: Callable[[], Any]
) -> None:
    """A connection belongs to its thread: an entry that a copied context carries into another one is refused there."""
    with companies.using("acme"):
        first()
        copied = contextvars.copy_context()
        assert in_thread(lambda: copied.run(use)) is SharedEntry
        assert first() == "acme 1"


def test_cursors_and_half_read_queries_stay_in_their_thread(companies: Router) -> None:
    """What another thread gets hold of, cursor or iterator, isn't read there: with a copied context or without."""
    with companies.using("acme"):
        copied = contextvars.copy_context()
        for expected, run in ((SharedEntry, copied.run), (WrongTenant, lambda use: use())):
            cursor = Item._meta.database.execute_sql("SELECT text FROM item")
            rows = Item.select().iterator()
            next(rows)
            for use in (cursor.fetchone, lambda rows=rows: next(rows)):
                assert in_thread(lambda use=use, run=run: run(use)) is expected


def test_rows_may_be_handed_to_a_thread_of_the_same_company(companies: Router) -> None:
    """A row and a query pass from one thread's entry to another's of the same company, and of no other."""
    with companies.using("acme"):
        row, query = Item.get_by_id(1), Item.select().order_by(Item.id)
    for slug, expected in (("acme", (1, "acme 1")), ("globex", (WrongTenant, WrongTenant))):
        found: list[Any] = []
        companies.start_thread(
            lambda found=found: found.append(
                (outcome(row.save), outcome(lambda: query.clone()[0].text))
            ),
            tenant=slug,
        ).join()
        assert found == [expected]


# asyncio


def test_two_tasks_in_one_entry_are_refused(companies: Router) -> None:
    """Two tasks that inherited one entry are told apart: the second to use it is refused, nothing mixes."""

    async def use(mine: asyncio.Event, others: asyncio.Event) -> Any:
        found = outcome(first)
        mine.set()
        await others.wait()
        return found

    async def both() -> list[Any]:
        one, two = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(use(one, two), use(two, one))

    with companies.using("acme"):
        assert asyncio.run(both()) == ["acme 1", SharedEntry]


def test_one_task_after_another(companies: Router) -> None:
    """A task may use the entry once the one before it is done."""

    async def use() -> str:
        return first()

    with companies.using("acme"):
        assert [asyncio.run(use()), first(), asyncio.run(use())] == ["acme 1"] * 3


def test_tasks_with_entries_of_their_own(companies: Router) -> None:
    """Tasks that each enter a company for themselves don't mix, whatever they await in between."""

    async def work(slug: str, mine: asyncio.Event, others: asyncio.Event) -> list[str]:
        with companies.using(slug):
            found = [first()]
            mine.set()
            await others.wait()
            return [*found, first()]

    async def both() -> list[Any]:
        one, two = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(work("acme", one, two), work("globex", two, one))

    assert asyncio.run(both()) == [["acme 1"] * 2, ["globex 1"] * 2]


def test_a_task_in_a_transaction_on_the_shared_database(companies: Router) -> None:
    """While one task is in a transaction on the shared database, another of the same thread is refused."""

    async def hold(mine: asyncio.Event, others: asyncio.Event) -> None:
        with companies.universal.atomic():
            mine.set()
            await others.wait()

    async def intrude(mine: asyncio.Event, others: asyncio.Event) -> Any:
        await others.wait()
        found = outcome(lambda: Person.create(name="astray"))
        mine.set()
        return found

    async def both() -> list[Any]:
        one, two = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(hold(one, two), intrude(two, one))

    assert asyncio.run(both()) == [None, SharedEntry]
    assert Person.select().count() == 0


def test_work_in_a_loops_thread_pool(companies: Router) -> None:
    """`asyncio.to_thread` copies the context: the entry is refused in its thread, and a fresh one works."""

    def enter() -> str:
        with companies.using("globex"):
            return first()

    async def work() -> list[Any]:
        return [await asyncio.to_thread(outcome, use) for use in (first, enter)]

    with companies.using("acme"):
        assert asyncio.run(work()) == [SharedEntry, "globex 1"]


def test_an_asynchronous_generator_lends_its_entry_to_nobody(companies: Router) -> None:
    """What an asynchronous generator entered isn't used by its consumer, who is in another company's entry."""

    async def rows() -> Any:
        with companies.using("acme"):
            yield first()

    async def consume() -> list[Any]:
        with companies.using("globex"):
            generator = rows()
            found = [await anext(generator), outcome(first)]
            await generator.aclose()
            return [*found, outcome(first)]

    assert asyncio.run(consume()) == ["acme 1", SharedEntry, "globex 1"]
