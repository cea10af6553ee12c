"""The embedded default: each store is a file of SQLite's in its owner's folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..errors import TenantError
from ..life import copies
from ..places import SIDE_FILES, flush_files, relative_path, require_free
from .engine import Engine, Named

if TYPE_CHECKING:
    from ..life.templates import Blank
    from ..sqlite import Versions
    from ..store import Store


class SqliteFiles(Engine):
    """`sqlite:///tenants/<owner>/<role>.<generation>.db`."""

    name = "sqlite"
    prefix = "sqlite:///"
    descriptors = 3  # the database, its write-ahead log, and its share in the log's index

    def url(self, store: Named) -> str:
        return f"sqlite:///{relative_path(store.owner, store.role, store.generation)}"

    def path(self, folder: str, store: Named) -> str:
        return f"{folder}/{relative_path(store.owner, store.role, store.generation)}"

    def size(self, store: Store) -> int | None:
        try:
            return os.stat(store.path).st_size
        except OSError:
            return None

    def open(
        self, store: Store, versions: Versions | None = None, synchronous: str = "FULL"
    ) -> Any:
        return sqlite.connect(store.path, store._identity(), store.label, synchronous, versions)

    def open_to_look(self, store: Store) -> Any:
        return sqlite.connect_to_look(store.path, store._identity(), store.label)

    def make(self, store: Store, prepare: Callable[[Any], object] | None = None) -> None:
        sqlite.create(store.path, store._identity(), prepare)

    def make_of_blank(self, store: Store, blank: Blank) -> None:
        require_free(store.path)
        flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY
        with open(os.open(store.path, flags, 0o600), "wb") as file:
            file.write(blank.of(store.id, store.owner))

    def make_of_copy(self, store: Store, connection: Any) -> None:
        copies.copy(connection, store.path, store._identity())

    def finish(self, stores: Sequence[Store]) -> None:
        for store in stores:
            if os.path.lexists(f"{store.path}-wal"):
                self._move_log(store)
            for suffix in SIDE_FILES:
                if os.path.lexists(f"{store.path}{suffix}"):
                    raise TenantError(
                        f"{store.label} is still open though its making has ended, or the disk lets nothing be "
                        f"removed: whoever sets it up has to close what it opened. Nothing was left."
                    )
        flush_files([store.path for store in stores])

    def _move_log(self, store: Store) -> None:
        """Move what is left of a store's log into its file: where that failed as it was closed, nobody was told."""
        with closing(self.open(store, synchronous="OFF")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
