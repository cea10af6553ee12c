"""A row's stamp says which store it came from, down to the generation, and what has none takes the first it meets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import pytest

from notes import Note
from routed_models import Country, Item, Journal, Person, tenant
from tenants import Router, WrongTenant, current_store, stamps


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("stamps") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    yield router
    router.close()


def test_a_stamp_is_the_stores_id_and_generation(companies: Router) -> None:
    """Rows that were loaded, and rows made in an entry, carry their store's id and generation; others carry none."""
    with companies.using("acme"):
        store = current_store("books")
        expected = (store.id, store.generation)
        joined = Item.select(Item, Journal).join(Journal).get()
        for row in (
            Item.get(),
            Item(text="new"),
            Item.select(Item.text).get(),
            joined,
            joined.journal,
        ):
            assert row._stamp == expected
        assert Person(name="Ann")._stamp is None
        assert Country(name="Siam")._stamp is None
    assert Item(text="new")._stamp is None


def test_rows_from_before_a_restore_are_refused(companies: Router) -> None:
    """A row of an older generation of the same store isn't written over what was restored since."""
    with companies.using("acme"):
        row = Item.get_by_id(1)
        row._stamp = (row._stamp[0], row._stamp[1] - 1)
        for use in (row.save, row.delete_instance, lambda: row.journal):
            with pytest.raises(WrongTenant, match=r"generation 0.*'acme'"):
                use()


def test_the_first_save_decides(companies: Router) -> None:
    """A row made outside any entry belongs to the company in which it was first saved."""
    one, many, changed = Item(journal=1), Item(journal=1), Item(id=3, text="changed", journal=2)
    with companies.using("acme"):
        one.save()
        Item.bulk_create([many])
        changed.save()
    with companies.using("globex"):
        for row in (one, many, changed):
            with pytest.raises(WrongTenant):
                row.save()


def test_a_message_names_both_places(companies: Router) -> None:
    """The error says where the row came from, whose entry this is and what it holds, and what to do."""
    with companies.using("acme"):
        row = Item.get_by_id(2)
    with companies.using("globex"), pytest.raises(WrongTenant) as refused:
        row.save()
    assert str(refused.value) == (
        "This Item (2) came from acme/books and can't be used in an entry of 'globex', which holds globex/books, "
        "globex/registers. Load it again, inside an entry of its own tenant."
    )
    with pytest.raises(WrongTenant, match=r"acme/books .*under the key \('universal', None\)"):
        row.save()


def test_a_store_that_is_gone_is_named_by_its_id() -> None:
    """A stamp of a store that this process no longer knows is shown as it is."""
    assert stamps.name_of(("abc", 3)) == "store abc (generation 3)"


def test_what_is_remembered_of_stores_has_a_bound(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a purged tenant are forgotten, and of too many the ones that were opened longest ago."""
    monkeypatch.setattr(stamps, "_labels", OrderedDict())
    for slug in ("first", "second", "third"):
        with router.using(router.create(slug, models=[Note])):
            Note.create(text="one")
    router.archive("third")
    gone = router.tenant("third").store("books")
    assert stamps.name_of(gone.stamp) == "third/books"
    router.purge("third")
    assert stamps.name_of(gone.stamp) == f"store {gone.id} (generation 1)"
    monkeypatch.setattr(stamps, "MOST_LABELS", 1)
    stamps.know(router.tenant("first").store("books"))
    assert stamps.name_of(router.tenant("second").store("books").stamp).startswith("store ")
    assert stamps.name_of(router.tenant("first").store("books").stamp) == "first/books"
