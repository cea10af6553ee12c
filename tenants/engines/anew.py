"""How a store in memory begins: empty, with the tables of the models that declare its role.

A process that finds `memory:` in the catalogue, and wasn't there when the tenant was made, makes the tables anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from peewee import Model

from .. import sqlite
from ..entries import fresh_thread_name
from ..errors import TenantError
from ..metadata import registry
from ..tenant import Tenant

if TYPE_CHECKING:
    from ..store import Store
    from .memory_databases import MemoryDatabase


def begin(
    store: Store, database: MemoryDatabase, prepare: Callable[[Any], object] | None = None
) -> None:
    """Let a new database say whose it is; it has no tables of models yet."""
    anchor = database.anchor
    anchor.execute("BEGIN")
    sqlite.identify(anchor, store._identity())
    if prepare is not None:
        prepare(anchor)
    anchor.execute("COMMIT")


def fill(store: Store, database: MemoryDatabase) -> None:
    """Make what a store begins with where this process didn't have it: tables, and what the application adds.

    Raises:
        TenantError: two models that declare its role have a table of the same name.
    """
    router, role = store.router, store.role
    migrations = router.migrations.get(role)
    # Its tables are to be made as the models are now, so it has nothing to go through.
    begin(store, database, migrations.mark if migrations is not None else None)
    models = declared(role)
    more = router.on_empty.get(role)
    # Its owner as far as that store goes: nobody else is to wait, and nothing else to be locked, for it.
    twin = _twin(store)
    whose = Tenant(router, store.owner, store.label.partition("/")[0], {role: twin})
    entry = router.enter((fresh_thread_name(), None), whose)
    try:
        with twin.writing() as made:
            made.create_tables(models)
        if more is not None:
            more(whose)
    finally:
        router.leave(entry)
        router.pool.close(twin)


def _twin(store: Store) -> Store:
    """Return the same store as an object of its own, as the other one's first connection is just being opened."""
    twin = type(store)(
        store.router, store.id, store.owner, store.role, store.generation, store.path, store.label, store.engine
    )  # fmt: skip
    twin.schema = store.router.fingerprint(store.role)
    return twin


def declared(role: str) -> list[type[Model]]:
    """Return the models that declare a store's role; bases of others that have no field of their own aren't among them.

    Raises:
        TenantError: two of them have a table of the same name.
    """
    found: dict[str, type[Model]] = {}
    for meta in sorted(registry, key=lambda meta: meta.model_id):
        model = meta.model
        if meta.store != role or (model.__subclasses__() and len(meta.sorted_fields) < 2):
            continue
        other = found.setdefault(meta.table_name, model)
        if other is not model:
            raise TenantError(
                f"{other.__module__}.{other.__name__} and {model.__module__}.{model.__name__} both are the table "
                f"{meta.table_name!r} of {role!r} stores, so that those can't be made anew in memory: give one of "
                f"them another `table_name`."
            )
    return list(found.values())
