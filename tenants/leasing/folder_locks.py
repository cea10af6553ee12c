"""The lock of a tenant's folder as far as other processes go: two files in it, and `flock` on them."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress

from ..descriptors import are_exhausted, none_left
from ..errors import WrongFile
from ..places import open_own


class FolderLock:
    """What a process has of a folder's lock, shared or alone, and of the say that it wants it alone.

    Args:
        folder: where the tenant's own stores lie.
        label: what people call it, for messages.
    """

    def __init__(self, folder: str, label: str) -> None:
        self.folder = folder
        self.label = label
        self._intent_path = f"{folder}/maintenance"
        self._descriptor = self._intent = -1
        #: True as long as the lock's file stays open though nobody has the lock.
        self._kept = False

    @property
    def descriptor(self) -> int:
        """Of the lock's file, which stays open while this process has the lock; below 0 where it isn't open."""
        return self._descriptor

    def _take(self, kind: int) -> bool:
        """Lock the folder as far as other processes go. Returns False if one of them is in the way."""
        while True:
            if self._descriptor < 0:
                self._descriptor = self._open("lock")
            if not _flock(self._descriptor, kind):
                return False
            if os.fstat(self._descriptor).st_nlink:
                return True
            self._let_go()  # the folder was deleted, and perhaps made anew, since the file was opened

    def _declare(self) -> bool:
        """Say that these stores are wanted, so that one that is always in somebody's hands is maintained too."""
        if self._intent >= 0:
            return True
        intent = self._open("maintenance")
        if _flock(intent, fcntl.LOCK_EX) and os.fstat(intent).st_nlink:
            self._intent = intent
            return True
        os.close(intent)  # another process is first, or has just withdrawn its own
        return False

    def _withdraw(self) -> None:
        if self._intent >= 0:
            with suppress(OSError):
                os.unlink(self._intent_path)
            self._let_go_of_intent()

    def _is_wanted_elsewhere(self) -> bool:
        if not os.access(self._intent_path, os.F_OK):
            return False
        try:
            intent = self._open("maintenance", make=False)
        except FileNotFoundError:
            return False
        try:
            if not _flock(intent, fcntl.LOCK_EX):
                return True
            if os.fstat(intent).st_nlink:  # whoever left it lying died
                os.unlink(self._intent_path)
            return False
        finally:
            os.close(intent)

    def _open(self, name: str, make: bool = True) -> int:
        try:
            if os.path.islink(self.folder):
                raise OSError(errno.ELOOP, "it is a link")
            return open_own(f"{self.folder}/{name}", make)
        except OSError as error:
            if not make and isinstance(error, FileNotFoundError):
                raise
            if are_exhausted(error):
                raise none_left(self.label) from error
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> WrongFile:
        return WrongFile(
            f"The folder of {self.label} can't be locked ({error.strerror}): is it there, may this process write to "
            f"it? Put it back, or restore it from a backup."
        )

    def _unlock(self) -> None:
        if not self._kept:
            self._let_go()
        elif self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    # Forgotten before they are closed: were it the other way round, and Ctrl-C came in between, the number would be
    # closed again later, when it may be a database's, whose locks would be lost with it.

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _let_go_of_intent(self) -> None:
        intent, self._intent = self._intent, -1
        if intent >= 0:
            os.close(intent)

    def _abandon(self) -> None:
        """Leave both to the parent process: in a forked child."""
        # Closed, never unlocked: a lock is the descriptor's, which the two have in common.
        self._let_go()
        self._let_go_of_intent()
        self._kept = False


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
