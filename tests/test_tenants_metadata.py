"""Which database a model resolves to: its store's in an entry and none elsewhere, or what it was bound to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import (
    BlobField,
    DatabaseProxy,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Metadata,
    SqliteDatabase,
    TextField,
)

from routed_models import Country, Customer, Item, Journal, Person, country_database, tenant
from tenants import (
    UNIVERSAL,
    AmbiguousRouter,
    BindingFixed,
    NoTenant,
    RoutedModel,
    Router,
    ThreadSafeDatabaseMetadata,
    WrongTenant,
    current_store,
)
from tenants.metadata import ThreadSafeDatabaseMetadata as TheClass


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("metadata") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    yield router
    router.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A database that nobody routes."""
    database = SqliteDatabase(tmp_path / "other.db")
    yield database
    database.close()


def test_its_shape() -> None:
    """It is of Peewee's Metadata family, with `_get_db` and `_set_db` behind `database`, and ids of its own."""
    assert TheClass is ThreadSafeDatabaseMetadata
    assert issubclass(ThreadSafeDatabaseMetadata, Metadata)
    assert ThreadSafeDatabaseMetadata.database.fget is ThreadSafeDatabaseMetadata._get_db
    assert ThreadSafeDatabaseMetadata.database.fset is ThreadSafeDatabaseMetadata._set_db
    ids = [model._meta.model_id for model in (Item, Journal, Customer, Person, Country)]
    assert all(isinstance(each, int) for each in ids)
    assert len(set(ids)) == len(ids)


def test_each_model_resolves_to_its_own_store(companies: Router) -> None:
    """In one entry, models of different stores resolve to different databases."""
    with companies.using("acme"):
        books, registers = current_store("books"), current_store("registers")
        assert Item._meta.database is books.database
        assert Customer._meta.database is registers.database
        assert books.database is not registers.database
        assert Person._meta.database is companies.universal
        assert Country._meta.database is country_database
        acme = books.database
    with companies.using("globex"):
        assert Item._meta.database is not acme


WITHOUT_AN_ENTRY: dict[str, Callable[[], Any]] = {
    "get": lambda: Item.get(),
    "get by id": lambda: Item.get_by_id(1),
    "index": lambda: Item[1],
    "set by index": lambda: Item.__class__.__setitem__(Item, 1, {"text": "x"}),
    "delete by index": lambda: Item.__class__.__delitem__(Item, 1),
    "contain": lambda: 1 in Item,
    "length": lambda: len(Item),
    "iterate": lambda: list(Item),
    "create": lambda: Item.create(journal=1),
    "save": lambda: Item(journal=1).save(),
    "delete": lambda: Item(id=1).delete_instance(),
    "insert": lambda: Item.insert(journal=1).execute(),
    "insert many": lambda: Item.insert_many([{"journal": 1}]).execute(),
    "update": lambda: Item.update(text="x").execute(),
    "delete all": lambda: Item.delete().execute(),
    "get or create": lambda: Item.get_or_create(text="x"),
    "bulk create": lambda: Item.bulk_create([Item(journal=1)]),
    "bulk update": lambda: Item.bulk_update([Item(id=1, text="x")], [Item.text]),
    "raw": lambda: list(Item.raw("SELECT * FROM item")),
    "noop": lambda: list(Item.noop()),
    "alias": lambda: list(Item.alias().select()),
    "union": lambda: list(Item.select() | Item.select()),
    "count": lambda: Item.select().count(),
    "exists": lambda: Item.select().exists(),
    "sql": lambda: Item.select().sql(),
    "string": lambda: str(Item.select()),
    "prefetch": lambda: Journal.select().prefetch(Item),
    "create table": lambda: Item.create_table(),
    "drop table": lambda: Item.drop_table(),
    "truncate table": lambda: Item.truncate_table(),
    "table exists": lambda: Item.table_exists(),
    "create table as": lambda: Item.select().create_table("copy"),
    "atomic": lambda: Item._meta.database.atomic().__enter__(),
    "connect": lambda: Item._meta.database.connect(),
    "connection": lambda: Item._meta.database.connection(),
    "cursor": lambda: Item._meta.database.cursor(),
    "execute": lambda: Item._meta.database.execute_sql("SELECT 1"),
    "begin": lambda: Item._meta.database.begin(),
    "tables": lambda: Item._meta.database.get_tables(),
    "pragma": lambda: Item._meta.database.pragma("user_version"),
    "as a context": lambda: Item._meta.database.__enter__(),
}


@pytest.mark.parametrize("use", WITHOUT_AN_ENTRY.values(), ids=WITHOUT_AN_ENTRY)
def test_a_stores_model_fails_closed(companies: Router, use: Callable[[], Any]) -> None:
    """Without an entry, the first use raises `NoTenant`, naming model and key, and saying what to write instead."""
    with pytest.raises(
        NoTenant, match=r"(Item|Journal) belongs .*'universal', None.*router\.using"
    ):
        use()


def test_what_was_bound_earlier_doesnt_help(companies: Router) -> None:
    """In a thread that worked in an entry before, a store's model resolves to nothing once it was left."""
    with companies.using("acme"):
        before = Item.select()
        assert len(before) == 3
    with pytest.raises(NoTenant):
        Item.get()
    with pytest.raises(NoTenant):
        before.clone().get()


def test_a_query_built_without_an_entry_is_dead(companies: Router) -> None:
    """A query built without an entry raises `NoTenant` inside a later one too, by itself and as a part."""
    dead = Journal.select(Journal.id)
    with companies.using("acme"):
        live = Item.select().where(Item.journal.in_(dead))
        for query in (dead, dead.clone(), live, Journal.select(Journal.id) | dead):
            with pytest.raises(NoTenant):
                list(query)
        with pytest.raises(NoTenant):
            dead.execute(Item._meta.database)


def test_making_a_model_needs_no_entry() -> None:
    """Classes are made, their tables and names read, without an entry, a router or a database."""

    class Lone(RoutedModel):
        text = TextField(default="x")
        blob = BlobField(null=True)
        data = JSONField(null=True)
        other = ForeignKeyField("self", null=True)

        class Meta:
            store = "books"

    assert Lone._meta.table.__name__ == "lone"
    assert Lone._meta.table._database is None
    assert Lone(text="y").text == "y"
    assert repr(Lone._meta.database)
    assert Lone._meta.database.is_closed()


def test_a_model_made_inside_an_entry_isnt_bound_to_it(companies: Router) -> None:
    """A model class made while a company is current is routed like any other, and its table knows no database."""
    with companies.using("acme"):

        class Born(RoutedModel):
            text = TextField()

            class Meta:
                store = "books"

        class Citizen(RoutedModel):
            text = TextField()

        Born.create_table()
        Born.create(text="acme")
        assert Born._meta.table._database is None
        assert Citizen._meta.table._database is None
    with pytest.raises(NoTenant):
        Born.get()
    with companies.using("globex"):
        Born.create_table()
        assert Born.select().count() == 0
        assert Born._meta.database is current_store("books").database
    assert Citizen._meta.database is companies.universal


def test_a_model_made_later_still_resolves(companies: Router) -> None:
    """An entry that was entered before a model was made knows its stores by name."""
    with companies.using("acme") as entry:

        class Later(RoutedModel):
            class Meta:
                store = "registers"

        assert Later._meta.model_id not in entry
        assert Later._meta.database is current_store("registers").database
        assert entry[Later._meta.model_id] is Later._meta.database
        Later.create_table()
    with companies.using("globex") as entry:
        assert entry[Later._meta.model_id] is current_store("registers").database


def test_a_store_is_inherited(companies: Router) -> None:
    """A model derived from a store's belongs to that store, unless it names another."""

    class Base(RoutedModel):
        class Meta:
            store = "books"

    class Derived(Base):
        text = TextField()

    class Elsewhere(Base):
        class Meta:
            store = "registers"

    class Mixed(Derived, RoutedModel):
        pass

    with companies.using("acme"):
        books, registers = current_store("books").database, current_store("registers").database
        assert [model._meta.database for model in (Derived, Elsewhere, Mixed)] == [
            books, registers, books,
        ]  # fmt: skip


def test_a_stores_model_isnt_static_and_declares_no_database(
    companies: Router, other: SqliteDatabase
) -> None:
    """A model is in a store or static, not both; a database that a store's model declares or inherits isn't used."""
    with pytest.raises(TypeError, match="static"):

        class Both(RoutedModel):
            class Meta:
                store = "books"
                is_static = True

    class Declared(RoutedModel):
        class Meta:
            database = other

    class Stored(Declared):
        class Meta:
            store = "books"

    assert Stored._meta.table._database is None
    with pytest.raises(NoTenant):
        Stored.get()
    with companies.using("acme"):
        assert Stored._meta.database is current_store("books").database


def test_models_of_one_name_are_two(companies: Router) -> None:
    """Two models with the same name, in different stores, don't meet."""
    one, two = (
        type(RoutedModel)("Twin", (RoutedModel,), {"Meta": type("Meta", (), {"store": store})})
        for store in ("books", "registers")
    )
    with companies.using("acme"):
        assert one._meta.database is current_store("books").database
        assert two._meta.database is current_store("registers").database


# Setting a database


def test_a_stores_model_isnt_bound_without_an_entry(
    companies: Router, other: SqliteDatabase
) -> None:
    """Without an entry, each way to bind a store's model raises `NoTenant`, and changes nothing."""
    for bind in (
        lambda: setattr(Item._meta, "database", other),
        lambda: Item._meta.set_database(other),
        lambda: Item.bind(other),
        lambda: other.bind([Item]),
        lambda: Item.bind_ctx(other).__enter__(),
        lambda: other.bind_ctx([Item]).__enter__(),
    ):
        with pytest.raises(NoTenant):
            bind()
    with companies.using("acme"):
        assert Item._meta.database is current_store("books").database


def test_a_stores_model_takes_only_its_entrys_database(
    companies: Router, other: SqliteDatabase
) -> None:
    """In an entry it takes the database that the entry holds for its store, and no other."""
    globex = companies.tenant("globex").store("books").database
    with companies.using("acme"):
        own = current_store("books").database
        Item._meta.database = own
        Item.bind(own, bind_refs=False, bind_backrefs=False)
        for wrong in (
            other,
            globex,
            current_store("registers").database,
            companies.universal,
            None,
        ):
            with pytest.raises(WrongTenant):
                Item._meta.database = wrong
        assert Item._meta.database is own


def test_a_universal_model_is_bound_within_the_entry_alone(
    companies: Router, other: SqliteDatabase
) -> None:
    """In an entry a universal model is bound as Peewee's users do, for that entry and no other thread or key."""
    seen: list[Any] = []
    with companies.using("acme"):
        with Person.bind_ctx(other):
            assert Person._meta.database is other
            thread = threading.Thread(target=lambda: seen.append(Person._meta.database))
            thread.start()
            thread.join()
            with companies.using("globex"):
                assert Person._meta.database is companies.universal
        assert Person._meta.database is companies.universal
        Person.bind(other)
        assert Person._meta.database is other
    assert Person._meta.database is companies.universal
    assert seen == [companies.universal]


def test_a_universal_model_is_bound_until_the_app_has_started(
    companies: Router, other: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an entry a universal model is bound for everybody, until the app has started; then it is fixed."""
    Person.bind(other)
    assert Person._meta.database is other is companies.db_dict[UNIVERSAL][Person._meta.model_id]
    with companies.using("acme"):
        assert Person._meta.database is other
    Person.bind(companies.universal)
    monkeypatch.setattr(companies, "started", True)
    for bind in (lambda: Person.bind(other), lambda: other.bind([Person])):
        with pytest.raises(BindingFixed, match="Person"):
            bind()
    assert Person._meta.database is companies.universal


def test_binding_doesnt_guess_the_router(companies: Router, router: Router) -> None:
    """With several routers open and no entry, binding a universal model raises instead of binding it in all."""
    with pytest.raises(AmbiguousRouter, match="Person"):
        Person.bind(router.universal)
    with pytest.raises(AmbiguousRouter, match="Person"):
        Person.get()
    router.universal.create_tables([Person])  # this one says which is meant
    assert router.universal.table_exists("person")


def test_a_universal_model_may_declare_its_database(router: Router, other: SqliteDatabase) -> None:
    """A universal model that declares a database has that one, in entries too; its heirs inherit it."""
    tenant(router, "acme")

    class Declared(RoutedModel):
        class Meta:
            database = other

    class Heir(Declared):
        pass

    for model in (Declared, Heir):
        assert model._meta.database is other
        with router.using("acme"):
            assert model._meta.database is other


def test_a_static_model_keeps_its_database(companies: Router, other: SqliteDatabase) -> None:
    """A static model has the database that it was declared with, whatever the key; it can't be bound to another."""
    proxy = DatabaseProxy()

    class Fixed(RoutedModel):
        text = TextField(null=True)

        class Meta:
            database = proxy
            is_static = True

    class Shared(RoutedModel):
        class Meta:
            database = companies.universal
            is_static = True

    proxy.initialize(other)
    Fixed.create_table()
    row = Fixed.create(text="everybody's")
    query = Fixed.select()
    for slug in ("acme", "globex"):
        with companies.using(slug):
            assert Fixed._meta.database is proxy
            assert [one.text for one in query.clone()] == ["everybody's"]
            assert query[0] == row
            row.save()
            with pytest.raises(BindingFixed, match="static"):
                Fixed.bind(companies.universal)
    assert Shared._meta.database is companies.universal


def test_universal_rows_go_anywhere(companies: Router) -> None:
    """A universal row is used in any entry: saved, read again, and as a value in a store's queries."""
    ann = Person.create(name="Ann")
    query = Person.select()
    len(query)
    for slug in ("acme", "globex"):
        with companies.using(slug):
            ann.save()
            assert query[0] == ann
            assert Item.select().where(Item.author_id == ann).count() == 0
            assert Item.select().where(Item.author_id.in_([ann, 7])).count() == 0
    ann.delete_instance()


def test_adding_and_removing_fields(companies: Router) -> None:
    """A query built before a field came or went gives what it selected; one built after gives the new fields."""

    class Changing(RoutedModel):
        text = TextField(default="t")
        number = IntegerField(default=1)

        class Meta:
            store = "books"

    with companies.using("acme"):
        Changing.create_table()
        Changing.create()
        assert [(row.text, row.number) for row in Changing.select()] == [("t", 1)]
        before = Changing.select()
        Changing._meta.remove_field("text")
        Changing._meta.add_field("late", TextField(default="l", column_name="text"))
        assert [(row.number, row.late) for row in Changing.select()] == [(1, "t")]
        assert [row.number for row in before] == [1]
