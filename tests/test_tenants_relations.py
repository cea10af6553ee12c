"""Relations never lead from one store to another, and carry the rows at both ends where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from peewee import (
    DeferredForeignKey,
    DeferredThroughModel,
    ForeignKeyField,
    IntegerField,
    ManyToManyField,
    Model,
    TextField,
    prefetch,
)

from guards import switch_off
from routed_models import Country, Customer, Item, Journal, Person, Remark, tenant
from tenants import RoutedModel, Router, ThreadSafeDatabaseMetadata, WrongTenant

pytestmark = pytest.mark.each_engine


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("relations") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    yield router
    router.close()


def make(name: str, /, *bases: type[Model], store: str | None = None, **attributes: Any) -> Any:
    """Make a model class with these attributes."""
    options = {"store": store} if store else {}
    attributes["Meta"] = type("Meta", (), options)
    return type(RoutedModel)(name, bases or (RoutedModel,), attributes)


CROSSINGS = {
    "books to registers": ("books", ForeignKeyField, Customer),
    "books to universal": ("books", ForeignKeyField, Person),
    "books to static": ("books", ForeignKeyField, Country),
    "registers to books": ("registers", ForeignKeyField, Journal),
    "universal to books": (None, ForeignKeyField, Journal),
    "books to registers, many-to-many": ("books", ManyToManyField, Customer),
    "universal to books, many-to-many": (None, ManyToManyField, Journal),
}


@pytest.mark.parametrize(("store", "field", "target"), CROSSINGS.values(), ids=CROSSINGS)
def test_no_relation_crosses_stores(store: str | None, field: Any, target: Any) -> None:
    """A model whose relation would lead to another store can't be made; the error says what to use instead."""
    with pytest.raises(TypeError, match=r"Crossing\.other .*don't cross stores.*static id"):
        make("Crossing", store=store, other=field(target))
    assert not any(field.model.__name__ == "Crossing" for field in target._meta.backrefs)


def test_no_relation_crosses_when_it_is_resolved_later() -> None:
    """A deferred foreign key is checked as its target is made."""
    make("Waiting", store="books", other=DeferredForeignKey("AwaitedElsewhere"))
    with pytest.raises(TypeError, match="don't cross stores"):
        make("AwaitedElsewhere", store="registers")
    DeferredForeignKey._unresolved.clear()


def test_no_relation_crosses_when_it_is_added_later() -> None:
    """A field that is added to a finished model is checked too."""
    late = make("Late", store="books")
    with pytest.raises(TypeError, match="don't cross stores"):
        late._meta.add_field("other", ForeignKeyField(Customer))


def test_no_relation_crosses_by_inheritance() -> None:
    """A model derived from a store's, in another store, can't inherit a foreign key that stays behind."""
    with pytest.raises(TypeError, match="don't cross stores"):
        make("Moved", Item, store="registers")


def test_no_through_model_crosses_stores() -> None:
    """A through model of another store is refused."""
    through = make("Through", store="registers", number=IntegerField())
    with pytest.raises(TypeError, match="don't cross stores"):
        make("Crossing", store="books", others=ManyToManyField(Item, through_model=through))


@pytest.mark.parametrize("store", ["books", None])
def test_many_to_many_wants_a_declared_through_model(store: str | None) -> None:
    """Peewee's own through model would be a plain one, in whatever database was bound: it is refused."""
    target = make("Target", store=store)
    with pytest.raises(TypeError, match=r"Declare one .*through_model"):
        make("Source", store=store, targets=ManyToManyField(target))


def test_universal_many_to_many_with_a_through_model(router: Router) -> None:
    """Universal models have many-to-many with a declared through model, as ever."""
    declared = DeferredThroughModel()
    person = make("Reader", name=TextField())
    group = make(
        "Circle", name=TextField(), readers=ManyToManyField(person, through_model=declared)
    )
    through = make("CircleReader", circle=ForeignKeyField(group), reader=ForeignKeyField(person))
    declared.set_model(through)
    router.universal.create_tables([person, group, through])
    group.create(name="g").readers.add([person.create(name="Ann"), person.create(name="Bo")])
    assert [one.name for one in group.get().readers.order_by(person.name)] == ["Ann", "Bo"]


def test_a_store_wants_a_routed_base() -> None:
    """A model that declares a store without being a `RoutedModel` would lack the guards: it is refused."""

    class Bare(Model):
        class Meta:
            model_metadata_class = ThreadSafeDatabaseMetadata

    with pytest.raises(TypeError, match=r"derive it from tenants\.RoutedModel"):
        make("Astray", Bare, store="books")


def test_a_deferred_relation_is_guarded(companies: Router) -> None:
    """A foreign key that was resolved later carries its rows like any other."""
    child = make("Deferring", store="books", head=DeferredForeignKey("DeferredHead", null=True))
    head = make("DeferredHead", store="books", name=TextField())
    for slug in ("acme", "globex"):
        with companies.using(slug):
            head._meta.database.create_tables([head, child])
            child.create(head=head.create(name=slug))
    with companies.using("acme"):
        row = child.get()
    with companies.using("globex"), pytest.raises(WrongTenant):
        row.head  # noqa: B018 - the access is what is tested


def test_an_added_relation_is_guarded(companies: Router) -> None:
    """A foreign key that was added to a finished model carries its rows like any other."""
    model = make("Grown", store="books", name=TextField())
    model._meta.add_field("journal", ForeignKeyField(Journal, null=True, backref="+"))
    with companies.using("acme"):
        model.create_table()
        model.create(name="a", journal=1)
        row = model.get()
        assert row.journal.title == "acme's general"
    with companies.using("globex"), pytest.raises(WrongTenant):
        row.journal  # noqa: B018 - the access is what is tested


def test_a_row_of_no_company_joins_what_it_refers_to(companies: Router) -> None:
    """A row made outside any entry belongs, once it refers to a row, where that belongs."""
    new = Item(text="new")
    with companies.using("acme"):
        new.journal = Journal.get_by_id(2)
    with companies.using("globex"), pytest.raises(WrongTenant):
        new.save()


def test_a_row_of_no_company_joins_what_it_loads(companies: Router) -> None:
    """A row made outside any entry belongs, once it has loaded a related row, where that was loaded from."""
    new = Item(journal_id=1)
    with companies.using("acme"):
        assert new.journal.title == "acme's general"
    with companies.using("globex"), pytest.raises(WrongTenant):
        new.journal  # noqa: B018 - the access is what is tested


def test_a_row_of_no_company_strays_without_the_guard(
    companies: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard switched off the same row hands out the other company's: the two tests above see leaks."""
    new = Item(journal_id=1)
    with companies.using("acme"):
        assert new.journal.title == "acme's general"
    switch_off(monkeypatch, "rows")
    with companies.using("globex"):
        assert new.journal.title == "acme's general"
    monkeypatch.undo()


def test_two_companies_rows_dont_mix_at_home_either(companies: Router) -> None:
    """A row can't be made to refer to another company's in that other company's entry, to be saved at home later."""
    with companies.using("acme"):
        item = Item.get_by_id(1)
    with companies.using("globex"), pytest.raises(WrongTenant):
        item.journal = Journal.get_by_id(2)
    with companies.using("acme"):
        assert item.save() == 1
        assert Item.get_by_id(1).journal_id == 1


def test_a_prefetched_list_can_be_replaced_and_dropped(companies: Router) -> None:
    """What prefetch left under a backref can be set and deleted as in Peewee; then the backref asks again."""
    with companies.using("acme"):
        journal = prefetch(Journal.select().where(Journal.id == 1), Item.select())[0]
        assert isinstance(journal.items, list)
        assert len(journal.items) == 2
        journal.items = []
        assert journal.items == []
        del journal.items
        assert journal.items.count() == 2
        with pytest.raises(AttributeError):
            del journal.items


def test_relations_keep_peewees_shape() -> None:
    """On the class a relation is the field, its kind is a foreign key, and its names are Peewee's."""
    assert isinstance(Item.journal, ForeignKeyField)
    assert type(Item.journal).__name__ == "ForeignKeyField"
    assert Journal.items.field is Item.journal
    assert Item.journal.title is Journal.title
    assert Remark.about.rel_field is Journal.code
