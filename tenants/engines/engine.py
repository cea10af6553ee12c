"""What an engine does for the rest of the room, which asks it instead of assuming a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from ..connections import ConnectionState

if TYPE_CHECKING:
    from ..life.templates import Blank
    from ..sqlite import Versions
    from ..store import Store


class Named(Protocol):
    """What gives a store its place: a store itself, or its row in the catalogue."""

    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def generation(self) -> int: ...


class Engine(ABC):
    """One kind of place that stores live in.

    Attributes:
        name: what it is called where somebody chooses it: `Router(folder, engine=name)`.
        prefix: how the urls of its stores begin.
        descriptors: how many file descriptors each connection takes.
        among_processes: True where several processes work on the same rows.
        state_class: what an entry has in hand of a store in it.
    """

    name: str
    prefix: str
    descriptors: int
    among_processes = True
    state_class: type[ConnectionState] = ConnectionState

    # Where a store is

    @abstractmethod
    def url(self, store: Named) -> str:
        """Return what the catalogue notes of a store's place."""

    @abstractmethod
    def path(self, folder: str, store: Named) -> str:
        """Return what tells a store's place from all others in this process; of a file, its path.

        Args:
            folder: the data folder.
            store: which one.
        """

    @abstractmethod
    def size(self, store: Store) -> int | None:
        """Return how many bytes a store takes; None where it isn't there."""

    # Opening

    @abstractmethod
    def open(
        self, store: Store, versions: Versions | None = None, synchronous: str = "FULL"
    ) -> Any:
        """Open a connection, checked and set up. Takes and raises what `sqlite.connect` does."""

    @abstractmethod
    def open_to_look(self, store: Store) -> Any:
        """Open a connection that only reads, at any version, and leaves the store as it is."""

    # Making and removing

    @abstractmethod
    def make(self, store: Store, prepare: Callable[[Any], object] | None = None) -> None:
        """Make an empty store that says whose it is.

        Args:
            store: what is to be there.
            prepare: called with a connection, for what else a new one is to hold.
        """

    @abstractmethod
    def make_of_blank(self, store: Store, blank: Blank) -> None:
        """Make a store of a ready-made one. Raises `FileExistsError` where there is one already."""

    @abstractmethod
    def make_of_copy(self, store: Store, connection: Any) -> None:
        """Make a store of all that a connection to another one sees; not yet on the disk, where there is one."""

    @abstractmethod
    def finish(self, stores: Sequence[Store]) -> None:
        """Wait until new stores, which nobody has open any more, are on the disk, if that is where they live.

        Raises:
            TenantError: somebody still has one of them open.
        """

    def let_go(self, store: Store) -> None:  # noqa: B027 - an engine may hold nothing
        """Hold nothing more of a store that is gone, or whose making came to nothing; its mark sees to files."""

    # Reading one state

    @contextmanager
    def no_writers(self, store: Store) -> Iterator[None]:
        """Have nobody write to the store in the block, in this process in turn and in others by the engine's locks."""
        with store.get_connection() as connection:
            store.lock.acquire(owner=connection)
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield
            finally:
                store.lock.release_wholly(connection)

    @contextmanager
    def fixed(self, store: Store) -> Iterator[Any]:
        """Give a connection that sees the store as of now throughout the block, while others go on writing."""
        with store.get_connection() as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
            yield connection

    def apart(self, state: ConnectionState) -> AbstractContextManager[object]:
        """Let an entry's connection read what it reads in the block without being in the way of writers."""
        return nullcontext()

    def __repr__(self) -> str:
        return f"<Engine {self.name}>"
