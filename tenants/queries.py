"""Queries on a store: what they have read can be read again only where their store is held."""

from __future__ import annotations

from functools import cache
from typing import Any

from peewee import BaseQuery, ManyToManyQuery, Model, ModelSelect, SelectBase

from . import rows, stamps


class RoutedQuery:
    """Mixed into each of Peewee's query classes: its rows come in a wrapper that checks."""

    def _get_cursor_wrapper(self, cursor: Any) -> Any:
        return rows.guarded(super()._get_cursor_wrapper(cursor))  # type: ignore[misc]


class RoutedSelect(RoutedQuery, ModelSelect):
    """SELECT on a store's model, which makes instances of whole rows quickly.

    Attributes:
        whole: what it selects, as long as that is every field of the model.
        fields: the model's fields when the query was built.
    """

    whole: list[Any] | None = None
    fields: list[Any] | None = None

    @classmethod
    def of(cls, model: type[Model], selection: tuple[Any, ...]) -> RoutedSelect:
        """Return a query for the selection, or for every field where there is none."""
        if selection:
            return cls(model, selection)
        fields = model._meta.sorted_fields
        query = cls(model, fields, is_default=True)
        query.whole = query._returning
        query.fields = fields
        return query

    def _get_model_cursor_wrapper(self, cursor: Any) -> Any:
        if len(self._from_list) > 1 or self._joins or not rows.is_checked(cursor):
            return super()._get_model_cursor_wrapper(cursor)
        fields = self.fields if self._returning is self.whole else None
        return rows.RoutedRows(cursor, self.model, self._returning, fields)


class RoutedManyToMany(RoutedQuery, ManyToManyQuery):
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
    if issubclass(cls, RoutedQuery) or not issubclass(cls, BaseQuery):
        return cls
    attributes: dict[str, Any] = {}
    if issubclass(cls, SelectBase):
        # Peewee tells sources apart by class and alias; a clone must go on standing for the query that it comes from.
        attributes["_get_hash"] = lambda self: hash((cls, self._alias or id(self)))
    return type(cls.__name__, (RoutedQuery, cls), attributes)


def guard(query: Any) -> None:
    """Make a query that is about to run on a store one that guards its rows, whichever way it was built."""
    cls: Any = type(query)
    routed = _routed_class(cls)
    if routed is not cls:
        query.__class__ = routed
