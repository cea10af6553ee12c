"""Who works on a tenant's stores, and who replaces them: leases are shared, maintenance is exclusive.

Every tenant's folder has a lock. Within the process a condition keeps the two apart; between processes the kernel does,
by `flock` on a file beside the stores, never on a database. It is gone with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from .errors import LockTimeout, WrongFile
from .places import relative_home

if TYPE_CHECKING:
    from .router import Router

#: Seconds between two looks at a lock that another process holds: `flock` can't be waited for with a time-out.
_LOOK_AGAIN = 0.005


class Home:
    """The lock of one tenant's folder.

    Args:
        folder: where the tenant's own stores lie.
        label: what people call it, for messages.
    """

    def __init__(self, folder: str, label: str) -> None:
        self.folder = folder
        self.label = label
        self._changed = threading.Condition()
        self._leases = 0
        self._wanted = 0
        self._maintainer = 0
        self._descriptor = -1

    # Leases

    def lease(self, patience: float, again: bool = False) -> None:
        """Work on the stores from now on: nobody maintains them until `release`.

        Args:
            patience: seconds to wait for maintenance to end.
            again: whoever asks has a lease already, in an entry around this one; maintenance waits for that anyway.

        Raises:
            LockTimeout: maintenance took longer.
            WrongFile: the folder isn't there.
        """
        deadline = monotonic() + patience
        with self._changed:
            while not self._may_lease(again):
                self._wait(deadline, self._LEASED_LATE)
            if self._leases == 0 and not self._maintainer:
                self._share(deadline)
            self._leases += 1

    def _may_lease(self, again: bool) -> bool:
        if self._maintainer:
            return self._maintainer == threading.get_ident()
        return again or not self._wanted

    def release(self) -> None:
        """One lease has ended."""
        with self._changed:
            self._leases -= 1
            if self._leases == 0 and not self._maintainer:
                self._let_go()
            self._changed.notify_all()

    def leases(self) -> int:
        """How many leases this process has."""
        return self._leases

    # Maintenance

    @contextmanager
    def maintaining(self, patience: float) -> Iterator[None]:
        """Have the stores alone in the block: leases end first, and new ones wait. Whoever is in it may lease.

        Args:
            patience: seconds to wait for leases, in this process and in others, to end.

        Raises:
            LockTimeout: they didn't.
            WrongFile: the folder isn't there.
        """
        deadline = monotonic() + patience
        intent = -1
        with self._changed:
            self._wanted += 1
            try:
                while self._leases or self._maintainer:
                    self._wait(deadline, self._MAINTAINED_LATE)
                intent = self._alone(deadline)
            finally:
                self._wanted -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._maintainer = 0
                self._withdraw(intent)
                self._let_go()
                self._changed.notify_all()

    _LEASED_LATE = (
        "{label} was being maintained for {seconds:.3g} seconds (moved, migrated or restored): nothing was changed; "
        "try again."
    )
    _MAINTAINED_LATE = (
        "{label} was in use for {seconds:.3g} seconds, and can't be maintained meanwhile: nothing was changed; "
        "try again when less is going on, or wait longer."
    )

    def _wait(self, deadline: float, late: str, most: float | None = None) -> None:
        left = deadline - monotonic()
        if left <= 0:
            raise LockTimeout(late.format(label=self.label, seconds=-left + 0.0))
        self._changed.wait(left if most is None else min(left, most))

    # Other processes

    def _share(self, deadline: float) -> None:
        while True:
            descriptor = self._open("lock")
            if not self._is_wanted_elsewhere() and _flock(descriptor, fcntl.LOCK_SH):
                self._descriptor = descriptor
                return
            os.close(descriptor)
            self._wait(deadline, self._LEASED_LATE, _LOOK_AGAIN)
            if self._leases or self._maintainer:  # another thread came first, and has it for all
                return

    def _alone(self, deadline: float) -> int:
        self._maintainer = threading.get_ident()
        intent = descriptor = -1
        try:
            intent = self._open("maintenance")
            while not _flock(intent, fcntl.LOCK_EX):
                self._wait(deadline, self._MAINTAINED_LATE, _LOOK_AGAIN)
            descriptor = self._open("lock")
            while not _flock(descriptor, fcntl.LOCK_EX):
                self._wait(deadline, self._MAINTAINED_LATE, _LOOK_AGAIN)
        except BaseException:
            self._maintainer = 0
            if descriptor >= 0:
                os.close(descriptor)
            self._withdraw(intent)
            raise
        self._descriptor = descriptor
        return intent

    def _is_wanted_elsewhere(self) -> bool:
        # So that a store that is always in somebody's hands comes to its maintenance too.
        if not os.access(f"{self.folder}/maintenance", os.F_OK):
            return False
        with suppress(OSError):
            descriptor = os.open(f"{self.folder}/maintenance", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return not _flock(descriptor, fcntl.LOCK_SH)  # whoever left it lying died
            finally:
                os.close(descriptor)
        return False

    def _open(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(f"{self.folder}/{name}", flags, 0o600)
        except OSError as error:
            raise WrongFile(
                f"The folder of {self.label} can't be locked ({error.strerror}): is it there, may this process write "
                f"to it? Put it back, or restore it from a backup."
            ) from error

    def _withdraw(self, intent: int) -> None:
        if intent >= 0:
            with suppress(OSError):
                os.unlink(f"{self.folder}/maintenance")
            os.close(intent)

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Homes:
    """The locks of all tenants' folders that anybody has in hand.

    Args:
        router: whose tenants these are.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self._homes: WeakValueDictionary[str, Home] = WeakValueDictionary()
        self._finding = threading.Lock()

    def of(self, owner: str, label: str = "") -> Home:
        """Return the lock of a tenant's folder.

        Args:
            owner: the tenant's id.
            label: what people call it, for messages; its id unless given.
        """
        home = self._homes.get(owner)
        if home is None:
            with self._finding:
                home = self._homes.get(owner)
                if home is None:
                    folder = f"{self.router.path}/{relative_home(owner)}"
                    home = self._homes[owner] = Home(folder, label or owner)
        return home
