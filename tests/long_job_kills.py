"""kill -9 of workers amid jobs, in pieces that add up: `python -m tests.long_job_kills --kills 1000`.

Each round is a fresh installation of fifty companies, PER_ROUND kills, and JOBS_PER_KILL jobs for each. What was done
is kept in a file, so that the next call goes on where this one ended. A round that finds something names itself, and
`--round N` draws just that one again: the same jobs, workers killed at the same points and after the same times, though
what they had come to by then is the machine's to say.
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
    from jobkills.rounds import Arena, Round

PER_ROUND = 50
STATE = Path(".cache/job-kills.json")
SEED = 2026
MOST_TOLD = 50
"""Findings that the file keeps."""
ADDED = ("kills", "jobs", "vouchers", "files", "lapses")

_arena: Arena | None = None


def make_arena(folder: str) -> None:
    """Have this process's rounds played in an arena below that folder."""
    global _arena
    from jobkills.rounds import Arena

    own = Path(folder) / str(os.getpid())
    own.mkdir()
    _arena = Arena(own)


def close_arena() -> None:
    """End what this process's rounds were played in."""
    global _arena
    if _arena is not None:
        _arena.close()
    _arena = None


def _play(given: tuple[int, int]) -> Round:
    seed, number = given
    assert _arena is not None
    return _arena.play(seed, number, PER_ROUND)


def fresh_state(seed: int) -> dict[str, Any]:
    """What is done before the first call."""
    state: dict[str, Any] = dict.fromkeys(("rounds", "most", *ADDED), 0)
    return state | {"seed": seed, "seconds": 0.0, "points": {}, "findings": []}


def add(state: dict[str, Any], done: Round, wall: float) -> None:
    """Add a round to what is done; `wall` is the seconds that passed since the one before."""
    state["rounds"] += 1
    state["seconds"] += wall
    for name in ADDED:
        state[name] += getattr(done, name)
    state["most"] = max(state["most"], done.most)
    state["points"] = dict(Counter(state["points"]) + Counter(done.points))
    told = [f"round {done.number} of seed {state['seed']}: {found}" for found in done.findings]
    state["findings"] = (state["findings"] + told)[:MOST_TOLD]


def rounds(seed: int, numbers: Iterable[int], jobs: int) -> Iterator[Round]:
    """Play rounds in so many processes, and yield them in order."""
    with tempfile.TemporaryDirectory(prefix="job-kills-") as folder:
        asked = [(seed, number) for number in numbers]
        if jobs == 1:
            make_arena(folder)
            try:
                yield from map(_play, asked)
            finally:
                close_arena()
            return
        with multiprocessing.get_context("spawn").Pool(jobs, make_arena, (folder,)) as pool:
            yield from pool.imap(_play, asked)
            pool.close()
            pool.join()


def main(arguments: list[str] | None = None) -> int:
    """Kill until there were that many in all; return 1 if anything was ever found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="in all, earlier calls included")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1, help="rounds at once")
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
            f"{state['kills']:,} kills, {state['jobs']:,} jobs with {state['vouchers']:,} vouchers, lost with their "
            f"worker {state['lapses']:,} times, {len(state['findings'])} findings",
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
