"""Having a PDF set in a process of its own: watched, limited, and ended when nobody wants it any more."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
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


def set_part(folder: Path, name: str, wanted: Wanted) -> None:
    """Set one part; its pages are in its folder's out.pdf from then on. Raises PaperFailed."""
    _run(folder, {"parts": [name], "merge": [], "seconds": CPU_SECONDS}, wanted)
    (folder / name / "data.json").unlink()


def merge_parts(
    folder: Path, names: list[str], title: str, numbers: dict[str, Any] | None, wanted: Wanted
) -> None:
    """Put parts that are set together as the folder's out.pdf. Raises PaperFailed.

    Args:
        numbers: what numbers.typ wants, where pages are to be numbered over all parts.
    """
    if numbers is not None:
        prepare_part(folder, "numbers", "numbers", {})
    plan = {"parts": [], "merge": names, "title": title, "numbers": numbers}
    _run(folder, {**plan, "seconds": MERGING_SECONDS}, wanted)


def _run(folder: Path, plan: dict[str, Any], wanted: Wanted) -> None:
    while not _turns.acquire(timeout=PAUSE):
        wanted()
    try:
        plan["parent"] = os.getpid()
        (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
        with (folder / "complaint").open("w+b") as complaint:
            process = subprocess.Popen(  # noqa: S603  our own program; what people wrote is only its data
                [sys.executable, "-P", str(HERE / "typesetter.py"), str(FONTS), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaint,
                env={
                    **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                    "RAYON_NUM_THREADS": "1",  # the other processors are for people's requests
                },
            )
            try:
                _watch(process, wanted)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
                assert process.stdout is not None
                process.stdout.close()
            if process.returncode != 0:
                complaint.seek(0)
                raise _failure(process.returncode, complaint.read().decode("utf-8", "replace"))
    finally:
        _turns.release()


def _watch(process: subprocess.Popen[bytes], wanted: Wanted) -> None:
    """Wait until the process closes its output, which it does as it ends."""
    assert process.stdout is not None
    while not select.select([process.stdout], [], [], PAUSE)[0]:
        wanted()
    process.wait()


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
