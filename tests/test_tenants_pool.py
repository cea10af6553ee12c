"""Connections are kept warm within a bound, go back as clean as new ones, and never cross a fork."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from notes import Contact, Note, texts
from tenants import NoTenant, Router, Store, Tenant, TenantError, WrongFile, opened
from tenants.connections import ConnectionState
from tenants.leasing.budget import Budget


@pytest.fixture
def acme(router: Router) -> Tenant:
    """A tenant with one note."""
    return router.create("acme", models=[Note], setup=lambda: Note.create(text="first"))


def connection_of(store: Store) -> object:
    """The driver's connection of the current entry, without telling that somebody has it."""
    return store.database._use().open()


def test_a_connection_is_used_again(router: Router, acme: Tenant) -> None:
    """Entry after entry gets the same connection, and none is opened before it is needed."""
    seen = []
    for _ in range(3):
        with router.using(acme):
            lent = router.pool.lent()
            seen.append(connection_of(acme.store("books")))
            assert router.pool.lent() == lent + 1
    assert len(set(map(id, seen))) == 1


def test_two_entries_never_share_one(router: Router, acme: Tenant) -> None:
    """Nested entries of one tenant have a connection each."""
    store = acme.store("books")
    with router.using(acme):
        outer = connection_of(store)
        with router.using(acme):
            assert connection_of(store) is not outer
        assert connection_of(store) is outer


def test_the_bound_holds(tmp_path: Path) -> None:
    """Past the bound the store that was idle longest is closed, and opens again when it is touched."""
    router = Router(tmp_path / "data", descriptors=12)
    for n in range(6):
        router.create(f"t{n}", models=[Note], setup=lambda n=n: Note.create(text=f"of {n}"))
    for n in range(6):
        with router.using(f"t{n}"):
            assert texts() == [f"of {n}"]
        assert router.pool.status().used <= 12
    open_files = [
        os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd_is_link(fd)
    ]
    inside = [path for path in open_files if path.startswith(str(tmp_path))]
    assert 3 < sum(not path.endswith((".notice", "universal.db.lock")) for path in inside) <= 12
    for n in range(6):
        with router.using(f"t{n}"):
            assert texts() == [f"of {n}"]
    router.close()
    assert router.pool.idle() == router.pool.lent() == 0


def test_the_store_idle_longest_goes_first(tmp_path: Path) -> None:
    """A store that was used since outlives one that wasn't, however many connections it has."""
    router = Router(tmp_path / "data", descriptors=192)
    a, b, c = (router.create(slug, models=[Note]).store("books") for slug in "abc")
    router.universal.release()
    router.pool.close()
    router.pool.budget = Budget(9, 0)
    lent = [(a, router.pool.take(a)), (a, router.pool.take(a)), (b, router.pool.take(b))]
    for store, connection in lent:
        router.pool.give_back(store, connection)
    router.pool.give_back(a, router.pool.take(a))
    router.pool.give_back(c, router.pool.take(c))
    assert list(router.pool.warm.stores) == [a, c]
    router.close()


def fd_is_link(fd: str) -> bool:
    """False for the descriptor that listed the folder, which is gone by now."""
    return os.path.lexists(f"/proc/self/fd/{fd}")


def pragma(store: Store) -> None:
    store.execute_sql("PRAGMA foreign_keys = OFF")


def hidden_pragma(store: Store) -> None:
    store.execute_sql("/* quick */ pragma query_only(1)")


def pragma_on_a_cursor(store: Store) -> None:
    store.database.cursor().execute("PRAGMA synchronous = OFF")


def pragma_as_attribute(store: Store) -> None:
    store.database.cache_size = 7


def temporary_table(store: Store) -> None:
    store.execute_sql("CREATE TEMP TABLE note (id, text, count)")


def script(store: Store) -> None:
    store.database.cursor().executescript("PRAGMA recursive_triggers = ON; SELECT 1")


def bare_connection(store: Store) -> None:
    store.database.connection().create_function("leak", 0, lambda: 1)


def closed_connection(store: Store) -> None:
    store.database.connection().close()


@pytest.mark.parametrize(
    "spoil",
    [
        pragma, hidden_pragma, pragma_on_a_cursor, pragma_as_attribute, temporary_table, script, bare_connection,
        closed_connection,
    ],
)  # fmt: skip
def test_a_connection_that_was_changed_is_not_pooled(
    router: Router, acme: Tenant, spoil: Callable[[Store], None]
) -> None:
    """What an entry sets on its connection is not there for the next one."""
    with router.using(acme):
        spoil(acme.store("books"))
    assert acme.store("books") not in router.pool.warm.stores
    with router.using(acme):
        assert texts() == ["first"]
        assert settings(acme.store("books")) == (1, 0, 2, 0, -2000)


def settings(store: Store) -> tuple[int, ...]:
    """What the spoilers above change."""
    names = ("foreign_keys", "query_only", "synchronous", "recursive_triggers", "cache_size")
    return tuple(store.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in names)


def test_a_pragma_would_stay(router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the above: pooled as it is, the connection hands the setting on."""
    monkeypatch.setattr(
        ConnectionState,
        "spoiled",
        property(lambda self: False, lambda self, value: None),
        raising=False,
    )
    with router.using(acme):
        pragma(acme.store("books"))
    with router.using(acme):
        assert settings(acme.store("books"))[0] == 0


def left_open(store: Store) -> object:
    """Read one of several rows, and keep the cursor."""
    cursor = store.execute_sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT i, text FROM n, note"
    )
    assert cursor.fetchone() == (1, "first")
    return cursor


@pytest.mark.parametrize("guarded", [True, False])
def test_an_unfinished_read_keeps_no_snapshot(
    router: Router, acme: Tenant, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """A cursor that was left open is closed with its entry; else the next entry reads, and writes on, what was then."""
    if not guarded:
        monkeypatch.setattr(ConnectionState, "track", lambda self, cursor: None)
    with router.using(acme):
        kept = left_open(acme.store("books"))
        with acme.store("books").get_connection() as other:
            other.execute("UPDATE note SET text = 'changed'")
    with router.using(acme):
        assert texts() == (["changed"] if guarded else ["first"])
    del kept
    router.pool.close()


def test_a_returning_statement_left_open_is_closed(router: Router, acme: Tenant) -> None:
    """INSERT … RETURNING whose rows nobody fetched holds nothing up, neither here nor for others."""
    with router.using(acme):
        kept = acme.store("books").execute_sql(
            "INSERT INTO note (text, count) VALUES ('a', 0), ('b', 0) RETURNING id"
        )
    with router.using(acme):
        assert texts() == ["first", "a", "b"]
        Note.create(text="c")
    assert kept is not None


def test_many_cursors_cost_no_more_each(router: Router, acme: Tenant) -> None:
    """Cursors that are gone are forgotten, those that live are kept."""
    with router.using(acme):
        store = acme.store("books")
        for _ in range(2000):
            store.execute_sql("SELECT 1").fetchone()
        state = store.database._use()
        assert len(state.cursors) <= 300
        alive = [store.execute_sql("SELECT 1") for _ in range(700)]
        assert sum(ref() is not None for ref in state.cursors) >= len(alive)


def test_a_function_reaches_connections_that_were_warm(router: Router, acme: Tenant) -> None:
    """What is registered later is there in the next entry, also on other threads' connections; other stores lack it."""
    other = router.create("globex", models=[Note])
    database = acme.store("books").database
    with router.using(acme), router.using(acme):
        connection_of(acme.store("books"))
    with router.using(acme):
        connection_of(acme.store("books"))
        database.register_function(lambda: 42, "answer", 0)
        assert database.execute_sql("SELECT answer()").fetchone() == (42,)
    with router.using(acme):
        connection_of(acme.store("books"))
        with router.using(acme):
            database.register_function(lambda: 43, "later", 0)
    with router.using(acme):  # gets the one that was given back last
        assert database.execute_sql("SELECT answer() + later()").fetchone() == (85,)
    assert "answer" not in other.store("books").database._functions


def test_nothing_is_lent_after_the_end(router: Router, acme: Tenant) -> None:
    """A router that was closed serves nobody, and says so; what comes back later is closed."""
    store = acme.store("books")
    late = router.pool.take(store)
    router.close()
    router.pool.give_back(store, late)
    assert router.pool.idle() == 0
    with pytest.raises(TenantError, match="closed"):
        router.pool.take(store)


def test_a_router_opens_again(tmp_path: Path) -> None:
    """Closing ends no more than the router: another one on the same folder goes on."""
    for n in range(3):
        router = Router(tmp_path / "data")
        if n == 0:
            router.create("acme", models=[Note])
        with router.using("acme"):
            Note.create(text=str(n))
            assert len(texts()) == n + 1
        router.close()


def test_another_thread_may_give_it_back(router: Router, acme: Tenant) -> None:
    """An entry that is left in another thread, as a server's last resort, hands back what it had in hand."""
    from tenants.current import NOWHERE, current

    entry = router.enter_here(acme)
    Note.create(text="second")
    lent = router.pool.lent()
    thread = threading.Thread(target=router.leave, args=(entry,))
    thread.start()
    thread.join()
    assert router.pool.lent() == lent - 1
    with pytest.raises(NoTenant):
        texts()
    current.set(NOWHERE)
    assert sys.getrefcount(entry) > 0


def test_a_function_reaches_connections_that_nobody_has_touched_yet(router: Router) -> None:
    """A lease claims the warm connections of all its stores; one that was to be closed since is not used."""
    tenant = router.create("acme", models=[Note, Contact])
    books = tenant.store("books")
    with router.using(tenant):
        assert texts() == []
    with router.using(tenant):
        assert Contact.select().count() == 0  # from here on books' warm connection is this lease's
        books.database.register_function(lambda: 42, "answer", 0)
        assert books.execute_sql("SELECT answer()").fetchone() == (42,)
    with router.using(tenant):
        assert Contact.select().count() == 0
        books.database.register_function(lambda: 43, "later", 0)
    with router.using(tenant):
        assert books.execute_sql("SELECT later()").fetchone() == (43,)


@pytest.mark.parametrize(
    "gone", ["deleted", "moved", "replaced by another's", "put back as a copy"]
)
def test_a_file_that_went_from_under_a_warm_connection(
    router: Router, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """What is warm is used no more once the file is another one, or none: nobody would see again what it wrote."""
    monkeypatch.setattr(opened, "LOOK_AGAIN", 0)
    for slug in ("acme", "globex"):
        with router.using(router.create(slug, models=[Note])):
            Note.create(text=slug)
    path = Path(router.tenant("acme").store("books").path)
    assert router.pool.idle()
    if gone == "put back as a copy":
        router.pool.close(router.tenant("acme").store("books"))  # so that the copy is whole
        copy = path.read_bytes()
        with router.using("acme"):
            Note.create(text="after the copy")
        for old in path.parent.glob("books.*"):  # its log too, which would be taken for the copy's
            old.unlink()
        path.write_bytes(copy)
        with router.using("acme"):
            assert texts() == ["acme"]
        return
    if gone == "replaced by another's":
        other = Path(router.tenant("globex").store("books").path)
        router.pool.close(router.tenant("globex").store("books"))
        path.unlink()
        path.write_bytes(other.read_bytes())
    elif gone == "moved":
        path.rename(path.with_suffix(".old"))
    else:
        path.unlink()
    for work in (texts, lambda: Note.create(text="lost")):
        with router.using("acme"), pytest.raises(WrongFile, match="acme/books"):
            work()
    with router.using("globex"):
        assert texts() == ["globex"]
