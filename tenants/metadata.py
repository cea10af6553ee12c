"""Which database a model's queries go to: asked anew each time, answered by the current entry."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

from peewee import FieldDatabaseHook, ForeignKeyField, ManyToManyField, Metadata, Model, Table

from . import relations, routers
from .current import current, establish_key
from .errors import BindingFixed, NoTenant, WrongTenant
from .null import NullDatabase, UnboundDatabase

_ids = itertools.count(1)

#: Every routed model's metadata, so that an entry can be filled as it is entered.
registry: weakref.WeakSet[ThreadSafeDatabaseMetadata] = weakref.WeakSet()


class Inherited:
    """What a base model was declared with, on its way to a model derived from it."""

    def __init__(self, declared: Any) -> None:
        self.declared = declared


class ThreadSafeDatabaseMetadata(Metadata):
    """A model's metadata, whose `database` is that of whoever asks.

    Set it as `model_metadata_class` on a base model (`RoutedModel` has it), and declare in `class Meta`:

    - `store = "books"`: the model belongs to that store of every tenant. It resolves in a live entry only; elsewhere
      to a null database whose first use raises `NoTenant`.
    - `is_static = True`: it keeps the database it was declared with, whatever the key.
    - neither: it is universal, and resolves to the shared database of the router, or to what it was bound to.

    Without a router about, it behaves as Peewee's own class.
    """

    _table: Table | None

    def __init__(
        self,
        model: type[Model],
        database: Any = None,
        *args: Any,
        store: str | None = None,
        is_static: bool = False,
        **kwargs: Any,
    ) -> None:
        if store is not None and is_static:
            raise TypeError(f"{model.__name__} can't be static and in the {store!r} store.")
        declared = self._declaration(model, database, "model_metadata_class" in kwargs)
        if store is not None:
            declared = None
        has_own_property = type(self).database is not ThreadSafeDatabaseMetadata.database
        super().__init__(model, declared if has_own_property else None, *args, **kwargs)
        self.store = store
        self.is_static = is_static
        declarations = {"store": store is not None, "is_static": is_static}
        self._additional_keys |= {name for name, given in declarations.items() if given}
        self._declared = declared
        if "model_metadata_class" in kwargs:
            # Peewee hands `database` down from here, past the property, so that a model tells what it inherits from
            # what it declares.
            self.__dict__["database"] = Inherited(declared)
        self.row_plan: Any = None
        self.model_id = next(_ids)
        if store is not None:
            relations.require_routed_base(model, store)
        registry.add(self)
        routers.model_made(self)

    @staticmethod
    def _declaration(model: type[Model], database: Any, chosen: bool) -> Any:
        if isinstance(database, Inherited):
            return database.declared
        if chosen:
            return database
        # Where this class was put in the place of Peewee's own, Peewee hands down what the base class resolves to at
        # this moment. What an entry says isn't a declaration.
        for base in model.__mro__[1:]:
            meta = getattr(base, "_meta", None)
            if isinstance(meta, ThreadSafeDatabaseMetadata):
                if isinstance(database, NullDatabase) or database is meta.database:
                    return meta._declared
                break
        return database

    def _get_db(self) -> Any:
        try:
            return current.get()[self.model_id]
        except KeyError:
            return self._resolve()

    def _set_db(self, database: Any) -> None:
        if "model_id" not in self.__dict__:  # Peewee's own __init__, with the None that we pass
            return
        entry = current.get()
        if self.is_static:
            raise BindingFixed(
                f"{self.model.__name__} is static: it keeps the database that it was declared with."
            )
        if self.store is not None:
            self._check_store_binding(database)
        elif entry.live:
            entry[self.model_id] = database
        else:
            router = routers.find()
            if router is None and routers.ambiguous():
                raise UnboundDatabase(self.model).refusal()
            if router is None:
                self._declared = database
            else:
                router.bind_universal(self, database)

    database = property(_get_db, _set_db)

    def _check_store_binding(self, database: Any) -> None:
        store = current.get().stores.get(self.store or "")
        if store is None:
            raise NoTenant(
                f"{self.model.__name__} belongs to the {self.store!r} store and can't be bound under the key "
                f"{establish_key()}: enter a tenant with `router.using(slug)`, which binds it."
            )
        if database is not store.database:
            raise WrongTenant(
                f"{self.model.__name__} belongs to {store.label} in this entry and can't be bound to {database!r}."
            )

    def _resolve(self) -> Any:
        if self.is_static:
            return self._declared
        entry = current.get()
        if self.store is not None:
            store = entry.stores.get(self.store)
            if store is None:
                return NullDatabase(self.model, self.store, establish_key())
            entry[self.model_id] = store.database
            return store.database
        router = entry.router if entry.live else routers.find()
        if router is not None:
            return router.universal_database(self)
        if self._declared is None and routers.ambiguous():
            return UnboundDatabase(self.model)
        return self._declared

    def is_plain(self) -> bool:
        """True where nothing routes this model, so that it is Peewee's own affair."""
        if self.store is not None or self.is_static:
            return False
        return not current.get().live and routers.find() is None

    def set_database(self, database: Any) -> None:
        """Bind the model as Peewee's own users do; routed models within the current key alone."""
        if self.is_plain():
            super().set_database(database)
        else:
            self.database = database

    @property
    def table(self) -> Table:
        """The model's table. It holds no database that an entry decided, so it can be kept."""
        if self._table is None:
            self._table = Table(
                self.table_name,
                [field.column_name for field in self.sorted_fields],
                schema=self.schema,
                _model=self.model,
                _database=self.database if self.is_plain() else self._declared,
            )
        return self._table

    @table.setter
    def table(self, value: Any) -> None:
        raise AttributeError('Cannot set the "table".')

    @table.deleter
    def table(self) -> None:
        self._table = None

    def add_field(self, field_name: str, field: Any, set_attribute: bool = True) -> None:
        """Add a field; relations never lead to another store, and those of a store's model are checked."""
        if isinstance(field, (ForeignKeyField, ManyToManyField)):
            relations.guard(self, field_name, field)
        super().add_field(field_name, field, set_attribute)
        if self.store is not None and isinstance(field, FieldDatabaseHook):
            # Such fields choose their dialect once, as the class is made; every embedded store speaks SQLite's.
            field._db_hook(NullDatabase(self.model, self.store, establish_key()))
        elif (
            isinstance(field, FieldDatabaseHook)
            and getattr(self.model, "_routed", False)
            and self._declared is None
        ):
            field._db_hook(UnboundDatabase(self.model))
