"""The snapshots that are open, and the thread that ends those which last too long or cost too much."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING

from ..errors import TenantError
from .gate import Why
from .logs import log_sizes
from .status import SnapshotsStatus

if TYPE_CHECKING:
    from ..router import Router
    from .snapshot import Snapshot

log = logging.getLogger("tenants")

#: Seconds that a snapshot may last where nobody says otherwise.
MAX_AGE = 600.0
#: Bytes that a write-ahead log may have while a snapshot of its store is open.
LARGEST_LOG = 1024 * 1024 * 1024
#: Seconds between two looks at the logs.
LOOK_AGAIN = 1.0
#: Seconds that a statement gets to give up in, once it is interrupted, before it is interrupted again.
GIVE_UP = 0.02


class Snapshots:
    """One router's snapshots. A thread watches over them as long as there are any.

    Args:
        router: whose tenants are read.
        max_age: seconds that one lasts at most, unless it says otherwise itself.
        largest_log: bytes; a snapshot is ended early once the log of one of its stores has grown past that.

    Attributes:
        clock: seconds; tests turn it.
    """

    def __init__(
        self, router: Router, max_age: float = MAX_AGE, largest_log: int = LARGEST_LOG
    ) -> None:
        self.router = router
        self.max_age = require_age(max_age)
        self.largest_log = largest_log
        self.clock: Callable[[], float] = time.monotonic
        self._counts = {"begun": 0, "age": 0, "log": 0, "ended": 0}
        self.disown()

    def disown(self) -> None:
        """Leave the snapshots to the parent process: called in a forked child, where no thread watches."""
        self._changed = threading.Condition(threading.Lock())
        self._open: dict[Snapshot, None] = {}
        self._thread: threading.Thread | None = None
        self._stirred = False

    def add(self, snapshot: Snapshot) -> None:
        """Watch over one that has begun."""
        with self._changed:
            self._open[snapshot] = None
            self._counts["begun"] += 1
            if self._thread is not None:
                self._stir()
                return
            # A context of its own: it is in nobody's entry.
            self._thread = threading.Thread(
                target=lambda: Context().run(self._watch), name="snapshots", daemon=True
            )
            try:
                self._thread.start()
            except BaseException:
                self._thread = None
                del self._open[snapshot]
                raise

    def remove(self, snapshot: Snapshot) -> None:
        """Watch over one no more. Nothing happens where it isn't watched."""
        with self._changed:
            self._open.pop(snapshot, None)
            if not self._open:
                self._stir()

    def condemned(self, why: Why) -> None:
        """One is to be ended early: tell the operator, and have it ended."""
        log.log(logging.INFO if why.kind == "ended" else logging.WARNING, "%s", why.message)
        with self._changed:
            self._counts[why.kind] += 1
            self._stir()

    def look(self) -> None:
        """Look at them all now, rather than when it is time."""
        with self._changed:
            self._stir()

    def _stir(self) -> None:
        self._stirred = True
        self._changed.notify_all()

    # The thread

    def _watch(self) -> None:
        while True:
            with self._changed:
                if not self._open:
                    self._thread = None  # whoever comes next starts another one
                    return
                self._stirred = False
                found = list(self._open)
            at_it = [snapshot for snapshot in found if not self._is_done_with(snapshot)]
            with self._changed:
                if not self._stirred and not at_it:
                    self._changed.wait(self._pause(found))

    def _is_done_with(self, snapshot: Snapshot) -> bool:
        """End one that is due. False where a statement of it is still to give up."""
        try:
            why = snapshot.gate.why or self._complaint(snapshot)
            if why is None:
                return True
            snapshot.gate.condemn(why)
            if not snapshot.gate.end(GIVE_UP):
                return False
        except Exception:
            log.exception("%s: something failed as its snapshot was ended.", snapshot.label)
        self.remove(snapshot)
        return True

    def _complaint(self, snapshot: Snapshot) -> Why | None:
        gate = snapshot.gate
        return gate.late if self.clock() >= gate.due else snapshot.outgrown(self.largest_log)

    def _pause(self, found: list[Snapshot]) -> float:
        due = min(snapshot.gate.due for snapshot in found)
        return max(min(due - self.clock(), LOOK_AGAIN), 0.0)

    # What operators are told

    def status(self) -> SnapshotsStatus:
        """Return how many there are, how old the oldest is, and how large the logs of open stores are."""
        with self._changed:
            begun = [snapshot.began for snapshot in self._open]
            counts = dict(self._counts)
        oldest = max(self.clock() - min(begun), 0.0) if begun else 0.0
        sizes = log_sizes(self.router)
        return SnapshotsStatus(
            len(begun), oldest, counts["begun"], counts["age"], counts["log"], sizes.largest, sizes.total
        )  # fmt: skip

    def close(self) -> None:
        """Wait until nobody watches any more; for the end of a router, which has no snapshots left."""
        with self._changed:
            thread = self._thread
        if thread is not None:
            thread.join()


def require_age(seconds: float) -> float:
    """Return the age if it is a bound. Raises `TenantError` where it is none."""
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise TenantError(
            f"A snapshot can't last {seconds} seconds: name a bound above 0, as long as it lasts its stores' "
            f"write-ahead logs grow."
        )
    return seconds
