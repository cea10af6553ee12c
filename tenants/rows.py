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

from .current import current
from .cursors import StoreCursor
from .relations import CheckedForeignKeyAccessor

#: How many rows are fetched at a time by whoever iterates: few enough that a `break` wastes little.
CHUNK = 100


class GuardedRows:
    """Mixed into each of Peewee's cursor wrappers: rows that were fetched are checked when they are read again.

    Rows come in chunks, so that the check of each fetch is shared.
    """

    cursor: StoreCursor
    count: int
    populated: bool
    initialized: bool

    @property
    def row_cache(self) -> list[Any]:
        self.cursor.check("These rows")
        return self.__dict__["row_cache"]

    @row_cache.setter
    def row_cache(self, value: list[Any]) -> None:
        self.__dict__["row_cache"] = value

    def __len__(self) -> int:
        self.fill_cache()
        return len(self.row_cache)

    def __iter__(self) -> Iterator[Any]:
        self.cursor.check("These rows")
        return self._walk()

    def _walk(self) -> Iterator[Any]:
        cache, cursor, entry, who, index = (
            self.__dict__["row_cache"], self.cursor, self.cursor.entry, current.get, 0,
        )  # fmt: skip
        while True:
            while index < len(cache):
                if who() is not entry or not entry.live:
                    cursor.check("These rows")
                yield cache[index]
                index += 1
            if self.populated or not self._fetch(CHUNK):
                return

    def fill_cache(self, n: int | None = 0) -> None:
        """Fetch until there are `n` rows, or all of them for 0 or None."""
        n = n or 0
        if n < 0:
            raise ValueError("Negative values are not supported.")
        if not self.populated and (not n or n > self.count):
            self._fetch(n - self.count if n else 0)

    def _fetch(self, count: int) -> bool:
        """Add up to `count` rows to the cache (0: all there are); say whether any came."""
        fetched = self.cursor.fetchmany(count) if count else self.cursor.fetchall()
        cache = self.__dict__["row_cache"]
        if fetched:
            if not self.initialized:
                self.initialize()
                self.initialized = True
            cache.extend(self.make(fetched))
            self.count = len(cache)
        if not count or not fetched:
            self.populated = True
            self.cursor.close()
        return bool(fetched)

    def initialize(self) -> None:
        super().initialize()  # type: ignore[misc]

    def make(self, fetched: list[tuple[Any, ...]]) -> list[Any]:
        """Return what the caller gets for rows as the driver gave them."""
        return list(map(self.process_row, fetched))  # type: ignore[attr-defined]


@cache
def _guarded_class(cls: type) -> type:
    return type(cls.__name__, (GuardedRows, cls), {})


def is_checked(cursor: Any) -> bool:
    """True for the cursor of a store; a query may be run on other databases too."""
    return isinstance(cursor, StoreCursor)


def guarded(wrapper: Any) -> Any:
    """Return the wrapper that Peewee made for a store's cursor, as one that checks."""
    if not isinstance(wrapper, GuardedRows) and is_checked(getattr(wrapper, "cursor", None)):
        own: Any = type(wrapper)
        wrapper.__class__ = _guarded_class(own)
    return wrapper


class Plan:
    """How rows of one model become instances without its `__init__`: which names, and which values to convert.

    Args:
        fields: the list of the model's fields that it was made for; None for some of them.
        names: the fields' names, in the order of the columns.
        conversions: `(name, type whose values are right already, conversion)` for the rest.
    """

    __slots__ = ("conversions", "fields", "names")

    def __init__(
        self,
        fields: Any,
        names: list[str],
        conversions: list[tuple[str, type, Callable[[Any], Any]]],
    ) -> None:
        self.fields = fields
        self.names = names
        self.conversions = conversions

    @classmethod
    def of(cls, model: Any, fields: list[Any]) -> Plan | None:
        """Return the plan for all of a model's columns, made once; None where it must go through Peewee.

        Args:
            fields: which were all when the query was built.
        """
        meta = model._meta
        if fields is not meta.sorted_fields:  # a field was added or removed since
            return None
        plan = meta.row_plan
        if plan is None or plan.fields is not fields:
            conversions = [(f.name, _kind(f), f.python_value) for f in fields if f._coerce]
            names = [f.name for f in fields]
            plan = meta.row_plan = cls(fields, names if is_stock(model, names) else [], conversions)
        return plan if plan.names else None


class RoutedRows(GuardedRows, ModelObjectCursorWrapper):
    """Instances of one model, made without going through its `__init__` where that and its accessors are stock."""

    def __init__(self, cursor: Any, model: Any, select: Any, fields: list[Any] | None) -> None:
        super().__init__(cursor, model, select, model)
        self.plan = Plan.of(model, fields) if fields is not None else None
        self.initialized = self.plan is not None

    def initialize(self) -> None:
        super().initialize()
        names = self.unique_columns
        if is_stock(self.model, names):
            conversions = [
                (names[index], _kind(self.fields[index]), self.converters[index])
                for index in self.convert
            ]
            self.plan = Plan(None, names, conversions)

    def process_row(self, row: tuple[Any, ...]) -> Any:
        return self.make([row])[0] if self.plan is not None else super().process_row(row)

    def make(self, fetched: list[tuple[Any, ...]]) -> list[Any]:
        plan, model = self.plan, self.model
        if plan is None:
            return super().make(fetched)
        names, conversions, new = plan.names, plan.conversions, model.__new__
        stamp = self.cursor.store.stamp
        made = []
        for row in fetched:
            data = dict(zip(names, row))  # noqa: B905 - the driver gives as many values as columns
            for name, kind, convert in conversions:
                value = data[name]
                if type(value) is not kind and value is not None:
                    data[name] = convert(value)
            instance = new(model)
            instance.__data__ = data
            instance.__rel__ = {}
            instance._dirty = set()
            instance._stamp = stamp
            made.append(instance)
        return made


@cache
def _stock_init() -> Callable[..., None]:
    from .routed import RoutedModel

    return RoutedModel.__init__


def is_stock(model: Any, names: list[str]) -> bool:
    """True where each name is a field of the model, and neither accessors nor set-up are the application's own."""
    if model.__init__ is not _stock_init() or model.__setattr__ is not object.__setattr__:
        return False
    fields = model._meta.fields
    plan = model._meta.row_plan
    if plan is not None and plan.names and plan.fields is model._meta.sorted_fields:
        return all(name in fields for name in names)
    return all(name in fields and _has_stock_accessor(model, name) for name in names)


def _has_stock_accessor(model: Any, name: str) -> bool:
    accessor = next((c.__dict__[name] for c in model.__mro__ if name in c.__dict__), None)
    return type(accessor) is FieldAccessor or isinstance(accessor, CheckedForeignKeyAccessor)


def _kind(field: Any) -> type:
    """Return the type whose values the field's conversion would give back as they are."""
    while isinstance(field, ForeignKeyField):
        if type(field).python_value is not ForeignKeyField.python_value:
            return _NoKind
        field = field.rel_field
    for base, kind in ((IntegerField, int), (TextField, str), (CharField, str)):
        if isinstance(field, base):
            stock = all(getattr(type(field), name) is getattr(base, name) for name in _CONVERSION)
            return kind if stock else _NoKind
    return _NoKind


_CONVERSION = ("python_value", "adapt")


class _NoKind:
    """No value is of this type, so that every one is converted."""
