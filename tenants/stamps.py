"""Which store a row came from, and whether whoever holds it may use it here.

A stamp is `(store id, generation)`. Affiliates that share a store so have equal stamps and may use each other's rows
of it; a store that was restored has a new generation, so that rows read before don't overwrite it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from .current import Entry, current, establish_key
from .errors import TenantError, WrongTenant

if TYPE_CHECKING:
    from .store import Store

Stamp = tuple[str, int]

#: For messages: what people call the store that a stamp names, of those that were opened last. A server sees stores
#: come and go for months.
_labels: OrderedDict[Stamp, str] = OrderedDict()
MOST_LABELS = 50_000
_labelling = threading.Lock()


def know(store: Store) -> None:
    """Remember what a store is called, so that errors can name it."""
    with _labelling:
        _labels[store.stamp] = store.label
        _labels.move_to_end(store.stamp)
        while len(_labels) > MOST_LABELS:
            _labels.popitem(last=False)


def forget(store: Store) -> None:
    """Forget what a store was called that is no more."""
    with _labelling:
        _labels.pop(store.stamp, None)


def name_of(stamp: Stamp) -> str:
    """Return what people call the store of that stamp."""
    return _labels.get(stamp) or f"store {stamp[0]} (generation {stamp[1]})"


def stray(what: str, stamp: Stamp, entry: Entry | None = None) -> TenantError:
    """Return the error for something of that stamp that is used where the current entry doesn't hold its store."""
    entry = entry if entry is not None else current.get()
    if entry.live and entry.tenant is not None:
        held = ", ".join(sorted(store.label for store in entry.stores.values())) or "no store"
        where = f"in an entry of {entry.tenant.slug!r}, which holds {held}"
    else:
        where = f"under the key {establish_key()}"
    return WrongTenant(
        f"{what} came from {name_of(stamp)} and can't be used {where}. Load it again, inside an entry of its own "
        f"tenant."
    )


def check(instance: Any) -> None:
    """Raise `WrongTenant` unless the current entry holds the store that the instance came from."""
    stamp = instance._stamp
    if stamp is not None:
        store = current.get().stores.get(instance._meta.store)
        if store is None or (store.stamp is not stamp and store.stamp != stamp):
            raise stray(f"This {type(instance).__name__} ({instance._pk})", stamp)


def check_value(value: Any) -> None:
    """Check whatever is an instance of a store's model; let other values pass."""
    if getattr(value, "_stamp", None) is not None:
        check(value)


def tie(instance: Any, value: Any) -> None:
    """Let an instance that is of no store yet belong where a row belongs that it refers to."""
    if instance._stamp is None:
        instance._stamp = getattr(value, "_stamp", None)
