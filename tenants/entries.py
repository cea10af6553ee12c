"""The entries of one data folder, by key."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

from .current import Entry, Key

if TYPE_CHECKING:
    from .router import Router
    from .tenant import Tenant

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

    __slots__ = ("entry", "router", "tenant")

    def __init__(self, router: Router, tenant: Tenant | str) -> None:
        self.router = router
        self.tenant = tenant

    def __enter__(self) -> Entry:
        self.entry = self.router.enter_here(self.tenant)
        return self.entry

    def __exit__(self, *exc: object) -> None:
        self.router.leave(self.entry)
