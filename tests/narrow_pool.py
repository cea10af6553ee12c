"""A pool with room for two tenants, and what holds of one that is at rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notes import Note
from tenants import Router

#: What a tenant of one store takes: its connection and its folder's lock.
COST = 4


@contextmanager
def narrow_router(folder: Path) -> Iterator[Router]:
    """A router with room for two tenants of one store, beside the shared database, which waits for ever."""
    router = Router(folder, descriptors=2 * COST + 3, patience=60)
    for slug in "abcd":
        router.create(
            slug, models=[Note], template="t", setup=lambda slug=slug: Note.create(text=slug)
        )
    router.universal.release()
    yield router
    router.close()


def assert_nothing_is_held(router: Router) -> None:
    """No lease, nobody waiting, no lock of a folder, and all room there is."""
    router.universal.release()
    assert router.pool.leases() == router.pool.status().waiting == 0
    assert router.pool._held == 0
    assert router.pool._holders.of_tenant == router.pool._holders.of_thread == {}
    for slug in "abcd":
        assert router.tenant(slug).store("books").home.leases() == 0
