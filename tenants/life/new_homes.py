"""A home that is being made: its stores' files, which nobody else knows of yet, and what is put into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from peewee import Model

from ..entries import fresh_thread_name
from ..places import flush_folder, make_own_folder, relative_home
from ..store import Store
from ..tenant import Tenant, new_id
from .steps import step

if TYPE_CHECKING:
    from ..engines import Engine
    from ..router import Router
    from .templates import Blank


class NewStore(Store):
    """A store of a home that is being made. What is written waits for the disk once, at the end."""

    def open(self, any_version: bool = False) -> Any:
        connection = self.engine.open(self, synchronous="OFF")
        self.database._add_conn_hooks(connection)
        return connection


class NewHome:
    """The home of one tenant that is being made. Whoever makes it holds its mark.

    Args:
        router: the data folder.
        slug: what people will read.
        shared: the stores of others that the tenant is to share, by role.
        tenant_id: the id that it had on another machine; a new one unless given.
    """

    def __init__(
        self,
        router: Router,
        slug: str,
        shared: Mapping[str, Store] | None = None,
        tenant_id: str | None = None,
    ) -> None:
        self.router = router
        self.tenant = Tenant(router, tenant_id or new_id(), slug, dict(shared or {}))
        self.folder = f"{router.path}/{relative_home(self.tenant.id)}"
        self.own: dict[str, Store] = {}

    def make_folder(self) -> None:
        """Make the folder, for its owner alone."""
        make_own_folder(self.router.path, "tenants")
        os.mkdir(self.folder, mode=0o700)
        step("home made")

    def name_store(self, role: str, engine: Engine | None = None) -> Store:
        """Return the new store of that role, which the caller then makes; in the role's engine unless one is given."""
        tenant, router = self.tenant, self.router
        engine = engine or router.engine_of(role)
        label = f"{tenant.slug}/{role}"
        store = NewStore(router, new_id(), tenant.id, role, 1, "", label, engine)
        store.path = engine.path(router.path, store)
        self.own[role] = tenant.stores[role] = store
        return store

    def make_stores(
        self, models: Mapping[str, list[type[Model]]], engine: Engine | None = None
    ) -> None:
        """Make empty stores, and the models' tables in them."""
        for role in sorted(models):
            store = self.name_store(role, engine)
            found = self.router.migrations.get(role)
            # Its tables are to be made as the models are now, so it has nothing to go through.
            store.engine.make(store, found.mark if found else None)
            step("store made")
        self.enter(lambda: self._make_tables(models))

    def write_store(self, role: str, blank: Blank) -> None:
        """Make a store of a ready-made one.

        Raises:
            FileExistsError: there is a file of its name, or one that SQLite would take for its log.
            OSError: the disk is full, say.
        """
        store = self.name_store(role)
        store.engine.make_of_blank(store, blank)
        step("store written")

    def _make_tables(self, models: Mapping[str, list[type[Model]]]) -> None:
        for role, of_role in models.items():
            with self.own[role].writing() as database:
                database.create_tables(of_role)

    def enter(self, work: Callable[[], object]) -> None:
        """Do something in an entry of the tenant."""
        # The server's own work, whoever asked for it: nobody can be a member of it yet.
        entry = self.router.enter((fresh_thread_name(), None), self.tenant)
        try:
            work()
        finally:
            self.router.leave(entry)
        step("entry left")

    def finish(self) -> None:
        """Close the stores, and wait until all of it is on the disk.

        Raises:
            TenantError: somebody still has one of them open.
        """
        self.close()
        by_engine: dict[Engine, list[Store]] = {}
        for store in self.own.values():
            by_engine.setdefault(store.engine, []).append(store)
        for engine, stores in by_engine.items():
            engine.finish(stores)
        step("stores flushed")
        flush_folder(self.folder)
        flush_folder(os.path.dirname(self.folder))
        step("home flushed")

    @contextmanager
    def kept_if_made(self) -> Iterator[None]:
        """Hold nothing of its stores any more where what is raised in the block brings its making to nothing."""
        try:
            yield
        except BaseException:
            for store in self.own.values():
                store.engine.let_go(store)
            raise

    def close(self) -> None:
        """Close the stores that were open."""
        for store in self.own.values():
            self.router.pool.close(store)
