"""An entry's hold on its tenant's stores, from the first touch of one to the entry's end."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from threading import get_ident
from time import monotonic
from types import CodeType
from typing import TYPE_CHECKING, Any

import peewee

from ..errors import NoRoom, WrongFile
from .budget import Budget

if TYPE_CHECKING:
    from ..current import Entry
    from ..store import Store
    from ..tenant import Tenant
    from .homes import Home
    from .pool import Pool


Needs = tuple[dict[str, "Store"], tuple["Home", ...], int]


class Lease:
    """What one entry has of the pool: room for all of its tenant's stores, and the connections that it has opened.

    As long as it lasts, none of the stores is closed, migrated, moved or replaced, in any process. It begins with the
    first connection, and until then costs nothing.

    Args:
        pool: the router's.
        entry: whose lease it is to be.

    Attributes:
        connections: those in the entry's hands, by store.
        claimed: warm ones that came with the room, and that nobody has touched yet.
        nested: True where the thread has another lease already, or maintains a store: it must not wait for what only
            it can give back.
        held: True from the moment at which it has room.
    """

    __slots__ = (
        "began", "claimed", "connections", "cost", "entry", "epoch", "held", "homes", "key", "nested",
        "places", "pool", "reused", "store", "stores", "tenant", "thread",
    )  # fmt: skip

    def __init__(self, pool: Pool, entry: Entry) -> None:
        assert entry.tenant is not None
        self.pool = pool
        self.tenant: Tenant = entry.tenant
        self.entry = entry
        self.key = entry.key
        self.connections: dict[Store, Any] = {}
        self.claimed: dict[Store, Any] = {}
        self.homes: tuple[Home, ...] = ()
        self.held = False
        self.reused = self.epoch = 0

    def connection(self, store: Store) -> Any:
        """Return the entry's connection to one of its stores. The first call takes the lease.

        Raises:
            NoRoom: there was no room in time.
            LockTimeout: the store was maintained for longer than this may wait.
            TenantSuspended, UnknownTenant, WrongFile: the tenant may not be entered any more, is gone, or has another
                store by now; or the store's file isn't what the catalogue expects.
        """
        connection = self.connections.get(store)
        if connection is not None:
            return connection
        if not self.held:
            self._begin(store)
        connection = self.claimed.pop(store, None)
        if connection is None:
            connection = self.pool.open(store)
        elif self.epoch == self.pool.epoch and connection.is_in_place(store.path, self.began):
            self.reused += 1
        else:  # it was to be closed since, or its file isn't the store's any more
            connection.close()
            connection = self.pool.open(store)
        self.connections[store] = connection
        return connection

    def _begin(self, store: Store) -> None:
        self.store = store
        self.stores = self.entry.stores
        self.began = monotonic()
        self.thread = get_ident()
        self.places = _places()
        needs = self.tenant.needs
        if needs is None or needs[0] is not self.stores:
            needs = _needs(self.tenant, self.stores)
        homes, self.cost = needs[1], needs[2]
        self.nested = self.pool.is_nested(self.thread)
        # Room comes last: whoever waits for the end of maintenance holds nothing that others could use meanwhile.
        own, patience = self.entry.patience, self.pool.patience
        deadline = self.began + (patience if own is None else min(own, patience))
        taken = 0
        try:
            for home in homes:
                self._lock(home, deadline)
                taken += 1
            self.homes = homes
            self.pool.admit(self, deadline)
            self._require_fresh()
        except BaseException:
            self.pool.take_back(self)
            for home in homes[:taken]:
                home.release()
                home.close()
            raise

    def _lock(self, home: Home, deadline: float) -> None:
        try:
            home.lease(deadline - monotonic(), self.nested)
        except NoRoom:
            if not self.pool.close_idle():
                raise
            home.lease(deadline - monotonic(), self.nested)
        except WrongFile:
            if self.tenant.listed:
                self.pool.router.catalogue.require_home(self.tenant.id, self.tenant.slug)
            raise

    def _require_fresh(self) -> None:
        """Raise unless the tenant may still be entered, and its stores are still the entry's."""
        tenant, router = self.tenant, self.pool.router
        if not tenant.listed:
            return
        if tenant.seen is None or tenant.seen != router.notice.now():
            router.known.fresh(tenant)
        tenant.require_open()
        if tenant.stores is self.stores:
            return
        for role, store in self.stores.items():
            if tenant.stores.get(role) is not store:
                self.pool.close(store)
                raise WrongFile(
                    f"{store.label} was replaced (moved, restored or shared otherwise) since this entry began; "
                    f"nothing was read or written: enter the tenant again."
                )

    def discard(self, store: Store) -> None:
        """Close a connection that nobody else should get. The room for another one stays."""
        connection = self.connections.pop(store, None)
        if connection is not None:
            connection.close()

    def adopt(self, thread: int) -> None:
        """Count it with the thread to which the entry was given."""
        if self.held and self.thread != thread:
            self.pool.adopt(self, thread)

    def end(self) -> None:
        """Give everything back: connections to the pool, then the folders' locks. Idempotent."""
        if self.held:
            try:
                self.pool.take_back(self)
            finally:
                for home in self.homes:
                    home.release()

    def where(self) -> str:
        """Say where it was taken: the innermost lines of the program, its caller's last."""
        return " < ".join(_told(code, at) for code, at in self.places) or "somewhere"

    def status(self, now: float, limit: float) -> LeaseStatus:
        """Tell people of it."""
        age = now - self.began
        return LeaseStatus(
            self.store.label, self.tenant.slug, self.key, age, self.where(), age > limit
        )


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """A lease as it stood when the pool was asked.

    Attributes:
        store: the store that was touched first, as people call it.
        tenant: the tenant's slug.
        key: the entry's key.
        age: seconds.
        where: the lines of the program that took it.
        late: True where it lasts longer than the pool's limit.
    """

    store: str
    tenant: str
    key: tuple[str, str | None]
    age: float
    where: str
    late: bool


def _needs(tenant: Tenant, stores: dict[str, Store]) -> Needs:
    """Return which folders a lease of these stores locks, and how many descriptors it is counted with."""
    owners = {store.owner: store for store in stores.values()}
    if not tenant.listed:
        owners.pop(tenant.id, None)  # nobody else can see what is being made
    # In one order for all, so that no two wait for each other.
    homes = tuple(owners[owner].home for owner in sorted(owners))
    needs = stores, homes, Budget.cost(stores.values(), len(homes))
    if tenant.listed:
        tenant.needs = needs
    return needs


# Where a lease was taken

_DEPTH = 3
_INNER = (
    f"{os.path.dirname(os.path.dirname(__file__))}{os.sep}",
    peewee.__file__,
    f"{os.path.dirname(peewee.__file__)}{os.sep}playhouse{os.sep}",
    contextlib.__file__,
)


@lru_cache(maxsize=4096)
def _is_inner(file: str) -> bool:
    return file.startswith(_INNER)


def _places() -> tuple[tuple[CodeType, int], ...]:
    """Return where the innermost frames of the program stand: to be told in words only if somebody asks."""
    frame = sys._getframe(2).f_back
    while frame is not None and _is_inner(frame.f_code.co_filename):
        frame = frame.f_back
    found: list[tuple[CodeType, int]] = []
    while frame is not None and len(found) < _DEPTH:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(found)


def _told(code: CodeType, at: int) -> str:
    line = next((n for start, end, n in code.co_lines() if start <= at < end), None)
    return f"{code.co_filename}:{line or code.co_firstlineno} in {code.co_name}"
