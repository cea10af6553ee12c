"""Who is asking, and whose databases they get: the entries of one data folder."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from pathlib import Path
from typing import Any

from peewee import Model

from . import routers, sqlite
from .catalogue import Catalogue, StoreRow
from .current import NOWHERE, UNIVERSAL, Entry, Key, current
from .database import SharedDatabase
from .errors import BindingFixed, KeyInUse, NotAMember, TenantError, WrongFile
from .metadata import registry
from .pool import Pool
from .store import Store
from .tenant import Tenant, new_id, require_slug

_thread_names = itertools.count(1)


def fresh_thread_name() -> str:
    """Return the calling thread's name with a number that no other entry of this process has."""
    return f"{threading.current_thread().name}#{next(_thread_names)}"


class DbDict(dict[Key, Entry]):
    """`{key: {model_id: Database}}`. An entry that is taken out, by whomever, answers nothing from then on."""

    def __delitem__(self, key: Key) -> None:
        self[key].empty()
        super().__delitem__(key)

    def pop(self, key: Key, *default: Any) -> Any:
        entry = super().pop(key, *default)
        if isinstance(entry, Entry):
            entry.empty()
        return entry

    def popitem(self) -> tuple[Key, Entry]:
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        for key in list(self):
            self.pop(key)


class Using:
    """`with router.using(tenant) as entry:` enters, and leaves however the block ends."""

    def __init__(self, router: Router, tenant: Tenant | str) -> None:
        self.router = router
        self.tenant = tenant

    def __enter__(self) -> Entry:
        self.entry = self.router.enter_here(self.tenant)
        return self.entry

    def __exit__(self, *exc: object) -> None:
        self.router.leave(self.entry)


class Router:
    """The data folder's entries, tenants and stores.

    Args:
        folder: the data folder; made if it isn't there. Nothing outside of it is read or written.
        max_idle: how many connections may stay open between entries.

    Raises:
        SqliteUnsafe: the SQLite library has a bug that corrupts databases.
        WrongFile: the folder's shared database isn't ours.
    """

    def __init__(self, folder: str | Path, max_idle: int = 64) -> None:
        sqlite.require_safe_sqlite()
        self.folder = Path(folder).resolve()
        self._folder = str(self.folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.pool = Pool(max_idle)
        self.started = False
        #: Supplied by the app: may the bearer of this session token enter that tenant?
        self.may_enter: Callable[[str, Tenant], bool] | None = None
        self._tenants: dict[str, Tenant] = {}
        self._stores: dict[str, Store] = {}
        self._bindings: dict[str | None, dict[int, Any]] = {}
        self._mutex = threading.RLock()
        self._open_universal()
        self.db_dict = DbDict({UNIVERSAL: Entry(UNIVERSAL, self)})
        routers.opened(self)

    def _open_universal(self) -> None:
        path = f"{self._folder}/universal.db"
        if not os.path.exists(path):
            try:
                sqlite.create(path, sqlite.SHARED_IDENTITY)
            except FileExistsError as error:
                raise WrongFile(
                    f"{self.folder} has journal files of a shared database but not the database itself ({error})"
                ) from error
        self.universal_store = Store(self, *sqlite.SHARED_IDENTITY, path, "the shared database")
        self.catalogue = Catalogue(self.universal_store)

    @property
    def universal(self) -> SharedDatabase:
        """The Peewee database of the universal models."""
        return self.universal_store.database  # type: ignore[return-value]

    # Tenants

    def create(
        self,
        slug: str,
        models: Iterable[type[Model]] = (),
        share: Mapping[str, Tenant | str] | None = None,
        setup: Callable[[], object] | None = None,
        register: Callable[[Tenant], object] | None = None,
    ) -> Tenant:
        """Make a tenant with the stores that the models name, and their tables.

        Args:
            slug: what people read; must be free.
            models: models that declare a store; those of a shared store are left to its owner.
            share: tenants whose store of that role is to be shared, by role.
            setup: called in an entry of the new tenant, before anyone else can see it.
            register: called with the tenant in the transaction that enters it into the catalogue.

        Raises:
            BadSlug, SlugTaken: the slug won't do. Whatever is raised, also by `setup`, nothing is left behind.
        """
        self.catalogue.require_free(require_slug(slug))
        models = list(models)
        tenant_id = new_id()
        shared = {role: self.tenant(whose).store(role) for role, whose in (share or {}).items()}
        roles = {meta.store for model in models if (meta := model._meta).store} - set(shared)  # type: ignore[attr-defined]
        home = self.folder / "tenants" / tenant_id
        home.mkdir(mode=0o700, parents=True)
        try:
            own = {role: self._create_store(tenant_id, slug, role) for role in sorted(roles)}
            tenant = Tenant(tenant_id, slug, {**shared, **own})
            self._fill(tenant, [m for m in models if m._meta.store in own], setup)  # type: ignore[attr-defined]
            self._flush_folder(home)
            self.universal_store.write(self._register, tenant, own, register)
        except BaseException:
            self._discard(home, tenant_id)
            raise
        self._tenants[tenant_id] = self._tenants[slug] = tenant
        return tenant

    def _create_store(self, owner: str, slug: str, role: str) -> Store:
        store_id, path = new_id(), f"{self._folder}/{_relative(owner, role, 1)}"
        sqlite.create(path, (store_id, owner, role, 1))
        store = Store(self, store_id, owner, role, 1, path, f"{slug}/{role}")
        self._stores[store_id] = store
        return store

    def _fill(
        self, tenant: Tenant, models: list[type[Model]], setup: Callable[[], object] | None
    ) -> None:
        with self.using(tenant):
            for role, store in tenant.stores.items():
                own = [model for model in models if model._meta.store == role]  # type: ignore[attr-defined]
                if own:
                    with store.writing() as database:
                        database.create_tables(own)
            if setup is not None:
                setup()

    def _register(
        self, tenant: Tenant, own: dict[str, Store], register: Callable[[Tenant], object] | None
    ) -> None:
        urls = {
            role: f"sqlite:///{_relative(tenant.id, role, store.generation)}"
            for role, store in own.items()
        }
        self.catalogue.add(tenant.id, tenant.slug, tenant.stores, urls)
        if register is not None:
            register(tenant)

    def _flush_folder(self, home: Path) -> None:
        for folder in (home, home.parent):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _discard(self, home: Path, tenant_id: str) -> None:
        for store in [s for s in self._stores.values() if s.owner == tenant_id]:
            self.pool.close(store)
            del self._stores[store.id]
        self._bindings.pop(tenant_id, None)
        shutil.rmtree(home, ignore_errors=True)

    def tenant(self, slug_or_id: Tenant | str) -> Tenant:
        """Return a tenant by slug or id.

        Raises:
            UnknownTenant: there is none.
        """
        if isinstance(slug_or_id, Tenant):
            return slug_or_id
        known = self._tenants.get(slug_or_id)
        if known is not None:
            return known
        tenant_id, slug, rows = self.catalogue.find(slug_or_id)
        with self._mutex:
            stores = {row[2]: self._store(row) for row in rows}
            tenant = self._tenants.setdefault(tenant_id, Tenant(tenant_id, slug, stores))
            self._tenants[slug] = tenant
            return tenant

    def tenants(self) -> list[Tenant]:
        """Return all tenants, by slug."""
        return [self.tenant(slug) for slug in self.catalogue.slugs()]

    def _store(self, row: StoreRow) -> Store:
        store_id, owner, role, generation, url, owner_slug = row
        store = self._stores.get(store_id)
        if store is None:
            relative = _relative(owner, role, generation)
            if url != f"sqlite:///{relative}":
                raise WrongFile(
                    f"The catalogue places {owner_slug}/{role} at {url!r}, which isn't its place."
                )
            store = Store(
                self,
                store_id,
                owner,
                role,
                generation,
                f"{self._folder}/{relative}",
                f"{owner_slug}/{role}",
            )
            self._stores[store_id] = store
        return store

    # Entries

    def using(self, tenant: Tenant | str) -> Using:
        """Return a context manager that enters a tenant under a key of its own; it may nest.

        Within a signed-in entry the key keeps its session token, and another tenant is entered only if the app's
        `may_enter` says so.

        Raises:
            UnknownTenant: on entering, there is no such tenant.
            NotAMember: on entering, the session may not enter it.
        """
        return Using(self, tenant)

    def enter_here(self, tenant: Tenant | str) -> Entry:
        """Enter a tenant under a fresh key of the calling thread. Leave it with `leave`."""
        tenant = self.tenant(tenant)
        outer = current.get()
        token = outer.session_token if outer.live else None
        if token is None:
            return self.enter((fresh_thread_name(), None), tenant)
        if tenant is not outer.tenant and not (self.may_enter and self.may_enter(token, tenant)):
            raise NotAMember(f"This session may not enter {tenant.slug!r}.")
        return self.enter((token, fresh_thread_name()), tenant)

    def enter(self, key: Key, tenant: Tenant | None) -> Entry:
        """Put an entry under a key and make it the current one.

        Args:
            key: `(session_token, request_id)`, `(session_token, thread_name)` or `(thread_name, None)`.
            tenant: whose stores; None for universal models alone.

        Raises:
            KeyInUse: an entry stands under that key.
        """
        outer = current.get()
        bindings = self._bindings_of(tenant)
        entry = Entry(key, self, tenant, bindings, outer, time.monotonic())
        if self.db_dict.setdefault(key, entry) is not entry:
            entry.empty()
            raise KeyInUse(f"An entry stands under {key} already: keys are given once.")
        current.set(entry)
        return entry

    def leave(self, entry: Entry) -> None:
        """Roll back what is open in an entry, hand its connections back, empty it and take it out. Idempotent."""
        if entry.key == UNIVERSAL:
            return
        states, entry.states = entry.states, {}
        if self.db_dict.get(entry.key) is entry:
            self.db_dict.pop(entry.key)
        entry.empty()
        if current.get() is entry:
            outer = entry.outer
            current.set(outer if outer is not None and outer.live else NOWHERE)
        try:
            self._hand_back(states)
        finally:
            if not current.get().live:
                self.universal.release()

    def _hand_back(self, states: dict[Any, Any]) -> None:
        first: BaseException | None = None
        for database, state in states.items():
            try:
                state.transactions.clear()
                database.hand_back(state)
                state.ended = True
            except BaseException as error:  # the others must still be handed back
                first = first or error
        if first is not None:
            raise first

    def start_thread(
        self,
        target: Callable[..., object],
        *args: Any,
        tenant: Tenant | str,
        session_token: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> threading.Thread:
        """Start a thread that has an entry of its own before its first line, left however it ends.

        Args:
            tenant: whose stores it works on.
            session_token: the digest of the session that asked for it, for work that a client started; None for the
                server's own. Whether that session may do so is the caller's to check.
            name: the thread's name; made unique in the key.
        """
        tenant = self.tenant(tenant)

        def run() -> None:
            fresh = fresh_thread_name()
            entry = self.enter((session_token, fresh) if session_token else (fresh, None), tenant)
            try:
                target(*args, **kwargs)
            finally:
                self.leave(entry)

        # A context of its own, whatever this thread has entered and whatever a later Python hands down.
        thread = threading.Thread(target=lambda: Context().run(run), name=name)
        thread.start()
        return thread

    # Bindings

    def _bindings_of(self, tenant: Tenant | None) -> dict[int, Any]:
        key = tenant.id if tenant is not None else None
        bindings = self._bindings.get(key)
        if bindings is None:
            bindings = {}
            for meta in list(registry):
                if meta.store is None and not meta.is_static:
                    bindings[meta.model_id] = self.universal_database(meta)
                elif tenant is not None and meta.store in tenant.stores:
                    bindings[meta.model_id] = tenant.stores[meta.store].database
            self._bindings[key] = bindings
        return bindings

    def forget_bindings(self) -> None:
        """A model was made or bound: entries are filled anew from now on."""
        self._bindings = {}

    def universal_database(self, meta: Any) -> Any:
        """Return what a universal model is bound to, else what it was declared with, else the shared database."""
        bound = self.db_dict[UNIVERSAL].get(meta.model_id)
        if bound is not None:
            return bound
        return meta._declared if meta._declared is not None else self.universal

    def bind_universal(self, meta: Any, database: Any) -> None:
        """Bind a universal model for everybody.

        Raises:
            BindingFixed: the app has started.
        """
        if self.started:
            raise BindingFixed(
                f"{meta.model.__name__} is universal and the app has started: bind it before, or within an entry."
            )
        self.db_dict[UNIVERSAL][meta.model_id] = database
        self.forget_bindings()

    def close(self) -> None:
        """Close every idle connection; for the end of a process or a test.

        Raises:
            TenantError: entries are live.
        """
        live = [key for key in self.db_dict if key != UNIVERSAL]
        if live:
            raise TenantError(
                f"Entries are still live: {live}. Leave them before closing the router."
            )
        self.universal.release()
        self.pool.close()
        routers.closed(self)

    def __repr__(self) -> str:
        return f"<Router {self.folder.name}>"


def _relative(owner: str, role: str, generation: int) -> str:
    """Return a store's place in the data folder: made of what the catalogue gave out, never of what people wrote."""
    return f"tenants/{owner}/{role}.{generation}.db"
