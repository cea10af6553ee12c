"""kill -9 in mid-work for as long as wanted, in pieces that add up: `python -m tests.long_kills --kills 10000`.

Each round is a fresh installation and PER_ROUND kills drawn by a seed of its own. What was done is kept in a file,
so that the next call goes on where this one ended. A round that finds something names itself, and
`--round N` draws just that one again: the same work, killed after the same times, though what the processes had come to
by then is the machine's to say.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

import kill_runs

if TYPE_CHECKING:
    from kills.rounds import Round

PER_ROUND = 25
SUMS = ("acknowledged", "asked")
COUNTED = ("themes", "works", "deeds")


def _add(state: dict[str, Any], done: Round) -> None:
    for name in SUMS:
        state[name] += getattr(done, name)
    counts = {"themes": {done.theme: done.kills}, "works": done.works, "deeds": done.deeds}
    for name, more in counts.items():
        state[name] = dict(sorted((Counter(state[name]) + Counter(more)).items()))


def _told(state: dict[str, Any]) -> str:
    rate = state["kills"] / max(state["seconds"], 0.01)
    return f"{rate:,.1f} a second, {state['acknowledged']:,} postings acknowledged and found"


RUN = kill_runs.Run(
    name="long_kills",
    about=__doc__,
    arenas="kills.rounds",
    per_round=PER_ROUND,
    kills=10_000,
    jobs=os.cpu_count() or 1,
    fresh=dict.fromkeys(SUMS, 0) | {name: {} for name in COUNTED},
    add=_add,
    told=_told,
)

if __name__ == "__main__":
    sys.exit(kill_runs.main(RUN))
