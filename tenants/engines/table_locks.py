"""The locks of one database in memory: the writers' turn, the database as a whole, and one for each table."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ..errors import LockTimeout, WouldDeadlock
from ..rwlocks import RWLock
from . import plans
from .plans import Plan

if TYPE_CHECKING:
    from ..locks import DBLock

#: How many statements' plans are kept.
_KEPT = 2000


class TableLocks:
    """What all connections to one database have in common.

    SQLite's own locks in a shared cache can't be waited for: who finds one taken gets an error at once. So nobody gets
    that far who hasn't the same lock here, for which one waits in turn. They are taken in one order, so that no two
    wait for each other: the turn to write, of which SQLite has one for each database; the database as a whole, which
    nearly everybody has together with others; then tables by name.

    Args:
        label: what people call the store.
        writers: the store's turn to write.
    """

    def __init__(self, label: str, writers: DBLock) -> None:
        self.label = label
        self.writers = writers
        self.whole = RWLock(label)
        self.tables: dict[str, RWLock] = {}
        self.plans: dict[str, Plan] = {}
        self._states = itertools.count(1)
        self.state = 0

    def of(self, table: str) -> RWLock:
        """Return the lock of a table."""
        lock = self.tables.get(table)
        if lock is None:  # by one step, so that all threads come to have the same
            lock = self.tables.setdefault(table, RWLock(f"the table {table} of {self.label}"))
        return lock

    def changed(self) -> None:
        """Somebody has the whole store: what was compiled before may not hold after it."""
        self.plans.clear()
        self.state = self.new_state()

    def new_state(self) -> int:
        """Return a number that no state of the schema, or of a connection, had before."""
        return next(self._states)

    def plan(self, connection: Any, sql: str, params: Any, outline: Plan, keep: bool) -> Plan:
        """Return what a statement on rows locks; the caller sees to it that nobody changes the schema meanwhile."""
        state = self.state if keep else self.new_state()
        found = plans.read(connection, sql, params, outline.writes, state)
        if keep:
            if len(self.plans) >= _KEPT:
                self.plans.clear()
            self.plans[sql] = found
        return found


class Hold:
    """What one connection has of the locks, from its first statement to the end of its transaction.

    Attributes:
        user: who may have the turn to write on the connection's behalf: what an entry has in hand of it.
        names: the tables that the next transaction is to write; None for all that there are.
        patience: seconds that the next transaction waits for each of its locks; None for the locks' own time-out.
    """

    __slots__ = (
        "_alone",
        "_altered",
        "_locks",
        "_shared",
        "_tables",
        "_turn",
        "names",
        "patience",
        "user",
    )

    def __init__(self, locks: TableLocks) -> None:
        self._locks = locks
        self._turn = self._shared = self._alone = self._altered = False
        self._tables: dict[str, bool] = {}
        self.user: object | None = None
        self.names: tuple[str, ...] | None = None
        self.patience: float | None = None

    # Before a statement

    def prepare(self, connection: Any, sql: str, params: Any) -> None:
        """Take what a statement needs and the connection doesn't have yet.

        Raises:
            LockTimeout: it wasn't to be had in time.
            WouldDeadlock: to wait for it could mean to wait for ever.
        """
        if self._alone:
            return
        locks = self._locks
        plan = None if self._altered else locks.plans.get(sql)
        if plan is None:
            plan = plans.outline(sql)
            if plan.begins:
                self._begin(connection, plan)
                return
            if plan.alters:
                self._altered = True
        if plan.writes:
            self._take_turn(connection)
        if plan.alone:
            self._take_whole(connection)
            return
        if not self._shared:
            self._share()
        if plan.rows:
            plan = locks.plan(connection, sql, params, plan, not self._altered)
            if plan.alone:
                self._take_turn(connection)
                self._take_whole(connection)
                return
        if plan.tables:
            self._take(plan.tables)

    def _begin(self, connection: Any, plan: Plan) -> None:
        names, self.names = self.names, None
        if plan.begins == "DEFERRED":
            if not self._shared:
                self._share()
            return
        self._take_turn(connection)
        if names is None or plan.begins == "EXCLUSIVE":
            self._take_whole(connection)
        else:
            self._share()
            self.take_to_write(connection, names)

    def stop_writers(self, connection: Any) -> None:
        """Have nobody write from now on: SQLite copies nothing while somebody does."""
        self._take_turn(connection)
        self._share()

    def take_to_write(self, connection: Any, names: tuple[str, ...]) -> None:
        """Take what writing to these tables locks, in order of the names."""
        if self._alone:
            return
        state = self._locks.new_state() if self._altered else self._locks.state
        wanted: dict[str, bool] = {}
        for name in names:
            for table, writes in plans.to_write(connection, name, state).items():
                wanted[table] = wanted.get(table, False) or writes
        self._take(tuple(sorted(wanted.items())))

    # One after the other

    def _take_turn(self, connection: Any) -> None:
        writers = self._locks.writers
        if self._turn or writers.held(connection) or writers.held():
            return
        if self.user is not None and writers.held(self.user):
            return
        try:
            writers.acquire(0 if self._shared else self.patience, owner=connection)
        except LockTimeout as error:
            if not self._shared:
                raise
            raise WouldDeadlock(
                f"{self._locks.label}: a transaction that has begun to read can't begin to write while others are "
                f"writing: begin it with `store.writing()`."
            ) from error
        self._turn = True

    def _share(self) -> None:
        self._locks.whole.acquire_read(self.patience, owner=self)
        self._shared = True

    def _take_whole(self, connection: Any) -> None:
        locks = self._locks
        try:
            locks.whole.acquire_write(0 if self._shared else self.patience, owner=self)
        except LockTimeout as error:
            if not self._shared:
                raise
            raise WouldDeadlock(
                f"{locks.label}: this needs the whole store, in which others are reading, and has a part of it in "
                f"hand: begin with `store.writing()`, without naming tables."
            ) from error
        self._alone = True
        locks.changed()

    def _take(self, wanted: tuple[tuple[str, bool], ...]) -> None:
        has = self._tables
        for name, writes in wanted:
            mine = has.get(name)
            if mine is None or (writes and not mine):
                self._take_table(name, writes, not has or name > max(has))

    def _take_table(self, name: str, writes: bool, in_order: bool) -> None:
        lock = self._locks.of(name)
        take = lock.acquire_write if writes else lock.acquire_read
        try:
            take(self.patience if in_order else 0, owner=self)
        except LockTimeout as error:
            if in_order:
                raise
            raise WouldDeadlock(
                f"{lock.name} is in use, and this transaction has tables in hand that come after it, so that to wait "
                f"for it could mean to wait for ever: name it, with all that the block uses, in `store.writing(…)`. "
                f"Nothing was changed; try again."
            ) from error
        self._tables[name] = writes

    # After it

    def release(self, connection: Any) -> None:
        """Give everything back: the transaction has ended."""
        locks = self._locks
        if self._tables:
            for name in self._tables:
                locks.of(name).release_wholly(self)
            self._tables = {}
        if self._shared or self._alone:
            self._shared = self._alone = False
            locks.whole.release_wholly(self)
        if self._turn:
            self._turn = False
            locks.writers.release(owner=connection)
        self.patience = None
