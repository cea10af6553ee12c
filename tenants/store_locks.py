"""The locks of stores' writers: a queue in this process, and this process's turn among others, in one order."""

from __future__ import annotations

import threading
import weakref
from time import monotonic

from .contention import contention
from .locks import DBLock
from .process_turns import ProcessTurn


class StoreLock(DBLock):
    """Whose turn it is to write to a store: first among the threads of this process, then among the processes.

    Args:
        path: the store's.
        name: what it guards, for messages.
    """

    def __init__(self, path: str, name: str) -> None:
        self.turn = ProcessTurn(path)
        super().__init__(name)

    def forget(self) -> None:
        super().forget()
        self.turn.forget()

    def acquire_in_turn(
        self, descriptor: int, timeout: float | None = None, owner: object | None = None
    ) -> None:
        """Take the lock, and wait for this process's turn.

        Args:
            descriptor: of the lock file that the processes queue at; below 0 for whoever needn't queue there.
            timeout, owner: see `acquire`.

        Raises:
            LockTimeout, WouldDeadlock: as `acquire` does.
        """
        begun = monotonic()
        self.acquire(timeout, owner)
        if self._depth > 1 or descriptor < 0:
            return
        try:
            taken = self.turn.take(descriptor, self._seconds(timeout) - (monotonic() - begun))
        except BaseException:
            self.release(owner)
            raise
        if not taken:
            self.release(owner)
            raise self._late(monotonic() - begun)

    def _hand_over(self) -> None:
        if not self._queue or self.turn.is_over():
            self.turn.end()
        super()._hand_over()


_of_files: weakref.WeakValueDictionary[str, StoreLock] = weakref.WeakValueDictionary()
_finding = threading.Lock()


def lock_of(path: str, name: str) -> StoreLock:
    """Return the lock of a store's file: the same for all routers of this process that have it open."""
    with _finding:
        lock = _of_files.get(path)
        if lock is None:
            lock = _of_files[path] = StoreLock(path, name)
        return lock


def forget_all() -> None:
    """Free the locks of all files, and count anew: called in a forked child."""
    global _finding
    _finding = threading.Lock()
    contention.forget()
    for lock in list(_of_files.values()):
        lock.forget()
