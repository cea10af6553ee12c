"""The hash chain over a company's posted vouchers, and its head in the catalogue.

Each voucher's ``chain_hash`` is SHA-256, in hex, over the UTF-8 of one JSON array (compact, non-ASCII
characters as they are): FORMAT, the hash before it, an array of the voucher's columns, and an array of its
lines, each an array of the line's columns, in the order in which `verification` selects them. Whoever edits,
takes out, adds or reorders a row breaks the chain there; whoever cuts its end off, or computes all hashes anew,
is found by what is known of the chain elsewhere: its head in the catalogue, and that of each backup.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from peewee import PeeweeException

from models.settings import GENESIS
from tenants import Store, TenantError

FORMAT = "voucher-1"

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


def chain_hash(previous: str, voucher: Sequence[Any], lines: Iterable[Sequence[Any]]) -> str:
    """Return the hash of a voucher, given with its lines as values of their columns.

    ``previous`` is the hash before it; ``closing`` counts as 0 or 1, dates as "2026-02-28".
    """
    return hashlib.sha256(_encode((FORMAT, previous, voucher, lines))).hexdigest()


def anchor_head(store: Store, before: tuple[int, str], after: tuple[int, str]) -> None:
    """Write the chain's head, as (count, hash), to the catalogue, where it moves on from ``before``.

    What the catalogue holds is only ever replaced by what comes after it in the same chain, so that a
    chain whose end was cut off and written anew doesn't hide that. Never raises: the posting that it
    follows is committed, and the next one writes a later head.
    """
    if store.database.in_transaction():
        store.database.after_commit(lambda: _guarded(_catch_up, store))
    else:
        _guarded(_move, store, before, after)


_MOVE = (
    "UPDATE companies SET chain_count = ?, chain_head = ?"
    " WHERE tenant_id = ? AND chain_count = ? AND chain_head = ?"
)
_ANCHOR = "SELECT chain_count, chain_head FROM companies WHERE tenant_id = ?"


def _guarded(write: Callable[..., None], store: Store, *given: Any) -> None:
    try:
        write(store, *given)
    except (PeeweeException, TenantError):
        _log.warning("%s: the chain's head was not written to the catalogue", store, exc_info=True)


def _move(store: Store, before: tuple[int, str], after: tuple[int, str]) -> None:
    moved = store.router.universal.execute_unhurried(_MOVE, (*after, store.owner, *before))
    if moved.rowcount == 0:
        _catch_up(store)


def _catch_up(store: Store) -> None:
    """Move on from a head that isn't the one just before: it must be in the chain, or it stays."""
    anchor = _read_anchor(store)
    if anchor is None:
        return
    latest = store.execute_sql("SELECT count, head FROM ledger_state").fetchone()
    known = store.execute_sql("SELECT chain_hash FROM vouchers WHERE chain_no = ?", anchor[:1])
    row = known.fetchone() if anchor[0] else (GENESIS,)
    if row is None or row[0] != anchor[1]:
        _log.error(
            "%s: voucher %d isn't what the catalogue knows; check the books", store, anchor[0]
        )
    elif latest[0] > anchor[0]:
        store.router.universal.execute_unhurried(_MOVE, (*latest, store.owner, *anchor))


def _read_anchor(store: Store) -> tuple[int, str] | None:
    return store.router.universal.execute_sql(_ANCHOR, (store.owner,)).fetchone()
