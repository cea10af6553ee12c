"""Put in the place of `peewee.Metadata`, our class changes nothing for plain models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from peewee import BlobField, ForeignKeyField, ManyToManyField, Model, SqliteDatabase, TextField

from routed_models import Item
from tenants import NoTenant, Router, ThreadSafeDatabaseMetadata


@pytest.fixture(autouse=True)
def in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model that the test makes has our metadata class."""
    monkeypatch.setattr(peewee, "Metadata", ThreadSafeDatabaseMetadata)


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[tuple[SqliteDatabase, SqliteDatabase]]:
    """Two databases that nobody routes."""
    both = SqliteDatabase(tmp_path / "one.db"), SqliteDatabase(tmp_path / "two.db")
    yield both
    for database in both:
        database.close()


def make(database: Any = None) -> tuple[Any, Any]:
    """Make two related plain models."""

    class Author(Model):
        name = TextField()
        photo = BlobField(null=True)

    class Book(Model):
        author = ForeignKeyField(Author, backref="books")

    if database is not None:
        for model in (Author, Book):
            model.bind(database)
    return Author, Book


def test_our_class_is_in_its_place() -> None:
    """The models of these tests do have our class, and nothing of a routed model."""
    author, book = make()
    assert type(author._meta) is ThreadSafeDatabaseMetadata
    assert type(book.author) is ForeignKeyField
    assert type(author.select()) is peewee.ModelSelect
    assert author._meta.database is None


def test_an_unbound_model_says_so_as_ever() -> None:
    """A model with no database raises Peewee's own error."""
    author, _ = make()
    with pytest.raises(peewee.InterfaceError, match="bound to a database"):
        author.select().execute()
    with pytest.raises(peewee.ImproperlyConfigured):
        author.create_table()


def test_binding_is_peewees(databases: tuple[SqliteDatabase, SqliteDatabase]) -> None:
    """`bind`, `bind_ctx` and setting the attribute do what they do in Peewee: relations, tables and hooks included."""
    one, two = databases
    author, book = make()
    author.bind(one)
    assert (author._meta.database, book._meta.database) == (one, one)
    assert author._meta.table._database is one
    assert author._schema.database is one
    with two.bind_ctx([book], bind_refs=False):
        assert (author._meta.database, book._meta.database) == (one, two)
    assert book._meta.database is one
    author._meta.database = two
    assert author._meta.database is two
    assert author._meta.set_database(None) is None
    assert author._meta.database is None


def test_a_declared_database_is_inherited(
    databases: tuple[SqliteDatabase, SqliteDatabase],
) -> None:
    """A base model's database is inherited as it is when the class is made, and can be declared anew."""
    one, two = databases

    class Base(Model):
        class Meta:
            database = one

    class Heir(Base):
        pass

    class Moved(Base):
        class Meta:
            database = two

    Base.bind(two)

    class LaterHeir(Base):
        pass

    found = [model._meta.database for model in (Base, Heir, Moved, LaterHeir)]
    assert found == [two, one, two, two]


def test_auto_made_many_to_many(databases: tuple[SqliteDatabase, SqliteDatabase]) -> None:
    """A plain model has Peewee's auto-made through model."""
    one, _ = databases

    class Tag(Model):
        class Meta:
            database = one

    class Post(Model):
        tags = ManyToManyField(Tag)

        class Meta:
            database = one

    one.create_tables([Tag, Post, Post.tags.get_through_model()])
    post = Post.create()
    post.tags.add([Tag.create(), Tag.create()])
    assert post.tags.count() == 2


def test_options_are_peewees() -> None:
    """No option is inherited that wasn't declared."""
    author, _ = make()
    assert author._meta._additional_keys == set()


@pytest.mark.parametrize("inside", [False, True])
def test_plain_models_beside_a_router(
    router: Router, databases: tuple[SqliteDatabase, SqliteDatabase], inside: bool
) -> None:
    """With a router about, a plain model that was bound before goes where it went, in entries too."""
    one, _ = databases

    class Known(Model):
        text = TextField()

        class Meta:
            database = one

    Known.create_table()
    router.create("acme")
    if inside:
        with router.using("acme"):
            Known.create(text="x")
    else:
        Known.create(text="x")
    assert one.execute_sql("SELECT text FROM known").fetchall() == [("x",)]


def test_a_stores_model_fails_closed_without_a_router() -> None:
    """Also where no router is about, nor ever was, a store's model raises `NoTenant`."""
    for use in (Item.get, lambda: Item.create(text="x"), Item.create_table):
        with pytest.raises(NoTenant, match="Item"):
            use()
    with pytest.raises(NoTenant):
        Item.bind(SqliteDatabase(":memory:"))
