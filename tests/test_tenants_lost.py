"""Commits that fail and transactions that SQLite rolled back: whole or not at all, and the first error is shown."""

# ruff: noqa: PT012 - that a whole block is undone is the claim

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from peewee import IntegrityError, OperationalError

from notes import Note, texts
from tenants import (
    Router,
    Store,
)


@pytest.fixture
def store(router: Router) -> Store:
    """The books of `acme`, empty."""
    return router.create("acme", models=[Note]).store("books")


def written(router: Router, slug: str = "acme") -> list[str]:
    """What a later entry finds."""
    with router.using(slug):
        return texts()


@pytest.fixture
def constrained(router: Router, store: Store) -> Store:
    """The books with a table whose foreign key is looked at when the transaction is committed."""
    with router.using("acme"):
        store.execute_sql(
            "CREATE TABLE child (note INTEGER REFERENCES note DEFERRABLE INITIALLY DEFERRED)"
        )
    return store


def test_a_commit_that_fails_is_undone(router: Router, constrained: Store) -> None:
    """The error shown is the commit's, nothing of the transaction stays, and the next one goes through."""
    with router.using("acme"):
        with pytest.raises(IntegrityError, match="FOREIGN KEY"), constrained.writing():
            Note.create(text="lost")
            constrained.execute_sql("INSERT INTO child VALUES (77)")
        assert not constrained.database.connection().in_transaction
        Note.create(text="kept")
    assert written(router) == ["kept"]


def rolled_back_by_conflict(store: Store) -> None:
    store.execute_sql("INSERT OR ROLLBACK INTO note (id, text, count) VALUES (1, 'x', 0)")


def rolled_back_by_trigger(store: Store) -> None:
    store.execute_sql("INSERT INTO note (id, text, count) VALUES (13, 'x', 0)")


@pytest.mark.parametrize("fault", [rolled_back_by_conflict, rolled_back_by_trigger])
@pytest.mark.parametrize("inner", ["plain", "savepoint"])
def test_what_follows_a_lost_transaction_is_refused(
    router: Router, store: Store, fault: Callable[[Store], None], inner: str
) -> None:
    """SQLite may roll the whole back on an error; swallowing it must not let the rest be committed piece by piece."""
    with router.using("acme"):
        store.execute_sql(
            "CREATE TRIGGER unlucky BEFORE INSERT ON note WHEN new.id = 13 BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
        )
        Note.create(text="first")

        def post() -> None:
            with store.writing():
                Note.create(text="half")
                if inner == "plain":
                    with pytest.raises(IntegrityError):
                        fault(store)
                else:
                    with pytest.raises(IntegrityError), store.writing():
                        fault(store)
                Note.create(text="by itself")

        with pytest.raises(
            OperationalError, match="acme/books was rolled back by an earlier fault"
        ):
            post()
        assert not store.lock.held()
        Note.create(text="second")
    assert written(router) == ["first", "second"]


def test_the_first_error_is_shown(router: Router, store: Store) -> None:
    """An error after which SQLite has rolled back already isn't hidden by "no transaction is active"."""
    with router.using("acme"):
        Note.create(text="first")
        with pytest.raises(IntegrityError, match="UNIQUE"), store.writing():
            rolled_back_by_conflict(store)


def noted_elsewhere(store: Store) -> None:
    """Write on another connection, which makes a snapshot that is still being read an old one."""
    with store.get_connection() as connection:
        connection.execute("UPDATE note SET count = count + 1")


@pytest.mark.parametrize("walk", [lambda q: q, lambda q: q.iterator(), lambda q: q.tuples()])
def test_writing_while_going_through_rows(
    router: Router, store: Store, walk: Callable[[Any], Iterable[Any]]
) -> None:
    """Others may write meanwhile: the walk goes on with the rows as they were, and no write finds the database busy."""
    with router.using("acme"):
        Note.insert_many([{"text": str(n)} for n in range(500)]).execute()
        seen = []
        for row in walk(Note.select(Note.text).order_by(Note.id)):
            seen.append(row[0] if isinstance(row, tuple) else row.text)
            if len(seen) in (3, 250):
                noted_elsewhere(store)
                Note.update(count=Note.count + 1).where(Note.id == 1).execute()
                noted_elsewhere(store)
                with store.writing():
                    Note.update(count=Note.count + 1).where(Note.id == 1).execute()
        assert seen == [str(n) for n in range(500)]
        assert Note.get_by_id(1).count == 8


def test_writing_after_a_walk_that_was_broken_off(router: Router, store: Store) -> None:
    """A query that is still about, with rows that nobody fetched, keeps nobody from writing, and goes on later."""
    with router.using("acme"):
        Note.insert_many([{"text": str(n)} for n in range(500)]).execute()
        query = Note.select().order_by(Note.id)
        for _ in query:
            break
        noted_elsewhere(store)
        store.write(Note.create, text="last")
        assert [note.text for note in query] == [str(n) for n in range(500)]
        cursor = store.execute_sql("SELECT id FROM note ORDER BY id")
        assert cursor.fetchone() == (1,)
        noted_elsewhere(store)
        Note.create(text="very last")
        assert cursor.fetchmany(2) == [(2,), (3,)]
        assert next(cursor) == (4,)
        assert len(cursor.fetchall()) == 497
        assert cursor.fetchone() is None
