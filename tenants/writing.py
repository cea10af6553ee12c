"""Writing to a store: one block, one transaction, in its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import Model

from .transactions import StoreTransaction

if TYPE_CHECKING:
    from .database import RoutedDatabase
    from .store import Store


class Writing:
    """`with store.writing() as database:`, once.

    Args:
        store: the store.
        patience: seconds to wait for the turn; the lock's own time-out unless given.
        models: what is written; anything unless given.
    """

    __slots__ = ("block", "models", "patience", "store")

    def __init__(
        self, store: Store, patience: float | None = None, models: tuple[type[Model], ...] = ()
    ) -> None:
        self.store = store
        self.patience = patience
        self.models = models

    def __enter__(self) -> RoutedDatabase:
        store, database = self.store, self.store.database
        store.require_writable()
        state = database._use()
        if state.reading:
            raise state.refused_write()
        if self.models:
            state.name_tables(store.tables_of(self.models))
        self.block: Any
        if state.transactions:
            self.block = database.atomic()
        else:
            self.block = StoreTransaction(database)
            self.block.patience = self.patience
        self.block.__enter__()
        return database

    def __exit__(self, *exc: Any) -> None:
        self.block.__exit__(*exc)
