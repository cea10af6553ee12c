"""Edits behind our back for as long as wanted, in pieces that add up: `python -m tests.long_edits --edits 1000`.

Each round is a fresh company and PER_ROUND edits drawn by a seed of its own, each on the files as they were. What was
done is kept in a file, so that the next call goes on where this one ended. An edit that isn't found names itself, and
`--round N` makes those of just that round again.
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

PER_ROUND = 100
STATE = Path(".cache/edits.json")
SEED = 2026
MOST_TOLD = 50
"""Misses that the file keeps."""


class Round(NamedTuple):
    """What came of one round; `edits` by the table or the kind, `misses` in words."""

    number: int
    seconds: float
    edits: Counter[str]
    misses: list[str]


def edit_round(seed: int, number: int, edits: int = PER_ROUND) -> Round:
    """Make edits that the seed and the round's number decide, one by one, and have each found."""
    from edits.books import make_books, open_router
    from edits.editing import edit
    from edits.files import Files

    begun = time.perf_counter()
    chance = random.Random(f"{seed}-{number}")
    done: Counter[str] = Counter()
    misses = []
    with tempfile.TemporaryDirectory() as folder:
        router = open_router(folder)
        try:
            tenant = make_books(router)
            files = Files(router, tenant)
            misses += [f"unedited: {finding}" for finding in _check(router)]
            for n in range(edits):
                files.put_back()
                made = edit(files, chance)
                done[made.told.split()[1]] += 1
                missed = verdict(made, _check(router))
                if missed:
                    misses.append(
                        f"edit {n} of round {number} of seed {seed}: {made.told}: {missed}"
                    )
        finally:
            router.close()
    return Round(number, time.perf_counter() - begun, done, misses)


def _check(router: Any) -> list[Any]:
    from models.check import check_company

    return check_company(router, "acme")


def verdict(made: Any, found: list[Any]) -> str:
    """Say what is missing from what was found; nothing where it was found, and the voucher named."""
    if not found:
        return "not found"
    if made.ids and not made.ids & {finding.voucher_id for finding in found}:
        return f"the voucher isn't named by {'; '.join(map(str, found[:5]))}"
    if made.words and not any(words in str(one) for words in made.words for one in found):
        return f"nobody says {made.words}: {'; '.join(map(str, found[:5]))}"
    return ""


def _edit(given: tuple[int, int, int]) -> Round:
    return edit_round(*given)


def add(state: dict[str, Any], done: Round, wall: float) -> None:
    """Add a round to what is done; `wall` is the seconds that passed since the one before."""
    state["rounds"] = done.number + 1
    state["edits"] += done.edits.total()
    state["seconds"] = round(state["seconds"] + wall, 2)
    state["of"] = dict(sorted((Counter(state["of"]) + done.edits).items()))
    state["misses"] = (state["misses"] + done.misses)[:MOST_TOLD]


def rounds(seed: int, first: int, sizes: list[int], jobs: int) -> Iterator[Round]:
    """Yield rounds of these sizes from `first` on, in order, `jobs` at a time."""
    given = [(seed, number, size) for number, size in enumerate(sizes, first)]
    if jobs == 1:
        yield from map(_edit, given)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_edit, given)


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many edits are made in all; 1 if one of them wasn't found."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_edits", description=__doc__)
    parser.add_argument("--edits", type=int, default=1_000, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--round", type=int, help="make those of this one again, and keep nothing")
    given = parser.parse_args(arguments)
    if given.round is not None:
        return _tell(edit_round(given.seed, given.round).misses)
    fresh: dict[str, Any] = {
        "seed": given.seed, "rounds": 0, "edits": 0, "seconds": 0.0, "of": {}, "misses": [],
    }  # fmt: skip
    state = read_state(given.state, fresh)
    left = max(given.edits - state["edits"], 0)
    sizes = [PER_ROUND] * -(-left // PER_ROUND)
    begun = at = time.monotonic()
    for done in rounds(given.seed, state["rounds"], sizes, given.jobs):
        now = time.monotonic()
        add(state, done, now - at)
        at = now
        write_state(given.state, state)
        print(f"{state['edits']:>7,} edits, {len(state['misses'])} not found", flush=True)
        if given.seconds and now - begun > given.seconds:
            break
    return _tell(state["misses"])


def _tell(misses: list[str]) -> int:
    for missed in misses:
        print(missed)
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
