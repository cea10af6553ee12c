"""Stores in memory: databases of SQLite's that this process's threads share, and that are gone with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..errors import LockTimeout
from . import anew
from .engine import Engine, Named
from .memory_databases import MemoryDatabase, private
from .memory_states import MemoryState

if TYPE_CHECKING:
    from ..connections import ConnectionState
    from ..life.templates import Blank
    from ..sqlite import Versions
    from ..store import Store


class Memory(Engine):
    """`memory:`, the same for every store: each process that finds it in the catalogue has one of its own."""

    name = "memory:"
    prefix = "memory:"
    descriptors = 0
    among_processes = False
    state_class = MemoryState

    def url(self, store: Named) -> str:
        return self.prefix

    def path(self, folder: str, store: Named) -> str:
        return f"memory:{store.id}.{store.generation}"

    def size(self, store: Store) -> int | None:
        database = store.router.in_memory.find(store)
        if database is not None:
            with suppress(LockTimeout):
                return database.size()
        return None

    def open(
        self, store: Store, versions: Versions | None = None, synchronous: str = "FULL"
    ) -> Any:
        router = store.router
        database = router.in_memory.of(store, anew.fill, router.pool.patience)

        def check(connection: Any) -> None:
            version = sqlite.require_identity(connection, store._identity(), store.label)
            if versions is not None:
                sqlite.require_version(version, versions, store.label)

        return database.connect(check)

    def open_to_look(self, store: Store) -> Any:
        connection = self.open(store)
        connection.execute("PRAGMA query_only = ON")
        return connection

    # Making and removing

    def make(self, store: Store, prepare: Callable[[Any], object] | None = None) -> None:
        with self._making(store) as database:
            anew.begin(store, database, prepare)

    def make_of_blank(self, store: Store, blank: Blank) -> None:
        uri = sqlite.uri(blank.path).replace("mode=rw", "mode=ro&immutable=1")
        with closing(sqlite.driver.connect(uri, isolation_level=None, uri=True)) as source:
            self.make_of_copy(store, source)

    def make_of_copy(self, store: Store, connection: Any) -> None:
        with self._making(store) as database:
            connection.backup(database.anchor, pages=-1)
            database.anchor.execute(
                "UPDATE store_identity SET store = ?, owner = ?, role = ?, generation = ?",
                store._identity(),
            )

    @contextmanager
    def _making(self, store: Store) -> Iterator[MemoryDatabase]:
        database = store.router.in_memory.make(store)
        try:
            yield database
        except BaseException:
            self.let_go(store)
            raise
        finally:
            database.ready.set()

    def finish(self, stores: Sequence[Store]) -> None:
        """There is no disk to wait for."""

    def let_go(self, store: Store) -> None:
        store.router.in_memory.remove(store)

    # Reading one state

    @contextmanager
    def no_writers(self, store: Store) -> Iterator[None]:
        store.lock.acquire()
        try:
            yield
        finally:
            store.lock.release()

    @contextmanager
    def fixed(self, store: Store) -> Iterator[Any]:
        with store.get_connection() as connection:
            copy = private(store, connection)
        with closing(copy):
            yield copy

    def apart(self, state: ConnectionState) -> AbstractContextManager[object]:
        assert isinstance(state, MemoryState)
        return state.apart()
