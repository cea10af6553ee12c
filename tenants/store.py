"""One database of a tenant, by role: how it is opened, read and written."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from peewee import Model, PeeweeException

from . import engines, saving, schema, sqlite, stamps
from .current import current
from .database import RoutedDatabase, StoreDatabase
from .errors import ReadOnlyStore, StoreAhead, StoreBehind, TenantError, WrongFile
from .places import relative_home
from .retrying import retried
from .schemas import pending
from .shared import SharedDatabase
from .store_locks import StoreLock, lock_of
from .writing import Writing

if TYPE_CHECKING:
    from .engines import Engine
    from .leasing.homes import Home
    from .router import Router

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Model)

log = logging.getLogger("tenants")


class Store:
    """A database of one tenant (or shared by several), by role.

    Attributes:
        id: its own id, never reused.
        owner: the id of the tenant that it belongs to; others may share it. Empty for the shared database.
        role: `books`, `registers`, …
        generation: grows when the store is replaced by a restore or a move.
        label: what people call it: `acme/books`.
        path: its file; of an engine without files, what tells it from all others in this process.
        engine: where it lives.
        read_only: after which fault it can't be written, or None; `fault` is what told of it.
        trouble: why the catalogue has it in quarantine, in which it can only be read, or None.
        schema: which migrations it has been through, as the catalogue says; None as long as that wasn't asked.
        made_lock: `lock`, or None as long as nobody has written.
    """

    def __init__(
        self,
        router: Router,
        store_id: str,
        owner: str,
        role: str,
        generation: int,
        path: str,
        label: str,
        engine: Engine = engines.FILES,
    ) -> None:
        self.router = router
        self.engine = engine
        self.id = store_id
        self.owner = owner
        self.role = role
        self.generation = generation
        self.path = path
        self.label = label
        self.stamp: stamps.Stamp = (store_id, generation)
        self.read_only: str | None = None
        self.fault: BaseException | None = None
        self.trouble: str | None = None
        self.schema: str | None = None
        self.made_lock: StoreLock | None = None
        self._made_home: Home | None = None
        self._made_database: RoutedDatabase | None = None

    @property
    def database(self) -> RoutedDatabase:
        """The Peewee database; usable in entries that hold the store."""
        return self._made_database or self._make_database()

    def _make_database(self) -> RoutedDatabase:
        # At the first touch, as a server knows thousands of stores; whoever comes first makes it for all threads.
        with self.router.mutex:
            if self._made_database is None:
                stamps.know(self)
                self._made_database = StoreDatabase(self) if self.owner else SharedDatabase(self)
            return self._made_database

    @property
    def lock(self) -> StoreLock:
        """Its writers' queue."""
        if self.made_lock is None:
            self.made_lock = lock_of(self.path, self.label)
        return self.made_lock

    def queue(self) -> int:
        """Return the descriptor of the file at which the processes queue, below 0 where there is none."""
        if not self.engine.among_processes:
            return -1
        return self.home.descriptor if self.owner else self.router.homes.shared()

    @property
    def home(self) -> Home:
        """The lock of the folder that it lies in: its owner's."""
        if self._made_home is None:
            self._made_home = self.router.homes.of(self.owner, self.label.partition("/")[0])
        return self._made_home

    def tables_of(self, models: Iterable[type[Model]]) -> tuple[str, ...]:
        """Return models' tables. Raises `TenantError` where one isn't in this store."""
        found = []
        for model in models:
            meta: Any = model._meta
            if getattr(meta, "store", None) != self.role:
                raise TenantError(
                    f"{model.__name__} isn't in {self.label}: name models of that store."
                )
            found.append(str(meta.table_name))
        return tuple(found)

    def rename(self, label: str) -> None:
        """Be called something else from now on, in messages too, as its tenant has another slug."""
        self.label = label
        if self._made_database is not None:
            stamps.know(self)
        if self.made_lock is not None:
            self.made_lock.name = label
        if self._made_home is not None:
            self._made_home.label = label.partition("/")[0]

    # Opening

    def open(self, any_version: bool = False) -> Any:
        """Open a new connection, checked and set up; the caller closes it.

        Args:
            any_version: whatever its schema's version is; for maintenance.

        Raises:
            WrongFile: the file isn't what the catalogue expects.
            StoreBehind, StoreAhead: its schema is older, or newer, than the program can work with.
        """
        versions = None if any_version else self.router.versions(self.role)
        try:
            with self._noted():
                connection = self.engine.open(self, versions)
        except (StoreBehind, StoreAhead) as error:
            raise self._of_other_version(error) from error
        self.database._add_conn_hooks(connection)
        return connection

    def _of_other_version(self, error: WrongFile) -> WrongFile:
        wanted = self.router.migrations[self.role]
        if self.owner and self.schema == wanted.fingerprint:
            with suppress(PeeweeException, TenantError):  # the next run finds it in any case
                pending.doubt(self.router, self)
        if self.trouble is None:
            return error
        return type(error)(f"{error} It is in quarantine: {self.trouble}")

    def open_to_look(self) -> Any:
        """Open a connection that reads at any version, and leaves the file and its log as they are.

        Raises:
            WrongFile: the file isn't what the catalogue expects.
        """
        with self._noted():
            return self.engine.open_to_look(self)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Note what opening it in the block tells of a failing disk."""
        try:
            yield
        except WrongFile as error:
            if error.__cause__ is not None and sqlite.is_of_the_disk(error.__cause__):
                self.note(error.__cause__)
            raise

    def size(self) -> int | None:
        """Return how many bytes it takes where it lives, without what is only in a log yet; None if it isn't there."""
        return self.engine.size(self)

    @property
    def folder(self) -> str:
        """The folder of its owner, in which what belongs to it lies, whether or not it is a file itself.

        The shared database's is the data folder.
        """
        if not self.owner:
            return str(self.router.path)
        return f"{self.router.path}/{relative_home(self.owner)}"

    def take_schema(self, schema: str) -> None:
        """Take over what the catalogue says of its schema."""
        before, self.schema = self.schema, schema
        if before not in (None, schema):
            # What is warm was checked at another version; whoever comes next opens the file, which says its own.
            self.router.pool.close(self)

    def _identity(self) -> sqlite.Identity:
        return (self.id, self.owner, self.role, self.generation)

    def require_identity(self, connection: Any) -> None:
        """Raise `WrongFile` unless the database still says that it is this store."""
        sqlite.require_identity(connection, self._identity(), self.label)

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """Give scripts and long tasks a fresh driver connection with all settings, closed at the end.

        It is opened by whoever names the store, so it needs no entry; what is open on it at the end is rolled back.
        After a fault it can only be read.
        """
        with self.router.pool.opened(self) as connection:
            if self.read_only is not None or self.trouble is not None:
                connection.execute("PRAGMA query_only = ON")
            try:
                yield connection
            except sqlite.driver.Error as error:
                self.note(error)
                raise

    def create_db(self, schema_file: str | Path) -> bool:
        """Run a schema.sql once, for tables that have no models. Returns False where that file was run before.

        Raises:
            AlreadyCreated: another schema file, or another state of this one, was run on this store.
        """
        return schema.create(self, schema_file)

    # Reading

    @contextmanager
    def reading(self) -> Iterator[RoutedDatabase]:
        """Read one consistent state throughout, while others go on writing; writing in it is refused.

        Inside a transaction it is that transaction's state, and writing goes on being allowed.
        """
        database = self.database
        if database.in_transaction():
            yield database
            return
        apart = self.engine.apart(database._use())
        with apart, database.transaction("DEFERRED") as transaction:
            state = transaction.state
            state.run("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()  # the state as of now
            # However this ends, the connection isn't pooled as it is now.
            spoiled, state.spoiled, state.reading = state.spoiled, True, True
            state.run("PRAGMA query_only = ON")
            try:
                yield database
            finally:
                if not state.ended and state.conn is not None:
                    state.run("PRAGMA query_only = OFF")
                    state.spoiled, state.reading = spoiled, False

    def snapshot(self, model: type[M]) -> dict[Any, M]:
        """Return `{primary key: row}` of all of a model's rows, as of one instant, to be worked through at leisure.

        They are copies: nothing is held while somebody goes through them, and changing one changes nothing but itself,
        until it is saved, in an entry of the tenant. Without an entry that holds the store, one is entered.

        Raises:
            TenantError: the model isn't in this store, or has no primary key.
        """
        meta: Any = model._meta
        if getattr(meta, "store", None) != self.role or meta.primary_key is False:
            raise TenantError(
                f"{model.__name__} can't be snapshot from {self.label}: it isn't in that store, or has no primary key."
            )
        if self.owner and current.get().stores.get(self.role) is not self:
            with self.router.using(self.owner):
                return self.snapshot(model)
        return {row._pk: row for row in model.select()}

    def save(self, path: str | Path, file_format: str = "json", *models: type[Model]) -> Path:
        """Write it, or some of its tables, as of one instant into a file of that name, in the place of any other.

        The file is there whole or not at all. No entry is needed.

        Args:
            path: the file.
            file_format: `json`; `csv` for one model; `sqlite`, a whole database, for all of it.
            models: what is written; everything unless any is named.

        Raises:
            TenantError: there is no such format, or not for that; or the file can't be written.
        """
        return saving.save(self, path, file_format, self.tables_of(models))

    async def async_save(
        self, path: str | Path, file_format: str = "json", *models: type[Model]
    ) -> Path:
        """Do what `save` does without keeping the event loop from anything else."""
        return await saving.save_aside(self, path, file_format, self.tables_of(models))

    # Writing

    def writing(self, *models: type[Model]) -> Writing:
        """Wait for the turn, then run the block once in a transaction; inside another, in a savepoint.

        Args:
            models: what the block writes. Of a store in memory, others can use the rest meanwhile; unless any is named,
                the block has the whole store. A file has one writer and any number of readers in any case.

        Raises, on entering the block:
            LockTimeout: the turn didn't come in time.
            ReadOnlyStore: the store was set read-only after a fault.
        """
        return Writing(self, models=models)

    def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in a transaction of its own, and rerun it whole while the database is busy.

        Inside another transaction it runs once, in a savepoint: the outermost `write` is what is rerun. Without an
        entry that holds the store, one is entered for the time.

        Args:
            function: must be safe to run again from the start.

        Raises:
            OperationalError: the first busy error, after five retries or at the deadline; any other error at once.
        """
        if self.owner and current.get().stores.get(self.role) is not self:
            with self.router.using(self.owner):
                return self._write(function, *args, **kwargs)
        return self._write(function, *args, **kwargs)

    def _write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def attempt(patience: float | None = None) -> T:
            with Writing(self, patience):
                return function(*args, **kwargs)

        return attempt() if self.database.in_transaction() else retried(attempt)

    def execute_write_with_retry(self, sql: str, params: Any = ()) -> Any:
        """Run one writing statement in a transaction of its own, retried while busy; return its cursor."""
        return self.write(self.database.execute_sql, sql, params)

    def execute_sql(self, sql: str, params: Any = ()) -> Any:
        """Run SQL as it is on the entry's connection: the hot path. Returns the cursor."""
        return self.database.execute_sql(sql, params)

    # Faults

    def note(self, error: BaseException) -> None:
        """Set the store read-only if the error tells of a failing disk or file, and tell the operator."""
        reason = sqlite.fault(error)
        if reason is not None and self.read_only is None:
            self.read_only = reason
            self.fault = copy.copy(error).with_traceback(None)  # nobody's frames are kept
            log.critical("%s is read-only from now on: %s (%s)", self.label, reason, error)

    def require_writable(self) -> None:
        """Raise `ReadOnlyStore` where a fault or the catalogue has made the store read-only."""
        if self.trouble is not None:
            raise ReadOnlyStore(
                f"{self.label} is in quarantine and can only be read: {self.trouble}. Mend that, then migrate it."
            )
        if self.read_only is not None:
            raise ReadOnlyStore(
                f"{self.label} is read-only after {self.read_only}: mend the disk, run a check, then restart."
            ) from self.fault

    def __repr__(self) -> str:
        return f"<Store {self.label}>"
