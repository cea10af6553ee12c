"""The guards that keep one tenant's rows from another, each with a way to switch it off.

A test that shows an action refused shows more when it also shows what the action does with the guard switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any

import pytest
from peewee import Model

from tenants import (
    RoutedModel,
    Tenant,
    compiling,
    database,
    entries,
    queries,
    relations,
    rows,
    stamps,
)
from tenants.leasing.homes import Home, Homes
from tenants.leasing.leases import Lease

StoreCursor: Any = database.StoreDatabase.cursor_class


def _rows_off(patch: pytest.MonkeyPatch) -> None:
    """Instances pass anywhere, whatever store they came from."""
    for module in (stamps, relations):
        patch.setattr(module, "check", lambda instance: None)


def _cache_off(patch: pytest.MonkeyPatch) -> None:
    """What a query has fetched is handed out anywhere."""
    check = StoreCursor.check

    def only_cursors(self: Any, what: str) -> None:
        if what != "These rows":
            check(self, what)

    patch.setattr(StoreCursor, "check", only_cursors)


def _wrapping_off(patch: pytest.MonkeyPatch) -> None:
    """Queries that weren't made by a routed model's `select` keep their rows in Peewee's own wrappers."""
    patch.setattr(queries, "guard", lambda query: None)
    patch.setattr(rows, "guarded", lambda wrapper: wrapper)


def _cursor_off(patch: pytest.MonkeyPatch) -> None:
    """A cursor works wherever it is used."""
    patch.setattr(StoreCursor, "_require_open", lambda self: None)


def _compiling_off(patch: pytest.MonkeyPatch) -> None:
    """A query of any store can be part of another's."""
    patch.setattr(compiling.RoutedContext, "_check_query", lambda self, query: None)


def _database_off(patch: pytest.MonkeyPatch) -> None:
    """A store's database works in the entry of any tenant."""
    hold = database.StoreDatabase._hold

    def of_any_tenant(self: Any, entry: Any) -> Any:
        stores, entry.stores = entry.stores, {**entry.stores, self.store.role: self.store}
        try:
            return hold(self, entry)
        finally:
            entry.stores = stores

    patch.setattr(database.StoreDatabase, "_hold", of_any_tenant)


def _equality_off(patch: pytest.MonkeyPatch) -> None:
    """Rows of one id are one row, whatever store they came from."""
    patch.setattr(RoutedModel, "__eq__", Model.__eq__)


def _generators_off(patch: pytest.MonkeyPatch) -> None:
    """Whoever reads from a generator works in what the generator has entered."""
    patch.setattr(entries, "generator_of", lambda frame, entry: None)


def _threads_off(patch: pytest.MonkeyPatch) -> None:
    """An entry works in any thread."""
    patch.setattr(StoreCursor, "_require_open", lambda self: None)
    patch.setattr(database.StoreDatabase, "_require_owner", lambda self, entry: None)


#: What holds back things that were taken elsewhere.
GUARDS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "rows": _rows_off,
    "cache": _cache_off,
    "wrapping": _wrapping_off,
    "cursor": _cursor_off,
    "compiling": _compiling_off,
    "database": _database_off,
    "equality": _equality_off,
}

#: What holds back whoever is in an entry that isn't theirs to use.
BOUNDARIES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "generators": _generators_off,
    "threads": _threads_off,
}


def _freshness_off(patch: pytest.MonkeyPatch) -> None:
    """An entry works on the stores that its tenant had as it began, whatever became of them."""
    patch.setattr(Lease, "_require_fresh", lambda self: None)


def _archive_off(patch: pytest.MonkeyPatch) -> None:
    """What is archived can be written."""
    patch.setattr(Tenant, "is_archived", False)


def _maintenance_off(patch: pytest.MonkeyPatch) -> None:
    """Stores are changed while others work on them."""

    def begin(self: Any, begun: float, patience: float) -> None:
        self._maintainer = get_ident()
        self.homes.maintainers.append(get_ident())

    patch.setattr(Home, "_begin", begin)
    patch.setattr(Homes, "is_leased_here", lambda self, home: False)


#: What keeps changes of a tenant apart from work on its stores.
CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "freshness": _freshness_off,
    "archive": _archive_off,
    "maintenance": _maintenance_off,
}


def switch_off(patch: pytest.MonkeyPatch, names: str) -> None:
    """Switch off the guards of these names, separated by spaces."""
    for name in names.split():
        (GUARDS | BOUNDARIES | CHANGES)[name](patch)
