"""Transactions that end on the connection where they began, whoever is current by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import _savepoint, _transaction

if TYPE_CHECKING:
    from .database import ConnectionState, RoutedDatabase


class StoreTransaction(_transaction):
    """BEGIN IMMEDIATE under the store's write lock; a DEFERRED one reads a snapshot and takes no lock."""

    db: RoutedDatabase

    def __enter__(self) -> StoreTransaction:
        state = self.state = self.db._use()
        if not state.transactions:
            self._begin_alone(state)
        state.transactions.append(self)
        return self

    def _begin_alone(self, state: ConnectionState) -> None:
        locks = not self._begin_args[0] or self._begin_args[0][0] != "DEFERRED"
        if locks:
            self.db.lock(state)
        try:
            self._begin()
        except BaseException:
            if locks:
                self.db.unlock(state)
            raise

    def __exit__(self, exc_type: Any, exc: Any, traceback: Any) -> None:
        state = self.state
        if state.ended:  # its entry was left, which rolled it back
            return
        depth = len(state.transactions)
        state.transactions.pop()
        if depth > 1:
            return
        try:
            if exc_type is not None:
                self.rollback(begin=False)
            else:
                self._commit_or_undo()
        finally:
            self.db.unlock(state)

    def _commit_or_undo(self) -> None:
        try:
            self.commit(begin=False)
        except BaseException:
            self.rollback(begin=False)
            raise

    def rollback(self, begin: bool = True) -> None:
        """Undo it on its own connection, without asking who is current."""
        self.state.undo()
        del self.state.commit_callbacks[:]
        if begin:
            self._begin()


class StoreSavepoint(_savepoint):
    """A savepoint that is undone on the connection where it was set."""

    db: RoutedDatabase

    def __enter__(self) -> StoreSavepoint:
        self.state = self.db._use()
        super().__enter__()
        return self

    def rollback(self, begin: bool = True) -> None:
        """Undo it on its own connection; a fault may have rolled the whole transaction back already."""
        if not self.state.ended and self.state.conn is not None and self.state.conn.in_transaction:
            self.state.conn.execute(f"ROLLBACK TO SAVEPOINT {self.quoted_sid}")
        if begin:
            self._begin()
