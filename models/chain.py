"""The hash chain over a company's posted vouchers, and its head in the catalogue.

Each voucher's ``chain_hash`` is SHA-256, in hex, over the UTF-8 of one JSON array (compact, non-ASCII
characters as they are): FORMAT, the hash before it, an array of the voucher's columns, and an array of its
lines, each an array of the line's columns, in the order in which this page selects them. Whoever edits,
takes out, adds or reorders a row breaks the chain from there on; whoever cuts its end off is found by the
head that the catalogue holds.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from peewee import PeeweeException

from models.settings import GENESIS
from tenants import Store, TenantError, current_store

FORMAT = "voucher-1"

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class ChainFault(msgspec.Struct, frozen=True):
    """What is wrong with one voucher of the chain, or with the chain (then ``voucher_id`` is 0)."""

    voucher_id: int
    number: str
    problem: str


def chain_hash(previous: str, voucher: Sequence[Any], lines: Iterable[Sequence[Any]]) -> str:
    """Return the hash of a voucher, given with its lines as values of their columns.

    ``previous`` is the hash before it; ``closing`` counts as 0 or 1, dates as "2026-02-28".
    """
    return hashlib.sha256(_encode((FORMAT, previous, voucher, lines))).hexdigest()


def verify_chain() -> Iterator[ChainFault]:
    """Yield what is wrong with the current company's chain and its head in the catalogue.

    Reads every voucher, in constant memory, as of one moment while others go on posting; read it to its
    end, or close it. Not within a ``reading()`` of the books: the catalogue is read first, as its head is
    written after the books, so that books read later hold every voucher that it knows.
    """
    store = current_store("books")
    anchor = _read_anchor(store)
    with store.reading():
        yield from _faults(store, anchor)


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


_VOUCHERS = (
    "SELECT id, number, book_stid, fiscal_year, serial, date, text, reference, closing, reverses_id,"
    " key, digest, chain_no, posted_by, posted_by_name, posted_at, chain_hash"
    " FROM vouchers ORDER BY chain_no"
)
_LINES = (
    "SELECT l.voucher_id, l.date, l.n, l.account_stid, l.amount, l.text, l.quantity,"
    " l.quantity_decimals, l.commodity, l.register, l.register_stid"
    " FROM vouchers v JOIN lines l ON l.voucher_id = v.id ORDER BY v.chain_no, l.n"
)
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


def _faults(store: Store, anchor: tuple[int, str] | None) -> Iterator[ChainFault]:
    lines = _lines_by_voucher(store)
    waiting = next(lines, None)
    head, count = GENESIS, 0
    for *voucher, kept in store.execute_sql(_VOUCHERS):
        count += 1
        own: list[Any] = []
        if waiting is not None and waiting[0] == voucher[0]:
            own, waiting = waiting[1], next(lines, None)
        yield from _voucher_faults(count, head, voucher, own, kept)
        head = kept
        if anchor is not None and anchor[0] == count and anchor[1] != kept:
            yield ChainFault(
                voucher[0], voucher[1], "its hash isn't the one that the catalogue holds"
            )
    yield from _end_faults(store, count, head, anchor)


def _lines_by_voucher(store: Store) -> Iterator[tuple[int, list[Any]]]:
    rows = store.execute_sql(_LINES)
    for voucher_id, group in itertools.groupby(rows, key=lambda row: row[0]):
        yield voucher_id, list(group)


def _voucher_faults(
    count: int, head: str, voucher: list[Any], lines: list[Any], kept: str
) -> Iterator[ChainFault]:
    id, number, date, chain_no = voucher[0], voucher[1], voucher[5], voucher[12]
    if chain_no != count:
        yield ChainFault(id, number, f"it is voucher {count} of the chain and says {chain_no}")
    if any(line[1] != date for line in lines):
        yield ChainFault(id, number, "a line has another date than the voucher")
    voucher[8] = int(voucher[8])
    if chain_hash(head, voucher, [line[2:] for line in lines]) != kept:
        yield ChainFault(id, number, "its content, or the voucher before it, isn't what was posted")


def _end_faults(
    store: Store, count: int, head: str, anchor: tuple[int, str] | None
) -> Iterator[ChainFault]:
    state = store.execute_sql("SELECT count, head FROM ledger_state").fetchone()
    if state != (count, head):
        yield ChainFault(
            0, "", f"the chain ends at voucher {count}, and the ledger says {state[0]}"
        )
    if anchor is not None and anchor[0] > count:
        yield ChainFault(
            0, "", f"the chain ends at voucher {count}, and the catalogue knows {anchor[0]}"
        )
