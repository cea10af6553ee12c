"""Stores that no company uses any more: registers left for an affiliate's, or outlived by their owner."""

from __future__ import annotations

from pathlib import Path

from models.errors import BadInput, Conflict, NotFound
from tenants import BadChange, Router, Store


def find_unused(router: Router, id: str) -> Store:
    """Return the unused store of that id; NotFound if there is none, or somebody uses it again."""
    found = next((store for store in router.unused_stores() if store.id == id), None)
    if found is None:
        raise NotFound("There is no unused store %(id)s.", id=id[:80])
    return found


def purge_unused(router: Router, store: Store, *, confirmed: str) -> Path:
    """Delete an unused store for good, after a last backup, and return where that lies.

    ``confirmed`` is its label, like ``acme/registers``, as whoever wants it gone wrote it: BadInput if it
    isn't. Raises Conflict where a company came to use it meanwhile, and tenants' LockTimeout and WrongFile;
    then nothing is changed.
    """
    if confirmed.strip() != store.label:
        raise BadInput(
            "Write %(label)s to have the store deleted.", field="confirmed", label=store.label
        )
    try:
        return router.purge_store(store)
    except BadChange as error:
        raise Conflict(
            "%(label)s is used again, or is being changed by somebody else at this moment. Nothing was deleted.",
            label=store.label,
        ) from error
