"""Each write path with a disk that fails at the nth call, for every n: `python -m faults.io_errors FOLDER REQUESTS`.

A trial: the deed fails with a clear error, whose first cause is the disk, or it is done. The store on whose file the
disk failed isn't written any more. Then the disk is mended, and a new start finds what was there before, and the deed
whole or not at all; it can be done then. Nothing stays open.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import driver, driver_connection
from .disk import WatchedVFS
from .files import watching
from .injecting import FAULTS, Fault, Injector

NAMES = (
    "posting", "posting a draft", "saving a draft", "import", "closing a month", "closing a year", "checkpoint",
    "creating", "creating the first of its kind", "cloning", "renaming", "suspending", "sharing", "unsharing",
    "purging", "migrating", "backing up", "restoring",
)  # fmt: skip
"""Of the write paths, which are in `write_paths`: nobody but the process of the trials may import what is there."""


class Request(NamedTuple):
    """What is to be tried: a write path, a fault, and every so many calls."""

    path: str
    fault: str
    first: int = 1
    step: int = 1


class Trial(NamedTuple):
    """What came of one.

    Attributes:
        fired: which call failed; None where there were fewer calls.
        told: the error that was raised; None where none was.
        wrong: what is wrong, in words.
    """

    path: str
    fault: str
    n: int
    fired: str | None
    told: str | None
    wrong: list[str]


def ask(requests: list[Request], folder: Path, without: str = "") -> Iterator[Trial]:
    """Have trials run in a process of its own, and yield them as they come.

    Args:
        requests: which.
        folder: to work in.
        without: a guard that is off, to see that it is missed; see `unguarded`.
    """
    given = [sys.executable, "-m", "faults.io_errors", str(folder), json.dumps(requests), without]
    where = Path(__file__).parent.parent
    with subprocess.Popen(given, cwd=where, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Trial(*json.loads(line))
    if process.returncode:
        raise RuntimeError(f"The trials ended with {process.returncode}.")


def main(folder: str, requests: str, without: str) -> None:
    """Do what `ask` asks for."""
    driver.install()
    if without:
        from .unguarded import switch_off

        switch_off(without)
    logging.disable(logging.CRITICAL)
    trials = _Trials(Path(folder))
    for request in json.loads(requests):
        for trial in trials.run(Request(*request)):
            print(json.dumps(trial), flush=True)


class _Trials:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.injector = Injector(str(folder / "trial"))
        self.vfs = WatchedVFS("failing", self.injector)
        driver_connection.vfs = "failing"
        self.outcomes: dict[str, tuple[str, str]] = {}

    def run(self, request: Request) -> Iterator[Trial]:
        """Let every so many calls fail, until there are no more."""
        n = request.first
        while True:
            trial = self.trial(request.path, FAULTS[request.fault], n)
            yield trial
            if trial.fired is None:
                return
            n += request.step

    def trial(self, name: str, fault: Fault, n: int) -> Trial:
        from .trials import deed_of, examine

        outcomes = self._outcomes(name)
        place = self._lay(name)
        with watching(self.injector):
            done = deed_of(name, place, self.injector, fault, n)
        fired = self.injector.fired
        wrong = done.wrong if fired else []
        wrong += examine(name, place, outcomes, done)
        return Trial(name, fault.name, n, fired, done.told, wrong)

    def _lay(self, name: str) -> Path:
        place = self.folder / "trial"
        if place.exists():
            shutil.rmtree(place)
        shutil.copytree(self.folder / name, place)
        return place

    def _outcomes(self, name: str) -> tuple[str, str]:
        """What there is before a deed, and after it where nothing fails."""
        if name not in self.outcomes:
            from .trials import outcomes

            self.outcomes[name] = outcomes(name, self.folder / name, lambda: self._lay(name))
        return self.outcomes[name]


if __name__ == "__main__":
    main(*sys.argv[1:])
