"""A disk that fails at every call there is, on each write path: `python -m tests.long_io_errors`.

Each path (a posting, an import, a purge, a restore, …) is gone with a disk that fails at the first read, the second,
and so on until there are no more; likewise for writes, flushes, truncations, removals, openings, renames, and a full
disk; each once, and from then on. What was done is kept in a file, so that the next call goes on where this one ended.
`--path posting --fault write --n 3` does that one again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from faults.injecting import FAULTS
from faults.io_errors import NAMES, Request, Trial, ask
from kept_state import write_state

STATE = Path(".cache/io-errors.json")
MOST_TOLD = 20
"""Findings that the file keeps of each path and fault."""


class Run:
    """What is done of all of them, kept in a file.

    Args:
        file: where.
        seconds: after which no more is begun.
    """

    def __init__(self, file: Path, seconds: float | None) -> None:
        self.file = file
        self.state: dict[str, dict[str, Any]] = {}
        if file.exists():
            self.state = json.loads(file.read_text(encoding="utf-8"))
        self.deadline = time.monotonic() + seconds if seconds else None
        self._mutex = threading.Lock()

    def of(self, path: str, fault: str) -> dict[str, Any]:
        """What is done of one path and fault; `calls` how many calls there are."""
        nothing = {"next": 1, "calls": None, "fired": 0, "told": 0, "findings": []}
        part: dict[str, Any] = self.state.setdefault(f"{path}, {fault}", nothing)
        return part

    def go(self, path: str) -> None:
        """Let fail what is left of a path."""
        left = [name for name in FAULTS if self.of(path, name)["calls"] is None]
        requests = [Request(path, name, self.of(path, name)["next"]) for name in left]
        if not requests or self.is_late():
            return
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="io-errors-", dir=memory) as folder:
            for trial in ask(requests, Path(folder)):
                self.add(trial)
                if self.is_late():
                    break

    def is_late(self) -> bool:
        """True once no more is to be begun."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def add(self, trial: Trial) -> None:
        """Add one to what is done."""
        with self._mutex:
            part = self.of(trial.path, trial.fault)
            part["next"] = trial.n + 1
            if trial.fired is None:
                part["calls"] = trial.n - 1
                print(_line(f"{trial.path}, {trial.fault}", part), flush=True)
            else:
                part["fired"] += 1
                part["told"] += trial.told is not None
            part["findings"] = (part["findings"] + list(tell(trial)))[:MOST_TOLD]
            if trial.fired is None or trial.wrong or trial.n % 20 == 0:
                write_state(self.file, self.state)


def tell(trial: Trial) -> list[str]:
    """What is wrong with a trial, and how to do it again."""
    again = f"--path {trial.path!r} --fault {trial.fault!r} --n {trial.n}"
    return [f"{again} ({trial.fired}; {trial.told}): {wrong}" for wrong in trial.wrong]


def _line(name: str, part: dict[str, Any]) -> str:
    return (
        f"{name}: {part['fired']} calls failed, {part['told']} were told, "
        f"{len(part['findings'])} findings"
    )


def main(arguments: list[str] | None = None) -> int:
    """Let each call fail that hasn't yet; 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_io_errors", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--path", choices=NAMES, help="this one alone")
    parser.add_argument("--fault", choices=FAULTS, help="with --path and --n: that one, again")
    parser.add_argument("--n", type=int, help="of the call that fails")
    given = parser.parse_args(arguments)
    if given.n is not None:
        with tempfile.TemporaryDirectory() as folder:
            trials = ask([Request(given.path, given.fault, given.n, 1_000_000)], Path(folder))
            return _tell([line for trial in trials for line in tell(trial)])
    run = Run(given.state, given.seconds)
    with ThreadPool(given.jobs) as pool:
        pool.map(run.go, [given.path] if given.path else NAMES, chunksize=1)
    write_state(run.file, run.state)
    fired = sum(part["fired"] for part in run.state.values())
    done = sum(part["calls"] is not None for part in run.state.values())
    print(f"{fired:,} calls failed, on {done} of {len(NAMES) * len(FAULTS)} paths and faults")
    return _tell([line for part in run.state.values() for line in part["findings"]])


def _tell(findings: list[str]) -> int:
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
