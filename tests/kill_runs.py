"""Rounds of kills for as long as wanted, in pieces that add up: what programmes that kill at random have in common.

A round is played in an arena: `Arena(folder)` of a module, with `play(seed, number, kills)` and `close()`.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kept_state import read_state, write_state

SEED = 2026
MOST_TOLD = 50
"""Findings that the file keeps."""

_arena: Any = None
"""In which this process plays."""


class Run(NamedTuple):
    """One programme's rounds.

    Attributes:
        name: of the programme, whose file of what is done is named by it.
        about: what it says of itself.
        arenas: the module of its Arena.
        per_round: kills of a round.
        kills: in all, unless told otherwise.
        jobs: rounds at once, unless told otherwise.
        fresh: what is counted, before the first call, besides `rounds`, `kills`, `seconds`, `seed` and `findings`.
        add: adds a round to that.
        told: a line about it.
    """

    name: str
    about: str
    arenas: str
    per_round: int
    kills: int
    jobs: int
    fresh: dict[str, Any]
    add: Callable[[dict[str, Any], Any], None]
    told: Callable[[dict[str, Any]], str]


def main(run: Run, arguments: list[str] | None = None) -> int:
    """Go on until so many kills are done in all; 1 if one of them showed something."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.{run.name}", description=run.about)
    parser.add_argument("--kills", type=int, default=run.kills, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=run.jobs, help="rounds at once")
    parser.add_argument("--state", type=Path, default=Path(f".cache/{run.name}.json"))
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--round", type=int, help="play this one again, and keep nothing")
    given = parser.parse_args(arguments)
    if given.round is not None:
        return _tell(next(iter(_rounds(run, given.seed, [given.round], 1))).findings)
    return _tell(_go_on(run, given))


def _go_on(run: Run, given: argparse.Namespace) -> list[str]:
    counted = {"rounds": 0, "kills": 0, "seconds": 0.0, "seed": given.seed, "findings": []}
    state = read_state(given.state, counted | run.fresh)
    wanted = -(-given.kills // run.per_round)
    begun = at = time.monotonic()
    for done in _rounds(run, given.seed, range(state["rounds"], wanted), given.jobs):
        now = time.monotonic()
        state["rounds"] = done.number + 1
        state["kills"] += done.kills
        state["seconds"] = round(state["seconds"] + now - at, 2)
        told = [f"round {done.number} of seed {given.seed}: {found}" for found in done.findings]
        state["findings"] = (state["findings"] + told)[:MOST_TOLD]
        run.add(state, done)
        at = now
        write_state(given.state, state)
        print(
            f"{state['kills']:>7,} kills, {run.told(state)}, {len(state['findings'])} findings",
            flush=True,
        )
        if given.seconds and now - begun > given.seconds:
            break
    findings: list[str] = state["findings"]
    return findings


def _tell(findings: list[str]) -> int:
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _rounds(run: Run, seed: int, numbers: Iterable[int], jobs: int) -> Iterator[Any]:
    """Yield the rounds of these numbers, in order, `jobs` at a time."""
    asked = ((seed, number, run.per_round) for number in numbers)
    with tempfile.TemporaryDirectory(prefix=f"{run.name}-") as folder:
        if jobs == 1:
            make_arena(run.arenas, folder)
            try:
                yield from map(play, asked)
            finally:
                close_arena()
            return
        # whose arenas, and the processes of those, end with them
        spawning = multiprocessing.get_context("spawn")
        with spawning.Pool(jobs, make_arena, (run.arenas, folder)) as pool:
            yield from pool.imap(play, asked)
            pool.close()
            pool.join()


def make_arena(module: str, folder: str) -> None:
    """Have this process's rounds played in an arena of that module, below that folder."""
    global _arena
    own = Path(folder) / str(os.getpid())
    own.mkdir()
    _arena = importlib.import_module(module).Arena(own)


def close_arena() -> None:
    """End what this process's rounds were played in."""
    global _arena
    if _arena is not None:
        _arena.close()
    _arena = None


def play(given: tuple[int, int, int]) -> Any:
    """Play the round of a seed, a number and so many kills in this process's arena."""
    return _arena.play(*given)
