"""The databases that this process has in memory: each is there as long as a router has it."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from .. import sqlite
from ..errors import LockTimeout, WrongFile
from ..store_locks import lock_of
from ..tenant import is_id
from .memory_connections import MemoryConnection
from .table_locks import Hold, TableLocks

if TYPE_CHECKING:
    from ..store import Store

Stamp = tuple[str, int]

_SETTINGS = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"

#: By process and stamp: in a forked child they are its parent's, whose connections it must not use …
_alive: WeakValueDictionary[tuple[int, Stamp], MemoryDatabase] = WeakValueDictionary()
#: … and not even close.
_inherited: list[MemoryDatabase] = []
_finding = threading.Lock()
_numbers = itertools.count(1)


class MemoryDatabase:
    """One store's database, with a connection that keeps it there, and the locks of its tables.

    Args:
        store: whose it is.

    Attributes:
        label: what people call the store.
        anchor: a connection on which nothing is run once others have the database, too.
        locks: of its tables.
        removed: True once it isn't to be used any more.
        ready: set once its tables are there.
        maker: the thread that makes them.
    """

    def __init__(self, store: Store) -> None:
        if not is_id(store.id):
            raise WrongFile(f"{store.id!r} isn't a store's id, and names no database.")
        # By the process, too: a forked child would find a copy of its parent's under the name, locks and all. And by a
        # number, as one whose making came to nothing is there until its last connection is closed.
        name = f"{store.id}.{store.generation}.{os.getpid()}.{next(_numbers)}"
        self.uri = f"file:{name}?mode=memory&cache=shared"
        self.label = store.label
        self.locks = TableLocks(store.label, lock_of(store.path, store.label))
        self.removed = False
        self.ready = threading.Event()
        self.maker = threading.get_ident()
        self.anchor = sqlite.driver.connect(
            self.uri, isolation_level=None, uri=True, check_same_thread=False
        )

    def connect(self, check: Callable[[Any], object]) -> MemoryConnection:
        """Open a connection, set up and checked."""
        hold = Hold(self.locks)
        with self.locks.whole.read_lock(
            owner=hold
        ):  # nothing can be compiled while the schema is changed
            connection: MemoryConnection = sqlite.driver.connect(
                self.uri,
                isolation_level=None,
                uri=True,
                check_same_thread=False,
                factory=MemoryConnection,
            )
            try:
                connection.database = self
                connection.executescript(_SETTINGS)
                check(connection)
            except BaseException:
                connection.close()
                raise
        connection.hold = hold
        return connection

    def size(self) -> int:
        """Return how many bytes its pages take."""
        with self.locks.whole.read_lock(1.0, owner=self):
            (size,) = self.anchor.execute(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            ).fetchone()
            return int(size)


def private(store: Store, source: MemoryConnection) -> MemoryConnection:
    """Return a connection to a copy of a store as it is now: its user's alone, without locks."""
    copy: MemoryConnection = sqlite.driver.connect(
        ":memory:", isolation_level=None, check_same_thread=False, factory=MemoryConnection
    )
    try:
        copy.database = source.database
        source.backup(copy, pages=-1)
        copy.executescript(_SETTINGS)
        store.database._add_conn_hooks(copy)
    except BaseException:
        copy.close()
        raise
    return copy


class MemoryDatabases:
    """Those that one router has. Another router of this process on the same folder has the same ones."""

    def __init__(self) -> None:
        self._held: dict[Stamp, MemoryDatabase] = {}

    def __contains__(self, store: Store) -> bool:
        return store.stamp in self._held

    def make(self, store: Store) -> MemoryDatabase:
        """Return a new database for a store that nobody knows of yet. Raises `FileExistsError` where there is one."""
        database, mine = self._find(store)
        if not mine:
            raise FileExistsError(f"{store.label} is already there")
        return database

    def of(
        self, store: Store, fill: Callable[[Store, MemoryDatabase], object], patience: float
    ) -> MemoryDatabase:
        """Return a store's database; made anew where this process hasn't it.

        Args:
            store: which one.
            fill: makes what a new one begins with, while everybody else waits.
            patience: seconds to wait where another thread is at that.

        Raises:
            LockTimeout: that took longer.
        """
        while True:
            database, mine = self._find(store)
            if mine:
                try:
                    fill(store, database)
                except BaseException:
                    self.remove(store)
                    raise
                finally:
                    database.ready.set()
                return database
            if database.ready.is_set() or database.maker == threading.get_ident():
                if not database.removed:
                    return database
                self._held.pop(store.stamp, None)
            elif not database.ready.wait(patience):
                raise LockTimeout(
                    f"{store.label} is being made anew in memory for more than {patience:.3g} seconds: try again."
                )

    def _find(self, store: Store) -> tuple[MemoryDatabase, bool]:
        database = self._held.get(store.stamp)
        if database is not None:
            return database, False
        key = (os.getpid(), store.stamp)
        with _finding:
            database, mine = _alive.get(key), False
            if database is None or database.removed:
                database, mine = MemoryDatabase(store), True
                _alive[key] = database
            self._held[store.stamp] = database
        return database, mine

    def find(self, store: Store) -> MemoryDatabase | None:
        """Return a store's database if this process has it."""
        return self._held.get(store.stamp)

    def remove(self, store: Store) -> None:
        """Let a store's database go; with its last connection it is gone."""
        database = self._held.pop(store.stamp, None)
        if database is not None:
            database.removed = True

    def close(self) -> None:
        """Let all of them go; another router that has them keeps them."""
        self._held.clear()

    def disown(self) -> None:
        """Leave them to the parent process: called in a forked child, which begins with none."""
        _inherited.extend(self._held.values())
        self._held = {}


def _forked() -> None:
    global _finding
    _finding = threading.Lock()  # whoever had it isn't here


os.register_at_fork(after_in_child=_forked)
