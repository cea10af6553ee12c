"""One database of a tenant, by role: how it is opened, read and written."""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from peewee import OperationalError

from . import sqlite, stamps
from .current import current
from .database import RoutedDatabase, SharedDatabase, StoreDatabase
from .errors import AlreadyCreated, ReadOnlyStore, TenantError
from .locks import DBLock

if TYPE_CHECKING:
    from .router import Router

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("tenants")

#: A write that found the database busy is rerun so often …
RETRIES = 5
#: … after a random wait of up to this many seconds, doubled each time …
BACKOFF = 0.05
#: … and no longer than this many seconds in all.
DEADLINE = 30.0


class Store:
    """A database of one tenant (or shared by several), by role.

    Attributes:
        id: its own id, never reused.
        owner: the id of the tenant that it belongs to; others may share it.
        role: `books`, `registers`, …
        generation: grows when the store is replaced by a restore or a move.
        label: what people call it: `acme/books`.
        path: its file.
        lock: its writers' queue in this process.
        database: the Peewee database; usable in entries that hold the store.
        read_only: why it can't be written, or None.
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
    ) -> None:
        self.router = router
        self.id = store_id
        self.owner = owner
        self.role = role
        self.generation = generation
        self.path = path
        self.label = label
        self.stamp: stamps.Stamp = (store_id, generation)
        self.lock = DBLock(label)
        self.read_only: str | None = None
        self._uri = sqlite.uri(path)
        self.database: RoutedDatabase = SharedDatabase(self) if not owner else StoreDatabase(self)
        stamps.know(self)

    # Opening

    def open(self) -> Any:
        """Open a new connection to the file, checked and set up; the caller closes it."""
        identity = (self.id, self.owner, self.role, self.generation)
        return sqlite.connect(self._uri, identity, self.label)

    def checkout(self) -> Any:
        """Return a warm connection, or a new one."""
        connection = self.router.pool.take(self)
        if connection is None:
            connection = self.open()
            self.database._add_conn_hooks(connection)
        return connection

    def give_back(self, connection: Any) -> None:
        """Keep a connection warm for the next entry."""
        self.router.pool.give_back(self, connection)

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """Give scripts and long tasks a fresh driver connection with all settings, closed at the end.

        It is opened by whoever names the store, so it needs no entry; what is open on it at the end is rolled back.
        """
        with closing(self.open()) as connection:
            yield connection

    # Reading

    @contextmanager
    def reading(self) -> Iterator[RoutedDatabase]:
        """Read one consistent state throughout, while others go on writing; writing in it is refused."""
        database = self.database
        if database.in_transaction():
            yield database
            return
        state = database._use()
        with database.transaction("DEFERRED"):
            database.execute_sql("PRAGMA query_only = ON")
            state.reading = True
            try:
                yield database
            finally:
                state.reading = False
                if not state.ended and state.conn is not None:
                    state.conn.execute("PRAGMA query_only = OFF")

    # Writing

    @contextmanager
    def writing(self) -> Iterator[RoutedDatabase]:
        """Wait for the turn, then run the block once in a transaction; inside another, in a savepoint.

        Raises:
            LockTimeout: the turn didn't come in time.
            ReadOnlyStore: the store was set read-only after a fault.
        """
        self.require_writable()
        database = self.database
        self._refuse_in_reading()
        with database.atomic():
            yield database

    def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in a transaction of its own, and rerun it whole while the database is busy.

        Inside another transaction it runs once, in a savepoint: the outermost `write` is what is rerun. Without an
        entry that holds the store, one is entered for the time.

        Args:
            function: must be safe to run again from the start.

        Raises:
            OperationalError: the first busy error, after five retries or at the deadline; any other error at once.
        """
        with self._entered():
            if self.database.in_transaction():
                with self.writing():
                    return function(*args, **kwargs)
            return self._retried(lambda: function(*args, **kwargs))

    def _retried(self, work: Callable[[], T]) -> T:
        first: OperationalError | None = None
        deadline = time.monotonic() + DEADLINE
        for attempt in range(RETRIES + 1):
            try:
                with self.writing():
                    return work()
            except OperationalError as error:
                if not sqlite.is_busy(error):
                    raise
                first = first or error
                pause = random.uniform(0, BACKOFF * 2**attempt)
                if attempt == RETRIES or time.monotonic() + pause > deadline:
                    raise first from None
                time.sleep(pause)
        raise AssertionError("unreachable")

    def execute_write_with_retry(self, sql: str, params: Any = ()) -> Any:
        """Run one writing statement in a transaction of its own, retried while busy; return its cursor."""
        return self.write(self.database.execute_sql, sql, params)

    def execute_sql(self, sql: str, params: Any = ()) -> Any:
        """Run SQL as it is on the entry's connection: the hot path. Returns the cursor."""
        return self.database.execute_sql(sql, params)

    def create_db(self, schema_file: str | Path) -> bool:
        """Run a schema.sql once, for tables that have no models. Returns False where that file was run before.

        Raises:
            AlreadyCreated: another schema file, or another state of this one, was run on this store.
        """
        script = Path(schema_file).read_text(encoding="utf-8")
        digest = hashlib.sha256(script.encode()).hexdigest()
        with self.get_connection() as connection:
            return _run_schema_once(connection, script, digest, self.label)

    # Faults

    def note(self, error: BaseException) -> None:
        """Set the store read-only if the error tells of a failing disk or file, and tell the operator."""
        reason = sqlite.fault(error)
        if reason is not None and self.read_only is None:
            self.read_only = reason
            log.critical("%s is read-only from now on: %s (%s)", self.label, reason, error)

    def require_writable(self) -> None:
        """Raise `ReadOnlyStore` where a fault has made the store read-only."""
        if self.read_only is not None:
            raise ReadOnlyStore(
                f"{self.label} is read-only after {self.read_only}: mend the disk, run a check, then restart."
            )

    def _refuse_in_reading(self) -> None:
        if self.database._use().reading:
            raise TenantError(
                f"{self.label} is being read as a snapshot here: write before or after `reading()`."
            )

    @contextmanager
    def _entered(self) -> Iterator[None]:
        held = current.get().stores.get(self.role) is self or not self.owner
        with nullcontext() if held else self.router.using(self.owner):
            yield

    def __repr__(self) -> str:
        return f"<Store {self.label}>"


def _run_schema_once(connection: Any, script: str, digest: str, label: str) -> bool:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS store_schema (digest TEXT NOT NULL) STRICT")
        row = connection.execute("SELECT digest FROM store_schema").fetchone()
        if row is not None and row[0] != digest:
            raise AlreadyCreated(
                f"Another schema was created in {label} before; migrate it instead."
            )
        if row is None:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute("INSERT INTO store_schema VALUES (?)", (digest,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return row is None


def _statements(script: str) -> Iterator[str]:
    # Not executescript(): it commits first, and the schema must come whole or not at all.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite.driver.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
