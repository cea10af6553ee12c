"""What is known of a company's chain of vouchers outside of its books: by the catalogue, and by each backup.

An anchor says that the chain had so many vouchers, and which hash the last of them had. A chain is only ever added
to, so every anchor holds for ever, until a restore sets the books back: then those hold that are of its past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from models.restorations import is_of_this_history
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


def known_anchors(store: Store, manifests: Manifests = ()) -> list[Anchor]:
    """Return what is known of the chain in a company's books, but for that of histories that a restore has left.

    Args:
        store: the books.
        manifests: further backups than the catalogue knows, such as were found at the place where they are kept.
    """
    universal = store.router.universal
    head = universal.execute_sql(_HEAD, (store.owner,)).fetchone()
    restored = [tuple(row) for row in universal.execute_sql(_RESTORED, (store.owner,)).fetchall()]
    facts = dict(manifests)
    for stamp, found in universal.execute_sql(_BACKUPS, (store.owner,)).fetchall():
        facts[stamp] = _decoded(found)
    anchors = [] if head is None else [Anchor(head[0], head[1], "the catalogue")]
    for stamp, found in sorted(facts.items()):
        if is_of_this_history(stamp, restored):
            anchors += _of_backup(stamp, found)
    return anchors


_HEAD = "SELECT chain_count, chain_head FROM companies WHERE tenant_id = ?"
_BACKUPS = "SELECT stamp, facts FROM backup WHERE tenant = ?"
_RESTORED = "SELECT at, source FROM restorations WHERE tenant_id = ? ORDER BY id"


def _decoded(facts: str) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(facts)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_backup(stamp: str, facts: Mapping[str, Any]) -> Iterator[Anchor]:
    """A backup of registers alone, or by another program, says nothing of a chain."""
    count, head, number = (facts.get(k) for k in ("chain_count", "chain_head", "last_number"))
    if type(count) is int and isinstance(head, str):
        yield Anchor(count, head, f"the backup {stamp}", number if isinstance(number, str) else "")
