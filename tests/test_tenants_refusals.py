"""Every line of `tenants` that refuses what belongs to another tenant, thread or task is reached by some case.

A guard that no case reaches could be gone, and nobody would notice. What is found here are the `raise` statements that
make a `NoTenant`, `WrongTenant` or `SharedEntry`, directly or by the functions that word them.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import tenants
from routed_models import Customer, Item, Journal, Person, books, tenant
from strays import ACTIONS
from tenants import (
    AmbiguousRouter,
    NoTenant,
    Router,
    SharedEntry,
    WrongTenant,
    current_entry,
    current_store,
)

REFUSALS = (NoTenant, WrongTenant, SharedEntry, AmbiguousRouter)
WORDED_BY = {"NoTenant", "WrongTenant", "SharedEntry", "stray", "refusal", "of_another_thread"}
ROOM = Path(tenants.__file__).parent

Site = tuple[str, int]


def called(statement: ast.Raise) -> set[str]:
    """Return the names of the functions that a statement calls."""
    calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return {getattr(f, "attr", getattr(f, "id", "")) for f in calls}


def refusing_lines() -> dict[Site, Site]:
    """Return the statements that refuse, by each of their lines: `{(file, line): (file, first line)}`."""
    found = {}
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and called(node) & WORDED_BY:
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    found[path.name, line] = (path.name, node.lineno)
    return found


def raised_at(error: BaseException) -> Iterator[Site]:
    """Yield where an error was raised, and those that led to it."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_next is None:
            yield Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno
        trace = trace.tb_next
    if error.__context__ is not None:
        yield from raised_at(error.__context__)


# Cases, besides the actions of the isolation tests

CASES: dict[str, Callable[[Router], Any]] = {}


def case(function: Callable[[Router], Any]) -> Callable[[Router], Any]:
    """Enter a function that is to be refused."""
    CASES[function.__name__] = function
    return function


@case
def use_a_model_nowhere(router: Router) -> Any:
    return Item.get()


@case
def ask_for_a_store_nowhere(router: Router) -> Any:
    return current_store("books")


@case
def use_a_database_nowhere(router: Router) -> Any:
    return router.tenant("acme").store("books").database.execute_sql("SELECT 1")


@case
def use_a_dead_query_as_a_part(router: Router) -> Any:
    dead = Journal.select(Journal.id)
    with router.using("acme"):
        return Item.select().where(Item.journal.in_(dead)).count()


@case
def use_a_universal_query_as_a_part(router: Router) -> Any:
    with router.using("acme"):
        return Item.select().where(Item.author_id.in_(Person.select(Person.id))).count()


@case
def join_across_stores(router: Router) -> Any:
    with router.using("acme"):
        return Item.select().join(Customer, on=(Customer.stid == Item.customer_stid)).count()


@case
def make_a_stores_table_nowhere(router: Router) -> Any:
    router.universal.create_tables([Item])


@case
def make_another_stores_table(router: Router) -> Any:
    with router.using("acme"):
        Item._meta.database.create_tables([Customer])


@case
def bind_a_stores_model_nowhere(router: Router) -> Any:
    Item._meta.database = router.universal


@case
def bind_a_stores_model_to_another(router: Router) -> Any:
    with router.using("acme"):
        Item._meta.database = router.tenant("globex").store("books").database


@case
def bind_a_universal_model_with_two_routers(router: Router) -> Any:
    other = Router(router.folder.parent / "other")
    try:
        Person._meta.database = router.universal
    finally:
        other.close()


@case
def read_a_cursor_of_an_entry_that_was_left(router: Router) -> Any:
    with router.using("acme"):
        cursor = Item._meta.database.execute_sql("SELECT 1")
    with router.using("acme"):
        return cursor.fetchone()


def in_thread(work: Callable[[], Any]) -> Any:
    """Do the work in another thread, with a copy of this context; raise what it raises."""
    copied, errors = copy_context(), []

    def run() -> None:
        try:
            copied.run(work)
        except REFUSALS as error:
            errors.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    raise errors[0]


@case
def query_in_another_thread(router: Router) -> Any:
    with router.using("acme"):
        in_thread(Item.get)


@case
def read_a_cursor_in_another_thread(router: Router) -> Any:
    with router.using("acme"):
        in_thread(Item._meta.database.execute_sql("SELECT 1").fetchone)


@case
def work_in_a_waiting_generator(router: Router) -> Any:
    def rows() -> Iterator[None]:
        with router.using("acme"):
            yield

    with router.using("globex"):
        waiting = rows()
        next(waiting)
        try:
            return Item.get()
        finally:
            waiting.close()


async def both(hold: Callable[[], Any], intrude: Callable[[], Any]) -> Any:
    """Run one task that holds something, and another that comes in between."""
    held, done = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        with hold():
            held.set()
            await done.wait()

    async def second() -> None:
        await held.wait()
        try:
            intrude()
        finally:
            done.set()

    await asyncio.gather(first(), second())


@case
def use_an_entry_in_two_tasks(router: Router) -> Any:
    with router.using("acme"):
        asyncio.run(both(lambda: Item._meta.database.atomic(), Item.get))


@case
def use_the_shared_database_in_two_tasks(router: Router) -> Any:
    asyncio.run(both(router.universal.atomic, lambda: Person.create(name="astray")))


@case
def commit_what_was_left(router: Router) -> Any:
    entry = router.enter_here("acme")
    block = current_store("books").database.transaction()
    block.__enter__()
    router.leave(entry)
    block.__exit__(None, None, None)


@case
def commit_in_another_entry(router: Router) -> Any:
    with router.using("acme"):
        block = current_store("books").database.transaction()
        block.__enter__()
        with router.using("globex"):
            block.__exit__(None, None, None)


@case
def commit_in_another_entry_of_the_same_company(router: Router) -> Any:
    with router.using("acme"):
        block = current_store("books").database.transaction()
        block.__enter__()
        with router.using("acme"):
            block.__exit__(None, None, None)


@case
def keep_a_savepoint_in_another_entry(router: Router) -> Any:
    with router.using("acme"):
        database = current_store("books").database
        with database.transaction() as transaction:
            savepoint = database.savepoint()
            savepoint.__enter__()
            try:
                with router.using("acme"):
                    savepoint.commit()
            finally:
                transaction.rollback()


@pytest.fixture
def companies(router: Router) -> Router:
    """`acme` and `globex`, with the same rows but for their names."""
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    return router


def refusal_of(work: Callable[[], Any]) -> BaseException | None:
    """Return what refuses the work, done in a context of its own."""
    try:
        Context().run(work)
    except REFUSALS as error:
        return error
    return None


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused(companies: Router, name: str) -> None:
    """Each case is refused, and no entry is left."""
    assert refusal_of(lambda: CASES[name](companies)) is not None
    assert current_entry() is None
    assert len(companies.db_dict) == 1


def test_every_refusing_line_is_reached(companies: Router) -> None:
    """There is no line that refuses and that neither a case nor an action of the isolation tests reaches."""
    lines = refusing_lines()
    assert len(set(lines.values())) > 20
    reached: set[Site] = set()
    for name, refused in CASES.items():
        error = refusal_of(lambda refused=refused: refused(companies))
        assert error is not None, name
        reached |= {lines[site] for site in raised_at(error) if site in lines}
    for action in ACTIONS:

        def elsewhere(action: Any = action) -> Any:
            with companies.using("acme"), books.Item._meta.database.atomic() as transaction:
                try:
                    thing = action.take(books)
                    with companies.using("globex"):
                        return action.use(books, thing)
                finally:
                    transaction.rollback()

        error = refusal_of(elsewhere)
        if error is not None:
            reached |= {lines[site] for site in raised_at(error) if site in lines}
    assert set(lines.values()) - reached == set()
