"""SQL is compiled for one store: whatever of another's is met on the way is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import (
    SCOPE_NORMAL,
    AliasManager,
    BaseQuery,
    Context,
    FieldAlias,
    ModelAlias,
    ModelBase,
    Node,
    State,
    Value,
)

from . import queries, stamps
from .current import current
from .errors import WrongTenant
from .null import NullDatabase

if TYPE_CHECKING:
    from .database import RoutedDatabase

_PLAIN, _QUERY, _MODEL, _ALIAS, _VALUE = range(5)

_kinds: dict[type, int] = {}

#: An application has some hundred classes of nodes and values; whoever makes classes without end isn't remembered.
_MOST_KINDS = 5000


def _kind_of(cls: type) -> int:
    if issubclass(cls, FieldAlias):
        return _PLAIN  # and not remembered: Peewee makes a class for each field of each alias, used by one query
    if issubclass(cls, ModelBase):
        kind = _MODEL
    elif issubclass(cls, BaseQuery):
        kind = _QUERY
    elif issubclass(cls, ModelAlias):
        kind = _ALIAS
    elif issubclass(cls, (Node, Context)):
        kind = _PLAIN
    else:
        kind = _VALUE
    if len(_kinds) < _MOST_KINDS:
        _kinds[cls] = kind
    return kind


class RoutedContext(Context):
    """Peewee's SQL compiler, asking of each query and model whether it belongs to this database.

    Instances used as values are asked by their own `__sql__` and by the foreign keys that take them.
    """

    __slots__ = ()

    @classmethod
    def starting_from(cls, settings: dict[str, Any], overrides: dict[str, Any]) -> RoutedContext:
        """Return a context with these settings, shared with others: Peewee copies them where it changes any."""
        if overrides:
            return cls(**{**settings, **overrides})
        context = cls.__new__(cls)
        context.stack = []
        context._sql = []
        context._values = []
        context.alias_manager = AliasManager()
        context.state = State(SCOPE_NORMAL, False, settings)
        return context

    def as_new(self) -> RoutedContext:
        return type(self)(**self.state.settings)

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
        else:
            self._check_model(obj.model)
        return obj.__sql__(self)

    def _check_query(self, query: Any) -> None:
        if not self._sql and self._store() is not None:  # the one that is about to run
            queries.guard(query)
        database = query._database
        if database is None or database is self.database:
            return
        if isinstance(database, NullDatabase):
            raise database.refusal()
        stores = [getattr(each, "store", None) for each in (database, self.database)]
        for store in stores:
            if store is not None and current.get().stores.get(store.role) is not store:
                raise stamps.stray("This query", store.stamp)
        if any(stores):
            raise WrongTenant(
                f"A query of {database!r} can't be part of one of {self.database!r}: run it by itself and use its "
                f"values."
            )

    def _check_model(self, model: Any) -> None:
        own = self._store()
        role = getattr(model._meta, "store", None)
        if role == (own.role if own is not None else None):
            return
        if role is not None or getattr(model, "_routed", False):
            raise WrongTenant(
                f"{model.__name__} belongs to {f'the {role!r} store' if role else 'no store'} and can't be part of a "
                f"query of {self.database!r}: joins don't cross stores."
            )

    def _store(self) -> Any:
        return getattr(self.database, "store", None)


def options_for(database: RoutedDatabase, options: dict[str, Any]) -> dict[str, Any]:
    """Return a database's context options with the database itself among them."""
    return {**options, "routed_database": database}
