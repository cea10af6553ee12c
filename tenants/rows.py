"""What a query has fetched, handed out only where its store is held; and a quick builder of instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from peewee import (
    CharField,
    FieldAccessor,
    ForeignKeyField,
    IntegerField,
    ModelObjectCursorWrapper,
    TextField,
)

from .database import StoreCursor
from .relations import CheckedForeignKeyAccessor

#: How many rows are fetched at a time by whoever iterates: few enough that a `break` wastes little.
CHUNK = 100


class GuardedRows:
    """Mixed into each of Peewee's cursor wrappers: rows that were fetched are checked when they are read again."""

    cursor: StoreCursor

    @property
    def row_cache(self) -> list[Any]:
        self.cursor.check("These rows")
        return self.__dict__["row_cache"]

    @row_cache.setter
    def row_cache(self, value: list[Any]) -> None:
        self.__dict__["row_cache"] = value

    def __len__(self) -> int:
        self.cursor.check("These rows")
        return super().__len__()  # type: ignore[misc]


@cache
def _guarded_class(cls: type) -> type:
    return type(cls.__name__, (GuardedRows, cls), {})


def guarded(wrapper: Any) -> Any:
    """Return the wrapper that Peewee made for a cursor, as one that checks."""
    cursor = getattr(wrapper, "cursor", None)
    if isinstance(cursor, StoreCursor) and not isinstance(wrapper, GuardedRows):
        wrapper.__class__ = _guarded_class(type(wrapper))
    return wrapper


class RoutedRows(GuardedRows, ModelObjectCursorWrapper):
    """Instances of one model, made without going through its `__init__` where that and its accessors are stock."""

    def initialize(self) -> None:
        super().initialize()
        self._quick = self._can_be_quick()
        if self._quick:
            self._conversions = [
                (self.unique_columns[index], _kind(self.fields[index]), self.converters[index])
                for index in self.convert
            ]

    def _can_be_quick(self) -> bool:
        model = self.constructor
        fields = model._meta.fields
        return model.__init__ is _stock_init() and all(
            name in fields and _is_stock(model, name) for name in self.unique_columns
        )

    def process_row(self, row: tuple[Any, ...]) -> Any:
        return self._build([row])[0] if self._quick else super().process_row(row)

    def _build(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        model, names, conversions = self.constructor, self.unique_columns, self._conversions
        stamp, new = self.cursor.stamp, self.constructor.__new__
        built = []
        for row in rows:
            data = dict(zip(names, row, strict=True))
            for name, kind, convert in conversions:
                value = data[name]
                if type(value) is not kind and value is not None:
                    data[name] = convert(value)
            instance = new(model)
            instance.__data__ = data
            instance.__rel__ = {}
            instance._dirty = set()
            instance._stamp = stamp
            built.append(instance)
        return built

    def _fetch(self, count: int) -> bool:
        """Add up to `count` rows to the cache (0: all there are); say whether any came."""
        rows = self.cursor.fetchmany(count) if count else self.cursor.fetchall()
        if rows:
            if not self.initialized:
                self.initialize()
                self.initialized = True
            add = self._build(rows) if self._quick else map(super().process_row, rows)
            self.__dict__["row_cache"].extend(add)
            self.count = len(self.__dict__["row_cache"])
        if not rows or not count:
            self.populated = True
            self.cursor.close()
        return bool(rows)

    def fill_cache(self, n: int = 0) -> None:
        if n < 0:
            raise ValueError("Negative values are not supported.")
        if not self.populated and (not n or n > self.count):
            self._fetch(n - self.count if n else 0)

    def __iter__(self) -> Iterator[Any]:
        self.cursor.check("These rows")
        return self._walk()

    def _walk(self) -> Iterator[Any]:
        cache, check, index = self.__dict__["row_cache"], self.cursor.check, 0
        while True:
            while index < len(cache):
                check("These rows")
                yield cache[index]
                index += 1
            if self.populated or not self._fetch(CHUNK):
                return


@cache
def _stock_init() -> Callable[..., None]:
    from .routed import RoutedModel

    return RoutedModel.__init__


def _is_stock(model: Any, name: str) -> bool:
    accessor = next((c.__dict__[name] for c in model.__mro__ if name in c.__dict__), None)
    return type(accessor) is FieldAccessor or isinstance(accessor, CheckedForeignKeyAccessor)


def _kind(field: Any) -> type:
    """Return the type whose values the field's conversion would give back as they are."""
    while isinstance(field, ForeignKeyField):
        field = field.rel_field
    for base, kind in ((IntegerField, int), (TextField, str), (CharField, str)):
        if isinstance(field, base):
            stock = all(getattr(type(field), name) is getattr(base, name) for name in _CONVERSION)
            return kind if stock else _NoKind
    return _NoKind


_CONVERSION = ("python_value", "adapt")


class _NoKind:
    """No value is of this type, so that every one is converted."""
