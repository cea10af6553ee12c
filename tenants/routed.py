"""The base of models that live in a tenant's stores, or in the shared database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from peewee import Model

from . import stamps
from .current import current
from .metadata import ThreadSafeDatabaseMetadata
from .queries import RoutedSelect


class RoutedModel(Model):
    """A Peewee model that goes to the database of whoever asks.

    Declare `class Meta: store = "books"` for a model of that store of each tenant; a model without a store is
    universal. An instance carries the stamp of the store that it was loaded from or made for.
    """

    _routed = True
    _stamp: stamps.Stamp | None = None

    class Meta:
        model_metadata_class = ThreadSafeDatabaseMetadata

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Peewee's own, with the stamp: going through super() would cost a sixth of each row that is loaded.
        meta = self._meta
        store = current.get().stores.get(meta.store)
        if store is not None:
            self._stamp = store.stamp
        self.__rel__: dict[str, Any] = {}
        if kwargs.pop("__no_default__", None):
            self.__data__ = {}
            self._dirty = set()
        else:
            self.__data__ = meta.get_default_dict()
            self._dirty = set(self.__data__)
        for name, value in kwargs.items():
            setattr(self, name, value)

    @classmethod
    def select(cls, *fields: Any) -> Any:
        return super().select(*fields) if cls._meta.store is None else RoutedSelect.of(cls, fields)

    # Instances stay with their store

    def __sql__(self, ctx: Any) -> Any:
        stamps.check(self)
        return super().__sql__(ctx)

    def save(self, force_insert: bool = False, only: Any = None) -> Any:
        stamps.check(self)
        rows = super().save(force_insert, only)
        self._adopt()
        return rows

    def _pk_expr(self) -> Any:
        # Once in an expression, a key is a number that no guard can tell from any other.
        stamps.check(self)
        return super()._pk_expr()

    def _adopt(self) -> None:
        if self._stamp is None:
            store = current.get().stores.get(self._meta.store)
            self._stamp = store.stamp if store is not None else None

    def delete_instance(self, recursive: bool = False, delete_nullable: bool = False) -> Any:
        stamps.check(self)
        return super().delete_instance(recursive, delete_nullable)

    def dependencies(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for step in super().dependencies(*args, **kwargs):
            stamps.check(self)
            yield step

    @classmethod
    def bulk_create(cls, model_list: Iterable[Any], batch_size: int | None = None) -> None:
        instances = list(model_list)
        for instance in instances:
            stamps.check(instance)
        super().bulk_create(instances, batch_size)
        for instance in instances:
            instance._adopt()

    @classmethod
    def bulk_update(
        cls, model_list: Iterable[Any], fields: Any, batch_size: int | None = None
    ) -> int:
        instances = list(model_list)
        for instance in instances:
            stamps.check(instance)
        return super().bulk_update(instances, fields, batch_size)

    def __eq__(self, other: Any) -> bool:
        # Two companies may each have a row 1 of a model; those are two rows. One not yet of any store has no side.
        if not super().__eq__(other):
            return False
        return self._stamp is None or other._stamp is None or self._stamp == other._stamp

    def __ne__(self, other: Any) -> bool:
        return not self == other

    __hash__ = Model.__hash__
