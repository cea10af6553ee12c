"""Rows are made quickly, are what Peewee would have made, and are read in any way that Peewee offers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from peewee import (
    BooleanField,
    CharField,
    DateField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
    TimestampField,
    UUIDField,
    fn,
)

from routed_models import Item, Journal, Labelling, Remark, books, plain_books, tenant
from tenants import RoutedModel, Router, WrongTenant
from tenants.rows import CHUNK, GuardedRows, Plan, RoutedRows

pytestmark = pytest.mark.each_engine


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("rows") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    yield router
    router.close()


@pytest.fixture
def acme(companies: Router) -> Iterator[None]:
    """An entry of `acme`, whose changes are undone."""
    with companies.using("acme"), Item._meta.database.atomic() as transaction:
        yield
        transaction.rollback()


@pytest.fixture
def unrouted(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A database of plain Peewee."""
    database = SqliteDatabase(tmp_path / "plain.db")
    yield database
    database.close()


class Doubling(TextField):
    """A field with a conversion of its own."""

    def python_value(self, value: Any) -> Any:
        return value * 2 if value is not None else None


def kinds(base: type[Model], **options: Any) -> Any:
    """Make a model with fields of many kinds."""

    class Kinds(base):  # type: ignore[misc, valid-type]
        text = TextField(null=True)
        code = CharField(null=True)
        doubled = Doubling(null=True)
        number = IntegerField(null=True)
        flag = BooleanField(null=True)
        day = DateField(null=True)
        moment = TimestampField(null=True, utc=True)
        token = UUIDField(null=True)
        other = ForeignKeyField("self", null=True)
        renamed = TextField(null=True, column_name="another_name")
        Meta = type("Meta", (), options)

    return Kinds


Kinds = kinds(RoutedModel, store="books")

SELECTIONS = {
    "all": lambda m: m.select(),
    "some": lambda m: m.select(m.text, m.flag, m.doubled),
    "in another order": lambda m: m.select(m.renamed, m.other, m.id),
    "other columns": lambda m: m.select().columns(m.flag, m.text),
    "extended": lambda m: m.select(m.text).select_extend(m.flag),
    "set columns": lambda m: (q := m.select(), setattr(q, "selected_columns", [m.day]))[0],
    "aliased": lambda m: m.select(m.text.alias("code"), m.number.alias("shown")),
    "computed": lambda m: m.select(fn.UPPER(m.text).alias("text"), fn.MAX(m.number)),
    "not converted": lambda m: m.select(m.flag.coerce(False)),
    "raw": lambda m: m.raw("SELECT *, 1 AS extra FROM kinds"),
    "union": lambda m: m.select() | m.select(),
    "alias": lambda m: m.alias().select(),
    "dicts": lambda m: m.select().dicts(),
    "tuples": lambda m: m.select().tuples(),
    "namedtuples": lambda m: m.select(m.text, m.flag).namedtuples(),
    "objects": lambda m: m.select().objects(),
    "models": lambda m: m.select().dicts().models(),
}


def plainly(row: Any) -> Any:
    """Return what a row holds, whatever kind it is: fields, other attributes, and what is dirty."""
    if not hasattr(row, "__data__"):
        return row
    others = {key: value for key, value in vars(row).items() if key not in ("__data__", "_stamp")}
    others["_dirty"] = sorted(others["_dirty"])
    return sorted(row.__data__.items()), sorted(others.items())


@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS)
def test_rows_are_peewees(acme: None, unrouted: SqliteDatabase, select: Any) -> None:
    """Each way to select gives rows that hold what Peewee's hold: values, types, attributes, what is dirty."""
    twin = kinds(Model, database=unrouted)
    for model in (Kinds, twin):
        model.create_table()
        row = model.create(
            text="a", code="b", doubled="c", number=True, flag=1, day="2026-02-28", moment=1,
            token="0" * 32, renamed=Decimal("1.50"),
        )  # fmt: skip
        model.create(other=row, text=b"bytes", number="12", moment=2)
    ours, theirs = [[plainly(row) for row in select(model)] for model in (Kinds, twin)]
    assert repr(ours) == repr(theirs)


def test_whole_rows_are_made_quickly(acme: None) -> None:
    """The builder of our own is what makes whole rows and chosen fields; without it this file would test Peewee."""
    for query in (Item.select(), Item.select(Item.text), Item.select().where(Item.id == 1)):
        rows = query.execute()
        assert len(rows) > 0
        assert type(rows) is RoutedRows
        assert isinstance(rows.plan, Plan)
    assert type(Item.select(Item, Journal).join(Journal).execute()) is not RoutedRows
    assert isinstance(Item.select(Item, Journal).join(Journal).execute(), GuardedRows)


@pytest.mark.parametrize("own", ["init", "setter", "accessor"])
def test_a_models_own_ways_are_respected(acme: None, own: str) -> None:
    """A model that has its own `__init__`, `__setattr__` or property in a field's place has them run for each row."""
    seen: list[str] = []

    class Own(RoutedModel):
        text = TextField()

        if own == "init":

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                seen.append("init")

        if own == "setter":

            def __setattr__(self, name: str, value: Any) -> None:
                seen.append(name)
                super().__setattr__(name, value)

        class Meta:
            store = "books"

    if own == "accessor":
        Own.text = property(
            lambda self: self.__data__["text"].upper(),
            lambda self, value: (seen.append("text"), self.__data__.update(text=value)),
        )
    Own.create_table()
    Own.insert({Own._meta.fields["text"]: "a"}).execute()
    seen.clear()
    row = Own.get()
    assert row.text == ("A" if own == "accessor" else "a")
    assert set(seen) & {"init", "text"}


def test_a_stray_row_of_a_slow_model_is_refused(companies: Router) -> None:
    """Rows that Peewee makes, because the model has its own `__init__`, carry their store like any other."""

    class Slow(RoutedModel):
        text = TextField()

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

        class Meta:
            store = "books"

    with companies.using("acme"):
        Slow.create_table()
        Slow.create(text="a")
        row = Slow.get()
    with companies.using("globex"), pytest.raises(WrongTenant):
        row.save()


def test_more_rows_than_a_chunk(acme: None) -> None:
    """Iterating in chunks gives every row once and in order, however it is interrupted and begun again."""
    for model in (Remark, Labelling, Item):
        model.delete().execute()
    count = 2 * CHUNK + 7
    Item.insert_many([(1, str(n)) for n in range(count)], [Item.journal, Item.text]).execute()
    expected = [str(n) for n in range(count)]
    query = Item.select().order_by(Item.id)
    early = iter(query)
    assert [next(early).text for _ in range(3)] == expected[:3]
    assert [row.text for row in query] == expected
    assert [row.text for row in early] == expected[3:]
    assert [row.text for row in query.clone().iterator()] == expected
    assert len(query.clone()) == count
    for low, high in ((0, 5), (CHUNK - 1, CHUNK + 1), (count - 2, None), (None, None), (-3, None)):
        assert [row.text for row in query.clone()[low:high]] == expected[low:high]
    assert query.clone()[CHUNK].text == expected[CHUNK]
    assert query.clone()[-1].text == expected[-1]
    with pytest.raises(IndexError):
        query.clone()[count]


def test_reading_fetches_no_more_than_it_must(acme: None) -> None:
    """An index fetches the rows up to it, and an exhausted query isn't run again."""
    query = Item.select().order_by(Item.id)
    assert query[0].text == "acme 1"
    assert query._cursor_wrapper.count == 1
    assert len(query) == 3
    wrapper = query._cursor_wrapper
    assert [row.text for row in query] == ["acme 1", "acme 2", "acme 3"]
    assert query._cursor_wrapper is wrapper


def test_rows_are_read_again_in_a_later_entry(companies: Router) -> None:
    """What was fetched can be read again in a later entry of the company; what wasn't, can't be fetched any more."""
    with companies.using("acme"):
        whole, part = Item.select().order_by(Item.id), Item.select().order_by(Item.id)
        len(whole)
        begun = part.iterator()
        next(begun)
        row = whole[0]
    with companies.using("acme"):
        assert [one.text for one in whole] == ["acme 1", "acme 2", "acme 3"]
        assert row.save() == 1
        with pytest.raises(WrongTenant, match="left"):
            next(begun)


def test_equality_and_hash(companies: Router) -> None:
    """Rows of two companies with the same id are two rows; of one company, one; one of no company yet takes no side."""
    with companies.using("acme"):
        one, again = Item.get_by_id(1), Item.get_by_id(1)
    with companies.using("globex"):
        other = Item.get_by_id(1)
    assert one == again
    assert hash(one) == hash(again)
    assert one != other
    assert len({one, again, other}) == 2
    assert Item(id=1) == one
    assert Item(id=1) == other
    assert one != Journal(id=1)
    assert Item() != Item()


@pytest.mark.parametrize(
    "way", [copy.copy, copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))]
)
def test_a_copy_carries_its_store(companies: Router, way: Any) -> None:
    """A row that was copied or pickled belongs where the original does."""
    with companies.using("acme"):
        row = books.Journal.get_by_id(1)
        twin = way(Pickled.wrap(row))
        assert twin == Pickled.wrap(row)
        assert twin.save() == 1
    with companies.using("globex"), pytest.raises(WrongTenant):
        twin.save()


class Pickled(RoutedModel):
    """Like a journal, and importable, as pickling wants it."""

    code = CharField()
    title = TextField()

    @classmethod
    def wrap(cls, row: Any) -> Pickled:
        return cls(id=row.id, code=row.code, title=row.title)

    class Meta:
        store = "books"
        table_name = "journal"


def test_a_query_runs_on_a_database_that_is_named(acme: None, unrouted: SqliteDatabase) -> None:
    """As in Peewee, a query may be run on another database that nobody routes."""
    plain_books(unrouted, "acme")
    rows = Item.select().order_by(Item.id).execute(unrouted)
    assert [row.text for row in rows] == ["acme 1", "acme 2", "acme 3"]
