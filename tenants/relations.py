"""Foreign keys, backrefs and many-to-many of a store's models: each step checks whose row it starts from.

The classes here are mixed into Peewee's own (or into a field class of the application) as fields are added to a model
that declares a store; other models keep what Peewee gives them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from peewee import (
    BackrefAccessor,
    DeferredThroughModel,
    ForeignKeyAccessor,
    ForeignKeyField,
    ManyToManyField,
    ManyToManyFieldAccessor,
    Model,
)

from .stamps import check, check_value, tie


class CheckedForeignKey:
    """An instance given as a value is checked before its key goes into SQL."""

    def db_value(self, value: Any) -> Any:
        check_value(value)
        return super().db_value(value)  # type: ignore[misc]


class CheckedForeignKeyAccessor:
    """`line.voucher`, loaded lazily or cached, and `line.voucher = voucher`.

    A row that was made outside any entry belongs, from its first relation on, where what it refers to belongs.
    """

    def get_rel_instance(self, instance: Model) -> Any:
        check(instance)
        related = super().get_rel_instance(instance)  # type: ignore[misc]
        if instance._stamp is None:
            tie(instance, related)
        return related

    def __set__(self, instance: Model, value: Any) -> None:
        check(instance)
        if getattr(value, "_stamp", None) is not None:
            check(value)
            tie(instance, value)
        super().__set__(instance, value)  # type: ignore[misc]


class CheckedBackrefAccessor:
    """`voucher.lines`; also the list that a prefetch left there, which Peewee would hand out unasked."""

    def __get__(self, instance: Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        check(instance)
        name = self.field.backref  # type: ignore[attr-defined]
        if name in instance.__dict__:
            return instance.__dict__[name]
        return super().__get__(instance, owner)  # type: ignore[misc]

    def __set__(self, instance: Model, rows: Any) -> None:
        instance.__dict__[self.field.backref] = rows  # type: ignore[attr-defined]

    def __delete__(self, instance: Model) -> None:
        try:
            del instance.__dict__[self.field.backref]  # type: ignore[attr-defined]
        except KeyError:
            raise AttributeError(self.field.backref) from None  # type: ignore[attr-defined]


class CheckedManyToManyAccessor:
    """`student.courses`: the query it gives checks each time it adds, removes or clears."""

    def get_query(self, instance: Model) -> Any:
        from .queries import RoutedManyToMany

        check(instance)
        query = super().get_query(instance)  # type: ignore[misc]
        query.__class__ = RoutedManyToMany
        return query


@cache
def _mixed(mixin: type, cls: Any) -> Any:
    return cls if issubclass(cls, mixin) else type(cls.__name__, (mixin, cls), {})


def guard(meta: Any, name: str, field: ForeignKeyField | ManyToManyField) -> None:
    """Refuse a relation that leads to another store, and make one of a store's model a checked one.

    Raises:
        TypeError: it leads to another store, or is many-to-many without a declared through model.
    """
    _require_same_store(meta, name, field.rel_model)
    if isinstance(field, ManyToManyField):
        _require_through_model(meta, name, field)
    if meta.store is None:
        return
    if isinstance(field, ManyToManyField):
        field.accessor_class = _mixed(
            CheckedManyToManyAccessor, field.accessor_class or ManyToManyFieldAccessor
        )
        return
    own: Any = type(field)
    field.__class__ = _mixed(CheckedForeignKey, own)
    field.accessor_class = _mixed(
        CheckedForeignKeyAccessor, field.accessor_class or ForeignKeyAccessor
    )
    field.backref_accessor_class = _mixed(
        CheckedBackrefAccessor, field.backref_accessor_class or BackrefAccessor
    )


def _require_same_store(meta: Any, name: str, target: Any) -> None:
    if target == "self":
        return
    other = getattr(target._meta, "store", None)
    if other != meta.store:
        raise TypeError(
            f"{meta.model.__name__}.{name} is {_place(meta.store)} and {target.__name__} {_place(other)}: foreign "
            f"keys don't cross stores. Keep the row's static id in an IntegerField instead."
        )


def _place(store: str | None) -> str:
    return f"in the {store!r} store" if store else "in no store"


def _require_through_model(meta: Any, name: str, field: ManyToManyField) -> None:
    through = field._through_model
    routed = getattr(meta.model, "_routed", False) and not meta.is_static
    if through is None and routed:
        raise TypeError(
            f"{meta.model.__name__}.{name}: Peewee would make a through model that isn't routed. Declare one "
            f"{_place(meta.store)} and pass it as through_model."
        )
    if through is not None and not isinstance(through, DeferredThroughModel):
        _require_same_store(meta, name, through)


def require_routed_base(model: type[Model], store: str) -> None:
    """Raise `TypeError` where a model declares a store and isn't a `RoutedModel`, whose checks it needs."""
    if not getattr(model, "_routed", False):
        raise TypeError(
            f"{model.__name__} declares the {store!r} store: derive it from tenants.RoutedModel, "
            f"which checks that its rows stay with their tenant."
        )
