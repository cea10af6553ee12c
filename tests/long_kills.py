"""kill -9 in mid-work for as long as wanted, in pieces that add up: `python -m tests.long_kills --kills 10000`.

Each round is a fresh installation and PER_ROUND kills drawn by a seed of its own. What was done is kept in a file,
so that the next call goes on where this one ended. A round that finds something names itself, and
`--round N` draws just that one again: the same work, killed after the same times, though what the processes had come to
by then is the machine's to say.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from kept_state import read_state, write_state

if TYPE_CHECKING:
    from kills.rounds import Arena, Round

PER_ROUND = 25
STATE = Path(".cache/kills.json")
SEED = 2026
MOST_TOLD = 50
"""Findings that the file keeps."""
COUNTED = ("themes", "works", "deeds")

_arena: Arena | None = None


def make_arena(folder: str) -> None:
    """Have this process's rounds played in an arena below that folder."""
    global _arena
    from kills.rounds import Arena

    own = Path(folder) / str(os.getpid())
    own.mkdir()
    _arena = Arena(own)


def close_arena() -> None:
    """End what this process's rounds were played in."""
    global _arena
    if _arena is not None:
        _arena.close()
    _arena = None


def play_round(seed: int, number: int) -> Round:
    """Play a round in this process's arena."""
    assert _arena is not None
    return _arena.play(seed, number, PER_ROUND)


def _play(given: tuple[int, int]) -> Round:
    return play_round(*given)


def fresh_state(seed: int) -> dict[str, Any]:
    """What is done before the first call."""
    state: dict[str, Any] = dict.fromkeys(("rounds", "kills", "acknowledged", "asked"), 0)
    state |= {"seed": seed, "seconds": 0.0, "findings": []}
    return state | {name: {} for name in COUNTED}


def add(state: dict[str, Any], done: Round, wall: float) -> None:
    """Add a round to what is done; `wall` is the seconds that passed since the one before."""
    state["rounds"] = done.number + 1
    for name in ("kills", "acknowledged", "asked"):
        state[name] += getattr(done, name)
    state["seconds"] = round(state["seconds"] + wall, 2)
    counts = {"themes": {done.theme: done.kills}, "works": done.works, "deeds": done.deeds}
    for name, more in counts.items():
        state[name] = dict(sorted((Counter(state[name]) + Counter(more)).items()))
    told = [f"round {done.number} of seed {state['seed']}: {found}" for found in done.findings]
    state["findings"] = (state["findings"] + told)[:MOST_TOLD]


def rounds(seed: int, numbers: Iterable[int], jobs: int) -> Iterator[Round]:
    """Yield the rounds of these numbers, in order, `jobs` at a time."""
    given = ((seed, number) for number in numbers)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        if jobs == 1:
            make_arena(folder)
            try:
                yield from map(_play, given)
            finally:
                close_arena()
            return
        # Whose nurseries, and the children of those, end with them.
        with multiprocessing.get_context("spawn").Pool(jobs, make_arena, (folder,)) as pool:
            yield from pool.imap(_play, given)


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many kills are done in all; 1 if one of them showed something."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=10_000, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--round", type=int, help="play this one again, and keep nothing")
    given = parser.parse_args(arguments)
    if given.round is not None:
        return _tell(next(iter(rounds(given.seed, [given.round], 1))).findings)
    return _tell(_go_on(given))


def _go_on(given: argparse.Namespace) -> list[str]:
    state = read_state(given.state, fresh_state(given.seed))
    wanted = -(-given.kills // PER_ROUND)
    begun = at = time.monotonic()
    for done in rounds(given.seed, range(state["rounds"], wanted), given.jobs):
        now = time.monotonic()
        add(state, done, now - at)
        at = now
        write_state(given.state, state)
        print(
            f"{state['kills']:>7,} kills, {state['acknowledged']:,} postings acknowledged and found, "
            f"{len(state['findings'])} findings, {state['kills'] / max(state['seconds'], 0.01):,.1f} a second",
            flush=True,
        )
        if given.seconds and now - begun > given.seconds:
            break
    found: list[str] = state["findings"]
    return found


def _tell(findings: list[str]) -> int:
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
