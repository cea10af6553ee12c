"""The universal models' database: everybody's, with a connection for each thread that uses it."""

from __future__ import annotations

import os
import threading
import weakref
from asyncio import _get_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import routers
from .connections import ConnectionState
from .current import current
from .database import RoutedDatabase
from .entries import fresh_thread_name
from .errors import SharedEntry

if TYPE_CHECKING:
    from .store import Store


class _Thread:
    """Lives as long as the thread whose connection state it holds."""

    def __init__(self, state: ConnectionState) -> None:
        self.state = state


def _end(held: weakref.ref[ConnectionState], pid: int) -> None:
    state = held()
    if state is not None and pid == os.getpid():  # in a forked child the connection is the parent's
        state.transactions.clear()
        state.hand_back()
        state.ended = True


class SharedDatabase(RoutedDatabase):
    """The database of the universal models and of the catalogue."""

    def __init__(self, store: Store) -> None:
        self._local = threading.local()
        super().__init__(store)

    def _use(self) -> ConnectionState:
        try:
            state = self._local.thread.state
        except AttributeError:
            state = self._begin_thread()
        if _get_running_loop() is not None and state.transactions:
            self._require_task(state)
        return state

    def _begin_thread(self) -> ConnectionState:
        state = ConnectionState(self.owner)
        self._local.thread = thread = _Thread(state)
        # A thread that ends, however it ends, leaves neither a connection nor a lock behind.
        weakref.finalize(thread, _end, weakref.ref(state), os.getpid()).atexit = False
        return state

    def _require_task(self, state: ConnectionState) -> None:
        if state.task is not self.running_task():
            raise SharedEntry(
                "Another asyncio task of this thread has a transaction open on the shared database: a connection "
                "can't serve both. Run such work in threads of its own, with router.start_thread(…)."
            )

    def create_tables(self, models: Any, **options: Any) -> None:
        with self._asked_for():
            super().create_tables(models, **options)

    def drop_tables(self, models: Any, **kwargs: Any) -> None:
        with self._asked_for():
            super().drop_tables(models, **kwargs)

    @contextmanager
    def _asked_for(self) -> Iterator[None]:
        """Let universal models resolve to this database in the block, whichever routers are open."""
        router = self.owner.router
        router.require_current()  # or a table would be made that a pending migration makes, too
        if current.get().router is router or routers.find() is router:
            yield
            return
        entry = router.enter((fresh_thread_name(), None), None)
        try:
            yield
        finally:
            router.leave(entry)

    def execute_unhurried(self, sql: str, params: Any = ()) -> Any:
        """Run a write that doesn't wait for the disk: after a power failure it may be gone, and nothing else is.

        For what can be made good from elsewhere, such as a session's last use or the head of a company's chain.
        """
        with self.unhurried():
            return self.execute_sql(sql, params)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Have writes in the block not wait for the disk, as `execute_unhurried` does; within a transaction they do."""
        state = self._use()
        connection = state.open()
        if connection.in_transaction:
            yield
            return
        spoiled, state.spoiled = state.spoiled, True
        connection.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            connection.execute("PRAGMA synchronous = FULL")
            state.spoiled = spoiled

    def is_fresh(self) -> bool:
        """True where this thread would read the latest state: not in a transaction, nor in the middle of rows."""
        state = self._use()
        return not state.transactions and not state.has_cursors()

    def release(self, wholly: bool = False) -> None:
        """Give this thread's connection back, unless it is in the middle of a transaction, or of reading rows.

        Args:
            wholly: end those too, and roll the transaction back; for whoever ends all that this thread was at.
        """
        thread = getattr(self._local, "thread", None)
        if thread is None or thread.state.closed:
            return
        state: ConnectionState = thread.state
        if wholly:
            state.transactions.clear()
        elif state.transactions or state.has_cursors():
            return
        state.hand_back()

    def disown(self) -> None:
        """Leave the connections to the parent process: called in a forked child."""
        self._local = threading.local()
