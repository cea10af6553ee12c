"""Going through a company's chain of vouchers: which were edited, taken out, added, or put elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from models.anchors import Anchor, Manifests, known_anchors
from models.chain import chain_hash
from models.settings import GENESIS
from tenants import Store, current_store

__all__ = ["ChainFault", "Manifests", "verify_against", "verify_chain"]


class ChainFault(msgspec.Struct, frozen=True):
    """What is wrong with one voucher of the chain, or with the chain (then ``voucher_id`` is 0)."""

    voucher_id: int
    number: str
    problem: str


def verify_chain(manifests: Manifests = ()) -> Iterator[ChainFault]:
    """Yield what is wrong with the current company's chain, by itself and by all that is known of it elsewhere.

    Reads every voucher, in constant memory, as of one moment while others go on posting; read it to its
    end, or close it. Not within a ``reading()`` of the books: catalogue and backups are read first, as they are
    written after the books, so that books read later hold every voucher that they know.

    Args:
        manifests: stamp and facts of backups that the catalogue may not know.
    """
    store = current_store("books")
    anchors = known_anchors(store, manifests)
    with store.reading():
        yield from verify_against(store, anchors)


def verify_against(store: Store, anchors: Iterable[Anchor]) -> Iterator[ChainFault]:
    """Yield what is wrong with a chain, by itself and by these anchors, within the caller's snapshot."""
    return _Walk(anchors).faults(store)


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


class _Walk:
    """One way along the chain.

    Attributes:
        count: the place of the voucher that was looked at last; ``head`` the hash that it says it has.
        made: the hash that its content has: another one where it was edited.
        last: its number.
        sound: the place of the last one that an anchor knows as it is.
    """

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self.anchors = sorted((a for a in anchors if a.count), key=lambda anchor: anchor.count)
        self.count, self.head, self.made, self.last = 0, GENESIS, GENESIS, ""
        self.sound = 0
        self.rewritten: Anchor | None = None

    def faults(self, store: Store) -> Iterator[ChainFault]:
        """Yield what is wrong, in the order of the chain."""
        lines = _lines_by_voucher(store)
        waiting = next(lines, None)
        anchors = iter(self.anchors)
        anchor = next(anchors, None)
        for *voucher, kept in store.execute_sql(_VOUCHERS):
            own: list[Any] = []
            if waiting is not None and waiting[0] == voucher[0]:
                own, waiting = waiting[1], next(lines, None)
            yield from self._step(voucher, own, kept)
            while anchor is not None and anchor.count <= self.count:
                if anchor.count == self.count:
                    yield from self._compare(anchor, voucher[0])
                anchor = next(anchors, None)
        yield from self._end(store, anchor, anchors)

    def _step(self, voucher: list[Any], lines: list[Any], kept: str) -> Iterator[ChainFault]:
        id, number, date, chain_no = voucher[0], voucher[1], voucher[5], voucher[12]
        due = self.count + 1
        before: tuple[str, ...] = (self.head, self.made)
        if type(chain_no) is not int or chain_no < due:
            yield ChainFault(id, number, f"it is voucher {due} of the chain and says {chain_no}")
        elif chain_no > due:
            yield ChainFault(id, number, f"{_missing(due, chain_no - 1)} missing before it")
            before = ()  # what came before isn't known, so nothing can be said of its content
        if any(line[1] != date for line in lines):
            yield ChainFault(id, number, "a line has another date than the voucher")
        content = [line[2:] for line in lines]
        made = [chain_hash(previous, voucher, content) for previous in dict.fromkeys(before)]
        if made and kept not in made:
            yield ChainFault(id, number, "it isn't what was posted")
        self.made = kept if not made or kept in made else made[-1]
        self.count = chain_no if type(chain_no) is int and chain_no > due else due
        self.head, self.last = kept, number

    def _compare(self, anchor: Anchor, voucher_id: int) -> Iterator[ChainFault]:
        if anchor.head == self.head:
            self.sound = max(self.sound, anchor.count)
        elif self.rewritten is None:
            # The first says where; those after it follow from that.
            self.rewritten = anchor
            span = _span(self.sound + 1, anchor.count)
            said = f"{span} of the chain, up to this one, isn't what {anchor.source} knows"
            yield ChainFault(voucher_id, self.last, said)

    def _end(
        self, store: Store, anchor: Anchor | None, anchors: Iterator[Anchor]
    ) -> Iterator[ChainFault]:
        state = store.execute_sql("SELECT count, head FROM ledger_state").fetchone()
        if state != (self.count, self.head):
            said = f"the chain ends at {self._here()}, and the ledger says {state and state[0]}"
            yield ChainFault(0, "", said)
        if anchor is not None:
            latest = max([anchor, *anchors], key=lambda other: other.count)
            named = f" ({latest.number})" if latest.number else ""
            yield ChainFault(
                0,
                "",
                f"{_missing(self.count + 1, latest.count)} missing: the chain ends at {self._here()}, and"
                f" {latest.source} knows {latest.count}{named}",
            )

    def _here(self) -> str:
        return f"voucher {self.count} ({self.last})" if self.last else f"voucher {self.count}"


def _span(first: int, last: int) -> str:
    return f"voucher {first}" if first == last else f"one of vouchers {first} to {last}"


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"voucher {first} of the chain is"
    return f"vouchers {first} to {last} of the chain ({last - first + 1}) are"


def _lines_by_voucher(store: Store) -> Iterator[tuple[int, list[Sequence[Any]]]]:
    rows = store.execute_sql(_LINES)
    for voucher_id, group in itertools.groupby(rows, key=lambda row: row[0]):
        yield voucher_id, list(group)
