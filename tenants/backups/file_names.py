"""What the files of a backup are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .manifest import StoreCopy


def file_name(store: StoreCopy, encrypted: bool) -> str:
    """Return the name of the file that a store is kept in. That of an increment says what it can't be read without."""
    sealed = ".enc" if encrypted else ""
    if store.kind == "full":
        return f"{store.role}.{store.generation}.db.zst{sealed}"
    return f"{store.role}.{store.generation}.{store.base}.pages.zst{sealed}"


def digests_name(store: StoreCopy, encrypted: bool) -> str:
    """Return the name of the file that the digests of a full one's pages are kept in."""
    return f"{store.role}.{store.generation}.digests{'.enc' if encrypted else ''}"
