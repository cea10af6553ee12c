"""Postings to one company by 1, 8 and 32 threads, against the bare driver's by one, plain Peewee and its queue."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from models.posting import post_input

from .crew import Crew
from .figures import Figure, faster, main, seconds, timed
from .posting_pair import BY, Twins, twins
from .posting_peers import Peer

PAIRS = 11
AT_ONCE = 64
THREADS = (1, 8, 32)
LEAST = 0.5


def measure() -> list[Figure]:
    """Measure 11 rounds of each number of threads, after one that isn't counted, the disk waited for by all.

    The threads stand ready before the clock runs, ours and the peers': what it costs to start one isn't posting.
    """
    figures: list[Figure] = []
    errors: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        twins(len(THREADS) * (PAIRS + 1) * AT_ONCE, "FULL") as pair,
    ):
        for threads in THREADS:
            peers = {
                "plain Peewee, DEFERRED": Peer(_sub(folder, f"d{threads}"), queued=False),
                "playhouse.sqliteq, each statement by itself": Peer(
                    _sub(folder, f"q{threads}"), queued=True
                ),
            }
            figures += _rounds(pair, threads, peers, errors, folder)
    what = f"Postings that failed, of {len(THREADS) * (PAIRS + 1) * AT_ONCE:,} by up to 32 threads"
    failed = float(errors.total())
    figures.append(
        Figure(what, "0", not failed, failed, failed, failed, "", str(dict(errors) or "none"))
    )
    return figures


def _rounds(
    pair: Twins, threads: int, peers: dict[str, Peer], errors: Counter[str], folder: str
) -> list[Figure]:
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in ("the bare driver by one", *peers)}
    fsyncs: list[float] = []
    crew = Crew(threads)
    for _ in range(PAIRS + 1):
        ours.append(timed(lambda: post(pair, crew, AT_ONCE, errors)))
        theirs["the bare driver by one"].append(timed(lambda: pair.replay(AT_ONCE)))
        for name, peer in peers.items():
            theirs[name].append(_time_per_kept(peer, crew))
        fsyncs.append(_fsync(folder))
    crew.dismiss()
    figures = []
    waited = f"the disk's own fsync takes {seconds(statistics.median(fsyncs))}"
    for name, took in theirs.items():
        note = f"{AT_ONCE} vouchers each; {waited}"
        peer = peers.get(name)
        if peer is not None:
            peer.close()
            failed = peer.errors.total() / ((PAIRS + 1) * AT_ONCE)
            why = ", ".join(peer.errors) or "no error"
            note += f"; kept ones alone count, and of the peer's {failed:.0%} failed ({why})"
        what = f"Posting rate with {threads} thread{'s' * (threads > 1)} ÷ that of {name}"
        figures.append(faster(what, list(zip(ours, took, strict=True))[1:], LEAST, AT_ONCE, note))
    return figures


def _time_per_kept(peer: Peer, crew: Crew) -> float:
    """Return how many seconds the peer took, as if all that it posted in them had been a whole round."""
    begun = time.perf_counter()
    kept = peer.post(crew, AT_ONCE)
    return (time.perf_counter() - begun) * AT_ONCE / max(kept, 1)


def post(pair: Twins, crew: Crew, count: int, errors: Counter[str]) -> None:
    """Post the next vouchers of the twins' by the crew's threads, each in an entry of its own."""
    todo = iter(range(pair.ours_done, pair.ours_done + count))
    crew(lambda: _work(pair, todo, errors))
    pair.ours_done += count


def _work(pair: Twins, todo: Iterator[int], errors: Counter[str]) -> None:
    for n in todo:
        try:
            with pair.router.using("ours"):
                post_input(pair.vouchers[n], by=BY, key=f"k{n}")
        except Exception as error:  # noqa: BLE001 - what whoever posts is shown is what is counted
            errors[f"{type(error).__name__}: {error}"] += 1


def _sub(folder: str, name: str) -> str:
    path = Path(folder) / name
    path.mkdir()
    return str(path)


def _fsync(folder: str) -> float:
    """Return the median seconds that the disk takes to keep 4 KB."""
    took = []
    descriptor = os.open(Path(folder) / "fsync", os.O_RDWR | os.O_CREAT)
    try:
        for n in range(15):
            os.pwrite(descriptor, b"x" * 4096, 4096 * n)
            took.append(timed(lambda: os.fdatasync(descriptor), sweep=False))
    finally:
        os.close(descriptor)
    return statistics.median(took)


if __name__ == "__main__":
    main(measure)
