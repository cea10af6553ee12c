"""Who is asking, and whose databases they get: the tenants and entries of one data folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from pathlib import Path
from typing import Any

from . import routers, sqlite
from .bindings import Bindings
from .catalogue import Catalogue
from .contention import Contention, contention
from .current import NOWHERE, UNIVERSAL, Entry, Key, current
from .engines import FILES, Engine, named
from .engines.memory_databases import MemoryDatabases
from .entries import DbDict, Using, fresh_thread_name, hand_back
from .errors import KeyInUse, NotAMember, TenantError, UnknownTenant
from .known import KnownTenants
from .leasing.budget import Budget
from .leasing.homes import Homes
from .leasing.pool import Pool
from .life.lifecycle import Lifecycle
from .life.templates import Templates
from .notices import Notice
from .places import NOTICE_NAME, make_folder, make_universal, require_own_folder
from .schemas.versions import Versioned
from .shared import SharedDatabase
from .snapshots.watching import LARGEST_LOG, MAX_AGE, Snapshots
from .store import Store
from .tenant import Tenant
from .together import WritingTogether


class Router(Lifecycle, Versioned):
    """The data folder's entries, tenants and stores.

    Args:
        folder: the data folder; made if it isn't there. Nothing outside of it is read or written.
        descriptors: how many file descriptors the databases may take; three quarters of what the process may open
            (`ulimit -n`), and 1,000 at most, unless given.
        patience: seconds that an entry waits for room, or for maintenance of its stores to end.
        lease_limit: seconds after which an entry that still has stores in hand is told of in the log.
        migrations: the folder of each role's migrations; `universal` for the shared database.
        migrate_on_open: migrate what a tenant uses as it is entered, instead of refusing to enter it.
        engine: where new stores live: `sqlite`, in a file each; `memory:`, in this process's memory.
        engines: the same by role, where one is to live elsewhere than the rest.
        snapshot_age: seconds that a tenant's snapshot lasts at most, unless it says otherwise itself.
        largest_log: bytes; a snapshot is ended early once a store's write-ahead log has grown past that meanwhile.

    Raises:
        SqliteUnsafe: the SQLite library has a bug that corrupts databases.
        WrongFile: the folder's shared database isn't ours.
        TenantError: so many descriptors can't be had, or are too few for any tenant; or there is no such engine.
        MigrationFailed: migrations aren't where they are to be, or aren't in order.
    """

    def __init__(
        self,
        folder: str | Path,
        descriptors: int | None = None,
        patience: float = 10.0,
        lease_limit: float = 600.0,
        *,
        migrations: Mapping[str, str | Path] | None = None,
        migrate_on_open: bool = False,
        engine: str = FILES.name,
        engines: Mapping[str, str] | None = None,
        snapshot_age: float = MAX_AGE,
        largest_log: int = LARGEST_LOG,
    ) -> None:
        sqlite.require_safe_sqlite()
        self.init_migrations(migrations, migrate_on_open)
        self._engine = named(engine)
        self._engines = {role: named(name) for role, name in (engines or {}).items()}
        self.folder = Path(folder).resolve()
        self.path = str(self.folder)
        make_folder(self.folder)
        self.mutex = threading.RLock()
        self.leaving = threading.Lock()
        self.pool = Pool(self, Budget.of(descriptors), patience, lease_limit)
        self.bindings = Bindings(self)
        self.started = False
        #: Supplied by the app: may the bearer of this session token enter that tenant?
        self.may_enter: Callable[[str, Tenant], bool] | None = None
        #: Supplied by the app, by role: called in an entry of a tenant whose store in memory begins empty here.
        self.on_empty: dict[str, Callable[[Tenant], object]] = {}
        self.in_memory = MemoryDatabases()
        self.homes = Homes(self)
        self.known = KnownTenants(self)
        self.templates = Templates(self)
        self.snapshots = Snapshots(self, snapshot_age, largest_log)
        require_own_folder(self.path)
        universal = self.migrations.get("universal")
        path = make_universal(self.path, universal.mark if universal is not None else None)
        self.universal_store = Store(self, *sqlite.SHARED_IDENTITY, path, "the shared database")
        self.db_dict = DbDict({UNIVERSAL: Entry(UNIVERSAL, self)})
        self.db_dict[UNIVERSAL].update(self.bindings.of(None))
        self.catalogue = Catalogue(self.universal_store)
        self.notice = Notice(f"{self.path}/{NOTICE_NAME}")
        self.universal.release()  # a server may fork its workers now
        routers.opened(self)

    @property
    def universal(self) -> SharedDatabase:
        """The Peewee database of the universal models."""
        return self.universal_store.database

    @property
    def contention(self) -> Contention:
        """How often this process waited for locks: `router.contention.status()`. One for all of its routers."""
        return contention

    # Tenants

    def tenant(self, slug_or_id: Tenant | str) -> Tenant:
        """Return a tenant by slug or id, as it is now.

        Raises:
            UnknownTenant: there is none.
        """
        if isinstance(slug_or_id, Tenant):
            if slug_or_id.router is not self:
                raise UnknownTenant(
                    f"{slug_or_id.slug} is a tenant of another router: enter it with that one."
                )
            return self.known.fresh(slug_or_id)
        return self.known.find(slug_or_id)

    def tenants(self) -> list[Tenant]:
        """Return all tenants, by slug."""
        return self.known.all()

    def engine_of(self, role: str) -> Engine:
        """Return where new stores of that role are made."""
        return self._engines.get(role, self._engine)

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

    def writing_together(
        self,
        *tenants: Tenant | str,
        roles: Sequence[str] = ("books",),
        patience: float | None = None,
    ) -> WritingTogether:
        """Return a context manager in which several tenants are written to; see `WritingTogether`.

        Args:
            roles: which of their stores are written; one that two of them share is the first one's to write.
            patience: seconds to wait for all; the lock's own time-out unless given.

        Raises, on entering the block:
            LockTimeout: not all were free in time; none is written then.
            WouldDeadlock: the thread writes to one of them, or to one that comes after it, already.
        """
        return WritingTogether(self, tenants, roles, patience)

    def enter_here(self, tenant: Tenant | str) -> Entry:
        """Enter a tenant under a fresh key of the calling thread. Leave it with `leave`."""
        tenant = self.tenant(tenant)
        outer = current.get()
        # Also of an entry that has ended: a session's left-over work isn't the server's.
        token = outer.session_token
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
            TenantSuspended: nobody may enter the tenant for now.
        """
        if not self.is_current:
            self.require_current()
        if tenant is not None:
            tenant.require_open()
            if self.migrate_on_open and tenant.listed:
                self.bring_up(tenant)
        outer = current.get().nearest_live()
        entry = Entry(key, self, tenant, self.bindings.of(tenant), outer, time.monotonic())
        if self.db_dict.setdefault(key, entry) is not entry:
            entry.empty()
            raise KeyInUse(f"An entry stands under {key} already: keys are given once.")
        current.set(entry)
        return entry

    def leave(self, entry: Entry) -> None:
        """Roll back what is open in an entry, hand its connections back, empty it and take it out. Idempotent."""
        if entry.key == UNIVERSAL:
            return
        with self.leaving:  # two threads may be at it, and only one can hand back what there is
            states, entry.states = entry.states, {}
            lease, entry.lease = entry.lease, None
        try:  # what is in hand is given back also where Ctrl-C comes in between
            if self.db_dict.get(entry.key) is entry:
                self.db_dict.pop(entry.key, None)
            entry.empty()
            if current.get() is entry:
                outer = entry.nearest_live()
                current.set(outer if outer is not None else NOWHERE)
        finally:
            try:
                if states:
                    hand_back(states, lease)
            finally:
                if not current.get().live:
                    self.universal.release()

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
                self.universal.release(wholly=True)

        # A context of its own, whatever this thread has entered and whatever a later Python hands down.
        thread = threading.Thread(target=lambda: Context().run(run), name=name)
        thread.start()
        return thread

    # Bindings, for the metadata

    def model_made(self, meta: Any) -> None:
        """A model class was made: later entries are to know it."""
        self.bindings.model_made(meta)

    def universal_database(self, meta: Any) -> Any:
        """Return the database of a universal model."""
        return self.bindings.universal_database(meta)

    def bind_universal(self, meta: Any, database: Any) -> None:
        """Bind a universal model for everybody; raises `BindingFixed` once the app has started."""
        self.bindings.bind_universal(meta, database)

    # The end

    def close(self) -> None:
        """Close every connection; for the end of a process or a test.

        Raises:
            TenantError: entries are live.
        """
        live = [key for key in self.db_dict if key != UNIVERSAL]
        if live:
            raise TenantError(
                f"Entries are still live: {live}. Leave them before closing the router."
            )
        self.snapshots.close()
        self.pool.retire()
        self.in_memory.close()
        self.universal.release(wholly=True)
        self.universal.disown()  # which ends what other threads have in hand of it
        self.homes.close()
        self.notice.close()
        routers.closed(self)

    def disown(self) -> None:
        """Leave entries and connections to the parent process: called in a forked child, which opens its own."""
        self.mutex = threading.RLock()
        self.leaving = threading.Lock()
        self.pool.disown()
        self.in_memory.disown()
        self.homes.disown()
        self.snapshots.disown()
        self.universal.disown()
        for key in [key for key in self.db_dict if key != UNIVERSAL]:
            self.db_dict[key].states, self.db_dict[key].lease = {}, None
            self.db_dict.pop(key)

    def __repr__(self) -> str:
        return f"<Router {self.folder.name}>"
