"""A measured figure, how pairs are measured, and how a figure is told."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import msgspec

from .machine import describe

PAIRS = 21


class Figure(msgspec.Struct, frozen=True):
    """One measured figure.

    Attributes:
        what: what was measured against what.
        target: the bound, as people read it.
        met: whether the median keeps to the bound.
        median, low, high: of all pairs or runs; low and high are the quartiles.
        unit: `×` for ratios, else of the values.
        note: the medians of both sides in absolute terms, and how the run was set up.
    """

    what: str
    target: str
    met: bool
    median: float
    low: float
    high: float
    unit: str
    note: str

    def __str__(self) -> str:
        verdict = "met" if self.met else "NOT MET"
        return (
            f"{self.what}\n  median {number(self.median)} {self.unit} "
            f"(quartiles {number(self.low)} to {number(self.high)}), target {self.target}: {verdict}\n  {self.note}"
        )


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration in the unit in which it reads best."""
    for factor, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if value * factor < 1000:
            return f"{number(value * factor)} {unit}"
    return f"{number(value)} s"


def timed(work: Callable[[], object], sweep: bool = True) -> float:
    """Return how many seconds a piece of work took.

    Args:
        sweep: collect earlier garbage first. Not for work of less than a millisecond, which would then find the
            processor's caches empty.
    """
    if sweep:
        gc.collect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def pairs(
    ours: Callable[[], object], peer: Callable[[], object], count: int = PAIRS
) -> list[tuple[float, float]]:
    """Time both in turn, after one run of each that isn't counted; which goes first alternates."""
    ours(), peer()
    measured = []
    for turn in range(count):
        if turn % 2:
            other = timed(peer)
            measured.append((timed(ours), other))
        else:
            own = timed(ours)
            measured.append((own, timed(peer)))
    return measured


def calibration() -> float:
    """Return how many seconds a million turns of an empty loop take here, the best of five.

    Absolute figures mean little from one machine to another, or from one hour to the next on a shared one; beside this
    they can be compared.
    """

    def loop() -> None:
        for _ in range(1_000_000):
            pass

    return min(timed(loop, sweep=False) for _ in range(5))


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median and the quartiles below and above it."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return median, low, high


def ratio(
    what: str, measured: Sequence[tuple[float, float]], limit: float, calls: int, note: str
) -> Figure:
    """Make a figure of pairs: how many times the peer's duration ours is, which may be `limit` at most."""
    median, low, high = quartiles([own / other for own, other in measured])
    own = statistics.median(own for own, _ in measured) / calls
    other = statistics.median(other for _, other in measured) / calls
    told = f"{seconds(own)} against {seconds(other)}; {len(measured)} pairs. {note}"
    return Figure(what, f"≤ {limit:g}", median <= limit, median, low, high, "×", told)


def faster(
    what: str, measured: Sequence[tuple[float, float]], least: float, calls: int, note: str
) -> Figure:
    """Make a figure of pairs: how many times as fast as the peer ours is, which must be `least` at least."""
    median, low, high = quartiles([other / own for own, other in measured])
    own = statistics.median(own for own, _ in measured) / calls
    other = statistics.median(other for _, other in measured) / calls
    told = f"{seconds(own)} against {seconds(other)}; {len(measured)} pairs. {note}"
    return Figure(what, f"≥ {least:g}", median >= least, median, low, high, "×", told)


def absolute(
    what: str, values: Sequence[float], limit: float, factor: float, unit: str, note: str
) -> Figure:
    """Make a figure of durations in seconds, shown in `unit`, of which there are `factor` in a second."""
    median, low, high = (value * factor for value in quartiles(values))
    told = f"{len(values)} runs. {note}. Calibration: a million empty turns in {seconds(calibration())}"
    return Figure(what, f"≤ {limit:g} {unit}", median <= limit, median, low, high, unit, told)


def main(measure: Callable[[], list[Figure]]) -> None:
    """Measure, and print for people, or with --json for `python -m bench`."""
    if "--json" in sys.argv:
        sys.stdout.buffer.write(msgspec.json.encode(measure()))
    else:
        print(*describe(), *measure(), sep="\n")
