"""A fair, re-entrant lock with a time-out, for the writers of one store in one process."""

from __future__ import annotations

import sys
import threading
from collections import deque
from time import monotonic
from types import TracebackType

from .contention import contention
from .errors import LockTimeout, WouldDeadlock

NOTHING_KNOWN = sys.maxsize
"""How deep it was had before, until that has been looked at: nothing was taken yet."""


class _Waiter:
    __slots__ = ("granted", "owner", "signal", "thread")

    def __init__(self, owner: object, thread: int) -> None:
        self.owner = owner
        self.thread = thread
        self.granted = False
        self.signal = threading.Lock()
        self.signal.acquire()


class DBLock:
    """First come, first served; the same owner may take it again; whoever waits too long gets `LockTimeout`.

    SQLite's own busy handler polls, so that under load some writers starve: measured, 0.2 to 5 % of them failed. A
    queue in front of it makes that none.

    Args:
        name: what it guards, for messages.
        timeout: seconds to wait; `DBLock.TIMEOUT` unless given.
        proceed_on_timeout: with True, a `with` block whose wait timed out runs without the lock, and its exit
            releases nothing. For work that is better done unguarded than not at all.
    """

    TIMEOUT: float = 30.0

    def __init__(
        self, name: str = "database", timeout: float | None = None, proceed_on_timeout: bool = False
    ) -> None:
        self.name = name
        self.timeout = timeout
        self.proceed_on_timeout = proceed_on_timeout
        self._entered = threading.local()
        self.forget()

    def forget(self) -> None:
        """Make it free, with nobody waiting: in a forked child, where whoever held it or waited isn't."""
        self._mutex = threading.Lock()
        self._owner: object | None = None
        self._thread = 0
        self._depth = 0
        self._queue: deque[_Waiter] = deque()

    def acquire(self, timeout: float | None = None, owner: object | None = None) -> None:
        """Take the lock, waiting for whoever came before.

        Args:
            timeout: seconds; the lock's own unless given.
            owner: who takes it; the calling thread unless given. The same owner may take it again.

        Raises:
            LockTimeout: it wasn't had in time.
            WouldDeadlock: at once, where another owner in the same thread holds it and so could never release it.
        """
        thread = threading.get_ident()
        who = thread if owner is None else owner
        waiter, had = None, NOTHING_KNOWN
        try:
            with self._mutex:
                had = self._depth
                if had == 0:  # then nobody waits either: it is handed over, never dropped
                    self._take(who, thread)
                    return
                if self._owner == who:
                    self._depth += 1
                    return
                self._require_an_end(thread)
                waiter = _Waiter(who, thread)
                self._queue.append(waiter)
            self._wait(waiter, self._seconds(timeout))
        except BaseException:  # Ctrl-C, wherever it comes, or the wait was too long
            if waiter is not None:
                self._withdraw(waiter)
            else:
                self._undo(who, had)
            raise

    def _undo(self, who: object, had: int) -> None:
        """Take back what an interrupted `acquire` that didn't wait may have added to what there was."""
        with self._mutex:
            if self._owner == who and self._depth > had:
                self._depth -= 1
                if self._depth == 0:
                    self._hand_over()

    def _require_an_end(self, thread: int) -> None:
        """Raise `WouldDeadlock` where whoever waits would wait for itself."""
        if self._thread == thread:
            raise WouldDeadlock(
                f"This thread already writes to {self.name} in another entry: finish that first, or do this in it."
            )

    def _wait(self, waiter: _Waiter, seconds: float) -> None:
        begun = monotonic()
        if waiter.signal.acquire(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX)):
            contention.waited(monotonic() - begun)
            return
        with self._mutex:
            granted = waiter.granted  # it may have come between the time-out and this line
            if not granted:
                self._queue.remove(waiter)
        waited = monotonic() - begun
        contention.waited(waited, in_vain=not granted)
        if not granted:
            raise self._late(waited)

    def _withdraw(self, waiter: _Waiter) -> None:
        """Let what was or would be handed to a waiter go on to the next. Idempotent."""
        with self._mutex:
            if waiter.granted:
                waiter.granted = False
                self._hand_over()
            elif waiter in self._queue:
                self._queue.remove(waiter)

    def _late(self, seconds: float) -> LockTimeout:
        return LockTimeout(
            f"{self.name} was busy for {seconds:.3g} seconds: others are writing. "
            f"Nothing was changed; try again."
        )

    def release(self, owner: object | None = None) -> None:
        """Give it back; the longest waiting gets it.

        Raises:
            RuntimeError: whoever calls doesn't hold it.
        """
        who = threading.get_ident() if owner is None else owner
        with self._mutex:
            if self._depth == 0 or self._owner != who:
                raise RuntimeError(
                    f"The lock of {self.name} is released by one who doesn't hold it."
                )
            self._depth -= 1
            if self._depth == 0:
                self._hand_over()

    def release_wholly(self, owner: object) -> None:
        """Give it back however often the owner has taken it, if it holds it at all."""
        if self._owner is owner:  # only the owner itself can change that
            with self._mutex:
                self._hand_over()

    def _hand_over(self) -> None:
        self._owner, self._thread, self._depth = None, 0, 0
        if self._queue:
            waiter = self._queue.popleft()
            self._take(waiter.owner, waiter.thread)
            waiter.granted = True
            waiter.signal.release()

    def held(self, owner: object | None = None) -> bool:
        """True if the owner (the calling thread unless given) holds it."""
        return self._depth > 0 and self._owner == (
            threading.get_ident() if owner is None else owner
        )

    def waiting(self) -> int:
        """How many wait for it."""
        return len(self._queue)

    def _take(self, owner: object, thread: int) -> None:
        self._owner, self._thread, self._depth = owner, thread, 1

    def _seconds(self, timeout: float | None) -> float:
        if timeout is not None:
            return timeout
        return self.TIMEOUT if self.timeout is None else self.timeout

    def __enter__(self) -> DBLock:
        taken = self._entered.__dict__.setdefault("taken", [])
        try:
            self.acquire()
            taken.append(True)
        except LockTimeout:
            if not self.proceed_on_timeout:
                raise
            taken.append(False)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._entered.taken.pop():
            self.release()
