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
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from ..errors import LockTimeout, WouldDeadlock
from ..places import UNIVERSAL_NAME, open_own, relative_home
from .folder_locks import FolderLock

if TYPE_CHECKING:
    from ..router import Router

#: Seconds between two looks at a lock that another process holds: `flock` can't be waited for with a time-out.
_LOOK_AGAIN = 0.005

_LEASED_LATE = (
    "{label} was being maintained for {seconds:.3g} seconds (moved, migrated or restored): nothing was changed; "
    "try again."
)
_MAINTAINED_LATE = (
    "{label} was in use for {seconds:.3g} seconds, and can't be maintained meanwhile: nothing was changed; "
    "try again when less is going on, or wait longer."
)


class Home(FolderLock):
    """The lock of one tenant's folder.

    Args:
        homes: which it is one of.
        folder: where the tenant's own stores lie.
        label: what people call it, for messages.
    """

    def __init__(self, homes: Homes, folder: str, label: str) -> None:
        super().__init__(folder, label)
        self.homes = homes
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._mutex = threading.Lock()
        self._changed = threading.Condition(self._mutex)
        self._leases = 0
        self._wanted = 0
        self._maintainer = 0
        self._kept = False

    # Leases

    def lease(self, patience: float, again: bool = False) -> None:
        """Work on the stores from now on: nobody maintains them until `release`.

        Args:
            patience: seconds to wait for maintenance to end.
            again: whoever asks has a lease already, of these stores or others: maintenance that waits for leases to
                end goes after this one, as it might be waiting for the one that this thread has.

        Raises:
            LockTimeout: maintenance took longer.
            WrongFile: the folder isn't there.
        """
        begun = 0.0
        with self._mutex:
            while not self._try_lease(again):
                begun = begun or monotonic()
                self._wait(begun, patience, _LEASED_LATE)
            self._leases += 1
            self._kept = True

    def _try_lease(self, again: bool) -> bool:
        if self._maintainer:
            return self._maintainer == get_ident()
        if not again and (self._wanted or self._is_wanted_elsewhere()):
            return False
        return self._leases > 0 or self._take(fcntl.LOCK_SH)

    def release(self) -> None:
        """One lease has ended. The lock's descriptor stays open for the next one, until `close`."""
        with self._mutex:
            self._leases -= 1
            if self._leases == 0:
                if not self._maintainer:
                    self._unlock()
                if self._wanted:
                    self._changed.notify_all()

    def close(self) -> None:
        """Give the lock's descriptor back, at once or when the last lease has ended."""
        with self._mutex:
            self._kept = False
            if not self._leases and not self._maintainer:
                self._let_go()

    def leases(self) -> int:
        """How many leases this process has."""
        return self._leases

    # Maintenance

    @contextmanager
    def maintaining(self, patience: float) -> Iterator[None]:
        """Have the stores alone in the block: leases end first, and new ones wait. Whoever is in it may lease.

        In another such block of the same thread it is that one's.

        Args:
            patience: seconds to wait for leases, in this process and in others, to end.

        Raises:
            LockTimeout: they didn't.
            WouldDeadlock: this thread has a lease itself.
            WrongFile: the folder isn't there.
        """
        if self._maintainer == get_ident():
            yield
            return
        if self.homes.is_leased_here(self):
            raise WouldDeadlock(
                f"{self.label} is to be maintained in an entry that has its stores in hand: leave that first."
            )
        try:
            self._begin(monotonic(), patience)
            yield
        finally:
            self._end()

    def _begin(self, begun: float, patience: float) -> None:
        with self._mutex:
            self._wanted += 1
            try:
                while self._leases or self._maintainer:
                    self._wait(begun, patience, _MAINTAINED_LATE)
                self._maintainer = get_ident()
            finally:
                self._wanted -= 1
                self._changed.notify_all()
            self.homes.maintainers.append(get_ident())
            while not self._declare() or not self._take(fcntl.LOCK_EX):
                self._wait(begun, patience, _MAINTAINED_LATE)

    def _end(self) -> None:
        with self._mutex:
            if self._maintainer != get_ident():
                return
            if self._leases:  # taken inside and not ended: they are shared with others' from now on
                with suppress(OSError):
                    fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            else:
                self._let_go()
            self._withdraw()
            self._maintainer = 0
            self.homes.maintainers.remove(get_ident())
            self._changed.notify_all()

    def _wait(self, begun: float, patience: float, late: str) -> None:
        passed = monotonic() - begun
        if passed >= patience:
            raise LockTimeout(late.format(label=self.label, seconds=passed))
        # What this process does tells of itself; for what others do one has to look again.
        told = (
            self._leases and self._wanted
            if not self._maintainer
            else self._maintainer != get_ident()
        )
        self._changed.wait(patience - passed if told else min(patience - passed, _LOOK_AGAIN))

    def disown(self) -> None:
        """Leave the lock to the parent process: called in a forked child."""
        self._abandon()
        self._begin_anew()


class Homes:
    """The locks of all tenants' folders that anybody has in hand.

    Args:
        router: whose tenants these are.

    Attributes:
        maintainers: the threads that maintain stores, each as often as it has folders.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self.maintainers: list[int] = []
        self._homes: WeakValueDictionary[str, Home] = WeakValueDictionary()
        self._finding = threading.Lock()
        self._shared = -1

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
                    home = self._homes[owner] = Home(self, folder, label or owner)
        home.label = label or home.label  # a slug may have changed
        return home

    def shared(self) -> int:
        """Return a descriptor of the lock file beside the shared database, below 0 where it can't be opened."""
        if self._shared < 0:
            with self._finding, suppress(OSError):
                if self._shared < 0:
                    self._shared = open_own(f"{self.router.path}/{UNIVERSAL_NAME}.lock")
        return self._shared

    def close(self) -> None:
        """Give that descriptor back."""
        descriptor, self._shared = self._shared, -1
        if descriptor >= 0:
            os.close(descriptor)

    def is_leased_here(self, home: Home) -> bool:
        """True where the calling thread has a lease of stores in that folder."""
        return home.leases() > 0 and self.router.pool.leases_of(get_ident(), home)

    def disown(self) -> None:
        """Leave all locks to the parent process: called in a forked child."""
        self._finding = threading.Lock()
        self.close()  # closed, never unlocked: the parent may have its turn
        self.maintainers.clear()
        for home in list(self._homes.values()):
            home.disown()
