"""A connection in a snapshot, and its cursors: each statement and fetch passes the gate, and none writes."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..connections import ConnectionState
from ..cursors import StoreCursor
from ..errors import TenantError
from ..statements import Kind, kind_of
from .gate import Gate

if TYPE_CHECKING:
    from ..leasing.leases import Lease
    from ..store import Store

log = logging.getLogger("tenants")

_SAVEPOINTS = re.compile(
    r"\s*(?:SAVEPOINT|RELEASE|ROLLBACK\s+(?:TRANSACTION\s+)?TO)\b", re.IGNORECASE
)


class SnapshotCursor(StoreCursor):
    """A cursor whose every step passes the gate."""

    state: SnapshotState

    def execute(self, *args: Any) -> Any:
        with self._gate:
            return super().execute(*args)

    def executemany(self, *args: Any) -> Any:
        with self._gate:
            return super().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """Refused: SQLite's driver commits before it runs a script, and the state that is read would end there."""
        raise self.state.refusal("a script would end it")

    def fetchone(self) -> Any:
        with self._gate:
            return super().fetchone()

    def fetchmany(self, *args: Any) -> Any:
        with self._gate:
            return super().fetchmany(*args)

    def fetchall(self) -> Any:
        with self._gate:
            return super().fetchall()

    def __next__(self) -> Any:
        with self._gate:
            return super().__next__()

    def close(self) -> None:
        with suppress(sqlite.driver.ProgrammingError):  # the connection was closed before it
            super().close()

    def __del__(self) -> None:
        # Freeing it resets its statement, which must not meet the end of the connection in another thread. Where
        # somebody is at the connection, it is kept until that is done.
        state = getattr(self, "state", None)
        if state is not None and not state.gate.try_quietly(self.close):
            state.dropped.append(self)

    @property
    def _gate(self) -> Gate:
        return self.state.gate


_made: dict[type[ConnectionState], type[SnapshotState]] = {}


def class_for(base: type[ConnectionState]) -> type[SnapshotState]:
    """Return the class of a snapshot's connection to a store of an engine, of which `base` is that of an entry's."""
    if base is ConnectionState:
        return SnapshotState
    if base not in _made:
        _made[base] = type(f"Snapshot{base.__name__}", (SnapshotState, base), {})
    return _made[base]


class SnapshotState(ConnectionState):
    """One store's connection in a snapshot.

    Attributes:
        dropped: cursors that nobody has any more, and that are yet to be closed.
    """

    gate: Gate
    cursor_class = SnapshotCursor

    def __init__(self, store: Store, lease: Lease, gate: Gate) -> None:
        super().__init__(store, lease)
        self.gate = gate
        self.dropped: list[Any] = []

    def open(self) -> Any:
        if self.conn is None:
            self.gate.require()
        return super().open()

    def hand_out(self) -> Any:
        """Refused: whoever has the driver's connection could be at it while the snapshot is ended."""
        raise self.refusal("the driver's connection isn't given out")

    def admit(self, sql: str) -> Kind:
        kind = kind_of(sql)
        if kind is Kind.WRITE:
            raise self.refused_write()
        if kind is Kind.SETTING or (kind is Kind.CONTROL and not _SAVEPOINTS.match(sql)):
            raise self.refusal("that statement would end or change it")
        return kind if kind is not Kind.ATTACH else super().admit(sql)

    def refusal(self, why: str) -> TenantError:
        """Return the error for what can't be done in a snapshot."""
        return TenantError(
            f"{self.store.label} is being read as a snapshot here, and {why}: do that outside of the block."
        )

    def run(self, sql: str, params: tuple[Any, ...] = ()) -> Any:
        with self.gate:
            return super().run(sql, params)

    def lock(self, patience: float | None = None) -> None:
        """Refused: a snapshot holds no writer up, not even for an instant."""
        raise self.refused_write()

    def commit(self) -> None:
        """End the reading, which is for the snapshot's own block to do."""
        self._require_over("a commit")
        if not self.gate.gone:
            super().commit()

    def rollback(self) -> None:
        """End the reading, likewise."""
        self._require_over("a rollback")
        super().rollback()

    def _require_over(self, what: str) -> None:
        if self.gate.begun and not self.gate.left:
            self.gate.require()
            raise self.refusal(f"{what} would end it")

    def hand_back(self) -> None:
        self.gate.leave()
        self.dropped.clear()
        super().hand_back()

    # Ended early: called behind the gate, by whichever thread

    def interrupt(self) -> None:
        """Make a statement that runs give up."""
        if self.conn is not None:
            self.conn.interrupt()

    def end_reading(self) -> None:
        """Let go of the state that was read: the log may be taken up and begun anew."""
        self.spoiled = True  # nobody gets what was interrupted
        for ref in self.cursors:
            cursor = ref()
            if cursor is not None:
                cursor.close()
        self.dropped.clear()
        self.undo()

    def part(self) -> None:
        """Close the connection. The transactions that are open on it, as Peewee sees it, end with their blocks."""
        if self.conn is not None:
            self.conn, self.closed = None, True
            self._discard(None)
