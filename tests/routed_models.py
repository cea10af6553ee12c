"""Routed models to test `tenants` with: relations of each kind in `books`, registers, a universal and a static model.

`plain_books(database)` gives the same models made by Peewee alone, to compare with. `tenant(router, slug)` makes a
tenant with these rows, so that two tenants have the same ids and differ by slug alone:

    journals  1 `general`, 2 `sales` (a child of 1)     titles are "<slug>'s general" and "<slug>'s sales"
    items     1, 2, 3: 1 and 2 of journal 1, 3 of 2     texts are "<slug> 1", …; amounts 10, 20, 30
    remarks   1 on item 1, about `general`
    labels    1 `red` on items 1 and 2, 2 `blue` on 2
    customers 1 "<slug>'s customer"                     where the tenant has registers of its own
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from peewee import (
    CharField,
    DeferredThroughModel,
    ForeignKeyField,
    IntegerField,
    ManyToManyField,
    Model,
    SqliteDatabase,
    TextField,
)

from tenants import RoutedModel, Router, Tenant


def _family(base: type[Model], **options: Any) -> SimpleNamespace:
    """Make the models of a ledger, all derived from `base`, with these options in their `class Meta`."""

    class Kin(base):  # type: ignore[misc, valid-type]
        Meta = type("Meta", (), options)

    class Journal(Kin):
        code = CharField(unique=True)
        title = TextField(default="")
        parent = ForeignKeyField("self", null=True, backref="children")

    class Item(Kin):
        journal = ForeignKeyField(Journal, backref="items")
        text = TextField(default="")
        amount = IntegerField(default=0)
        customer_stid = IntegerField(null=True)
        author_id = IntegerField(null=True)

    class Remark(Kin):
        item = ForeignKeyField(Item, backref="remarks")
        about = ForeignKeyField(Journal, field="code", backref="remarks", null=True)
        text = TextField(default="")

    labelling = DeferredThroughModel()

    class Label(Kin):
        name = CharField()
        items = ManyToManyField(Item, backref="labels", through_model=labelling)

    class Labelling(Kin):
        label = ForeignKeyField(Label)
        item = ForeignKeyField(Item)

    labelling.set_model(Labelling)
    models = [Journal, Item, Remark, Label, Labelling]
    return SimpleNamespace(models=models, **{model.__name__: model for model in models})


books = _family(RoutedModel, store="books")
Journal, Item, Remark, Label, Labelling = books.models


class Customer(RoutedModel):
    """In another store than the books, which affiliates may share."""

    stid = IntegerField(primary_key=True)
    name = TextField()

    class Meta:
        store = "registers"


class Person(RoutedModel):
    """Universal: in the shared database."""

    name = TextField()


country_database = SqliteDatabase(None)


class Country(RoutedModel):
    """Static: in the database that it was declared with, whoever asks."""

    name = TextField()

    class Meta:
        database = country_database
        is_static = True


def fill(family: SimpleNamespace, slug: str) -> None:
    """Insert the rows that this module's docstring shows."""
    general = family.Journal.create(code="general", title=f"{slug}'s general")
    sales = family.Journal.create(code="sales", title=f"{slug}'s sales", parent=general)
    items = [
        family.Item.create(journal=journal, text=f"{slug} {n}", amount=10 * n, customer_stid=1)
        for n, journal in ((1, general), (2, general), (3, sales))
    ]
    family.Remark.create(item=items[0], about=general, text=f"{slug}'s remark")
    red, blue = family.Label.create(name="red"), family.Label.create(name="blue")
    red.items.add(items[:2])
    blue.items.add(items[1])


def tenant(router: Router, slug: str, *, share: Mapping[str, Tenant | str] | None = None) -> Tenant:
    """Make a tenant with rows; with `share`, its registers are another's."""

    def set_up() -> None:
        fill(books, slug)
        if not share:
            Customer.create(stid=1, name=f"{slug}'s customer")

    return router.create(slug, models=[*books.models, Customer], share=share, setup=set_up)


def plain_books(database: SqliteDatabase, slug: str) -> SimpleNamespace:
    """Make the same models and rows with Peewee alone."""
    family = _family(Model, database=database)
    database.create_tables(family.models)
    fill(family, slug)
    return family


def contents(family: SimpleNamespace = books) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, to see whether anything has changed."""
    return {model.__name__: list(model.select().tuples()) for model in family.models}


def restore(before: dict[str, list[tuple[Any, ...]]], family: SimpleNamespace = books) -> None:
    """Make every table hold again what `contents` returned."""
    if contents(family) == before:
        return
    for model in reversed(family.models):
        model.delete().execute()
    for model in family.models:
        model.insert_many(before[model.__name__], model._meta.sorted_fields).execute()
