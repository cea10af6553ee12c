"""The routers that are open, and which of them a caller without an entry means."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import store_locks

if TYPE_CHECKING:
    from .router import Router

_open: weakref.WeakSet[Router] = weakref.WeakSet()

#: Asked in turn for the router of the surroundings, such as a web framework's application context.
finders: list[Callable[[], Router | None]] = []


def opened(router: Router) -> None:
    """Note that a router is open."""
    _open.add(router)


def closed(router: Router) -> None:
    """Note that a router is closed."""
    _open.discard(router)


def open_ones() -> list[Router]:
    """Return the routers that are open."""
    return list(_open)


def find() -> Router | None:
    """Return the router of the application context, else the only open one, else None."""
    if not _open:
        return None
    for finder in finders:
        router = finder()
        if router is not None:
            return router
    if len(_open) == 1:
        return next(iter(_open))
    return None


def ambiguous() -> bool:
    """True where several routers are open and nothing says which is meant."""
    return len(_open) > 1 and find() is None


def model_made(meta: Any) -> None:
    """Tell the open routers that a model class was made, so that later entries know it."""
    for router in list(_open):
        router.model_made(meta)


def _before_fork() -> None:
    # What is closed by then needn't be kept from the child.
    for router in open_ones():
        router.universal.release()
        router.pool.close()


def _forked() -> None:
    store_locks.forget_all()
    for router in open_ones():
        router.disown()


os.register_at_fork(before=_before_fork, after_in_child=_forked)
