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
from tenants import RoutedModel, Router, compiling, database, entries, metadata, relations
from tenants.current import NOWHERE, Entry


@pytest.fixture
def companies(router: Router) -> Router:
    """`acme` and `globex`, with the same rows but for their names."""
    tenant(router, "acme")
    tenant(router, "globex")
    return router


def first() -> str:
    """Return the first item's text: whose row it is."""
    return Item.get_by_id(1).text


def test_resolving_without_an_entry(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If models remembered their last database, and databases asked for no entry, they would answer without one."""
    resolve = metadata.ThreadSafeDatabaseMetadata._get_db
    last = {}

    def remembering(self: metadata.ThreadSafeDatabaseMetadata) -> object:
        found = resolve(self)
        if isinstance(found, database.StoreDatabase):
            last[self] = found
        return last.get(self, found)

    with companies.using("acme") as entry:
        monkeypatch.setattr(metadata.ThreadSafeDatabaseMetadata, "database", property(remembering))
        switch_off(monkeypatch, "database cursor cache")
        assert first() == "acme 1"
        companies.leave(entry)
        assert first() == "acme 1"
        entries.hand_back(NOWHERE.states)
        NOWHERE.states = {}
        monkeypatch.undo()


def test_emptying_an_entry(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an entry weren't emptied as it is taken out of `db_dict`, it would go on answering."""
    with companies.using("acme") as entry:
        monkeypatch.setattr(Entry, "empty", lambda self: None)
        del companies.db_dict[entry.key]
        assert first() == "acme 1"
        monkeypatch.undo()


def test_asking_whose_thread_it_is(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If entries didn't ask for their thread, a copied context would use one connection in two threads."""
    seen: list[str] = []
    with companies.using("acme"):
        first()
        copied = contextvars.copy_context()
        switch_off(monkeypatch, "cursor")
        monkeypatch.setattr(database.StoreDatabase, "_require_owner", lambda self, entry: None)
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

    monkeypatch.setattr(entries, "_generator_of", lambda frame, entry: None)
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
