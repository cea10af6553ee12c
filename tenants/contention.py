"""How often work had to wait for other work in this process, since it started."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContentionStatus:
    """What there was by one moment; all of it only grows.

    Attributes:
        waits: times that somebody waited for a lock, or for the process's turn to write to a store.
        waited_seconds: for how long, all together.
        timeouts: of these, waits that ended in `LockTimeout`.
        retries: times that a write was run again because SQLite said that the database was busy.
        gave_up: writes that it said so of to the end.
    """

    waits: int = 0
    waited_seconds: float = 0.0
    timeouts: int = 0
    retries: int = 0
    gave_up: int = 0


class Contention:
    """The process's counts. Whoever gets a lock at once counts nothing, so that it costs nothing."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin at nothing: in a forked child."""
        self._mutex = threading.Lock()
        self._waits = self._timeouts = self._retries = self._gave_up = 0
        self._seconds = 0.0

    def waited(self, seconds: float, in_vain: bool = False) -> None:
        """Count a wait that is over."""
        with self._mutex:
            self._waits += 1
            self._seconds += seconds
            self._timeouts += in_vain

    def retried(self) -> None:
        """Count a write that is run again."""
        with self._mutex:
            self._retries += 1

    def gave_up(self) -> None:
        """Count a write that isn't run again, though the database was busy."""
        with self._mutex:
            self._gave_up += 1

    def status(self) -> ContentionStatus:
        """Return the counts, all of one moment."""
        with self._mutex:
            return ContentionStatus(
                self._waits, self._seconds, self._timeouts, self._retries, self._gave_up
            )


#: Of this process: its locks are one for all routers.
contention = Contention()
