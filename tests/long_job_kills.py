"""kill -9 of workers amid jobs, in pieces that add up: `python -m tests.long_job_kills --kills 1000`.

Each round is a fresh installation of fifty companies, PER_ROUND kills, and JOBS_PER_KILL jobs for each. What was done
is kept in a file, so that the next call goes on where this one ended. A round that finds something names itself, and
`--round N` draws just that one again: the same jobs, workers killed at the same points and after the same times, though
what they had come to by then is the machine's to say.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

import kill_runs

if TYPE_CHECKING:
    from jobkills.rounds import Round

PER_ROUND = 50
SUMS = ("jobs", "vouchers", "files", "lapses")


def _add(state: dict[str, Any], done: Round) -> None:
    for name in SUMS:
        state[name] += getattr(done, name)
    state["most"] = max(state["most"], done.most)
    state["points"] = dict(Counter(state["points"]) + Counter(done.points))


def _told(state: dict[str, Any]) -> str:
    return (
        f"{state['jobs']:,} jobs with {state['vouchers']:,} vouchers, "
        f"lost with their worker {state['lapses']:,} times"
    )


RUN = kill_runs.Run(
    name="long_job_kills",
    about=__doc__,
    arenas="jobkills.rounds",
    per_round=PER_ROUND,
    kills=1_000,
    jobs=1,
    fresh=dict.fromkeys((*SUMS, "most"), 0) | {"points": {}},
    add=_add,
    told=_told,
)

if __name__ == "__main__":
    sys.exit(kill_runs.main(RUN))
