"""Transactions that end on the connection where they began, whoever is current by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import _savepoint, _transaction

from . import stamps
from .errors import NoTenant

if TYPE_CHECKING:
    from .database import RoutedDatabase


class StoreTransaction(_transaction):
    """BEGIN IMMEDIATE under the store's write lock; a DEFERRED one reads a snapshot and takes no lock.

    Attributes:
        patience: seconds to wait for the lock; the lock's own where it is None.
    """

    db: RoutedDatabase
    patience: float | None = None

    def __enter__(self) -> StoreTransaction:
        state = self.state = self.db._use()
        if not state.transactions:
            self._begin()
            state.task = self.db.running_task()
        state.transactions.append(self)
        return self

    def _begin(self) -> None:
        args, kwargs = self._begin_args
        lock_type = args[0] if args else kwargs.get("lock_type")
        self.state.begin(lock_type, self.patience)

    def __exit__(self, exc_type: Any, exc: Any, traceback: Any) -> None:
        state = self.state
        if state.ended:
            if exc_type is None:
                raise NoTenant(
                    f"The entry was left before its transaction on {state.store.label} ended, and what it wrote was "
                    f"rolled back: leave after the block."
                )
            return
        depth = len(state.transactions)
        state.transactions.pop()
        if depth > 1:
            return
        state.task = None
        if exc_type is not None:
            self.rollback(begin=False)
        else:
            self._commit_or_undo()

    def _commit_or_undo(self) -> None:
        try:
            self.commit(begin=False)
        except BaseException:
            self.rollback(begin=False)
            raise

    def commit(self, begin: bool = True) -> None:
        """Commit, in the entry where it began, and call what waits for that.

        Raises:
            WrongTenant: another entry is current.
        """
        state = self.state
        if self.db._use() is not state:
            raise stamps.stray("This transaction", state.store.stamp)
        state.commit()
        state.run_callbacks()
        if begin:
            self._begin()

    def rollback(self, begin: bool = True) -> None:
        """Undo it on its own connection, without asking who is current."""
        self.state.rollback()
        if begin:
            self._begin()


class StoreSavepoint(_savepoint):
    """A savepoint that is undone on the connection where it was set."""

    db: RoutedDatabase

    def __enter__(self) -> StoreSavepoint:
        self.state = self.db._use()
        super().__enter__()
        return self

    def commit(self, begin: bool = True) -> None:
        """Keep what was written since, in the entry where it began; raises `WrongTenant` in another."""
        if self.db._use() is not self.state:
            raise stamps.stray("This savepoint", self.state.store.stamp)
        super().commit(begin)

    def rollback(self, begin: bool = True) -> None:
        """Undo it on its own connection; a fault may have rolled the whole transaction back already."""
        state = self.state
        if state.gate is not None:
            pass  # in a snapshot there is nothing to undo
        elif not state.ended and state.conn is not None and state.conn.in_transaction:
            state.run(f"ROLLBACK TO SAVEPOINT {self.quoted_sid}")
        if begin:
            self._begin()
