"""How a process learns that another has changed the catalogue: eight bytes that all of them have mapped."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import WrongFile


class Notice:
    """A counter beside the catalogue that every change of a tenant's or store's row moves on.

    Looking at it costs well under a microsecond, so that whoever remembers rows can ask each time whether they may be
    old. It is odd while a change is under way, and stays so should its process die in the middle: then nobody trusts
    what he remembers, until the next change.

    Args:
        path: the file; made if it isn't there.

    Raises:
        WrongFile: it can't be made, or opened for writing.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise WrongFile(
                f"{path} can't be opened for writing ({error.strerror}): may this process write to the data folder?"
            ) from error
        try:
            if os.fstat(descriptor).st_size < 8:
                os.ftruncate(descriptor, 8)
            self._memory = mmap.mmap(descriptor, 8)
        finally:
            os.close(descriptor)
        self._count = memoryview(self._memory).cast("Q")

    def now(self) -> int | None:
        """Return the count, or None while a change is under way."""
        count = self._count[0]
        return None if count & 1 else count

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold it odd for the block, which is one whole transaction of the catalogue, its commit included.

        One writer at a time: the caller holds the catalogue's write lock, or comes to hold it in the block.
        """
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """A change is under way from now on."""
        self._count[0] |= 1

    def end(self) -> None:
        """What was under way is committed, or undone."""
        self._count[0] = (self._count[0] | 1) + 1

    def close(self) -> None:
        """Give the memory back."""
        self._count.release()
        self._memory.close()
