"""Having all stores of one or several homes alone, for as long as they are changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..errors import WrongFile

if TYPE_CHECKING:
    from ..router import Router


@contextmanager
def alone(router: Router, owners: Iterable[tuple[str, str]], patience: float) -> Iterator[None]:
    """Have the homes of several tenants alone in the block, and their stores closed.

    Args:
        router: the data folder.
        owners: the tenants' ids, and what people call them; purged ones too, whose store others share. They are locked
            in order of their ids, so that no two wait for each other.
        patience: seconds to wait for the leases of each to end.

    Raises:
        LockTimeout, WouldDeadlock: others have one of the stores in hand, or this thread has.
        UnknownTenant: it was purged, with all its stores.
        WrongFile: a home isn't there, though the catalogue knows of it.
    """
    with ExitStack() as stack:
        for owner, slug in sorted(set(owners)):
            try:
                stack.enter_context(router.homes.of(owner, slug).maintaining(patience))
            except WrongFile:
                router.catalogue.require_home(owner, slug)
                raise
            for store in router.known.of_owner(owner):
                router.pool.close(store)
        yield
