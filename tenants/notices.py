"""How a process learns that another has changed the catalogue: eight bytes that all of them have mapped."""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import LockTimeout, WrongFile
from .places import open_own

#: Seconds to wait for another's change of the catalogue, and between two looks whether it is over.
PATIENCE = 30.0
_LOOK_AGAIN = 0.002


class Notice:
    """A counter beside the catalogue that every change of a tenant's or store's row moves on.

    Looking at it costs well under a microsecond, so that whoever remembers rows can ask each time whether they may be
    old. It is odd while a change is under way, and stays so should its process die in the middle: then nobody trusts
    what he remembers, until the next change.

    Args:
        path: the file; made if it isn't there.

    Raises:
        WrongFile: it can't be made, or opened for writing, or there is no room for it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        descriptor = self._open()
        try:
            self._make_room(descriptor)
            self._memory = mmap.mmap(descriptor, 8)
        finally:
            os.close(descriptor)
        self._count = memoryview(self._memory).cast("Q")

    def _open(self) -> int:
        try:
            return open_own(self.path)
        except OSError as error:
            raise WrongFile(
                f"{self.path} can't be opened for writing ({error.strerror}): may this process write to the data "
                f"folder?"
            ) from error

    def _make_room(self, descriptor: int) -> None:
        # Room on the disk, and not size alone: memory that is mapped to a hole kills the process where none is left.
        # What others have counted there stays.
        try:
            os.posix_fallocate(descriptor, 0, 8)
        except OSError as error:
            raise WrongFile(
                f"There is no room for {self.path} ({error.strerror}): see to the disk, then start again."
            ) from error

    def now(self) -> int | None:
        """Return the count, or None while a change is under way."""
        count = self._count[0]
        return None if count & 1 else count

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold it odd for the block, which is one whole transaction of the catalogue, its commit included.

        One process and thread at a time: were two in here, the first to end would call the other's change done, and
        should that one die after its commit nobody would learn of it. So enter it before the transaction begins.

        Raises:
            LockTimeout: another's change took too long.
        """
        # Of its own, as the lock is the descriptor's: another thread, and a forked child, need another.
        descriptor = self._open()
        try:
            self._lock(descriptor)
            self._count[0] |= 1
            try:
                yield
            finally:
                self._count[0] = (self._count[0] | 1) + 1
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise LockTimeout(
                        f"Somebody else has been changing the catalogue for {PATIENCE:g} seconds: nothing was "
                        f"changed; try again."
                    ) from error
            time.sleep(_LOOK_AGAIN)

    def close(self) -> None:
        """Give the memory back."""
        self._count.release()
        self._memory.close()
