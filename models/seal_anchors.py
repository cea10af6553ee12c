"""What the catalogue knows of the seals in each store, so that a store that was set back, or sealed anew, is found."""

from __future__ import annotations

import logging
from typing import Any

from peewee import BigIntegerField, CharField, PeeweeException

from tenants import RoutedModel, Store, TenantError

_log = logging.getLogger(__name__)


class SealAnchor(RoutedModel):
    """How many changes a store's seals had been through when it last said so, and the sum of the seals then."""

    store_id = CharField(26, primary_key=True)
    changes = BigIntegerField()
    total = CharField()

    class Meta:
        table_name = "seal_anchors"


def anchor_seals(store: Store) -> None:
    """Write what the seals come to into the catalogue, once the caller's transaction is committed.

    Never raises: what it follows is committed by then, and the next change writes a later state.
    """
    waiting: list[Any] = store.database._state.commit_callbacks
    if not any(isinstance(one, _Anchoring) for one in waiting):
        store.database.after_commit(_Anchoring(store))


def write_anchor(store: Store, *seals: Any) -> None:
    """Let the catalogue know a store's seals, whatever it knew before, in the caller's transaction.

    ``seals`` are how many changes they have been through, and their sum; nothing where that isn't known.
    """
    execute = store.router.universal.execute_sql
    execute("DELETE FROM seal_anchors WHERE store_id = ?", (store.id,))
    if seals:
        execute("INSERT INTO seal_anchors VALUES (?, ?, ?)", (store.id, *seals))


def read_anchor(store: Store) -> tuple[int, str] | None:
    """Return what the catalogue knows of a store's seals: how many changes, and their sum."""
    return store.router.universal.execute_sql(_ANCHOR, (store.id,)).fetchone()


_ANCHOR = "SELECT changes, total FROM seal_anchors WHERE store_id = ?"
_STATE = "SELECT changes, total FROM seal_state"
# Of stores that the catalogue knows alone: one that is being made may come to nothing.
_MOVE = (
    "INSERT INTO seal_anchors (store_id, changes, total) SELECT id, ?, ? FROM store WHERE id = ?"
    " ON CONFLICT (store_id) DO UPDATE SET changes = excluded.changes, total = excluded.total"
    " WHERE excluded.changes > seal_anchors.changes"
)


class _Anchoring:
    """What is called once after a transaction that changed seals, however many."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self) -> None:
        store = self.store
        try:
            state = store.execute_sql(_STATE).fetchone()
            if state is not None:
                store.router.universal.execute_unhurried(_MOVE, (*state, store.id))
        except (PeeweeException, TenantError):
            _log.warning(
                "%s: the seals were not written to the catalogue", store.label, exc_info=True
            )
