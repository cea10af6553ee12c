"""Queries on a store's models: what they have read can be read again only where their store is held."""

from __future__ import annotations

from functools import cache
from typing import Any

from peewee import (
    ManyToManyQuery,
    Model,
    ModelAlias,
    ModelCompoundSelectQuery,
    ModelSelect,
)

from . import rows, stamps


class RoutedQuery:
    """Mixed into each of Peewee's model queries: its rows come in a wrapper that checks."""

    def _get_cursor_wrapper(self, cursor: Any) -> Any:
        return rows.guarded(super()._get_cursor_wrapper(cursor))  # type: ignore[misc]


class RoutedSelectQuery(RoutedQuery):
    """Set operations that give routed queries again."""

    model: type[Model]

    def _compound(self, operation: str, other: Any) -> Any:
        return RoutedCompound(self.model, self, operation, other)

    def union_all(self, other: Any) -> Any:
        return self._compound("UNION ALL", other)

    def union(self, other: Any) -> Any:
        return self._compound("UNION", other)

    def intersect(self, other: Any) -> Any:
        return self._compound("INTERSECT", other)

    def except_(self, other: Any) -> Any:
        return self._compound("EXCEPT", other)

    __add__ = union_all
    __or__ = union
    __and__ = intersect
    __sub__ = except_


class RoutedSelect(RoutedSelectQuery, ModelSelect):
    """SELECT on a store's model."""

    def _get_model_cursor_wrapper(self, cursor: Any) -> Any:
        if len(self._from_list) == 1 and not self._joins:
            return rows.RoutedRows(cursor, self.model, self._returning, self._is_default)
        return super()._get_model_cursor_wrapper(cursor)


class RoutedCompound(RoutedSelectQuery, ModelCompoundSelectQuery):
    """UNION and its like on a store's model."""


class RoutedAlias(ModelAlias):
    """A store's model under another name."""

    def select(self, *selection: Any) -> Any:
        return RoutedSelect(self, selection or self.get_field_aliases())


class RoutedManyToMany(RoutedSelectQuery, ManyToManyQuery):
    """A many-to-many relation of one instance, which stays with its store."""

    def _id_list(self, values: Any) -> Any:
        for value in values:
            stamps.check_value(value)
        return super()._id_list(values)

    def add(self, value: Any, clear_existing: bool = False) -> Any:
        stamps.check(self._instance)
        return super().add(value, clear_existing)

    def remove(self, value: Any) -> Any:
        stamps.check(self._instance)
        return super().remove(value)

    def clear(self) -> Any:
        stamps.check(self._instance)
        return super().clear()


@cache
def _routed_class(cls: type) -> type:
    return cls if issubclass(cls, RoutedQuery) else type(cls.__name__, (RoutedQuery, cls), {})


def routed(query: Any, model: type[Model]) -> Any:
    """Return the query that Peewee made, as one that guards its rows where its model has a store."""
    if model._meta.store is not None:
        query.__class__ = _routed_class(type(query))
    return query
