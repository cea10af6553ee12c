"""What operators are told of snapshots."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotsStatus:
    """The snapshots as they stood when somebody asked; the counters grow from the process's start.

    Attributes:
        open: how many are open now.
        oldest: the age of the oldest, in seconds; 0 without any.
        begun: how many there were.
        too_old: how many were ended because their time was up.
        outgrown: how many were ended because a store's write-ahead log had grown too large.
        largest_log: bytes of the largest write-ahead log of all stores that are open.
        logs: bytes of all of them.
    """

    open: int
    oldest: float
    begun: int
    too_old: int
    outgrown: int
    largest_log: int
    logs: int
