"""What was loaded in one company is refused in every other, whatever is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from peewee import SqliteDatabase

from guards import GUARDS, switch_off
from routed_models import books, contents, plain_books, restore, tenant
from strays import ACTIONS, Action
from tenants import NoTenant, Router, WrongTenant

each_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names. A test undoes what it changes."""
    router = Router(tmp_path_factory.mktemp("isolation") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    yield router
    router.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The rows of `acme` in a database of plain Peewee."""
    path = tmp_path_factory.mktemp("plain") / "plain.db"
    database = SqliteDatabase(path, pragmas={"foreign_keys": 1})
    yield plain_books(database, "acme")
    database.close()


@contextmanager
def undone(family: SimpleNamespace) -> Iterator[None]:
    """Roll back at the end what the block changes."""
    with family.Item._meta.database.atomic() as transaction:
        yield
        transaction.rollback()


@each_action
def test_works_in_its_own_company(
    companies: Router, plain: SimpleNamespace, action: Action
) -> None:
    """In the company where it was taken it works, gives what plain Peewee gives, and leaves the same rows."""
    with companies.using("acme"), undone(books):
        result = action.use(books, action.take(books))
        left = contents()
    with undone(plain):
        expected = action.use(plain, action.take(plain))
        assert (repr(result), left) == (repr(expected), contents(plain))


@each_action
def test_is_refused_in_another_company(companies: Router, action: Action) -> None:
    """In another company it raises `WrongTenant`, naming where it came from, and neither company changes."""
    with companies.using("acme"), undone(books):
        thing = action.take(books)
        before = contents()
        with companies.using("globex"):
            before_there = contents()
            with pytest.raises(WrongTenant, match=r"acme/books .*'globex'"):
                action.use(books, thing)
            assert contents() == before_there
        assert contents() == before


@each_action
def test_is_refused_without_an_entry(companies: Router, action: Action) -> None:
    """Once its entry was left it raises `NoTenant` or `WrongTenant`, and nothing changes."""
    with companies.using("acme"):
        before = contents()
        with undone(books):
            thing = action.take(books)
    with pytest.raises((NoTenant, WrongTenant)):
        action.use(books, thing)
    with companies.using("acme"):
        assert contents() == before


@each_action
def test_goes_through_without_its_guards(
    companies: Router, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its guards switched off nothing refuses it in another company: the tests above see leaks."""
    with companies.using("acme"):
        before = contents()
        switch_off(monkeypatch, action.guards)
        thing = action.take(books)
        with companies.using("globex"), undone(books):
            action.use(books, thing)
        monkeypatch.undo()
        restore(before)


def test_each_guard_is_needed() -> None:
    """For each guard there is an action that it alone holds back."""
    assert {action.guards for action in ACTIONS} >= set(GUARDS)
