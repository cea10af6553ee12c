"""Mixed work on thousands of companies, in pieces that add up: `python -m tests.long_soak --total 7200`.

What was done is kept in a file, and the companies in a folder beside it, so that the next call goes on where this one
ended. Each piece is a process that begins anew, whose first minutes aren't judged; whether what it holds is flat after
those is decided by the rule in `soak/flatness.py`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parent))

from kept_state import read_state, write_state

STATE = Path(".cache/soak.json")
FOLDER = Path(".cache/soak")
SEED = "2026"
COMPANIES = 5_000
TOTAL = 7_200.0


def main(arguments: list[str] | None = None) -> int:
    """Play one piece, unless enough was played already; 1 if a piece showed something."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_soak", description=__doc__)
    parser.add_argument("--total", type=float, default=TOTAL, help="seconds, earlier pieces too")
    parser.add_argument(
        "--seconds", type=float, help="of this piece; all that is left unless given"
    )
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--warm-up", type=float, default=300.0, help="seconds, not counted")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between samples")
    parser.add_argument("--share", type=float, default=1.0, help="of one processor, to work with")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--descriptors", type=int, default=0, help="of the pool; 0: as usual")
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the companies")
    parser.add_argument("--leak", action="append", default=[], help="memory or descriptors")
    given = parser.parse_args(arguments)
    fresh: dict[str, Any] = {
        "companies": given.companies,
        "seconds": 0.0,
        "pieces": [],
        "findings": [],
    }
    state = read_state(given.state, fresh, "companies")
    left = given.total - state["seconds"]
    if left > 0:
        _play(given, state, min(left, given.seconds or left))
    for finding in state["findings"]:
        print(finding)
    return 1 if state["findings"] else 0


def _play(given: argparse.Namespace, state: dict[str, Any], seconds: float) -> None:
    from soak.piece import Plan, play

    number = len(state["pieces"])
    plan = Plan(
        given.folder.resolve(), given.companies, seconds, given.warm_up, given.every, given.share, given.threads,
        given.descriptors,
        f"{given.seed}-{number}", tuple(given.leak),
    )  # fmt: skip
    played = play(plan)
    state["seconds"] = round(state["seconds"] + played.seconds, 1)
    at = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    state["pieces"].append({"at": at, **msgspec.to_builtins(played)})
    state["findings"] += [f"piece {number}: {finding}" for finding in played.findings]
    write_state(given.state, state)
    print(
        f"piece {number}: {played.seconds:,.0f} s after {given.warm_up:,.0f} s of warming up, "
        f"{sum(played.acts.values()):,} acts, {played.samples} samples; {state['seconds']:,.0f} s in all"
    )
    for name, one in played.series.items():
        told = f"{name:18} level {one.level:>14,.0f}  most {one.most:>14,.0f}  rise {one.rise:>+12,.0f}"
        print(f"  {told} of {one.bound:,.0f} allowed: {'flat' if one.flat else 'NOT FLAT'}")


if __name__ == "__main__":
    sys.exit(main())
