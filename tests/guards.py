"""The guards that keep one tenant's rows from another, each with a way to switch it off.

A test that shows an action refused shows more when it also shows what the action does with the guard switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tenants import compiling, database, queries, relations, rows, stamps

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


GUARDS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "rows": _rows_off,
    "cache": _cache_off,
    "wrapping": _wrapping_off,
    "cursor": _cursor_off,
    "compiling": _compiling_off,
    "database": _database_off,
}


def switch_off(patch: pytest.MonkeyPatch, names: str) -> None:
    """Switch off the guards of these names, separated by spaces."""
    for name in names.split():
        GUARDS[name](patch)
