"""Having a PDF set in a process of its own: watched, limited, and ended when nobody wants it any more."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cuneifox.i18n import _l
from cuneifox.papers.errors import PaperFailed

HERE = Path(__file__).parent
FONTS = HERE / "fonts"

CPU_SECONDS = 120
"""For a part; a part of the usual size takes three."""

MERGING_SECONDS = 900

PAUSE = 0.2
"""Seconds after which it is asked again whether the paper is still wanted."""

AT_ONCE = max(1, os.cpu_count() or 1)
"""Processes that set at the same time for this one; others wait their turn."""

_turns = threading.BoundedSemaphore(AT_ONCE)
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")

Wanted = Callable[[], None]
"""Raises if the paper isn't wanted any more."""


def prepare_part(folder: Path, name: str, template: str, data: Any) -> None:
    """Lay a part's template and data down in a folder of its own."""
    part = folder / name
    part.mkdir()
    shutil.copyfile(HERE / "templates" / f"{template}.typ", part / "main.typ")
    with (part / "data.json").open("w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False)


def set_parts(
    folder: Path,
    batches: Sequence[Sequence[str]],
    wanted: Wanted,
    done: Callable[[int], None] = lambda number: None,
) -> None:
    """Set parts, each batch of them in a process of its own, as many of these at a time as have a turn.

    A part's pages are in its folder's out.pdf once its batch is done.

    Args:
        folder: where the parts were prepared.
        batches: names of parts.
        wanted: asked several times a second.
        done: is told the number of each batch, counted from 0, as it ends; not always in order.

    Raises PaperFailed.
    """
    left = deque(enumerate(batches))
    running: dict[_Process, tuple[int, Sequence[str]]] = {}
    try:
        while left or running:
            while left and _turn(wanted, wait=not running):
                number, names = left.popleft()
                plan = {"parts": list(names), "merge": [], "seconds": CPU_SECONDS}
                running[_Process(folder, plan)] = number, names
            for process in _ended(running, wanted):
                number, names = running.pop(process)
                process.finish()
                for name in names:
                    (folder / name / "data.json").unlink()
                done(number)
    finally:
        for process in running:
            process.kill()


@dataclass(frozen=True)
class Numbering:
    """How pages are numbered once parts are put together.

    Attributes:
        runs: parts, by their names, whose pages are numbered together; others have numbers of their own.
        look: what numbers.typ wants.
    """

    runs: Sequence[Sequence[str]]
    look: dict[str, Any]


def merge_parts(
    folder: Path, names: Sequence[str], title: str, numbering: Numbering | None, wanted: Wanted
) -> None:
    """Put parts that are set together as the folder's out.pdf; theirs are gone then. Raises PaperFailed."""
    plan: dict[str, Any] = {"parts": [], "merge": list(names), "title": title, "runs": []}
    if numbering is not None:
        plan |= {"runs": numbering.runs, "numbers": numbering.look}
        prepare_part(folder, "numbers", "numbers", {})
    _turn(wanted, wait=True)
    process = _Process(folder, {**plan, "seconds": MERGING_SECONDS})
    try:
        while not _ended([process], wanted):
            pass
        process.finish()
    finally:
        process.kill()
        shutil.rmtree(folder / "numbers", ignore_errors=True)


def _turn(wanted: Wanted, *, wait: bool) -> bool:
    """Take a turn. False where there is none, unless it is waited for."""
    while not _turns.acquire(timeout=PAUSE if wait else 0):
        if not wait:
            return False
        wanted()
    return True


def _ended(running: Iterable[_Process], wanted: Wanted) -> list[_Process]:
    """Return the processes that have closed their output, which they do as they end, after PAUSE at the latest."""
    found = select.select([process.output for process in running], [], [], PAUSE)[0]
    wanted()
    return [process for process in running if process.output in found]


class _Process:
    """One process of the typesetter's. Whoever starts it has taken a turn, which it gives back as it ends.

    Args:
        folder: of the parts.
        plan: what it is to do.
    """

    def __init__(self, folder: Path, plan: dict[str, Any]) -> None:
        self._turn = ExitStack()
        with ExitStack() as failing:
            failing.callback(_turns.release)
            handle, name = tempfile.mkstemp(prefix="plan-", dir=folder)
            with open(handle, "w", encoding="utf-8") as file:
                json.dump({**plan, "parent": os.getpid()}, file)
            self._plan = Path(name)
            # in memory, for what it complains of may be that the disk is full
            self._complaint = failing.enter_context(open(os.memfd_create("complaint"), "w+b"))
            self._process = subprocess.Popen(  # noqa: S603  our own program; what people wrote is only its data
                [sys.executable, "-P", str(HERE / "typesetter.py"), str(FONTS), str(folder), name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._complaint,
                env={
                    **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                    "RAYON_NUM_THREADS": "1",  # the other processors are for people's requests
                },
            )
            assert self._process.stdout is not None
            self.output = self._process.stdout
            self._turn = failing.pop_all()

    def finish(self) -> None:
        """Wait for its end, which is near. Raises PaperFailed where it failed."""
        self._process.wait()
        self._complaint.seek(0)
        complaint = self._complaint.read().decode("utf-8", "replace")
        self.kill()
        if self._process.returncode != 0:
            raise _failure(self._process.returncode, complaint)

    def kill(self) -> None:
        """End it, whatever it is at, and give its turn back. Idempotent."""
        with self._turn:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            self.output.close()
            self._plan.unlink(missing_ok=True)


def _failure(status: int, complaint: str) -> PaperFailed:
    cause = complaint.strip()[-1000:]
    if status == -signal.SIGXCPU or status == -signal.SIGKILL:
        return PaperFailed(
            _l("The PDF took too long to set, and was given up. Ask for less at a time."), cause
        )
    if "memory" in cause or status == -signal.SIGABRT:
        return PaperFailed(
            _l("The PDF takes more memory than it may. Ask for less at a time."), cause
        )
    if "No space left" in cause or "os error 28" in cause:
        return PaperFailed(
            _l("The disk is full, and the PDF has no room. Tell the operator, then try again."),
            cause,
        )
    return PaperFailed(
        _l("The PDF could not be set. Take CSV or XLSX meanwhile, and tell the operator."), cause
    )
