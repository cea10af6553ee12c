"""Whose turn it is to write to a store, among the processes: in order of arrival, by the kernel's queue.

SQLite lets processes try again and again, after pauses of up to 100 ms, and whoever tries at the right moment has it:
under load writers then wait for seconds while the database lies idle. A queue in front of it makes the waits short and
alike. It is for fairness alone: what is written is guarded by SQLite's own locks, also against programs that don't
queue, so where there is no turn to be had for another reason than somebody else's, one goes on without.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import zlib
from _thread import start_new_thread
from contextlib import suppress
from time import monotonic

from .contention import contention

# Locks of a range of bytes that belong to the open file, and not to the process as POSIX's older ones do: closing
# another descriptor of the file doesn't drop them, and the end of the process does. Linux has them, and others don't.
_TRY: int = getattr(fcntl, "F_OFD_SETLK", -1)
_WAIT: int = getattr(fcntl, "F_OFD_SETLKW", -1)
_FLOCK = struct.Struct("@hhqqi4x")  # type, whence, start, length, process

#: Seconds for which threads of one process may follow one another before the turn goes to another process. To hand it
#: over takes until that process runs; where all processors are busy that is longer than a write.
SLICE = 0.02


class ProcessTurn:
    """A store's turn, as far as this process has it. The caller is the one that has the store's lock in this process.

    It takes two bytes of a lock file: who is next, and whose turn it is. Whoever is next waits for the turn, all others
    wait to be next; so one who has just written and wants to again can't pass those who wait.

    Args:
        path: the store's, which says which bytes these are. Stores in one folder have the folder's lock file in common.
    """

    def __init__(self, path: str) -> None:
        first = 2 * zlib.crc32(os.fsencode(path))
        self._claim = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, first, 2, 0)
        self._next = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, first, 1, 0)
        self._turn = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, first + 1, 1, 0)
        self._not_next = _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, first, 1, 0)
        self._no_claim = _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, first, 2, 0)
        self._queued: _Queued | None = None
        self._lent = True
        self._descriptor = -1
        self.forget()

    def forget(self) -> None:
        """Have no turn, and wait for none: in a forked child, where only the parent's threads did."""
        # Closed, never unlocked: a lock is the open file's, which the two have in common.
        if self._queued is not None and self._queued.descriptor >= 0:
            os.close(self._queued.descriptor)
        if self._descriptor >= 0 and not self._lent:
            os.close(self._descriptor)
        self._mutex = threading.Lock()
        self._descriptor = -1
        self._queued = None
        self._since = 0.0

    @property
    def held(self) -> bool:
        """True while it is this process's turn."""
        return self._descriptor >= 0

    def take(self, descriptor: int, seconds: float) -> bool:
        """Wait for the turn. Returns False where it didn't come in time.

        Args:
            descriptor: of the lock file, which stays open until `end`.
            seconds: how long to wait.
        """
        return self.take_if_free(descriptor) or self._queue(descriptor, seconds)

    def take_if_free(self, descriptor: int) -> bool:
        """Take the turn if nobody has it and nobody is next. Returns False where somebody does."""
        if self._descriptor >= 0 or _TRY < 0:
            return True
        return self._queued is None and self._try(descriptor)

    def _try(self, descriptor: int) -> bool:
        try:
            fcntl.fcntl(descriptor, _TRY, self._claim)
            fcntl.fcntl(descriptor, _TRY, self._not_next)
            self._have(descriptor, lent=True)
        except BlockingIOError:
            return False
        except OSError:  # a file system without such locks
            return True
        except BaseException:  # Ctrl-C, and the kernel may have given it already
            self._descriptor = -1
            self._leave(descriptor, lent=True)
            raise
        return True

    def _have(self, descriptor: int, lent: bool) -> None:
        self._descriptor, self._lent, self._since = descriptor, lent, monotonic()

    def _queue(self, descriptor: int, seconds: float) -> bool:
        begun = monotonic()
        try:
            queued = self._place(descriptor)
            if queued is None:
                return True
            queued.signal.acquire(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX))
            self._give_up()
            taken = self._descriptor >= 0  # it may have come between the time-out and this line
            contention.waited(monotonic() - begun, in_vain=not taken)
            return taken
        except BaseException:  # Ctrl-C, wherever it comes
            self._give_up()
            self.end()
            raise

    def _place(self, descriptor: int) -> _Queued | None:
        """Return a place in the queue; None where no descriptor or no thread is to be had for it."""
        with self._mutex:
            queued = self._queued
            if queued is not None:  # of one who gave up; it is ours now
                queued.wanted = True
                return queued
        try:
            queued = self._queued = _Queued()
            queued.descriptor = os.dup(descriptor)
            start_new_thread(self._wait_in, (queued,))  # it needs nothing of what a Thread is
        except (OSError, RuntimeError):
            if queued is not None and queued.descriptor >= 0:
                os.close(queued.descriptor)
            self._queued = None
            return None
        except BaseException:  # Ctrl-C; once there is a descriptor, the thread runs, and clears up
            if queued is None or queued.descriptor < 0:
                self._queued = None
            raise
        return queued

    def _give_up(self) -> None:
        """Have whatever still comes passed on. Idempotent."""
        with self._mutex:
            if self._queued is not None:
                self._queued.wanted = False

    def _wait_in(self, queued: _Queued) -> None:
        """Wait in the kernel's queue, in a thread of its own: there it can't be waited with a time-out."""
        with suppress(OSError):
            fcntl.fcntl(queued.descriptor, _WAIT, self._next)
            fcntl.fcntl(queued.descriptor, _WAIT, self._turn)
            fcntl.fcntl(queued.descriptor, _TRY, self._not_next)
        with self._mutex:
            if queued.wanted:
                self._have(queued.descriptor, lent=False)
            else:
                self._leave(queued.descriptor, lent=False)
            if self._queued is queued:
                self._queued = None
            queued.signal.release()

    def is_over(self) -> bool:
        """True once this process has had it for long enough."""
        return monotonic() - self._since >= SLICE

    def end(self) -> None:
        """Let the next process have it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._leave(descriptor, self._lent)

    def _leave(self, descriptor: int, lent: bool) -> None:
        with suppress(OSError):
            fcntl.fcntl(descriptor, _TRY, self._no_claim)
        if not lent:
            os.close(descriptor)


class _Queued:
    """A place in the kernel's queue, where a thread of its own waits.

    Attributes:
        descriptor: its own, of the same open file; below 0 until it has one.
        wanted: False once nobody waits for it any more.
    """

    def __init__(self) -> None:
        self.descriptor = -1
        self.wanted = True
        self.signal = threading.Lock()
        self.signal.acquire()
