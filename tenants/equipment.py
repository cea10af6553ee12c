"""What connections have besides settings: functions, aggregates, collations and extensions of the application."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from peewee import SENTINEL, SqliteDatabase

if TYPE_CHECKING:
    from .store import Store


class EquippedDatabase(SqliteDatabase):
    """A database whose pooled connections all have what was registered on it, whenever that was.

    Attributes:
        owner: the store.
        hooks: grows with each registration; connections that were opened before aren't used again.
    """

    owner: Store
    hooks = 0

    def register_function(self, *args: Any, **kwargs: Any) -> None:
        self._grow("_functions")
        super().register_function(*args, **kwargs)

    def register_aggregate(self, *args: Any, **kwargs: Any) -> None:
        self._grow("_aggregates")
        super().register_aggregate(*args, **kwargs)

    def register_collation(self, *args: Any, **kwargs: Any) -> None:
        self._grow("_collations")
        super().register_collation(*args, **kwargs)

    def register_window_function(self, *args: Any, **kwargs: Any) -> None:
        self._grow("_window_functions")
        super().register_window_function(*args, **kwargs)

    def pragma(
        self, key: str, value: Any = SENTINEL, permanent: bool = False, schema: Any = None
    ) -> Any:
        if permanent:
            self._grow("_pragmas")
        return super().pragma(key, value, permanent, schema)

    def load_extension(self, extension: str) -> None:
        self._grow("_extensions")
        super().load_extension(extension)

    def _add_conn_hooks(self, conn: Any) -> None:
        if self.hooks:
            super()._add_conn_hooks(conn)
            return
        for name, (function, arguments, _) in self._functions.items():
            conn.create_function(name, arguments, function)

    def _grow(self, name: str) -> None:
        # From here on this database has a set of its own, and connections without it aren't given out again.
        setattr(self, name, copy(getattr(self, name)))
        self.hooks += 1
        self.owner.router.pool.close(self.owner)
