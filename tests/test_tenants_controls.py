"""What the guards of entries, threads and classes hold back: with one switched off, its case leaks.

The guards of rows and queries have their controls in test_tenants_isolation.py, those of requests in
test_tenants_flask.py and test_tenants_streams.py.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator

import pytest
from peewee import ForeignKeyField, OperationalError

from guards import switch_off
from routed_models import Customer, Item, tenant
from tenants import (
    NoTenant,
    RoutedModel,
    Router,
    compiling,
    database,
    entries,
    establish_key,
    metadata,
    relations,
)
from tenants.current import Entry, current
from ways import WAYS, Site, Way

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name.replace(" ", "_"))


@pytest.fixture
def companies(router: Router) -> Router:
    """`acme`, `globex` and `initech`, with the same rows but for their names."""
    for slug in ("acme", "globex", "initech"):
        tenant(router, slug)
    return router


def first() -> str:
    """Return the first item's text: whose row it is."""
    return Item.get_by_id(1).text


def first_and_hand_back() -> str:
    """Return the first item's text, where no entry is there to hand back what that took."""
    text, entry = first(), current.get()
    entries.hand_back(entry.states, entry.lease)
    entry.states, entry.lease = {}, None
    return text


@pytest.fixture
def site(companies: Router) -> Iterator[Site]:
    """What the ways into a company need."""
    site = Site(companies)
    yield site
    site.close()


@each_way
def test_resolving_without_an_entry(site: Site, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """If models remembered their last database, and databases asked for no entry, they would answer without one."""
    resolve = metadata.ThreadSafeDatabaseMetadata._get_db
    last = {}

    def remembering(self: metadata.ThreadSafeDatabaseMetadata) -> object:
        found = resolve(self)
        if isinstance(found, database.StoreDatabase):
            last[self] = found
        return last.get(self, found)

    way.inside(site, "acme", first)
    with pytest.raises(NoTenant):
        way.inside(site, None, first)
    monkeypatch.setattr(metadata.ThreadSafeDatabaseMetadata, "database", property(remembering))
    switch_off(monkeypatch, "database cursor cache threads")
    assert way.inside(site, "acme", first) == "acme 1"
    assert way.inside(site, None, first_and_hand_back) == "acme 1"


@each_way
def test_emptying_an_entry(site: Site, way: Way) -> None:
    """If an entry weren't emptied as it is taken out of `db_dict`, it would go on answering, whoever has it."""

    def pop_and_read() -> str:
        del site.router.db_dict[establish_key()]
        return first()

    def pop_without_emptying() -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Entry, "empty", lambda self: None)
            return pop_and_read()

    with pytest.raises(NoTenant):
        way.inside(site, "acme", pop_and_read)
    assert way.inside(site, "acme", pop_without_emptying) == "acme 1"


def test_asking_whose_thread_it_is(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If entries didn't ask for their thread, a copied context would use one connection in two threads."""
    seen: list[str] = []
    with companies.using("acme"):
        first()
        copied = contextvars.copy_context()
        switch_off(monkeypatch, "threads")
        thread = threading.Thread(target=lambda: seen.append(copied.run(first)))
        thread.start()
        thread.join()
        monkeypatch.undo()
    assert seen == ["acme 1"]


def test_noticing_generators(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If generators weren't noticed, their consumer would write into the company of whoever waits."""

    def rows() -> Iterator[str]:
        with companies.using("acme"):
            yield first()

    switch_off(monkeypatch, "generators")
    with companies.using("globex"):
        for _ in rows():
            Item.create(journal=1, text="meant for globex")
    with companies.using("acme"):
        assert Item.select().where(Item.text == "meant for globex").count() == 1


def test_checking_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    """If relations weren't checked as classes are made, one could lead to another store."""
    monkeypatch.setattr(relations, "guard", lambda meta, name, field: None)

    class Crossing(RoutedModel):
        customer = ForeignKeyField(Customer, backref="+")

        class Meta:
            store = "books"

    assert Crossing.customer.rel_model is Customer
    Crossing._meta.remove_field("customer")


def test_checking_models(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If models weren't checked as SQL is compiled, a join to another store would reach for a table of that name."""
    monkeypatch.setattr(compiling.RoutedContext, "_check_model", lambda self, model: None)
    with companies.using("acme"):
        join = Item.select().join(Customer, on=(Customer.stid == Item.customer_stid))
        with pytest.raises(OperationalError, match="no such table"):
            join.count()
