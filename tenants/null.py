"""Being without a tenant, as an object: it can be held and passed about, and its first use raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import Database, Model, SqliteDatabase

from .errors import AmbiguousRouter, NoTenant, TenantError


class NullDatabase(SqliteDatabase):
    """What a store's model resolves to where no entry is live.

    Class creation, imports and `_meta.table` may hold it; connecting, compiling and executing raise.
    """

    def __init__(self, model: type[Model], store: str, key: tuple[str, str | None]) -> None:
        # Nothing of Peewee's own set-up: there is nothing to connect to, and this is made on each stray look-up.
        self.database = None
        self.model = model
        self.store = store
        self.key = key

    def refusal(self) -> TenantError:
        """The error that says which model, under which key, and what to write instead."""
        name = self.model.__name__
        return NoTenant(
            f"{name} belongs to the {self.store!r} store, and there is no tenant under the key {self.key}. "
            f"Do this inside an entry: `with router.using(slug): {name}…`; a query built outside one stays dead."
        )

    def is_closed(self) -> bool:
        """Always: there is nothing to open."""
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self.model.__name__}>"


class UnboundDatabase(NullDatabase):
    """What a universal model resolves to where several routers are open and none is current."""

    def __init__(self, model: type[Model]) -> None:
        self.database = None
        self.model = model

    def refusal(self) -> TenantError:
        """The error that says what to write instead."""
        name = self.model.__name__
        return AmbiguousRouter(
            f"Several routers are open and {name} could be in the database of each: use it inside an entry, or in "
            f"the application context of the app that is meant."
        )


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(self: NullDatabase, *args: Any, **kwargs: Any) -> Any:
        raise self.refusal()

    refuse.__name__ = name
    return refuse


# Whatever a Database can do that could reach data is refused, also what a later Peewee adds.
_HARMLESS = {"get_binary_type", "is_closed", "in_transaction", "transaction_depth"}
for _name in dir(SqliteDatabase):
    _attribute = getattr(SqliteDatabase, _name)
    _own = _name in NullDatabase.__dict__ or _name in _HARMLESS or isinstance(_attribute, type)
    _open = not _name.startswith("__") or _name in ("__enter__", "__exit__", "__call__")
    if callable(_attribute) and _open and not _own:
        setattr(NullDatabase, _name, _refusing(_name))
NullDatabase.in_transaction = lambda self: False
NullDatabase.transaction_depth = lambda self: 0
assert issubclass(NullDatabase, Database)
