"""Power cuts for as long as wanted, in pieces that add up: `python -m tests.long_power_loss --images 100000`.

Each round is a run that is recorded, and PER_ROUND images of what its disk may hold after a power cut. Most are of
postings, some are steps of companies' lives; a few more are postings with `synchronous=NORMAL`, whose losses are
counted and shown, and on a disk that lies about flushing, of which much has to be found. What was done is kept in a
file, so that the next call goes on where this one ended. A round that finds something keeps its recording and names
itself: `--part postings --round N` looks at it again, and `--image M` at one image of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from faults.power_cuts import Part, Round, play
from kept_state import read_state, write_state

PER_ROUND = 4_000
STATE = Path(".cache/power-loss.json")
SEED = 2026
MOST_TOLD = 50
"""Findings that the file keeps of each part."""

PARTS = {
    "postings": (Part("postings"), 0.8, PER_ROUND),
    "lives": (Part("lives"), 0.2, PER_ROUND),
    "NORMAL": (Part("postings", "NORMAL"), 0.02, PER_ROUND // 4),
    "a disk that lies": (Part("postings", "LIES"), 0.005, PER_ROUND // 8),
}
"""What is run, how large a share of the images it has, and how many a round; the last two are on top."""


def _play(given: tuple[str, int, int]) -> tuple[str, Round]:
    name, seed, number = given
    part, _, images = PARTS[name]
    return name, play(part, seed, number, images)


def part_of(state: dict[str, Any], name: str) -> dict[str, Any]:
    """What is done of a part."""
    nothing = {
        "rounds": 0, "images": 0, "lossy": 0, "lost": 0, "corrupt": 0, "seconds": 0.0, "findings": [],
    }  # fmt: skip
    part: dict[str, Any] = state["parts"].setdefault(name, nothing)
    return part


def add(state: dict[str, Any], name: str, done: Round) -> None:
    """Add a round to what is done."""
    part = part_of(state, name)
    part["rounds"] = done.number + 1
    for what in ("images", "lossy", "lost", "corrupt"):
        part[what] += getattr(done, what)
    part["seconds"] = round(part["seconds"] + done.seconds, 1)
    part["findings"] = (part["findings"] + done.findings)[:MOST_TOLD]


def to_do(state: dict[str, Any], images: int, seed: int) -> list[tuple[str, int, int]]:
    """The rounds that are missing until there are so many images, small parts first."""
    wanted = []
    for name, (_, share, each) in sorted(PARTS.items(), key=lambda part: part[1][1]):
        last = -(-int(images * share) // each)
        wanted += [(name, seed, n) for n in range(part_of(state, name)["rounds"], last)]
    return wanted


def rounds(wanted: list[tuple[str, int, int]], jobs: int) -> Iterator[tuple[str, Round]]:
    """Yield the rounds in order, `jobs` at a time."""
    if jobs == 1:
        yield from map(_play, wanted)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=4) as pool:
        yield from pool.imap(_play, wanted)


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many images are done in all; 1 if one of them lacked something, or was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_power_loss", description=__doc__)
    parser.add_argument("--images", type=int, default=100_000, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--part", choices=PARTS, default="postings", help="of --round")
    parser.add_argument("--round", type=int, help="play this one again, and keep nothing")
    parser.add_argument("--image", type=int, help="of --round, this one alone")
    given = parser.parse_args(arguments)
    if given.round is not None:
        part, _, images = PARTS[given.part]
        done = play(part, given.seed, given.round, images, given.image)
        return _tell(done.findings)
    fresh: dict[str, Any] = {"seed": given.seed, "parts": {}}
    state = read_state(given.state, fresh)
    begun = time.monotonic()
    for name, done in rounds(to_do(state, given.images, given.seed), given.jobs):
        add(state, name, done)
        write_state(given.state, state)
        print(_line(name, part_of(state, name)), flush=True)
        if given.seconds and time.monotonic() - begun > given.seconds:
            break
    return _sum_up(state)


def _line(name: str, part: dict[str, Any]) -> str:
    return (
        f"{name}: {part['images']:,} images, {part['lossy']:,} lacked {part['lost']:,} that were acknowledged, "
        f"{part['corrupt']:,} wrong otherwise; {part['seconds'] / max(part['images'], 1) * 1000:.1f} ms each"
    )


def _sum_up(state: dict[str, Any]) -> int:
    findings = []
    for name, part in state["parts"].items():
        print(_line(name, part))
        if not PARTS[name][0].forgiving:
            findings += part["findings"]
        elif part["images"] and not part["lossy"]:
            findings.append(f"{name}: nothing was lost, so this programme would see no loss")
    return _tell(findings)


def _tell(findings: list[str]) -> int:
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
