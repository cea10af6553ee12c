"""Writing to several tenants at once: all transactions begin before the first line, and end after the last."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from .current import Entry, current
from .entries import generator_of
from .errors import TenantError
from .writing import Writing

if TYPE_CHECKING:
    from .router import Router
    from .store import Store
    from .tenant import Tenant


class WritingTogether:
    """`with router.writing_together("acme", "globex") as at:` begins a transaction in each, in their one order.

    Within it `with at("acme"):` makes that tenant's entry the current one. A block that raises undoes all of them; one
    that ends well commits one after the other, so that a process which dies between two commits leaves the first alone:
    a commit of several files at once is nothing that SQLite has.

    Args:
        router: whose tenants these are.
        tenants: by slug, id or as they are.
        roles: which of their stores are written.
        patience: seconds to wait for all of them; the lock's own time-out unless given.
    """

    def __init__(
        self,
        router: Router,
        tenants: Sequence[Tenant | str],
        roles: Sequence[str],
        patience: float | None = None,
    ) -> None:
        self.router = router
        self.tenants = tenants
        self.roles = roles
        self.patience = patience
        self._entries: dict[str, Entry] = {}
        self._ends = ExitStack()

    def __enter__(self) -> WritingTogether:
        with ExitStack() as ends:
            self._enter(ends, sys._getframe(1))
            self._begin(ends)
            self._ends = ends.pop_all()
        return self

    def _enter(self, ends: ExitStack, frame: Any) -> None:
        for given in self.tenants:
            tenant = self.router.tenant(given)
            if tenant.id in self._entries:
                raise TenantError(
                    f"{tenant.slug} was named twice, and is written once: name it once."
                )
            with _unchanged():
                entry = self._entries[tenant.id] = self.router.enter_here(tenant)
            entry.generator = generator_of(frame, entry)
            ends.callback(self._leave, tenant.id)

    def _leave(self, tenant: str) -> None:
        with _unchanged():
            self.router.leave(self._entries.pop(tenant))

    def _begin(self, ends: ExitStack) -> None:
        stores: dict[Store, Entry] = {}
        for entry in self._entries.values():
            for role in self.roles:
                if role not in entry.stores:
                    raise TenantError(f"{entry.tenant!r} has no {role!r} store.")
                stores.setdefault(entry.stores[role], entry)
        for store, entry in stores.items():
            with _being(entry):
                store.database._use().open()  # room for all before the first is locked
        deadline = None if self.patience is None else monotonic() + self.patience
        for store in sorted(stores, key=lambda store: store.path):
            left = None if deadline is None else max(deadline - monotonic(), 0)
            ends.enter_context(_Part(store, stores[store], left))

    def __exit__(self, *exc: Any) -> bool | None:
        return self._ends.__exit__(*exc)

    @contextmanager
    def __call__(self, tenant: Tenant | str) -> Iterator[Entry]:
        """Make a tenant's entry the current one for the block.

        Raises:
            TenantError: it isn't one of those that are written together here.
        """
        entry = self._entries.get(self.router.tenant(tenant).id)
        if entry is None:
            raise TenantError(
                f"{tenant} isn't among those that are written together here: name it in `writing_together(…)`."
            )
        with _being(entry):
            yield entry


class _Part:
    """One store's transaction, begun and ended within its entry."""

    def __init__(self, store: Store, entry: Entry, patience: float | None) -> None:
        self.writing = Writing(store, patience)
        self.entry = entry

    def __enter__(self) -> None:
        with _being(self.entry):
            self.writing.__enter__()

    def __exit__(self, *exc: Any) -> None:
        with _being(self.entry):
            self.writing.__exit__(*exc)


@contextmanager
def _being(entry: Entry) -> Iterator[None]:
    """Make an entry the current one for the block."""
    token = current.set(entry)
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def _unchanged() -> Iterator[None]:
    """Whatever the block enters or leaves, the same entry is current afterwards."""
    before = current.get()
    try:
        yield
    finally:
        current.set(before)
