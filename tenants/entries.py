"""The entries of one data folder, by key."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from .current import UNIVERSAL, Entry, Key
from .errors import TenantError

if TYPE_CHECKING:
    from .leasing.leases import Lease
    from .router import Router
    from .tenant import Tenant

_thread_names = itertools.count(1)


def fresh_thread_name() -> str:
    """Return the calling thread's name with a number that no other entry of this process has."""
    return f"{threading.current_thread().name}#{next(_thread_names)}"


class DbDict(dict[Key, Entry]):
    """`{key: {model_id: Database}}`. An entry that is taken out or replaced, by whomever, answers nothing from then on.

    The universal entry stays: whoever is nobody in particular asks it as long as the router is there.
    """

    def __setitem__(self, key: Key, entry: Entry) -> None:
        before = self.get(key)
        super().__setitem__(key, entry)
        if before is not None and before is not entry:
            before.empty()

    def __delitem__(self, key: Key) -> None:
        self.pop(key)

    def pop(self, key: Key, *default: Any) -> Any:
        if key == UNIVERSAL:
            raise TenantError("The universal entry is never taken out of db_dict.")
        entry = super().pop(key, *default)
        if isinstance(entry, Entry):
            entry.empty()
        return entry

    def popitem(self) -> tuple[Key, Entry]:
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        for key in [key for key in self if key != UNIVERSAL]:
            self.pop(key)

    def update(self, *others: Any, **named: Any) -> None:
        for key, entry in dict(*others, **named).items():
            self[key] = entry

    def __ior__(self, other: Any) -> DbDict:  # type: ignore[override, misc]
        self.update(other)
        return self


def hand_back(states: dict[Any, Any], lease: Lease | None = None) -> None:
    """End what is open on each connection of an entry, then its lease; raise the first error once all are done."""
    first: BaseException | None = None
    for state in states.values():
        try:
            state.ended = True
            state.hand_back()
        except BaseException as error:  # noqa: BLE001 - the others must still be handed back
            first = first or error
    if lease is not None:
        lease.end()
    if first is not None:
        raise first


class Using:
    """`with router.using(tenant) as entry:` enters, and leaves however the block ends."""

    __slots__ = ("entries", "router", "tenant")

    def __init__(self, router: Router, tenant: Tenant | str) -> None:
        self.router = router
        self.tenant = tenant
        self.entries: list[Entry] = []

    def __enter__(self) -> Entry:
        entry = self.router.enter_here(self.tenant)
        entry.generator = generator_of(sys._getframe(1), entry)
        self.entries.append(entry)
        return entry

    def __exit__(self, *exc: object) -> None:
        self.router.leave(self.entries.pop())


_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def generator_of(frame: FrameType, entry: Entry) -> FrameType | None:
    """Return the frame if it is a generator's, whose consumer is in an entry of another tenant.

    Python lets what a generator enters be current in its consumer too, while the generator waits: there the consumer
    would work on the generator's tenant without knowing. What `contextlib` makes of generators is meant to do that.
    """
    outer, caller = entry.outer, frame.f_back
    if not frame.f_code.co_flags & _GENERATORS or outer is None or not outer.live:
        return None
    if outer.tenant is entry.tenant or caller is None:
        return None
    return None if caller.f_code.co_filename == contextlib.__file__ else frame
