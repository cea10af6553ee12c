"""What keeps the statements of a snapshot and its end apart: one thread reads, and another may end it at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from peewee import PeeweeException

from ..errors import SnapshotTooOld
from ..sqlite import driver


class Why(NamedTuple):
    """Why a snapshot is ended early.

    Attributes:
        kind: `age`; `log` where a store's write-ahead log has grown too large; `ended` where somebody wanted it.
        message: that, in words, for whoever reads it.
    """

    kind: str
    message: str


class Held(Protocol):
    """What stands behind a gate."""

    def interrupt(self) -> None:
        """Make a statement that runs give up; nobody else has the connections yet."""

    def let_go(self) -> None:
        """Roll back, and give everything back; no statement runs, and none ever will."""

    def condemned(self, why: Why) -> None:
        """It is to be ended early; called once, by whoever found out."""


class Gate:
    """`with gate:` around each statement and fetch of the owner's; shut for good once the snapshot is over.

    Whoever ends a snapshot first says why (`condemn`), from when on no statement begins. One that runs is interrupted,
    again and again until it has given up, as an interrupt between two statements is lost. Only then, and while none
    can begin, is anything rolled back or closed. From `leave` on, which comes before a connection goes back to the
    pool, nobody interrupts it any more.

    Args:
        held: what stands behind it.
        due: when it is too old, by the clock.
        late: what is said then.
        clock: seconds.

    Attributes:
        why: why it is ended early; None as long as it isn't.
        begun: True once everything behind it reads its state.
        left: True once it is over.
        gone: True once everything was given back because it was ended early.
    """

    def __init__(self, held: Held, due: float, late: Why, clock: Callable[[], float]) -> None:
        self.due, self.late, self.clock = due, late, clock
        self.why: Why | None = None
        self.begun = self.left = self.gone = False
        self._held = held
        self._statement = threading.RLock()  # a function in SQL may run statements of its own
        self._aim = threading.Lock()  # held while somebody interrupts, and to say that nobody may

    def __enter__(self) -> None:
        self._statement.acquire()
        if self.why is None and (self.clock() < self.due or self.left):
            return
        self._statement.release()
        self.require()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._statement.release()
        if self.why is not None and isinstance(error, driver.Error | PeeweeException):
            raise SnapshotTooOld(self.why.message) from error  # whatever became of the statement

    def require(self) -> None:
        """Raise `SnapshotTooOld` where it is too old, or was ended early."""
        if self.why is None and self.clock() >= self.due:
            self.condemn(self.late)
        if self.why is not None:
            raise SnapshotTooOld(self.why.message)

    def condemn(self, why: Why) -> None:
        """Let no statement begin any more. Nothing is done where it is over, or was condemned before."""
        with self._aim:
            if self.left or self.why is not None:
                return
            self.why = why
        self._held.condemned(why)

    def end(self, patience: float) -> bool:
        """End what was condemned, from another thread. False where a statement goes on: call it again.

        Args:
            patience: seconds to wait for the statement that was interrupted.
        """
        with self._aim:
            if self.left:
                return True
            self._held.interrupt()
        if not self._statement.acquire(timeout=patience):
            return False
        try:
            self._let_go()
        finally:
            self._statement.release()
        return True

    def leave(self) -> None:
        """It is over: nobody ends it from now on, or interrupts what was its own. Idempotent."""
        with self._statement:
            with self._aim:
                self.left = True
            if self.why is not None:
                self._let_go()

    def _let_go(self) -> None:
        if not self.gone:
            self.gone = True
            self._held.let_go()

    # Cursors that nobody has any more

    def try_quietly(self, work: Callable[[], object]) -> bool:
        """Do something at the connections if nobody else is at them, without waiting. False where somebody is."""
        if not self._statement.acquire(blocking=False):
            return False
        try:
            work()
        finally:
            self._statement.release()
        return True
