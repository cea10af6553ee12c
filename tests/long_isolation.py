"""A million operations of the isolation tests' state machine, in pieces that add up.

    python -m tests.long_isolation --operations 1000000

works on all cores, in rounds of a few thousand operations, each from a seed of its own; what was done so far stands in
`.cache/isolation.json`, so that a run that was interrupted goes on where it was. A leak ends the run and says which
seed shows it again:

    python -m tests.long_isolation --seed 1234

To watch it find leaks, take a guard out (of `guards.py`), and play a few rounds:

    python -m tests.long_isolation --seed 1 --rounds 20 --without rows
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext, suppress
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from guards import switch_off
from world import OPERATIONS, World, set_up

STATE = Path(".cache/isolation.json")
#: Operations tried in a round; those that aren't possible as things are don't count.
ROUND = 3000
#: Where the data lies: in memory where there is such a folder, because millions of commits wait for no disk there.
FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None

_WEIGHED = [operation for operation in OPERATIONS for _ in range(operation.weight)]


def play(seed: int) -> dict[str, Any]:
    """Play one round on a fresh data folder; return what was done, and what leaked."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        router = set_up(Path(folder) / "data")
        world = None
        try:
            draw = random.Random(seed).random
            world = World(router, lambda n: int(draw() * n))
            for _ in range(ROUND):
                operation = _WEIGHED[int(draw() * len(_WEIGHED))]
                world.note(operation.name)
                operation.do(world)
            world.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its seed
            told = f"{type(error).__name__}: {error}"
            with suppress(Exception):
                world.close()  # its threads would keep the process from ending
            return {"seed": seed, "done": dict(world.done) if world else {}, "leak": told}
        router.close()
    return {"seed": seed, "done": dict(world.done), "leak": None}


def play_some(seeds: range, without: str) -> int:
    """Play these rounds until one leaks, with these guards taken out; returns the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        switch_off(patch, without)
        for seed in seeds:
            found = play(seed)
            print(f"seed {seed}:", found["leak"] or found["done"])
            if found["leak"]:
                return 1
    return 0


def read_state(path: Path) -> dict[str, Any]:
    """Return what was done so far."""
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    return {"operations": 0, "next_seed": 1, "seconds": 0.0, "done": {}, "leaks": []}


def run(state: dict[str, Any], operations: int, jobs: int) -> Iterator[None]:
    """Play rounds until there are so many operations in all, or a leak; yields after each."""
    begun, before = monotonic(), state["seconds"]
    processes = ProcessPoolExecutor(jobs, max_tasks_per_child=20) if jobs > 1 else nullcontext()
    with processes as pool:
        while state["operations"] < operations and not state["leaks"]:
            seeds = range(state["next_seed"], state["next_seed"] + 4 * jobs)
            for found in (pool.map if pool is not None else map)(play, seeds):
                state["done"] = dict(Counter(state["done"]) + Counter(found["done"]))
                state["operations"] = sum(state["done"].values())
                state["seconds"] = before + monotonic() - begun
                if found["leak"]:
                    state["leaks"].append({"seed": found["seed"], "what": found["leak"]})
            state["next_seed"] = seeds.stop
            yield


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--operations", type=int, default=1_000_000, help="how many, in all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--state", type=Path, default=STATE, help="what was done so far")
    parser.add_argument("--seed", type=int, help="play this round alone, and tell what it finds")
    parser.add_argument("--rounds", type=int, default=1, help="how many, beginning with that seed")
    parser.add_argument("--without", default="", help="guards to take out")
    options = parser.parse_args()
    if options.seed is not None:
        return play_some(range(options.seed, options.seed + options.rounds), options.without)
    state = read_state(options.state)
    options.state.parent.mkdir(parents=True, exist_ok=True)
    for _ in run(state, options.operations, options.jobs):
        options.state.write_text(json.dumps(state, indent=1), encoding="utf-8")
        print(f"\r{state['operations']:,} of {options.operations:,}", end="", flush=True)
    rate = state["operations"] / state["seconds"] if state["seconds"] else 0
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(state["done"].items()))
    print(f"\n{state['operations']:,} operations ({counts}), {rate:,.0f} a second")
    for leak in islice(state["leaks"], 3):
        print(f"LEAK with --seed {leak['seed']}: {leak['what']}")
    print(f"{len(state['leaks'])} leaks")
    return 1 if state["leaks"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
