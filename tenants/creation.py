"""How a tenant comes into being: files first, then tables, then the catalogue's rows, which make it visible."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from peewee import Model, PeeweeException

from . import sqlite
from .entries import fresh_thread_name
from .errors import TenantError
from .places import (
    flush_folder,
    relative_home,
    relative_path,
    require_own_folder,
    require_role,
)
from .store import Store
from .tenant import Tenant, new_id, require_slug

if TYPE_CHECKING:
    from .router import Router


class Creation:
    """One tenant that is being made, and what must go again if that fails.

    Args:
        router: the data folder.
        slug: what people will read.
        models: models that declare a store.
        share: tenants whose store of that role is to be shared, by role.
    """

    def __init__(
        self,
        router: Router,
        slug: str,
        models: Iterable[type[Model]],
        share: Mapping[str, Tenant | str],
    ) -> None:
        self.router = router
        if router.universal.in_transaction():
            raise TenantError(
                f"{slug!r} can't be made within a transaction on the shared database, which might be undone while the "
                f"files stay: make it before or after."
            )
        router.catalogue.require_free(require_slug(slug))
        self.models: dict[str, list[type[Model]]] = {}
        for model in models:
            meta: Any = model._meta
            if meta.store is not None and meta.store not in share:
                self.models.setdefault(require_role(meta.store), []).append(model)
        shared = {role: router.tenant(whose).store(role) for role, whose in share.items()}
        self.own: dict[str, Store] = {}
        self.tenant = Tenant(router, new_id(), slug, shared)
        self.home = f"{router.path}/{relative_home(self.tenant.id)}"

    def run(
        self, setup: Callable[[], object] | None, register: Callable[[Tenant], object] | None
    ) -> Tenant:
        """Make it. Whatever is raised, also by `setup` and `register`, nothing is left behind."""
        try:
            self._make_files()
            self._fill(setup)
            self._flush()
            self.router.universal_store.write(self._register, register)
        except BaseException:
            self._discard()
            raise
        return self.tenant

    def _make_files(self) -> None:
        try:
            require_own_folder(self.router.path)
            os.makedirs(os.path.dirname(self.home), mode=0o700, exist_ok=True)
            os.mkdir(self.home, mode=0o700)
            for role in sorted(self.models):
                self._make_store(role)
        except (OSError, sqlite.driver.Error) as error:
            raise TenantError(
                f"The files of {self.tenant.slug} can't be made ({error}); nothing was left. Is there room on the "
                f"disk, and may this process write to the data folder?"
            ) from error

    def _make_store(self, role: str) -> None:
        tenant, store_id = self.tenant, new_id()
        path = f"{self.router.path}/{relative_path(tenant.id, role, 1)}"
        found = self.router.migrations.get(role)
        # Its tables are to be made as the models are now, so it has nothing to go through.
        sqlite.create(path, (store_id, tenant.id, role, 1), found.mark if found else None)
        store = Store(self.router, store_id, tenant.id, role, 1, path, f"{tenant.slug}/{role}")
        self.own[role] = tenant.stores[role] = store

    def _fill(self, setup: Callable[[], object] | None) -> None:
        # The server's own work, whoever asked for it: nobody can be a member of it yet.
        entry = self.router.enter((fresh_thread_name(), None), self.tenant)
        try:
            for role, models in self.models.items():
                with self.own[role].writing() as database:
                    database.create_tables(models)
            if setup is not None:
                setup()
        finally:
            self.router.leave(entry)

    def _flush(self) -> None:
        for folder in (self.home, os.path.dirname(self.home), self.router.path):
            flush_folder(folder)

    def _register(self, register: Callable[[Tenant], object] | None) -> None:
        tenant = self.tenant
        urls = {role: f"sqlite:///{relative_path(tenant.id, role, 1)}" for role in self.own}
        self.router.catalogue.add(tenant.id, tenant.slug, tenant.stores, urls)
        if register is not None:
            register(tenant)

    def _discard(self) -> None:
        self.router.bindings.forget()
        # Files that have no row in the catalogue do no harm; a row without its files would.
        try:
            if self.router.catalogue.knows(self.tenant.id):
                return
        except (PeeweeException, TenantError):
            return
        for store in self.own.values():
            self.router.pool.close(store)
        shutil.rmtree(self.home, ignore_errors=True)
