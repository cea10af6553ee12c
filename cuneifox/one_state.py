"""What a page or a download tells is of one state of the books, while others go on posting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tenants import current_entry, current_store


@contextmanager
def one_state(whole: bool = False, roles: tuple[str, ...] = ("books",)) -> Iterator[None]:
    """Read one state of the books of the request's company in the block.

    Args:
        whole: all that there is, however long it takes: then in a snapshot, whose age is bounded. A page takes
            milliseconds, and reads on the connection that its request has.
        roles: the stores that are read then; each is of one state by itself.

    Raises:
        SnapshotTooOld: of tenants, all that there is took too long.
    """
    entry = current_entry()
    if whole and entry is not None and entry.tenant is not None:
        with entry.tenant.snapshot(roles=roles):
            yield
    else:
        with current_store("books").reading():
            yield
