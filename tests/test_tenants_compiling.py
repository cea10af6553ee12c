"""SQL is compiled as Peewee compiles it, and nothing of another store gets into it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from peewee import SqliteDatabase, fn

from guards import switch_off
from routed_models import Country, Customer, Item, Journal, Person, books, plain_books, tenant
from strays.queries import QUERIES
from tenants import Router, WrongTenant, compiling


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("compiling") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    yield router
    router.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The rows of `acme` in a database of plain Peewee."""
    database = SqliteDatabase(tmp_path_factory.mktemp("plain") / "plain.db")
    yield plain_books(database, "acme")
    database.close()


@pytest.mark.parametrize("build", QUERIES.values(), ids=QUERIES)
def test_sql_is_peewees(companies: Router, plain: SimpleNamespace, build: Any) -> None:
    """The statement and its parameters are those that plain Peewee makes."""
    with companies.using("acme"):
        assert build(books).sql() == build(plain).sql()


CROSSINGS = {
    "join registers": lambda: Item.select().join(
        Customer, on=(Customer.stid == Item.customer_stid)
    ),
    "join universal": lambda: Item.select().join(Person, on=(Person.id == Item.author_id)),
    "join static": lambda: Item.select().join(Country, on=(Country.id == Item.author_id)),
    "join an alias": lambda: (
        a := Customer.alias(),
        Item.select().join(a, on=(a.stid == Item.customer_stid)),
    )[1],
    "join books to universal": lambda: Person.select().join(Item, on=(Person.id == Item.author_id)),
    "registers' subquery": lambda: Item.select().where(
        Item.customer_stid.in_(Customer.select(Customer.stid))
    ),
    "universal subquery": lambda: Item.select().where(Item.author_id.in_(Person.select(Person.id))),
    "books' subquery in universal": lambda: Person.select().where(
        Person.id.in_(Item.select(Item.author_id))
    ),
    "union": lambda: Item.select(Item.id) | Customer.select(Customer.stid),
    "count": lambda: Item.select(fn.COUNT(Customer)),
}


@pytest.mark.parametrize("build", CROSSINGS.values(), ids=CROSSINGS)
def test_no_statement_reaches_two_stores(companies: Router, build: Any) -> None:
    """Within one entry too, a statement that would need tables of two stores is refused, and says so."""
    with companies.using("acme"), pytest.raises(WrongTenant, match="part of"):
        list(build())


def test_rows_of_two_stores_meet_as_values(companies: Router) -> None:
    """A row of one store is a value in another's statement as long as the entry holds both: what a `stid` is for."""
    with companies.using("acme"):
        customer, item = Customer.get_by_id(1), Item.get_by_id(1)
        assert Item.select().where(Item.customer_stid == customer).count() == 3
        assert Customer.select().where(Customer.stid.in_([item.customer_stid])).count() == 1
        assert Person.select().where(Person.id == item).count() == 0
    with companies.using("globex"):
        for query in (
            Item.select().where(Item.customer_stid == customer),
            Person.select().where(Person.id == item),
        ):
            with pytest.raises(WrongTenant, match="acme"):
                list(query)


def test_a_value_is_checked_outside_of_entries(companies: Router) -> None:
    """A store's row as a value in a universal or static query is refused where no entry holds its store."""
    with companies.using("acme"):
        item = Item.get_by_id(1)
    for model in (Person, Country):
        with pytest.raises(WrongTenant):
            model.select().where(model.id == item).sql()


def test_a_value_strays_without_the_guard(
    companies: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard of rows switched off the same values go through: the tests above see leaks."""
    with companies.using("acme"):
        item = Item.get_by_id(1)
    switch_off(monkeypatch, "rows")
    assert Person.select().where(Person.id == item).sql()[1] == [1]
    monkeypatch.undo()


def test_aliases_dont_pile_up(companies: Router) -> None:
    """The compiler remembers classes of nodes, but not those that Peewee makes for one alias."""

    def compile_once() -> None:
        other = Journal.alias()
        other.select(other.title).where(other.id == 1).sql()

    with companies.using("acme"):
        compile_once()
        before = len(compiling._kinds)
        for _ in range(20):
            compile_once()
    assert len(compiling._kinds) == before


def test_the_error_names_both(companies: Router) -> None:
    """The message names where a query came from, whose entry this is, and what to do."""
    with companies.using("acme"):
        inner = Journal.select(Journal.id)
    with companies.using("globex"), pytest.raises(WrongTenant) as refused:
        Item.select().where(Item.journal.in_(inner)).count()
    assert "acme/books" in str(refused.value)
    assert "'globex'" in str(refused.value)
    assert "Load it again" in str(refused.value)


def test_a_deep_copy_of_a_query(companies: Router) -> None:
    """A query that was copied deeply is bound to the same store, not to a copy of it, and is as guarded."""
    with companies.using("acme"):
        query = copy.deepcopy(Item.select().where(Item.id == 1))
        assert query._database is Item._meta.database
        assert query[0].text == "acme 1"
    with companies.using("globex"), pytest.raises(WrongTenant):
        query.clone().get()
