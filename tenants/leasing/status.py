"""What the pool tells operators: how full it is, how it has served, and who has what in hand."""

from __future__ import annotations

from dataclasses import dataclass

from .leases import LeaseStatus


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The pool as it stood when it was asked; the counters grow from the process's start.

    Attributes:
        budget: how many file descriptors it may have open.
        used: how many it counts now, what lies idle included.
        idle: how many connections lie idle, to be closed as soon as their room is needed.
        lent: how many connections are in somebody's hands.
        opens: how many connections were opened.
        reuses: how often a warm connection was used instead.
        waits: how many entries had to wait for room.
        waited_seconds: how long, all together.
        timeouts: how many of them waited in vain.
        evictions: how many idle connections were closed to make room.
        waiting: how many entries wait now.
        leases: who has stores in hand, the oldest first.
    """

    budget: int
    used: int
    idle: int
    lent: int
    opens: int
    reuses: int
    waits: int
    waited_seconds: float
    timeouts: int
    evictions: int
    waiting: int
    leases: list[LeaseStatus]
