"""What a manifest may say. Anybody may have made it, and it becomes paths, room that is taken, texts that are shown."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ..errors import BadBackup
from ..tenant import is_id, may_name
from .backup import UNIVERSAL, is_stamp
from .file_names import digests_name, file_name

if TYPE_CHECKING:
    from .manifest import Manifest, StoreCopy

#: What SQLite's pages may be (https://www.sqlite.org/fileformat.html#page_size), and how many it takes at most.
PAGE_SIZES = frozenset(1 << bits for bits in range(9, 17))
MOST_PAGES = 4_294_967_294

#: How deep what the application says of a copy may be nested.
DEEPEST = 8

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,30}")


def require_sensible(manifest: Manifest) -> None:
    """Raise `BadBackup` where a manifest says what we never write."""
    what = f"The manifest of {manifest.backup}"
    for store in manifest.stores:
        if not _is_sensible(store, manifest.encrypted):
            raise BadBackup(f"{what} has a store {store.file[:80]!r} as we write none.")
    names = [store.name for store in manifest.stores]
    if not names:
        raise BadBackup(f"{what} names no store.")
    if len(set(names)) != len(names):
        raise BadBackup(f"{what} names a store twice.")
    if not _is_slug(manifest):
        raise BadBackup(f"{what} has a short name {manifest.slug[:80]!r} as nobody has one.")
    texts = (manifest.made_at, manifest.program, manifest.key, *manifest.checks)
    if not all(map(str.isprintable, texts)):
        raise BadBackup(f"{what} has control characters where we write none.")
    if not are_sane(manifest.facts):
        raise BadBackup(
            f"{what} has facts as we write none: nested too deep, or numbers beyond what JSON and databases hold."
        )


def are_sane(facts: Any, depth: int = DEEPEST) -> bool:
    """True for what every program reads alike: nothing nested too deep, and numbers of 64 bits."""
    if isinstance(facts, int):
        return -(1 << 63) <= facts < 1 << 63
    if isinstance(facts, float):
        return math.isfinite(facts)
    if isinstance(facts, dict):
        facts = list(facts.values())
    if not isinstance(facts, list):
        return True
    return depth > 0 and all(are_sane(part, depth - 1) for part in facts)


def _is_sensible(store: StoreCopy, encrypted: bool) -> bool:
    return bool(
        _ROLE.fullmatch(store.role)
        and 0 < store.generation < 10**10
        and store.name in (store.role, f"{store.role}.{store.generation}")
        and store.file == file_name(store, encrypted)
        and store.digests in ("", digests_name(store, encrypted))
        and (is_id(store.store) or store.store == UNIVERSAL)
        and (is_id(store.owner) or store.owner in ("", UNIVERSAL))
        and _are_digests(store)
        and _are_sizes(store)
        and (is_stamp(store.base) if store.kind == "increment" else not store.base)
    )


def _are_digests(store: StoreCopy) -> bool:
    optional = filter(None, (store.base_sha256, store.digests_sha256))
    return all(map(_DIGEST.fullmatch, (store.sha256, store.stored_sha256, *optional)))


def _are_sizes(store: StoreCopy) -> bool:
    return (
        store.page_size in PAGE_SIZES
        and 0 < store.pages <= MOST_PAGES
        and store.bytes == store.pages * store.page_size
        and 0 < store.stored_bytes < 1 << 63
        and 0 <= store.digests_bytes < 1 << 63
        and -(1 << 31) <= store.version < 1 << 31
        and 0 <= store.since_full < 1 << 31
    )


def _is_slug(manifest: Manifest) -> bool:
    if manifest.tenant == UNIVERSAL:
        return manifest.slug == UNIVERSAL
    return may_name(manifest.slug)
