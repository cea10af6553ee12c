"""The locks of stores' writers: a queue in this process, and this process's turn among others, in one order."""

from __future__ import annotations

import threading
import weakref
from time import monotonic

from .contention import contention
from .errors import WouldDeadlock
from .locks import DBLock
from .process_turns import ProcessTurn


class Writer:
    """An owner of the lock, who may have something that is of more use to the next."""

    def exchange(self, heir: Writer) -> None:
        """Be about to release the lock, which goes to that one, who does nothing but wait for it."""
        raise NotImplementedError


class StoreLock(DBLock):
    """Whose turn it is to write to a store: first among the threads of this process, then among the processes.

    Stores have one order, by path, so that tenants' come before the shared database. A thread that writes to one waits
    only for those that come after it: were two to wait for what the other has, in this process or in two, both would
    until their time is over.

    Args:
        path: the store's.
        name: what it guards, for messages.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
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
            WouldDeadlock: at once, where it isn't free and the thread writes to a store that comes after this one.
        """
        begun = monotonic()
        self.acquire(timeout, owner)
        try:
            if self._depth > 1 or descriptor < 0 or self.turn.take_if_free(descriptor):
                return
            self._require_order(self._thread)
            taken = self.turn.take(descriptor, self._seconds(timeout) - (monotonic() - begun))
        except BaseException:
            self.release(owner)
            raise
        if not taken:
            self.release(owner)
            raise self._late(monotonic() - begun)

    def _require_an_end(self, thread: int) -> None:
        super()._require_an_end(thread)
        self._require_order(thread)

    def _require_order(self, thread: int) -> None:
        for held in _held.get(thread, ()):
            if held.path > self.path:
                raise WouldDeadlock(
                    f"Somebody else writes to {self.name}, and this thread, which already writes to {held.name}, "
                    f"doesn't wait for it: they might wait for each other. Nothing was changed in it. Begin both with "
                    f"`router.writing_together(…)`, or end the one before the other."
                )

    def _take(self, owner: object, thread: int) -> None:
        super()._take(owner, thread)
        _held.setdefault(thread, []).append(self)

    def _hand_over(self) -> None:
        held = _held.get(self._thread)
        if held is not None and self in held:
            held.remove(self)
        try:
            if not self._queue or self.turn.is_over():
                self.turn.end()
            if self._queue:
                self._exchange(self._owner, self._queue[0].owner)
        finally:  # whatever came of that, Ctrl-C among it: nobody waits for one who is gone
            super()._hand_over()

    def _exchange(self, owner: object, heir: object) -> None:
        if isinstance(owner, Writer) and isinstance(heir, Writer):
            owner.exchange(heir)


#: By thread, what it writes to: of hardly any more than one store.
_held: dict[int, list[StoreLock]] = {}

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
    _held.clear()
    for lock in list(_of_files.values()):
        lock.forget()
