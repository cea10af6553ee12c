"""Whether a series stays where it is: the rule, and what of it is told."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec


class Bound(NamedTuple):
    """How much a series may rise in a piece: a share of its level, or so much, whichever is more."""

    share: float
    least: float


BOUNDS = {
    "descriptors": Bound(0.05, 30),
    "rss": Bound(0.05, 10e6),
    "wal total": Bound(0.10, 40e6),
    "wal largest": Bound(0.05, 5e6),
    "threads": Bound(0.0, 1),
    "leases": Bound(0.0, 8),
    "entries": Bound(0.0, 8),
    "objects": Bound(0.05, 30_000),
}
"""By the name of what is measured; bytes for memory and logs. Anything else is a count of what a cache holds.

A company that is opened takes nine descriptors. A log grows to 4 MB before SQLite begins it anew, in each of the few
companies that are never closed meanwhile; there are as many leases and entries as threads are at work in the moment,
and one more where work nests.
"""
CACHE = Bound(0.02, 200)

CEILINGS = {"homes in mind": 2_500, "stores in mind": 5_000}
"""What may rise as far as that. A thousand tenants are kept in mind, each with three stores, its own folder and at most
one more, of whoever shares registers with it: the more of them share, the more folders. And there are those at work."""

FEWEST = 12
"""Samples without which nothing can be said."""
MOST = 300
"""Samples that the fit takes; of more every so many."""


class Series(msgspec.Struct):
    """What came of one series.

    Attributes:
        level: its median.
        first, last, most: of its values.
        rise: by a Theil-Sen fit (the median of the slopes of all pairs of samples) from the first to the last sample:
            single peaks don't count, nor does a log that grows until it begins anew.
        bound: how much that may be.
        flat: whether it is no more, or the series stays below its ceiling.
    """

    level: float
    first: float
    last: float
    most: float
    rise: float
    bound: float
    flat: bool


def judge(name: str, times: Sequence[float], values: Sequence[float]) -> Series:
    """Decide whether a series is flat. `times` are seconds."""
    if len(values) < FEWEST:
        raise ValueError(f"{name}: {len(values)} samples say nothing; measure for longer")
    level = statistics.median(values)
    rise = slope(times, values) * (times[-1] - times[0])
    allowed = BOUNDS.get(name, CACHE)
    bound = max(allowed.share * level, allowed.least)
    flat = rise <= bound or max(values) <= CEILINGS.get(name, -1)
    return Series(level, values[0], values[-1], max(values), rise, bound, flat)


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return the median of the slopes between all pairs of samples."""
    step = -(-len(times) // MOST)
    points = list(zip(times, values, strict=True))[::step]
    return statistics.median((y - v) / (x - t) for (t, v), (x, y) in combinations(points, 2))
