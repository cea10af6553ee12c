"""Leaving a mail server alone for a while that couldn't be reached."""

from __future__ import annotations

from collections.abc import Callable

SECONDS = 15.0
"""How long it is left alone."""


class Respite:
    """What letters of one process know of the server: each would find out by itself, and have a worker wait for it.

    Args:
        now: returns UTC seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began = float("-inf")

    def begin(self) -> None:
        """The server couldn't be reached."""
        self._began = self._now()

    def is_over(self) -> bool:
        """Whether it may be tried."""
        return not 0 <= self._now() - self._began < SECONDS
