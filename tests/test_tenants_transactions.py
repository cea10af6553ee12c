"""Transactions of an entry: whole or not at all, on the connection where they began, whatever is swallowed inside."""

# ruff: noqa: PT012 - that a whole block is undone is the claim

from __future__ import annotations

import pytest
from peewee import OperationalError

from notes import Note, texts
from tenants import (
    NoTenant,
    Router,
    Store,
    TenantError,
    WouldDeadlock,
    WrongTenant,
)

pytestmark = pytest.mark.each_engine


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, empty."""
    return router.create("acme", models=[Note]).store("books")


def written(router: Router, slug: str = "acme") -> list[str]:
    """What a later entry finds."""
    with router.using(slug):
        return texts()


# Blocks within blocks


def test_inner_blocks_are_savepoints(router: Router, store: Store) -> None:
    """Each of `writing`, `write` and `atomic` inside another is undone alone, where its error is swallowed."""

    def failing() -> None:
        Note.create(text="lost by write")
        raise ValueError

    with router.using("acme"), store.writing():
        Note.create(text="kept")
        with pytest.raises(ValueError), store.writing():
            Note.create(text="lost by writing")
            raise ValueError
        with pytest.raises(ValueError):
            store.write(failing)
        with pytest.raises(ValueError), store.database.atomic(), store.writing():
            Note.create(text="lost by atomic")
            raise ValueError
        store.write(Note.create, text="kept too")
    assert written(router) == ["kept", "kept too"]


def test_an_error_undoes_all(router: Router, store: Store) -> None:
    """What leaves the outermost block undoes the inner ones that had ended well."""
    with router.using("acme"):
        with pytest.raises(ValueError), store.writing():
            store.write(Note.create, text="inner")
            raise ValueError
        assert not store.lock.held()
        assert texts() == []


def test_a_transaction_by_hand(router: Router, store: Store) -> None:
    """Peewee's `commit()` and `rollback()` of a running transaction go on in a new one."""
    with router.using("acme"):
        with store.database.atomic() as transaction:
            Note.create(text="one")
            transaction.commit()
            Note.create(text="two")
            transaction.rollback()
            Note.create(text="three")
        assert texts() == ["one", "three"]


def test_manual_commit(router: Router, store: Store) -> None:
    """Transactions begun and ended by hand queue with the others, and let them in when they end."""
    database = store.database
    with router.using("acme"):
        with database.manual_commit():
            database.begin()
            Note.create(text="kept")
            assert store.lock.held(database._use())
            database.commit()
            assert not store.lock.held(database._use())
            database.begin()
            Note.create(text="lost")
            database.rollback()
            with pytest.raises(ValueError), store.writing():
                pass
        assert texts() == ["kept"]


def test_a_transaction_as_sql(router: Router, store: Store) -> None:
    """BEGIN and COMMIT that are sent as SQL hold the lock from the one to the other."""
    with router.using("acme"):
        state = store.database._use()
        for statement in ("BEGIN IMMEDIATE", "INSERT INTO note (text, count) VALUES ('kept', 0)"):
            store.execute_sql(statement)
            assert store.lock.held(state)
        store.execute_sql("COMMIT")
        assert not store.lock.held(state)
        store.execute_sql("BEGIN")
        Note.create(text="lost")
    assert not store.lock.waiting()
    assert written(router) == ["kept"]


def test_a_session_by_hand(router: Router, store: Store) -> None:
    """`session_start` and its ends hold the lock for as long as the transaction lasts."""
    database = store.database
    with router.using("acme"):
        database.session_start()
        Note.create(text="kept")
        assert store.lock.held(database._use())
        database.session_commit()
        assert not store.lock.held(database._use())
        database.session_start()
        Note.create(text="lost")
        database.session_rollback()
        assert not store.lock.held(database._use())
        assert texts() == ["kept"]


def test_a_connection_for_a_block(router: Router, store: Store) -> None:
    """`with db:` is a transaction, `connection_context()` a connection; both hand it back, and it comes again."""
    database = store.database
    with router.using("acme"):
        with database:
            Note.create(text="one")
        assert database.is_closed()
        with pytest.raises(ValueError), database:
            Note.create(text="lost")
            raise ValueError
        with database.connection_context():
            assert not database.is_closed()
            Note.create(text="two")
        assert database.is_closed()
        assert texts() == ["one", "two"]
        with store.writing(), pytest.raises(OperationalError, match="while transaction is open"):
            database.close()
        assert database.close() is True
        assert database.close() is False
        Note.create(text="three")
    assert written(router) == ["one", "two", "three"]


# After the commit


def test_callbacks_come_after_the_commit(router: Router, store: Store) -> None:
    """They see what was committed, may write, and aren't called after a rollback."""
    seen: list[object] = []

    def called() -> None:
        with store.get_connection() as other:
            seen.append(other.execute("SELECT text FROM note").fetchall())
        store.write(Note.create, text="by the callback")

    with router.using("acme"):
        with store.writing() as database:
            Note.create(text="one")
            database.after_commit(called)
        assert seen == [[("one",)]]
        with pytest.raises(ValueError), store.writing() as database:
            database.after_commit(called)
            raise ValueError
        with store.writing():
            Note.create(text="two")
    assert len(seen) == 1
    assert written(router) == ["one", "by the callback", "two"]


def test_a_callback_that_fails_undoes_nothing(router: Router, store: Store) -> None:
    """Its error is seen, and what was committed stays."""

    def called() -> None:
        raise ValueError("from the callback")

    with router.using("acme"):
        with pytest.raises(ValueError, match="callback"), store.writing() as database:
            Note.create(text="one")
            database.after_commit(called)
        assert not store.lock.held()
        Note.create(text="two")
    assert written(router) == ["one", "two"]


# Where a transaction ends


def test_a_transaction_cant_end_in_another_company(router: Router, store: Store) -> None:
    """Its commit is refused where another company is current, and what it wrote is undone."""
    router.create("globex", models=[Note])
    with router.using("acme"):
        block = store.writing()
        block.__enter__()
        Note.create(text="acme's")
        with router.using("globex"), pytest.raises(WrongTenant, match="acme/books"):
            block.__exit__(None, None, None)
        assert not store.lock.held()
    assert written(router) == written(router, "globex") == []


def test_a_transaction_cant_end_on_another_connection(router: Router, store: Store) -> None:
    """Nor in another entry of its own company, which has a connection of its own."""
    with router.using("acme"):
        block = store.writing()
        block.__enter__()
        Note.create(text="x")
        with router.using("acme"), pytest.raises(WrongTenant):
            block.__exit__(None, None, None)
    assert written(router) == []


def test_an_entry_that_is_left_takes_its_transaction_along(router: Router, store: Store) -> None:
    """What was open is rolled back and the lock given up; the block that ends later doesn't pass that over."""
    entry = router.enter_here("acme")
    block = store.writing()
    block.__enter__()
    Note.create(text="lost")
    router.leave(entry)
    assert store.lock.waiting() == 0
    with router.using("acme"):
        Note.create(text="kept")
    with pytest.raises(NoTenant, match="rolled back"):
        block.__exit__(None, None, None)
    assert block.__exit__(ValueError, ValueError(), None) is None
    assert written(router) == ["kept"]


def test_two_entries_of_one_tenant_in_one_thread(router: Router, store: Store) -> None:
    """The inner one can never get the outer one's lock: it is told at once, and the outer one goes on."""
    with router.using("acme"), store.writing():
        Note.create(text="outer")
        with router.using("acme"), pytest.raises(WouldDeadlock, match="acme/books"):
            Note.create(text="inner")
        Note.create(text="outer again")
    assert written(router) == ["outer", "outer again"]


def test_two_routers_on_one_folder_share_the_queue(router: Router, store: Store) -> None:
    """Their writers wait for each other here, and not for SQLite's unfair polling."""
    other = Router(router.folder)
    assert other.tenant("acme").store("books").lock is store.lock
    with router.using("acme"), store.writing():
        Note.create(text="one")
        with other.using("acme"), pytest.raises(WouldDeadlock):
            Note.create(text="two")
    with other.using("acme"):
        Note.create(text="two")
    assert written(router) == ["one", "two"]
    other.close()


def test_a_store_database_is_nobodys_outside(router: Router, store: Store) -> None:
    """Held in a variable, it works in no other company's entry, and without one not at all."""
    router.create("globex", models=[Note])
    with pytest.raises(NoTenant, match="acme/books"):
        store.database.execute_sql("SELECT 1")
    with router.using("globex"), pytest.raises(WrongTenant, match="acme/books"):
        store.database.execute_sql("SELECT 1")
    with router.using("globex"), pytest.raises(TenantError):
        store.writing().__enter__()
