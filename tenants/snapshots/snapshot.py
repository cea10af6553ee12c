"""Reading one consistent state of a tenant's stores, for as long as a long report takes, while others write."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..entries import generator_of
from ..errors import TenantError
from ..leasing.leases import Lease
from .gate import Gate, Why
from .logs import help_along, log_size
from .states import SnapshotState, class_for
from .watching import require_age

if TYPE_CHECKING:
    from ..current import Entry
    from ..router import Router
    from ..store import Store
    from ..tenant import Tenant

#: A row that another store's row names is there before that one is; so whoever names is read before who is named.
READ_FIRST = ("books", "registers")
#: Seconds from which on a snapshot may have held a log up.
LONG = 1.0


class Snapshot:
    """`with tenant.snapshot() as snapshot:` enters the tenant, and reads one state of each store throughout.

    Each store's state is that of the moment at which the block was entered, for models, `execute_sql` and cursors
    alike. Writing is refused, writers are never held up. It is ended early when it gets too old, or when a store's
    write-ahead log has grown too large meanwhile; then its stores are free for maintenance, whatever its thread is at,
    and each further statement and fetch of it raises `SnapshotTooOld`.

    Args:
        tenant: whose stores.
        max_age: seconds that it lasts at most; the router's own bound unless given.
        roles: which stores; all unless given. Others can't be used in the block, and aren't opened for it.
        patience: seconds to wait for room and for maintenance; the pool's own unless given.

    Attributes:
        entry: the entry that it has entered; None before.
        began: when that was, by the router's clock of snapshots.
        gate: what its statements pass.
    """

    def __init__(
        self,
        tenant: Tenant,
        max_age: float | None = None,
        roles: Collection[str] | None = None,
        patience: float | None = None,
    ) -> None:
        self.router: Router = tenant.router
        self.tenant = tenant
        self.label = tenant.slug
        self.max_age = self.router.snapshots.max_age if max_age is None else require_age(max_age)
        self.roles = roles
        self.patience = patience
        self.entry: Entry | None = None
        self.began = 0.0
        self.gate: Gate
        self._states: list[SnapshotState] = []
        self._sizes: dict[Store, int] = {}
        self._lease: Lease | None = None
        self._reading = ExitStack()

    # Its block

    def __enter__(self) -> Snapshot:
        if self.entry is not None:
            raise TenantError(f"This snapshot of {self.label} was used before: take a new one.")
        self.tenant = self.router.tenant(self.tenant)  # as it is now
        entry = self.entry = self.router.enter_here(self.tenant)
        entry.generator = generator_of(sys._getframe(1), entry)
        try:
            self._begin(entry)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _begin(self, entry: Entry) -> None:
        watched = self.router.snapshots
        self.began = watched.clock()
        self.gate = Gate(self, self.began + self.max_age, self._late(), watched.clock)
        if self.roles is not None:
            entry.stores = {role: self.tenant.store(role) for role in self.roles}
        entry.patience = self.patience
        self._lease = entry.lease = Lease(self.router.pool, entry)
        stores = in_order(entry.stores.values())
        for store in stores:
            state = class_for(store.engine.state_class)(store, self._lease, self.gate)
            entry.states[store.database] = state
            self._states.append(state)
        for store in stores:
            self._reading.enter_context(store.reading())
        self._sizes = {store: log_size(store) for store in stores}
        self.gate.begun = True
        watched.add(self)

    def __exit__(self, *exc: object) -> None:
        assert self.entry is not None
        try:
            if self._states:
                self.gate.leave()
                self._reading.__exit__(*exc)  # type: ignore[arg-type]
                self._help_along()
        finally:
            self.router.snapshots.remove(self)
            self.router.leave(self.entry)

    def _help_along(self) -> None:
        if self.age() >= LONG:
            for state in self._states:
                if state.conn is not None and not state.ended:
                    help_along(state.store, state.conn)

    # Its bounds

    def age(self) -> float:
        """Seconds since it began."""
        return self.router.snapshots.clock() - self.began

    def _late(self) -> Why:
        return Why(
            "age",
            f"The snapshot of {self.label} was ended: it had lasted {self.max_age:g} seconds, as long as it may. What "
            f"was read is right, and nothing was changed; read less at a time, or let it last longer (`max_age`).",
        )

    def outgrown(self, largest: int) -> Why | None:
        """Return why it is to be ended early, where a log of its stores has grown past so many bytes since it began."""
        for store, before in self._sizes.items():
            size = log_size(store)
            if size > largest and size > before:
                return Why(
                    "log",
                    f"The snapshot of {self.label} was ended after {self.age():.0f} seconds: meanwhile others have "
                    f"written so much that the write-ahead log of {store.label} has {size:,} bytes, and may have "
                    f"{largest:,}. Nothing was changed; read it when less is written, or raise the limit.",
                )
        return None

    def end(self) -> None:
        """End it early, from any thread: a statement that runs is interrupted, and its thread gets `SnapshotTooOld`.

        Nothing happens where it hasn't begun, or is over.
        """
        if self.began and self.gate.begun:
            self.gate.condemn(
                Why(
                    "ended",
                    f"The snapshot of {self.label} was ended by whoever has no more use for it.",
                )
            )

    # Ended early: called by its gate

    def condemned(self, why: Why) -> None:
        """Have it ended."""
        self.router.snapshots.condemned(why)

    def interrupt(self) -> None:
        """Make a statement that runs give up."""
        for state in self._states:
            state.interrupt()

    def let_go(self) -> None:
        """Give everything back: the states that were read, the connections, and the lease."""
        with (
            ExitStack() as steps
        ):  # the last one comes first, and each comes whatever becomes of the others
            assert self._lease is not None
            steps.callback(self._lease.end)
            for state in self._states:
                steps.callback(state.part)
            for state in self._states:
                steps.callback(self._help, state)
            for state in self._states:
                steps.callback(state.end_reading)

    @staticmethod
    def _help(state: SnapshotState) -> None:
        if state.conn is not None:
            help_along(state.store, state.conn)


def in_order(stores: Iterable[Store]) -> list[Store]:
    """Return stores in the order in which they are read: books before registers before the rest."""
    rank = {role: number for number, role in enumerate(READ_FIRST)}
    return sorted(stores, key=lambda store: (rank.get(store.role, len(rank)), store.role))
