"""Tables, columns and indexes as they are, against those that this program makes.

What a table comes to is compared, not how it is spelled: one that was made long ago and migrated since reads otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any

from peewee import Model

from models.checks.findings import Fault
from tenants import Store, sqlite
from tenants.life.templates import table_queries

Shape = dict[str, dict[str, Any]]
"""By kind and name, as in `table lines`: what there is to say of it."""

OWN = ("table store_identity", "table schema_migration", "index schema_migration_name")
"""What `tenants` keeps in each store, and looks at itself."""

KINDS = {"virtual": "virtual table"}

_TABLES = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
_INDEXES = "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"


def shape(store: Store, connection: Any) -> Iterator[Fault]:
    """Yield what a store lacks, has too much, or has otherwise than this program makes it.

    Nothing is known of those that a program with migrations of its own opens.
    """
    migrations = store.router.migrations.get(store.role)
    if migrations is not None and migrations.version != own_version(store.role):
        return
    there, wanted = shape_of(connection), wanted_shape(store.role)
    missing = wanted.keys() - there.keys()
    # With a table go its indexes, of which nothing is said then.
    for name in sorted(n for n in missing if f"table {wanted[n]['kind'][0]}" not in missing):
        slow = ", and what it is for is slow" if name.startswith("index") else ""
        yield Fault("shape", f"the {name} is missing{slow}: restore the store from a backup")
    for name in sorted(there.keys() - wanted.keys() - set(OWN)):
        yield Fault(
            "shape",
            f"the {name} was added by something else than this program; find out by what, and drop it",
        )
    for name in sorted(there.keys() & wanted.keys()):
        for what, want in wanted[name].items():
            have = there[name][what]
            if have != want:
                yield Fault(
                    "shape",
                    f"the {name} has other {what} than it was made with{_differing(have, want)}",
                )


def _differing(have: Any, want: Any) -> str:
    if not isinstance(have, dict):
        return ""
    names = [name for name in have.keys() | want.keys() if have.get(name) != want.get(name)]
    return f": {', '.join(sorted(names))}"


def shape_of(connection: Any) -> Shape:
    """Return what tables, views and indexes of a database come to."""
    found: Shape = {}
    for name, kind, without_rowid, strict in connection.execute(_TABLES).fetchall():
        if name.startswith("sqlite_") or kind == "shadow":  # which are a virtual table's own
            continue
        columns = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
        keys = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (name,)).fetchall()
        found[f"{KINDS.get(kind, kind)} {name}"] = {
            "columns": {row[1]: row[2:] for row in columns},
            "foreign keys": sorted(row[2:] for row in keys),
            "kind": (kind, without_rowid, strict),
        }
    for name, table in connection.execute(_INDEXES).fetchall():
        parts = connection.execute("SELECT * FROM pragma_index_xinfo(?)", (name,)).fetchall()
        ((unique, partial),) = connection.execute(
            'SELECT "unique", partial FROM pragma_index_list(?) WHERE name = ?', (table, name)
        ).fetchall()
        found[f"index {name}"] = {
            "columns": [row[2:] for row in parts if row[5]], "kind": (table, unique, partial),
        }  # fmt: skip
    return found


@cache
def own_version(role: str) -> int:
    """Return how many migrations a store of that role goes through."""
    from models.migrations import FOLDERS  # whose guards are checks, too

    return len(list(FOLDERS[role].glob("[0-9]*.py")))


@cache
def wanted_shape(role: str) -> Shape:
    """Return what a new store of that role comes to."""
    with closing(sqlite.driver.connect(":memory:")) as connection:
        for model in _models_of(role):
            for sql, _ in table_queries(model):
                connection.execute(sql)
        return shape_of(connection)


def _models_of(role: str) -> list[type[Model]]:
    # Which knows all models, and is known by those that check.
    from models.companies import COMPANY_MODELS

    return [model for model in COMPANY_MODELS if model._meta.store == role]
