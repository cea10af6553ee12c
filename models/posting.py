"""Posting: what makes a voucher final, in one transaction, once per idempotency key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from models.actors import Actor
from models.chain import anchor_head
from models.drafts import take_draft
from models.errors import BooksError, Conflict
from models.inputs import VoucherInput, check_input
from models.keys import checked_key
from models.posted import Voucher
from models.recording import Posted, record
from models.resolver import demand_known
from tenants import Store, current_store

__all__ = ["Posted", "anchored", "find_posted", "post", "post_input", "post_many"]


def post(
    voucher_id: int, *, by: Actor, key: str | None = None, version: int | None = None
) -> Voucher:
    """Post a draft (at ``version`` if given) and return the voucher, whose id is the draft's.

    With an idempotency ``key``, asking again gives the earlier outcome. Raises NotAllowed, NotFound,
    BadInput, NotBalanced, PeriodLocked; Conflict if it is posted already, was changed since, or the key
    was used for something else.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    key, digest = checked_key(key, "post", voucher_id)

    def write() -> Posted:
        if key is not None and (earlier := find_posted(store, key, digest)):
            return earlier
        draft = take_draft(voucher_id, version)
        given = draft.as_input()
        demand_known([given.lines])
        return record(store, given, by, key=key, digest=digest, voucher_id=draft.id)

    return Voucher.get_by_id(anchored(store, store.write(write)).id)


def post_input(given: VoucherInput, *, by: Actor, key: str | None = None) -> Posted:
    """Make a voucher and post it in one go.

    With an idempotency ``key``, asking again with the same input gives the earlier outcome. Raises
    NotAllowed, BadInput, NotBalanced, PeriodLocked; Conflict if the key was used for something else.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    checked = check_input(given)
    demand_known([checked.lines])
    key, digest = checked_key(key, "input", checked)
    return anchored(store, store.write(_post_checked, store, checked, by, key, digest))


def post_many(
    given: Iterable[tuple[VoucherInput, str | None]],
    *,
    by: Actor,
    progress: Callable[[int], None] | None = None,
) -> list[Posted]:
    """Post vouchers with their idempotency keys in one transaction: all of them or none.

    ``progress`` is told how many are done after each. Raises what ``post_input`` does; the error's
    ``index`` says for which one, counted from 0.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    checked = [_at(index, _checked_with_key, one, key) for index, (one, key) in enumerate(given)]
    demand_known(whole.lines for whole, _, _ in checked)

    def write() -> list[Posted]:
        outcomes = []
        for index, (whole, key, digest) in enumerate(checked):
            outcomes.append(_at(index, _post_checked, store, whole, by, key, digest))
            if progress is not None:
                progress(index + 1)
        return outcomes

    outcomes = store.write(write)
    fresh = [posted for posted in outcomes if not posted.repeated]
    if fresh:
        before = (fresh[0].chain_no - 1, fresh[0].chain_before)
        anchor_head(store, before, (fresh[-1].chain_no, fresh[-1].chain_hash))
    return outcomes


def anchored(store: Store, posted: Posted) -> Posted:
    """Write the chain's head to the catalogue, after the commit, and return ``posted``."""
    if not posted.repeated:
        before = (posted.chain_no - 1, posted.chain_before)
        anchor_head(store, before, (posted.chain_no, posted.chain_hash))
    return posted


def find_posted(store: Store, key: str, digest: str | None) -> Posted | None:
    """Return what was posted under a key, if anything; Conflict if that was something else."""
    row = store.execute_sql(_BY_KEY, (key,)).fetchone()
    if row is None:
        return None
    if row[-1] != digest:
        raise Conflict(
            "This was sent before with other content, and is posted as %(number)s; "
            "start over if another voucher is wanted.",
            number=row[1],
        )
    return Posted(*(*row[:4], "", True))


T = TypeVar("T")

_BY_KEY = "SELECT id, number, chain_no, chain_hash, digest FROM vouchers WHERE key = ?"


def _post_checked(
    store: Store, given: VoucherInput, by: Actor, key: str | None, digest: str | None
) -> Posted:
    if key is not None and (earlier := find_posted(store, key, digest)):
        return earlier
    return record(store, given, by, key=key, digest=digest)


def _checked_with_key(
    given: VoucherInput, key: str | None
) -> tuple[VoucherInput, str | None, str | None]:
    checked = check_input(given)
    return (checked, *checked_key(key, "input", checked))


def _at(index: int, act: Callable[..., T], *given: Any) -> T:
    try:
        return act(*given)
    except BooksError as error:
        error.index = index
        raise
