"""Who is asking: keys, entries, their nesting and their end."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from guards import switch_off
from routed_models import Customer, Item, Journal, Person, tenant
from tenants import (
    UNIVERSAL,
    AmbiguousRouter,
    KeyInUse,
    LockTimeout,
    NotAMember,
    NoTenant,
    Router,
    SharedEntry,
    TenantError,
    UnknownTenant,
    WrongTenant,
    current_entry,
    current_store,
    establish_key,
)
from tenants.current import Entry

pytestmark = pytest.mark.each_engine


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, and `affil`, which shares the registers of `acme`."""
    router = Router(tmp_path_factory.mktemp("current") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    tenant(router, "affil", share={"registers": "acme"})
    yield router
    assert set(router.db_dict) == {UNIVERSAL}
    router.close()


def first() -> str:
    """Return the first item's text: whose row it is."""
    return Item.get_by_id(1).text


# Keys


def test_nobody_is_universal() -> None:
    """With no router about, whoever asks is universal, and no entry is current."""
    assert establish_key() == UNIVERSAL
    assert current_entry() is None


def test_outside_of_entries_the_key_is_universal(companies: Router) -> None:
    """With a router, but without an entry, the key is universal; its entry holds universal models and no other."""
    assert establish_key() == UNIVERSAL
    universal = companies.db_dict[UNIVERSAL]
    assert universal[Person._meta.model_id] is companies.universal
    assert Item._meta.model_id not in universal


def test_server_work_has_a_key_of_its_own(companies: Router) -> None:
    """`using` enters under `(thread name, None)`; the name is the thread's with a number never used before."""
    keys = []
    for _ in range(2):
        with companies.using("acme") as entry:
            assert establish_key() == entry.key
            assert companies.db_dict[entry.key] is entry is current_entry()
            assert entry.session_token is None
            keys.append(entry.key)
        assert entry.key not in companies.db_dict
    assert all(name.startswith("MainThread#") and rest is None for name, rest in keys)
    assert keys[0] != keys[1]


def test_an_entry_is_a_map_of_databases(companies: Router) -> None:
    """An entry is `{model id: database}`: the store's for its models, the shared one for universal models."""
    with companies.using("acme") as entry:
        assert entry[Item._meta.model_id] is current_store("books").database
        assert entry[Customer._meta.model_id] is current_store("registers").database
        assert entry[Person._meta.model_id] is companies.universal


def test_nesting_gives_fresh_keys(companies: Router) -> None:
    """Each nesting has a key of its own, of the same tenant too, and the outer key is current again afterwards."""
    with companies.using("acme") as outer:
        with companies.using("globex") as inner:
            assert establish_key() == inner.key != outer.key
            assert first() == "globex 1"
            with companies.using("acme") as again:
                assert again.key not in (inner.key, outer.key)
                assert first() == "acme 1"
            assert establish_key() == inner.key
        assert establish_key() == outer.key
        assert first() == "acme 1"


def test_one_using_can_be_entered_again(companies: Router) -> None:
    """The same `using` may be kept, entered twice, and entered within itself."""
    using = companies.using("acme")
    with using as outer:
        with using as inner:
            assert inner.key != outer.key
        assert establish_key() == outer.key
    with using:
        assert first() == "acme 1"
    assert establish_key() == UNIVERSAL


def test_a_live_key_is_refused(companies: Router) -> None:
    """Entering under a key that is live raises, and leaves the live entry as it is."""
    acme = companies.tenant("acme")
    with companies.using("globex") as entry:
        for key in (entry.key, UNIVERSAL):
            with pytest.raises(KeyInUse):
                companies.enter(key, acme)
        assert establish_key() == entry.key
        assert first() == "globex 1"


def test_an_unknown_tenant_is_not_entered(companies: Router) -> None:
    """A slug that nobody has raises `UnknownTenant`, and nothing is entered."""
    with pytest.raises(UnknownTenant), companies.using("nobody"):
        pass
    assert set(companies.db_dict) == {UNIVERSAL}


# A client's entries


@contextmanager
def client(router: Router, slug: str | None) -> Iterator[None]:
    """Enter as the bearer of the session token `digest`."""
    entry = router.enter(("digest", "request-1"), router.tenant(slug) if slug else None)
    try:
        yield
    finally:
        router.leave(entry)


def test_a_client_nests_under_its_token(companies: Router) -> None:
    """Within a request, `using` its own tenant keeps the session token and gives a fresh thread name."""
    with client(companies, "acme"), companies.using("acme") as entry:
        assert entry.key[0] == entry.session_token == "digest"
        assert entry.key[1] is not None
        assert entry.key[1].startswith("MainThread#")


def test_a_client_enters_others_only_as_a_member(
    companies: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a request another tenant is entered only where the app's `may_enter` says so; without it, never."""
    with client(companies, "acme"):
        with pytest.raises(NotAMember), companies.using("globex"):
            pass
        asked = []
        monkeypatch.setattr(
            companies,
            "may_enter",
            lambda token, t: asked.append((token, t.slug)) or t.slug == "globex",
        )
        with companies.using("globex"):
            assert first() == "globex 1"
        with pytest.raises(NotAMember), companies.using("affil"):
            pass
        assert asked == [("digest", "globex"), ("digest", "affil")]


def test_a_session_thats_over_isnt_the_server(companies: Router) -> None:
    """What a request left running still counts as the session's: it isn't let in where only the server may go."""
    with client(companies, "acme"):
        left_over = contextvars.copy_context()

    def enter() -> None:
        with companies.using("globex"):
            pass

    with pytest.raises(NotAMember):
        left_over.run(enter)


def test_an_entry_of_no_company_has_universal_models_alone(companies: Router) -> None:
    """A signed-in page that concerns no company has an entry in which a store's models raise `NoTenant`."""
    companies.universal.create_tables([Person])
    with client(companies, None):
        assert Person.select().count() == 0
        with pytest.raises(NoTenant):
            Item.get()
        with pytest.raises(NoTenant, match="No 'books' store"):
            current_store("books")


# The end of entries


def test_an_entry_that_was_left_answers_nothing(companies: Router) -> None:
    """A context that was copied inside an entry and runs later resolves nothing."""
    with companies.using("acme") as entry:
        first()
        copied = contextvars.copy_context()
    assert not entry.live
    assert not entry
    with pytest.raises(NoTenant):
        copied.run(first)
    assert copied.run(establish_key) == UNIVERSAL
    with companies.using("globex"), pytest.raises(NoTenant):
        copied.run(first)


def test_an_entry_that_was_taken_out_answers_nothing(companies: Router) -> None:
    """`db_dict` is the truth: whoever takes an entry out of it ends it, also for queries and databases in hand."""
    with companies.using("acme") as entry:
        query, database = Item.update(text="changed"), Item._meta.database
        rows = Item.select()
        len(rows)
        cursor = database.execute_sql("SELECT 1")
        del companies.db_dict[entry.key]
        for use in (first, query.execute, database.connection, cursor.fetchone, lambda: rows[0]):
            with pytest.raises((NoTenant, WrongTenant)):
                use()
    with companies.using("acme"):
        assert first() == "acme 1"


def test_the_universal_entry_stays(companies: Router) -> None:
    """The universal entry can't be taken out of `db_dict`, and clearing it leaves that one."""
    for take in (
        lambda: companies.db_dict.pop(UNIVERSAL),
        lambda: companies.db_dict.__delitem__(UNIVERSAL),
        companies.db_dict.popitem,
    ):
        with pytest.raises(TenantError, match="universal"):
            take()
    companies.db_dict.clear()
    assert Person._meta.database is companies.universal


@pytest.mark.parametrize("way", ["pop", "popitem", "clear", "replace", "update", "merge"])
def test_each_way_out_of_db_dict_ends_an_entry(tmp_path_factory, way: str) -> None:
    """However it is taken out, an entry is emptied."""
    router = Router(tmp_path_factory.mktemp("out") / "data")
    tenant(router, "acme")
    entry = router.enter_here("acme")
    {
        "pop": lambda: router.db_dict.pop(entry.key),
        "popitem": router.db_dict.popitem,
        "clear": router.db_dict.clear,
        "replace": lambda: router.db_dict.__setitem__(entry.key, Entry(entry.key)),
        "update": lambda: router.db_dict.update({entry.key: Entry(entry.key)}),
        "merge": lambda: router.db_dict.__ior__({entry.key: Entry(entry.key)}),
    }[way]()
    with pytest.raises(NoTenant):
        first()
    router.leave(entry)
    router.db_dict.clear()
    router.close()


def test_leaving_twice_is_leaving_once(companies: Router) -> None:
    """Leaving is idempotent, and doesn't touch who is current by then."""
    with companies.using("acme") as entry:
        companies.leave(entry)
        with companies.using("globex") as other:
            companies.leave(entry)
            assert establish_key() == other.key


def test_entries_may_be_left_out_of_order(companies: Router) -> None:
    """Whichever is left first, the nearest one that is live is current, and none is when all are left."""
    outer, middle, inner = (companies.enter_here(slug) for slug in ("acme", "globex", "affil"))
    companies.leave(middle)
    assert current_entry() is inner
    companies.leave(inner)
    assert current_entry() is outer
    assert first() == "acme 1"
    companies.leave(outer)
    assert current_entry() is None


def test_leaving_rolls_back_what_is_open(companies: Router) -> None:
    """What isn't committed when an entry is left is undone, and the block that began it says so."""
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(NoTenant, match="rolled back"))
        entry = stack.enter_context(companies.using("acme"))
        stack.enter_context(Item._meta.database.atomic())
        Item.update(text="changed").execute()
        companies.leave(entry)
    with companies.using("acme"):
        assert first() == "acme 1"


@pytest.mark.parametrize("slug", ["acme", "globex"])
@pytest.mark.parametrize("depth", [1, 2])
def test_a_transaction_doesnt_end_in_another_entry(
    companies: Router, slug: str, depth: int
) -> None:
    """A block that would commit in another entry, of the same tenant or not, raises and is rolled back."""
    with companies.using("acme"), ExitStack() as stack:
        if depth == 2:
            stack.enter_context(Item._meta.database.atomic())
        block = Item._meta.database.atomic()
        block.__enter__()
        Item.update(text="changed").execute()
        with companies.using(slug), pytest.raises(WrongTenant):
            block.__exit__(None, None, None)
        if depth == 2:
            assert first() == "acme 1"
    with companies.using("acme"):
        assert first() == "acme 1"


def test_affiliates_share_registers_and_nothing_else(companies: Router) -> None:
    """Companies whose registers are one store use each other's rows of it; of books they don't; others use neither."""
    with companies.using("acme"):
        customer, item = Customer.get_by_id(1), Item.get_by_id(1)
        query = Customer.select()
        len(query)
    with companies.using("affil"):
        assert customer.save() == 1
        assert query[0] == customer == Customer.get_by_id(1)
        assert Item.select().where(Item.customer_stid == customer).count() == 3
        with pytest.raises(WrongTenant):
            item.save()
    with companies.using("globex"):
        for use in (customer.save, lambda: query[0], item.save):
            with pytest.raises(WrongTenant):
                use()


# Generators


def test_a_waiting_generator_lends_its_entry_to_nobody(companies: Router) -> None:
    """What a generator entered isn't used by its consumer, who is in another company's entry."""

    def rows() -> Iterator[str]:
        with companies.using("acme"):
            yield first()
            yield first()

    with companies.using("globex"):
        found = []
        generator = rows()
        found.append(next(generator))
        with pytest.raises(SharedEntry, match="generator"):
            Item.create(journal=1, text="astray")
        found += generator
        assert found == ["acme 1", "acme 1"]
        assert first() == "globex 1"


def test_a_generator_may_leave_before_it_yields(companies: Router) -> None:
    """A generator that goes through the companies and leaves each before yielding works as it reads."""

    def titles() -> Iterator[str]:
        for slug in ("acme", "affil"):
            with companies.using(slug):
                title = Journal.get_by_id(1).title
            yield title

    with companies.using("globex"):
        assert [(title, first()) for title in titles()] == [
            ("acme's general", "globex 1"),
            ("affil's general", "globex 1"),
        ]


def test_a_context_manager_may_enter(companies: Router) -> None:
    """A context manager made of a generator enters for its block, also within another company's entry."""

    @contextmanager
    def within(slug: str) -> Iterator[None]:
        with companies.using(slug):
            yield

    with companies.using("globex"), within("acme"):
        assert first() == "acme 1"


def test_interleaved_generators_dont_mix(companies: Router) -> None:
    """Two generators of two companies, read in turns, fail closed rather than give each other's rows."""

    def rows(slug: str) -> Iterator[str]:
        with companies.using(slug):
            for item in Item.select():
                yield item.text

    one, two = rows("acme"), rows("globex")
    assert (next(one), next(two)) == ("acme 1", "globex 1")
    with pytest.raises(WrongTenant):
        next(one)
    two.close()


# Several routers


def test_the_live_entrys_router_is_meant(companies: Router, router: Router) -> None:
    """With two routers open, universal models go to the live entry's; without one they raise instead of guessing."""
    for each, name in ((companies, "Ann"), (router, "Bo")):
        each.universal.create_tables([Person])
        each.universal.execute_sql("INSERT INTO person (name) VALUES (?)", (name,))
    with pytest.raises(AmbiguousRouter, match="Person"):
        Person.get()
    tenant(router, "other")
    with router.using("other"):
        assert Person.get().name == "Bo"
        with companies.using("acme"):
            assert Person.get().name == "Ann"
        assert Person.get().name == "Bo"
    companies.universal.execute_sql("DELETE FROM person")


def test_a_tenant_is_entered_by_its_own_router(companies: Router, router: Router) -> None:
    """A tenant of one router isn't entered by another, although the object is at hand."""
    with pytest.raises(UnknownTenant), router.using(companies.tenant("acme")):
        pass


def test_a_guard_that_is_off_is_seen(companies: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the database's own check switched off, a query in hand outlives its company's entry into another's."""
    with companies.using("acme"):
        query = Item.select().where(Item.id == 1)
    switch_off(monkeypatch, "database")
    with companies.using("globex"):
        assert query.get().text == "acme 1"
    monkeypatch.undo()


@pytest.mark.parametrize(("own", "pools"), [(0.01, 60.0), (60.0, 0.01)])
def test_an_entry_waits_no_longer_than_it_or_the_pool_may(
    router: Router, monkeypatch: pytest.MonkeyPatch, own: float, pools: float
) -> None:
    """While its stores are maintained; whichever is less, and a minute would be told by the test's time."""
    tenant(router, "acme")
    monkeypatch.setattr(router.pool, "patience", pools)
    began, done = threading.Event(), threading.Event()

    def maintain() -> None:
        with router.maintaining("acme"):
            began.set()
            done.wait(30)

    maintainer = threading.Thread(target=maintain)
    maintainer.start()
    try:
        assert began.wait(30)
        with router.using("acme") as entry:
            entry.patience = own
            begun = time.monotonic()
            with pytest.raises(LockTimeout):
                first()
            assert time.monotonic() - begun < 20
    finally:
        done.set()
        maintainer.join()
