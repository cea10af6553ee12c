"""32 threads of each of 4 processes that post to 8 companies, 10,000 vouchers to each, in pieces that add up.

    python -m tests.long_contention --postings 10000

works on one data folder in `.cache/contention`; what was done so far stands in `.cache/contention.json`, so that the
next call goes on where this one ended. After each piece the books are compared with what was acknowledged. `--fresh`
begins anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from contention import Load, Piece, post_piece
from kept_state import read_state, write_state

STATE = Path(".cache/contention.json")
SEED = 2026
PIECE = 1_000
"""Postings to each company in one piece."""
P99 = 1.0
"""Seconds that 99 of 100 postings are to take at most, from entering the company to the acknowledgement."""


def add(state: dict[str, Any], last: int, piece: Piece) -> None:
    """Add a piece to what is done."""
    state["postings"] = last
    state["seconds"] = round(state["seconds"] + piece.seconds, 3)
    for name in ("errors", "told", "counted"):
        state[name] = dict(Counter(state[name]) + getattr(piece, name))
    state["findings"] += [
        f"up to {last} of seed {state['seed']}: {what}" for what in piece.findings
    ]
    took = Counter({int(k): v for k, v in state["milliseconds"].items()})
    took.update(int(seconds * 1000) for seconds in piece.latencies)
    state["milliseconds"] = {str(k): v for k, v in sorted(took.items())}


def percentile(milliseconds: dict[str, int], share: float) -> float:
    """Seconds that so large a share of the postings took at most."""
    left = share * sum(milliseconds.values())
    for took, count in sorted((int(k), v) for k, v in milliseconds.items()):
        left -= count
        if left <= 0:
            return (took + 1) / 1000
    return 0.0


def told(state: dict[str, Any]) -> str:
    """What is done, in one line."""
    took, done = state["milliseconds"], sum(state["milliseconds"].values())
    p50, p99, most = (percentile(took, share) for share in (0.5, 0.99, 1.0))
    verdict = "" if p99 <= P99 else f" (more than {P99:g} s)"
    return (
        f"{done:>7,} postings, {done / max(state['seconds'], 0.001):,.0f} a second, p50 {p50:.3f} s, "
        f"p99 {p99:.3f} s{verdict}, longest {most:.3f} s; {sum(state['errors'].values())} errors, "
        f"{len(state['findings'])} findings"
    )


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many are posted to each company; 1 if anybody was shown an error, or the books differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_contention", description=__doc__)
    parser.add_argument("--postings", type=int, default=10_000, help="to each company, in all")
    parser.add_argument("--piece", type=int, default=PIECE)
    parser.add_argument(
        "--load", type=int, nargs=3, default=list(Load()), help="threads, processes, companies"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--fresh", action="store_true", help="forget what was done before")
    given = parser.parse_args(arguments)
    folder, load = given.state.with_suffix("").resolve(), Load(*given.load)
    if given.fresh:
        given.state.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    fresh: dict[str, Any] = {
        "seed": given.seed, "load": list(load), "postings": 0, "seconds": 0.0, "errors": {}, "told": {}, "counted": {},
        "findings": [], "milliseconds": {},
    }  # fmt: skip
    state = read_state(given.state, fresh, "seed", "load", instead="--fresh")
    begun = time.monotonic()
    while state["postings"] < given.postings:
        first = state["postings"]
        last = min(first + given.piece, given.postings)
        whole = last == given.postings
        add(state, last, post_piece(folder, load, first, last, given.seed, checked=whole))
        write_state(given.state, state)
        print(told(state), flush=True)
        if given.seconds and time.monotonic() - begun > given.seconds:
            break
    for what in (*state["findings"], *(f"{n} × {error}" for error, n in state["errors"].items())):
        print(what)
    return 1 if state["findings"] or state["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
