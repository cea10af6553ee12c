"""What was loaded in one company is refused in every other: actions × ways in × engines.

`strays/` is the table of actions: what can be done with rows, queries and cursors, from `save` to a pickled row's
foreign key (`strays/words.py` finds them by what people call them). `ways.py` has the ways in which code comes to work
for a company: requests, streams, threads, the command line. `engines.py` has where stores may live. Each action is
tried on each way, on each engine:

- in the company where its thing was taken: it works, and gives what plain Peewee gives on a plain database;
- in another company: it raises, and no row of either company changes;
- where no company was entered: it raises, and no row changes;
- in another company with its guards taken out (`guards.py`): it goes through. So each case is known to see leaks.

A test goes through a group of actions and names those that failed. To run it all, or one way, or one group:

    python -m pytest tests/test_tenants_isolation.py
    python -m pytest tests/test_tenants_isolation.py -k "thread_pool and relations"

To watch it fail, take guards out, of `rows cache wrapping cursor compiling database equality`:

    WITHOUT_GUARDS="rows" python -m pytest tests/test_tenants_isolation.py

(without `database` that takes minutes: what strays begins transactions in other companies' files, and others wait.)

What else tries to get past the guards: test_tenants_controls.py (entries, threads, classes), test_tenants_refusals.py
(each line that refuses is reached), test_tenants_machine.py (random work on several companies and threads, against a
model), test_tenants_interleavings.py (every order in which two threads can take their steps), and
test_tenants_isolation_command.py (a process of its own).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from peewee import SqliteDatabase

from engines import ENGINES, Engine
from guards import GUARDS, switch_off
from routed_models import books, contents, plain_books, restore, tenant
from strays import ACTIONS, GROUPS, WORDS, Action
from tenants import UNIVERSAL, DBLock, NoTenant, Router, WrongTenant, current_entry
from tenants.current import NOWHERE
from tenants.entries import hand_back
from ways import WAYS, Site, Way

SLUGS = ("acme", "globex", "initech")
TABLES = [model._meta.table_name for model in books.models]

each_group = pytest.mark.parametrize("group", GROUPS)
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name.replace(" ", "_"))


class Companies(Site):
    """Three companies with the same rows but for their names, and an eye on their files that asks no guard."""

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self._stack = ExitStack()
        self._eyes = {}
        for slug in SLUGS:
            store = tenant(router, slug).store("books")
            self._eyes[slug] = self._stack.enter_context(store.get_connection())
        self.first = self.rows()

    def rows(self) -> dict[str, Any]:
        """Return every committed row of every company."""
        return {
            slug: [eye.execute(f"SELECT * FROM {t} ORDER BY id").fetchall() for t in TABLES]
            for slug, eye in self._eyes.items()
        }

    def require_unchanged(self) -> None:
        """Fail unless each company has the rows that it began with."""
        now = self.rows()
        for slug, rows in self.first.items():
            assert now[slug] == rows, f"rows of {slug} were changed"

    def mend(self, before: dict[str, Any]) -> None:
        """Undo what a failed case has done, so that the next one shows its own faults alone."""
        states, NOWHERE.states = NOWHERE.states, {}
        hand_back(states)
        for slug in SLUGS:
            with self.router.using(slug):
                restore(before[slug])

    def everything(self) -> dict[str, Any]:
        """Return what `mend` needs."""
        found = {}
        for slug in SLUGS:
            with self.router.using(slug):
                found[slug] = contents()
        return found

    def close(self) -> None:
        super().close()
        self._stack.close()
        self.router.close()


@pytest.fixture(scope="module", params=ENGINES, ids=str)
def companies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Companies]:
    """The companies on an engine. A test undoes what it changes."""
    engine: Engine = request.param
    companies = Companies(engine.open(tmp_path_factory.mktemp("isolation") / "data"))
    yield companies
    companies.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each action gives, and what it leaves, on the rows of `acme` in a database of plain Peewee."""
    path: Path = tmp_path_factory.mktemp("plain") / "plain.db"
    database = SqliteDatabase(path, pragmas={"foreign_keys": 1})
    family = plain_books(database, "acme")
    found = {}
    for action in ACTIONS:
        with undone(family):
            result = action.use(family, action.take(family))
            found[action.name] = f"{result!r}, leaving {contents(family)}"
    database.close()
    return found


@pytest.fixture(autouse=True)
def without_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes out the guards that `WITHOUT_GUARDS` names; and whoever waits for a lock has done something wrong."""
    monkeypatch.setattr(DBLock, "TIMEOUT", 0.05)
    switch_off(monkeypatch, os.environ.get("WITHOUT_GUARDS", ""))


@contextmanager
def undone(family: SimpleNamespace) -> Iterator[None]:
    """Roll back at the end what the block changes."""
    with family.Item._meta.database.atomic() as transaction:
        yield
        transaction.rollback()


def require_each(companies: Companies, group: str, case: Callable[[Action], object]) -> None:
    """Try a case with each action of a group; fail with the names of those that failed, and why."""
    before = companies.everything()
    failed = []
    for action in ACTIONS:
        if action.group == group:
            try:
                case(action)
            except Exception as error:  # noqa: BLE001 - told with the others
                failed.append(f"{action.name}: {type(error).__name__}: {str(error)[:300]}")
                companies.mend(before)
    if failed:
        pytest.fail(f"{len(failed)} actions failed:\n" + "\n".join(failed), pytrace=False)


def require_refused(way: Way, action: Action, thing: Any) -> None:
    """Fail unless the action is refused, naming where its thing came from; a comparison may say "another" instead."""
    try:
        result = action.use(books, thing)
    except way.refusals as error:
        if isinstance(error, WrongTenant) and not re.search("acme/books .*'globex'", str(error)):
            raise AssertionError(
                "it names neither where its thing came from nor where it is"
            ) from error
        return
    assert action.compares, f"it gave {result!r}"
    assert not result, "another company's row counts as this one's"


@each_way
@each_group
def test_works_in_its_own_company(
    companies: Companies, plain: dict[str, str], way: Way, group: str
) -> None:
    """In the company where it was taken it works, gives what plain Peewee gives, and leaves the same rows."""

    def case(action: Action) -> None:
        def work() -> str:
            with undone(books):
                result = action.use(books, action.take(books))
                return f"{result!r}, leaving {contents()}"

        assert way.inside(companies, "acme", work) == plain[action.name]

    require_each(companies, group, case)


@each_way
@each_group
def test_is_refused_in_another_company(companies: Companies, way: Way, group: str) -> None:
    """In another company it raises, naming where it came from, while its own is live; and neither company changes."""

    def case(action: Action) -> None:
        def work() -> None:
            with undone(books):
                thing = action.take(books)
                before = contents()
                way.inside(companies, "globex", lambda: require_refused(way, action, thing))
                assert contents() == before

        way.inside(companies, "acme", work)
        companies.require_unchanged()

    require_each(companies, group, case)


@each_way
@each_group
def test_is_refused_without_an_entry(companies: Companies, way: Way, group: str) -> None:
    """Once its entry was left it raises `NoTenant` or `WrongTenant`, and nothing changes."""

    def case(action: Action) -> None:
        def take() -> Any:
            with undone(books):
                return action.take(books)

        thing = way.inside(companies, "acme", take)
        try:
            result = way.inside(companies, None, lambda: action.use(books, thing))
        except (NoTenant, WrongTenant):
            companies.require_unchanged()
        else:
            raise AssertionError(f"it gave {result!r}")

    require_each(companies, group, case)


@each_way
@each_group
def test_leaks_without_its_guards(companies: Companies, way: Way, group: str) -> None:
    """With its guards switched off nothing refuses it in another company: the tests above see leaks."""

    def case(action: Action) -> None:
        def use(thing: Any) -> Any:
            with undone(books):
                return action.use(books, thing)

        def work() -> None:
            before = contents()
            with pytest.MonkeyPatch.context() as patch:
                switch_off(patch, f"{action.guards} {way.boundaries}")
                thing = action.take(books)
                result = way.inside(companies, "globex", lambda: use(thing))
            restore(before)
            assert result or not action.compares

        way.inside(companies, "acme", work)
        companies.require_unchanged()

    require_each(companies, group, case)


@each_way
def test_each_way_leads_where_it_says(companies: Companies, way: Way) -> None:
    """Work that comes this way is in an entry of its company, without one in none, and no entry is left behind."""

    def whose() -> str | None:
        entry = current_entry()
        return entry.tenant.slug if entry is not None and entry.tenant is not None else None

    for slug in ("acme", "globex", None):
        assert way.inside(companies, slug, whose) == slug
        assert list(companies.router.db_dict) == [UNIVERSAL]
    nested = way.inside(companies, "acme", lambda: way.inside(companies, "globex", whose))
    assert nested == "globex"


def test_each_guard_is_needed() -> None:
    """For each guard there is an action that it alone holds back, so that its control above leaks on every way."""
    assert {action.guards for action in ACTIONS} >= set(GUARDS)


def test_every_word_is_there() -> None:
    """What people do with rows is among the actions: each word of `WORDS` names some, and each of those is there."""
    names = {action.name for action in ACTIONS}
    assert len(names) == len(ACTIONS)
    for word, shown_by in WORDS.items():
        assert set(shown_by) <= names, word
