"""Routed models to test `tenants` with: relations of each kind in `books`, registers, a universal and a static model.

`tenant(router, slug)` makes a tenant with these rows, so that two tenants have the same ids and differ by slug alone:

    journals  1 `general`, 2 `sales` (a child of 1)     titles are "<slug>'s general" and "<slug>'s sales"
    items     1, 2, 3: 1 and 2 of journal 1, 3 of 2     texts are "<slug> 1", …; amounts 10, 20, 30
    remarks   1 on item 1, about `general`
    labels    1 `red` on items 1 and 2, 2 `blue` on 2
    customers 1 "<slug>'s customer"                     where the tenant has registers of its own
"""

from __future__ import annotations

from collections.abc import Mapping

from peewee import (
    CharField,
    DeferredThroughModel,
    ForeignKeyField,
    IntegerField,
    ManyToManyField,
    SqliteDatabase,
    TextField,
)

from tenants import RoutedModel, Router, Tenant


class Journal(RoutedModel):
    """Others refer to it, by id and by code; it may have a parent of its own kind."""

    code = CharField(unique=True)
    title = TextField(default="")
    parent = ForeignKeyField("self", null=True, backref="children")

    class Meta:
        store = "books"


class Item(RoutedModel):
    """Refers to a journal, which lists it under `items`; to registers and people by number."""

    journal = ForeignKeyField(Journal, backref="items")
    text = TextField(default="")
    amount = IntegerField(default=0)
    customer_stid = IntegerField(null=True)
    author_id = IntegerField(null=True)

    class Meta:
        store = "books"


class Remark(RoutedModel):
    """Three tables deep; refers to its journal by code, not by primary key."""

    item = ForeignKeyField(Item, backref="remarks")
    about = ForeignKeyField(Journal, field="code", backref="remarks", null=True)
    text = TextField(default="")

    class Meta:
        store = "books"


_labelling = DeferredThroughModel()


class Label(RoutedModel):
    """Many labels to many items."""

    name = CharField()
    items = ManyToManyField(Item, backref="labels", through_model=_labelling)

    class Meta:
        store = "books"


class Labelling(RoutedModel):
    """The declared through model of labels and items."""

    label = ForeignKeyField(Label)
    item = ForeignKeyField(Item)

    class Meta:
        store = "books"


_labelling.set_model(Labelling)


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


BOOKS = [Journal, Item, Remark, Label, Labelling]
REGISTERS = [Customer]


def tenant(
    router: Router, slug: str, *, share: Mapping[str, Tenant | str] | None = None
) -> Tenant:
    """Make a tenant with the rows that this module's docstring shows."""

    def fill() -> None:
        general = Journal.create(code="general", title=f"{slug}'s general")
        sales = Journal.create(code="sales", title=f"{slug}'s sales", parent=general)
        items = [
            Item.create(journal=journal, text=f"{slug} {n}", amount=10 * n, customer_stid=1)
            for n, journal in ((1, general), (2, general), (3, sales))
        ]
        Remark.create(item=items[0], about=general, text=f"{slug}'s remark")
        red, blue = Label.create(name="red"), Label.create(name="blue")
        red.items.add(items[:2])
        blue.items.add(items[1])
        if not share:
            Customer.create(stid=1, name=f"{slug}'s customer")

    return router.create(slug, models=[*BOOKS, *REGISTERS], share=share, setup=fill)
