"""Threads that stand ready before the clock runs, as a server's do."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Crew:
    """So many threads, which do the same work at the same time, as often as they are told to.

    Args:
        threads: how many.
    """

    def __init__(self, threads: int) -> None:
        self._gate = threading.Barrier(threads + 1)
        self._work: Callable[[], object] | None = None
        for _ in range(threads):
            threading.Thread(target=self._serve, daemon=True).start()

    def __call__(self, work: Callable[[], object]) -> None:
        """Have each of them do it once, and return when all have."""
        self._work = work
        self._gate.wait()
        self._gate.wait()

    def dismiss(self) -> None:
        """Let them go."""
        self._work = None
        self._gate.wait()

    def _serve(self) -> None:
        while True:
            self._gate.wait()
            if self._work is None:
                return
            self._work()
            self._gate.wait()
