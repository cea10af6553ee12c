"""What is known of a company's vouchers and seals outside of its stores: by the catalogue, and by each backup.

An anchor says that the chain had so many vouchers, and which hash the last of them had. A chain is only ever added
to, so every anchor holds for ever, until a restore sets the books back: then those hold that are of its past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from models.restorations import is_of_this_history
from models.seal_anchors import read_anchor
from tenants import Store

Manifests = Iterable[tuple[str, Mapping[str, Any]]]
"""Stamp and facts of backups, as ``backing_up.facts`` gave them."""


class Anchor(msgspec.Struct, frozen=True):
    """One place that knows how far a chain had come.

    Attributes:
        count: vouchers in the chain; ``head`` the last one's hash.
        source: who says so, as the subject of a sentence: "the catalogue".
        number: the last voucher's number, where the source tells it.
    """

    count: int
    head: str
    source: str
    number: str = ""


class SealAnchor(msgspec.Struct, frozen=True):
    """One place that knows what the seals of a store came to; ``changes`` is how many there had been by then."""

    changes: int
    total: str
    source: str


def known_anchors(store: Store, manifests: Manifests = ()) -> list[Anchor]:
    """Return what is known of the chain in a company's books, but for that of histories that a restore has left.

    Args:
        store: the books.
        manifests: further backups than the catalogue knows, such as were found at the place where they are kept.
    """
    head = store.router.universal.execute_sql(_HEAD, (store.owner,)).fetchone()
    anchors = [] if head is None else [Anchor(head[0], head[1], "the catalogue")]
    for source, facts in _backups(store, manifests):
        count, hash, number = (facts.get(k) for k in ("chain_count", "chain_head", "last_number"))
        if type(count) is int and isinstance(hash, str):
            anchors.append(Anchor(count, hash, source, number if isinstance(number, str) else ""))
    return anchors


def known_seals(store: Store, manifests: Manifests = ()) -> list[SealAnchor]:
    """Return what is known of the seals in a store, as ``known_anchors`` does of the chain."""
    kept = read_anchor(store)
    anchors = [] if kept is None else [SealAnchor(kept[0], kept[1], "the catalogue")]
    for source, facts in _backups(store, manifests):
        seals = facts.get("seals")
        match seals.get(store.role) if isinstance(seals, dict) else None:
            case [int(changes), str(total)]:
                anchors.append(SealAnchor(changes, total, source))
    return anchors


_HEAD = "SELECT chain_count, chain_head FROM companies WHERE tenant_id = ?"
_BACKUPS = "SELECT stamp, facts FROM backup WHERE tenant = ?"
_RESTORED = "SELECT at, source, roles FROM restorations WHERE tenant_id = ? ORDER BY id"


def _backups(store: Store, manifests: Manifests) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The backups whose copy of the store is an earlier state of it: what to call each, and its facts."""
    universal = store.router.universal
    rows = universal.execute_sql(_RESTORED, (store.owner,)).fetchall()
    restored = [(at, source) for at, source, roles in rows if store.role in roles.split(",")]
    known = dict(manifests)
    for stamp, facts in universal.execute_sql(_BACKUPS, (store.owner,)).fetchall():
        known[stamp] = _decoded(facts)
    for stamp, found in sorted(known.items()):
        if is_of_this_history(stamp, restored):
            yield f"the backup {stamp}", found


def _decoded(facts: str) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(facts)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
