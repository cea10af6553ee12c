"""Who is asking, right now, in this thread.

The entry that is current stands in a context variable, because a look-up of it is on the way of every query.
`Router.db_dict` stays the truth: an entry that is popped from it is emptied, and an empty entry answers nothing.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from types import FrameType
from typing import TYPE_CHECKING, Any

from .errors import NoTenant, SharedEntry

if TYPE_CHECKING:
    from .leasing.leases import Lease
    from .router import Router
    from .store import Store
    from .tenant import Tenant

Key = tuple[str, str | None]

#: The key of whoever is nobody in particular.
UNIVERSAL: Key = ("universal", None)


class _Ended(dict[Any, Any]):
    """Connections of an entry that was emptied: there for the router to hand back, and for nobody to use."""

    def __getitem__(self, key: Any) -> Any:
        raise KeyError(key)


class Entry(dict[int, Any]):
    """What `db_dict` holds under a key: `{model_id: Database}`, and what the entry has in hand.

    Attributes:
        key: the key it stands under.
        tenant: whose databases these are; None for an entry with universal models alone.
        stores: the tenant's stores by role, so that a model class made later still resolves.
        states: the connections that the entry holds, one per database that it touched.
        lease: its hold on the tenant's stores; None until it touches one.
        patience: seconds that it waits for its lease, set before it touches a store by who has less time than the
            pool's own patience; None for that.
        thread: the ident of the thread that it belongs to.
        task: the asyncio task that uses it, where there is one.
        generator: the frame of the generator that entered it, where it stands inside another tenant's entry.
        live: True from entering to leaving.
    """

    __slots__ = (
        "__weakref__", "entered_at", "generator", "key", "lease", "live", "outer", "patience",
        "router", "states", "stores", "task", "tenant", "thread",
    )  # fmt: skip

    def __init__(
        self,
        key: Key,
        router: Router | None = None,
        tenant: Tenant | None = None,
        bindings: dict[int, Any] | None = None,
        outer: Entry | None = None,
        entered_at: float = 0.0,
    ) -> None:
        super().__init__(bindings or ())
        self.key = key
        self.router = router
        self.tenant = tenant
        self.stores: dict[str, Store] = tenant.stores if tenant is not None else {}
        self.states: dict[Any, Any] = {}
        self.lease: Lease | None = None
        self.patience: float | None = None
        self.thread = threading.get_ident()
        self.task: Any = None
        self.generator: FrameType | None = None
        self.outer = outer
        self.entered_at = entered_at
        self.live = router is not None

    @property
    def session_token(self) -> str | None:
        """The digest of the session or API token that asks; None for the server's own work."""
        return self.key[0] if self.key[1] is not None else None

    def nearest_live(self) -> Entry | None:
        """Return it, or the nearest of those around it that is live."""
        entry: Entry | None = self
        while entry is not None and not entry.live:
            entry = entry.outer
        return entry

    def adopt(self) -> None:
        """Give it to the calling thread: a server may close a body in another thread than it was begun in."""
        self.thread = threading.get_ident()
        if self.lease is not None:
            self.lease.adopt(self.thread)

    def of_another_thread(self) -> SharedEntry:
        """Return the error for a thread that uses it and didn't enter it."""
        return SharedEntry(
            f"The entry {self.key} belongs to another thread: start threads with router.start_thread(…), "
            f"which gives each an entry of its own."
        )

    def empty(self) -> None:
        """Make it answer nothing from now on, whoever still has a copy of the context."""
        self.live = False
        self.clear()
        self.stores = {}
        self.states = _Ended(self.states)
        self.generator = None

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        whose = self.tenant.slug if self.tenant is not None else "universal models alone"
        return f"<Entry {self.key} of {whose}{'' if self.live else ', left'}>"


#: What is current where nobody has entered anything.
NOWHERE = Entry(UNIVERSAL)

current: ContextVar[Entry] = ContextVar("tenants.current", default=NOWHERE)


def establish_key() -> Key:
    """Return the key of whoever calls: that of the live entry, else the universal one.

    This is the only place that decides; without a router about, the answer is `UNIVERSAL`.
    """
    entry = current.get()
    return entry.key if entry.live else UNIVERSAL


def current_entry() -> Entry | None:
    """Return the live entry of whoever calls, or None."""
    entry = current.get()
    return entry if entry.live else None


def current_store(role: str) -> Store:
    """Return the store of that role in the live entry.

    Raises:
        NoTenant: no entry is live, or its tenant has no such store.
    """
    entry = current.get()
    store = entry.stores.get(role)
    if store is None:
        raise NoTenant(
            f"No {role!r} store under the key {establish_key()}: enter a tenant first, "
            f"`with router.using(slug): …`."
        )
    return store
