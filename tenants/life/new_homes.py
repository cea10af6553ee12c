"""A home that is being made: its stores' files, which nobody else knows of yet, and what is put into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from peewee import Model

from .. import sqlite
from ..entries import fresh_thread_name
from ..errors import TenantError
from ..places import (
    SIDE_FILES,
    flush_files,
    flush_folder,
    make_own_folder,
    relative_home,
    relative_path,
    require_free,
)
from ..store import Store
from ..tenant import Tenant, new_id
from .steps import step

if TYPE_CHECKING:
    from ..router import Router


class NewStore(Store):
    """A store of a home that is being made. What is written waits for the disk once, at the end."""

    def open(self, any_version: bool = False) -> Any:
        connection = sqlite.connect(self.path, self._identity(), self.label, "OFF")
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

    def name_store(self, role: str) -> Store:
        """Return the new store of that role, whose file the caller then makes."""
        tenant = self.tenant
        path = f"{self.router.path}/{relative_path(tenant.id, role, 1)}"
        label = f"{tenant.slug}/{role}"
        store = NewStore(self.router, new_id(), tenant.id, role, 1, path, label)
        self.own[role] = tenant.stores[role] = store
        return store

    def make_stores(self, models: Mapping[str, list[type[Model]]]) -> None:
        """Make empty stores, and the models' tables in them."""
        for role in sorted(models):
            store = self.name_store(role)
            found = self.router.migrations.get(role)
            # Its tables are to be made as the models are now, so it has nothing to go through.
            sqlite.create(store.path, store._identity(), found.mark if found else None)
            step("store made")
        self.enter(lambda: self._make_tables(models))

    def write_store(self, role: str, content: Callable[[str, str], bytes]) -> None:
        """Make a store of the bytes of one that is closed.

        Args:
            role: its role.
            content: returns the bytes, for the ids of the store and of its owner.

        Raises:
            FileExistsError: there is a file of its name, or one that SQLite would take for its log.
            OSError: the disk is full, say.
        """
        store = self.name_store(role)
        require_free(store.path)
        descriptor = os.open(
            store.path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600
        )
        with open(descriptor, "wb") as file:
            file.write(content(store.id, store.owner))
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
        for store in self.own.values():
            for suffix in SIDE_FILES:
                if os.path.lexists(f"{store.path}{suffix}"):
                    raise TenantError(
                        f"{store.label} is still open though its making has ended: whoever sets it up has to close "
                        f"what it opened. Nothing was left."
                    )
        flush_files([store.path for store in self.own.values()])
        step("stores flushed")
        flush_folder(self.folder)
        flush_folder(os.path.dirname(self.folder))
        step("home flushed")

    def close(self) -> None:
        """Close the stores that were open."""
        for store in self.own.values():
            self.router.pool.close(store)
