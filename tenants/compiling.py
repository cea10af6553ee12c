"""SQL is compiled for one store: whatever of another's is met on the way is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import (
    SCOPE_NORMAL,
    AliasManager,
    BaseQuery,
    Context,
    Model,
    ModelAlias,
    ModelBase,
    Node,
    State,
    Value,
)

from . import stamps
from .errors import WrongTenant
from .null import NullDatabase

if TYPE_CHECKING:
    from .database import StoreDatabase

_PLAIN, _QUERY, _INSTANCE, _MODEL, _ALIAS, _VALUE = range(6)

_kinds: dict[type, int] = {}


def _kind_of(cls: type) -> int:
    if issubclass(cls, ModelBase):
        kind = _MODEL
    elif issubclass(cls, Model):
        kind = _INSTANCE
    elif issubclass(cls, BaseQuery):
        kind = _QUERY
    elif issubclass(cls, ModelAlias):
        kind = _ALIAS
    elif issubclass(cls, (Node, Context)):
        kind = _PLAIN
    else:
        kind = _VALUE
    _kinds[cls] = kind
    return kind


class RoutedContext(Context):
    """Peewee's SQL compiler, asking of each query, model and instance whether it belongs to this database."""

    __slots__ = ()

    @classmethod
    def starting_from(cls, settings: dict[str, Any], overrides: dict[str, Any]) -> RoutedContext:
        """Return a context with these settings, which it shares with others: Peewee copies them where it changes any."""
        if overrides:
            return cls(**{**settings, **overrides})
        context = cls.__new__(cls)
        context.stack = []
        context._sql = []
        context._values = []
        context.alias_manager = AliasManager()
        context.state = State(SCOPE_NORMAL, False, settings)
        return context

    @property
    def database(self) -> Any:
        return self.state.settings["routed_database"]

    def sql(self, obj: Any) -> Any:
        # One look-up in a dict of classes takes the place of Peewee's isinstance, so that asking costs nothing.
        cls = type(obj)
        kind = _kinds.get(cls)
        if kind is None:
            kind = _kind_of(cls)
        if kind == _PLAIN:
            return obj.__sql__(self)
        if kind == _VALUE:
            return Value(obj).__sql__(self)
        if kind == _MODEL:
            self._check_model(obj)
            return self.sql(obj._meta.table)
        if kind == _QUERY:
            self._check_query(obj)
        elif kind == _ALIAS:
            self._check_model(obj.model)
        else:
            self._check_instance(obj)
        return obj.__sql__(self)

    def _check_query(self, query: Any) -> None:
        database = query._database
        if database is None or database is self.database:
            return
        if isinstance(database, NullDatabase):
            raise database.refusal()
        store, own = getattr(database, "store", None), self._store()
        if store is not None:
            raise stamps.stray("This query", store.stamp)
        if own is not None:
            raise WrongTenant(
                f"A query of {database!r} can't be part of one of {own.label}: run it by itself and use its values."
            )

    def _check_model(self, model: Any) -> None:
        role, own = getattr(model._meta, "store", None), self._store()
        if role != (own.role if own is not None else None) and (role is not None):
            raise WrongTenant(
                f"{model.__name__} belongs to the {role!r} store and can't be part of a query of "
                f"{own.label if own is not None else 'the shared database'}: joins don't cross stores."
            )

    def _check_instance(self, instance: Any) -> None:
        stamp, own = getattr(instance, "_stamp", None), self._store()
        if stamp is not None and (own is None or stamp != own.stamp):
            raise stamps.stray(f"This {type(instance).__name__} ({instance._pk})", stamp)

    def _store(self) -> Any:
        return getattr(self.database, "store", None)


def options_for(database: StoreDatabase, options: dict[str, Any]) -> dict[str, Any]:
    """Return a database's context options with the database itself among them."""
    return {**options, "routed_database": database}
