"""Attacks at random for as long as wanted, in pieces that add up: `python -m tests.long_attacks --probes 100000`.

Each round is a fresh installation and PER_ROUND probes drawn by a seed of its own. What was done is kept in a file,
so that the next call goes on where this one ended. A round that finds something names itself, and
`--round N` does just that one again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from kept_state import read_state, write_state

PER_ROUND = 1_000
STATE = Path(".cache/attacks.json")
SEED = 2026
MOST_TOLD = 50
"""Findings that the file keeps."""


class Round(NamedTuple):
    """What came of one round; `seconds` of this process's time."""

    number: int
    probes: int
    seconds: float
    answered: dict[int, int]
    findings: list[str]


def fire_round(seed: int, number: int, probes: int = PER_ROUND) -> Round:
    """Attack a fresh installation with probes that the seed and the round's number decide."""
    from attacks.arena import Arena

    begun = time.perf_counter()
    chance = random.Random(f"{seed}-{number}")
    with tempfile.TemporaryDirectory() as folder:
        arena = Arena(Path(folder))
        try:
            found = arena.fire_all(arena.quiver.at_random(chance, probes))
            answered = arena.answered
            found += arena.verdict()
        finally:
            arena.close()
    told = [f"round {number} of seed {seed}: {finding}" for finding in found]
    return Round(number, probes, time.perf_counter() - begun, answered, told)


def _fire(given: tuple[int, int]) -> Round:
    return fire_round(*given)


def add(state: dict[str, Any], done: Round, wall: float) -> None:
    """Add a round to what is done; `wall` is the seconds that passed since the one before."""
    state["rounds"] = done.number + 1
    state["probes"] += done.probes
    state["leaks"] += len(done.findings)
    state["seconds"] = round(state["seconds"] + wall, 2)
    answered = Counter({int(k): v for k, v in state["answered"].items()})
    answered.update(done.answered)
    state["answered"] = {str(k): v for k, v in sorted(answered.items())}
    state["findings"] = (state["findings"] + done.findings)[:MOST_TOLD]


def rounds(seed: int, first: int, last: int, jobs: int) -> Iterator[Round]:
    """Yield the rounds from `first` up to before `last`, in order, `jobs` at a time."""
    numbers = ((seed, number) for number in range(first, last))
    if jobs == 1:
        yield from map(_fire, numbers)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_fire, numbers)


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many probes are done in all; 1 if one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_attacks", description=__doc__)
    parser.add_argument("--probes", type=int, default=100_000, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--round", type=int, help="fire this one again, and keep nothing")
    given = parser.parse_args(arguments)
    if given.round is not None:
        return _tell(fire_round(given.seed, given.round).findings)
    fresh: dict[str, Any] = {
        "seed": given.seed, "rounds": 0, "probes": 0, "leaks": 0, "seconds": 0.0, "answered": {}, "findings": [],
    }  # fmt: skip
    state = read_state(given.state, fresh)
    wanted = -(-given.probes // PER_ROUND)
    begun = at = time.monotonic()
    for done in rounds(given.seed, state["rounds"], wanted, given.jobs):
        now = time.monotonic()
        add(state, done, now - at)
        at = now
        write_state(given.state, state)
        print(
            f"{state['probes']:>9,} probes, {state['leaks']} leaks, "
            f"{state['probes'] / max(state['seconds'], 0.01):,.0f} a second",
            flush=True,
        )
        if given.seconds and now - begun > given.seconds:
            break
    return _tell(state["findings"])


def _tell(findings: list[str]) -> int:
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
