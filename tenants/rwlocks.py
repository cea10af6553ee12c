"""A lock that many readers have together, or one writer alone."""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from types import TracebackType

from .contention import contention
from .errors import LockTimeout, WouldDeadlock
from .locks import NOTHING_KNOWN


class _Waiter:
    __slots__ = ("granted", "owner", "signal", "thread", "writes")

    def __init__(self, owner: object, thread: int, writes: bool) -> None:
        self.owner = owner
        self.thread = thread
        self.writes = writes
        self.granted = False
        self.signal = threading.Lock()
        self.signal.acquire()


class _Share:
    """How often one owner has it, and in which thread it took it."""

    __slots__ = ("depth", "thread")

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.depth = 1


class RWLock:
    """Many readers or one writer; writers first; the same owner may take it again; a time-out for whoever waits.

    While a writer waits, nobody who isn't reading already begins to, so that readers can't keep writers out. Writers
    have it in the order in which they came, then all readers who wait have it together.

    What the same owner may do again: read while reading, also while a writer waits (who waits for this very reader);
    write while writing; read while writing, and go on reading after the writing has ended, with no other writer
    between. Write while reading: it waits for the other readers and comes before other writers, so that what was read
    still holds. Two who do that at once would wait for each other, so the second is refused.

    Each waiter has a signal of its own and is handed what it waits for, so that nobody else can take the signal, and
    one who gives up passes on what it was or would be given.

    Args:
        name: what it guards, for messages.
        timeout: seconds to wait; `RWLock.TIMEOUT` unless given.
    """

    TIMEOUT: float = 30.0

    def __init__(self, name: str = "table", timeout: float | None = None) -> None:
        self.name = name
        self.timeout = timeout
        self.forget()

    def forget(self) -> None:
        """Make it free, with nobody waiting: in a forked child, where whoever held it or waited isn't."""
        self._mutex = threading.Lock()
        self._readers: dict[object, _Share] = {}
        self._writer: object | None = None
        self._writer_thread = 0
        self._depth = 0
        self._waiting_writers: deque[_Waiter] = deque()
        self._waiting_readers: deque[_Waiter] = deque()

    def read_lock(self, timeout: float | None = None, owner: object | None = None) -> _Block:
        """`with lock.read_lock():` reads, beside other readers. Takes and raises what `acquire_read` does."""
        return _Block(self, False, timeout, owner)

    def write_lock(self, timeout: float | None = None, owner: object | None = None) -> _Block:
        """`with lock.write_lock():` writes, alone. Takes and raises what `acquire_write` does."""
        return _Block(self, True, timeout, owner)

    # Taking it

    def acquire_read(self, timeout: float | None = None, owner: object | None = None) -> None:
        """Take it for reading, waiting for the writer who has it and for those who wait.

        Args:
            timeout: seconds; the lock's own unless given.
            owner: who takes it; the calling thread unless given. The same owner may take it again.

        Raises:
            LockTimeout: it wasn't had in time.
            WouldDeadlock: at once, where another owner in the same thread writes and so could never end.
        """
        thread = threading.get_ident()
        who = thread if owner is None else owner
        waiter, had = None, NOTHING_KNOWN
        try:
            with self._mutex:
                share = self._readers.get(who)
                if share is not None:
                    had = share.depth
                    share.depth += 1
                    return
                had = 0
                if self._may_read(who, thread):
                    self._readers[who] = _Share(thread)
                    return
                if self._writer is not None and self._writer_thread == thread:
                    raise self._would_deadlock("writes to")
                waiter = _Waiter(who, thread, writes=False)
                self._waiting_readers.append(waiter)
            self._wait(waiter, timeout)
        except BaseException:  # Ctrl-C, wherever it comes, or the wait was too long
            if waiter is not None:
                self._withdraw(waiter)
            else:
                self._undo(who, had, writes=False)
            raise

    def _may_read(self, who: object, thread: int) -> bool:
        if self._writer is not None:
            return self._writer == who
        # A writer who waits comes first, unless it waits for this very thread, in another entry of it.
        return not self._waiting_writers or self._reads_in(thread)

    def _reads_in(self, thread: int, but: object = None) -> bool:
        return any(share.thread == thread and who != but for who, share in self._readers.items())

    def acquire_write(self, timeout: float | None = None, owner: object | None = None) -> None:
        """Take it for writing, waiting for all who have it and for the writers who wait.

        Args:
            timeout: seconds; the lock's own unless given.
            owner: who takes it; the calling thread unless given. The same owner may take it again.

        Raises:
            LockTimeout: it wasn't had in time.
            WouldDeadlock: at once, where it never could be: another owner in the same thread has it, or the caller
                reads and so does another who also waits to write.
        """
        thread = threading.get_ident()
        who = thread if owner is None else owner
        waiter, had = None, NOTHING_KNOWN
        try:
            with self._mutex:
                if self._writer == who:
                    had = self._depth
                    self._depth += 1
                    return
                had = 0
                if self._may_write(who):
                    self._writer, self._writer_thread, self._depth = who, thread, 1
                    return
                waiter = _Waiter(who, thread, writes=True)
                self._require_an_end(waiter)
                if who in self._readers:
                    self._waiting_writers.appendleft(waiter)
                else:
                    self._waiting_writers.append(waiter)
            self._wait(waiter, timeout)
        except BaseException:  # Ctrl-C, wherever it comes, or the wait was too long
            if waiter is not None:
                self._withdraw(waiter)
            else:
                self._undo(who, had, writes=True)
            raise

    def _may_write(self, who: object) -> bool:
        return self._writer is None and len(self._readers) == (who in self._readers)

    def _require_an_end(self, waiter: _Waiter) -> None:
        if self._writer is not None and self._writer_thread == waiter.thread:
            raise self._would_deadlock("writes to")
        if self._reads_in(waiter.thread, but=waiter.owner):
            raise self._would_deadlock("reads")
        if waiter.owner in self._readers and self._is_claimed():
            raise WouldDeadlock(
                f"Another reader of {self.name} already waits to write to it, and each would wait for the other to "
                f"end reading: take the write lock before you read."
            )

    def _is_claimed(self) -> bool:
        # One who reads and waits to write comes before all other writers.
        return bool(self._waiting_writers) and self._waiting_writers[0].owner in self._readers

    def _would_deadlock(self, does: str) -> WouldDeadlock:
        return WouldDeadlock(
            f"This thread already {does} {self.name} in another entry: finish that first, or do this in it."
        )

    # Waiting

    def _wait(self, waiter: _Waiter, timeout: float | None) -> None:
        seconds = self._seconds(timeout)
        begun = monotonic()
        if waiter.signal.acquire(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX)):
            contention.waited(monotonic() - begun)
            return
        with self._mutex:
            granted = waiter.granted  # it may have come between the time-out and this line
            if not granted:
                self._pass_on(waiter)
        waited = monotonic() - begun
        contention.waited(waited, in_vain=not granted)
        if not granted:
            raise LockTimeout(
                f"{self.name} was busy for {waited:.3g} seconds: others are "
                f"{'using' if waiter.writes else 'writing to'} it. Nothing was changed; try again."
            )

    def _undo(self, who: object, had: int, writes: bool) -> None:
        """Take back what whoever was interrupted without having waited may have added to what there was."""
        with self._mutex:
            if self._depth_of(who, writes) > had:
                self._drop(who, writes)
                self._admit()

    def _depth_of(self, who: object, writes: bool) -> int:
        if writes:
            return self._depth if self._writer == who else 0
        share = self._readers.get(who)
        return share.depth if share is not None else 0

    def _withdraw(self, waiter: _Waiter) -> None:
        with self._mutex:
            self._pass_on(waiter)

    def _pass_on(self, waiter: _Waiter) -> None:
        """Let what was or would be handed to a waiter go on to the next. Idempotent."""
        waiting = self._waiting_writers if waiter.writes else self._waiting_readers
        if waiter.granted:
            waiter.granted = False
            self._drop(waiter.owner, waiter.writes)
        elif waiter in waiting:
            waiting.remove(waiter)
        self._admit()  # readers may have waited for this writer alone

    def _admit(self) -> None:
        """Hand it to whoever may have it now."""
        if self._waiting_writers:
            if self._may_write(self._waiting_writers[0].owner):
                self._hand_to(self._waiting_writers.popleft())
        elif self._writer is None:
            while self._waiting_readers:
                self._hand_to(self._waiting_readers.popleft())

    def _hand_to(self, waiter: _Waiter) -> None:
        self._grant(waiter)
        waiter.granted = True
        waiter.signal.release()

    def _grant(self, waiter: _Waiter) -> None:
        if waiter.writes:
            self._writer, self._writer_thread, self._depth = waiter.owner, waiter.thread, 1
        elif waiter.owner in self._readers:
            self._readers[waiter.owner].depth += 1
        else:
            self._readers[waiter.owner] = _Share(waiter.thread)

    def _seconds(self, timeout: float | None) -> float:
        if timeout is not None:
            return timeout
        return self.TIMEOUT if self.timeout is None else self.timeout

    # Giving it back

    def release_read(self, owner: object | None = None) -> None:
        """End reading; raises RuntimeError where whoever calls doesn't read."""
        who = threading.get_ident() if owner is None else owner
        with self._mutex:
            if who not in self._readers:
                raise self._not_held("read")
            self._drop(who, writes=False)
            self._admit()

    def release_write(self, owner: object | None = None) -> None:
        """End writing; raises RuntimeError where whoever calls doesn't write."""
        who = threading.get_ident() if owner is None else owner
        with self._mutex:
            if self._writer != who:
                raise self._not_held("write")
            self._drop(who, writes=True)
            self._admit()

    def release_wholly(self, owner: object) -> None:
        """Give back whatever the owner has of it, however often it was taken."""
        with self._mutex:
            self._readers.pop(owner, None)
            if self._writer == owner:
                self._writer, self._writer_thread, self._depth = None, 0, 0
            self._admit()

    def _drop(self, who: object, writes: bool) -> None:
        if writes:
            self._depth -= 1
            if not self._depth:
                self._writer, self._writer_thread = None, 0
            return
        share = self._readers[who]
        share.depth -= 1
        if not share.depth:
            del self._readers[who]

    def _not_held(self, lock: str) -> RuntimeError:
        return RuntimeError(
            f"The {lock} lock of {self.name} is released by one who doesn't hold it."
        )

    # Looking at it

    def reads(self, owner: object | None = None) -> bool:
        """True if the owner (the calling thread unless given) has it for reading."""
        return (threading.get_ident() if owner is None else owner) in self._readers

    def writes(self, owner: object | None = None) -> bool:
        """True if the owner (the calling thread unless given) has it for writing."""
        return self._writer == (threading.get_ident() if owner is None else owner)

    def waiting(self) -> int:
        """How many wait for it."""
        return len(self._waiting_writers) + len(self._waiting_readers)


class _Block:
    """What `read_lock()` and `write_lock()` give: taken on entering, given back however the block ends."""

    __slots__ = ("lock", "owner", "timeout", "writes")

    def __init__(
        self, lock: RWLock, writes: bool, timeout: float | None, owner: object | None
    ) -> None:
        self.lock = lock
        self.writes = writes
        self.timeout = timeout
        self.owner = owner

    def __enter__(self) -> None:
        take = self.lock.acquire_write if self.writes else self.lock.acquire_read
        take(self.timeout, self.owner)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        give_back = self.lock.release_write if self.writes else self.lock.release_read
        give_back(self.owner)
