"""The files that replacements have kept: rows of the catalogue, each with a file that nobody uses."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadChange
from ..places import SIDE_FILES, relative_path

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store

_KEPT = "SELECT id, owner, role, generation, since, reason FROM kept_store WHERE gone_at = ''"


@dataclass(frozen=True, slots=True)
class KeptStore:
    """A generation of a store that isn't in use any more, and whose file is still there.

    Attributes:
        id: the store's.
        owner: the id of the tenant in whose folder it lies.
        role: `books`, …
        generation: which one.
        since: from when on another was in use, UTC, as `YYYY-MM-DD HH:MM:SS`.
        reason: why it was replaced.
        label: what people call the store: `acme/books`.
        path: its file.
        bytes: what the file and its log take; 0 where they are gone.
    """

    id: str
    owner: str
    role: str
    generation: int
    since: str
    reason: str
    label: str
    path: str
    bytes: int


def find(router: Router, owner: str | None = None) -> list[KeptStore]:
    """Return what is kept, of one tenant's stores or of all, the latest first."""
    query, params = (f"{_KEPT} AND owner = ?", (owner,)) if owner else (_KEPT, ())
    rows = router.catalogue._rows(
        f"{query} ORDER BY since DESC, owner, role, generation DESC", *params
    )
    return [_told(router, *row) for row in rows]


def _told(
    router: Router, store_id: str, owner: str, role: str, generation: int, since: str, reason: str
) -> KeptStore:
    path = f"{router.path}/{relative_path(owner, role, generation)}"
    size = 0
    for suffix in ("", *SIDE_FILES):
        with suppress(FileNotFoundError):
            size += os.lstat(f"{path}{suffix}").st_size
    label = f"{router.catalogue.slug_of(owner)}/{role}"
    return KeptStore(store_id, owner, role, generation, since, reason, label, path, size)


# Rows, in the caller's transaction


def keep(router: Router, store: Store, reason: str) -> None:
    """Note that a store's file stays though another takes its place."""
    router.universal_store.execute_sql(
        "INSERT INTO kept_store (id, owner, role, generation, schema, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (store.id, store.owner, store.role, store.generation, store.schema or "", reason),
    )


def take_out(router: Router, store: Store) -> None:
    """Note of a generation that it is in use, and not kept, where it was."""
    router.universal_store.execute_sql(
        "DELETE FROM kept_store WHERE owner = ? AND role = ? AND generation = ?",
        (store.owner, store.role, store.generation),
    )


def let_go(router: Router, kept: KeptStore) -> None:
    """Note that a kept file goes; its generation is never given again. Raises `BadChange` where it isn't kept."""
    gone = router.universal_store.execute_sql(
        "UPDATE kept_store SET gone_at = CURRENT_TIMESTAMP "
        "WHERE owner = ? AND role = ? AND generation = ? AND gone_at = ''",
        (kept.owner, kept.role, kept.generation),
    ).rowcount
    if not gone:
        raise BadChange(
            f"Generation {kept.generation} of {kept.label} isn't kept any more: it is in use again, or was removed. "
            f"Nothing was changed; look again."
        )
