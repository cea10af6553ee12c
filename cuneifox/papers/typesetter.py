"""The typesetter's process: sets what lies in a folder as PDF, and ends. Imports nothing of ours but `joining`.

Usage: typesetter.py FONTS FOLDER PLAN. The folder holds a folder for each part with main.typ and its data.json; the
plan is a file of JSON that says what to do with them. Each part's pages become its out.pdf, what is merged the
folder's; or else there is a word on standard error and an exit status other than 0.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
MEMORY_BYTES = 2_000_000_000
TAGGED_BYTES = 100_000
NICENESS = 10
"""People's requests come first."""


def main() -> None:
    """Do as the plan says: {"parts": to set, "merge": to put together, "seconds": of CPU, "parent": pid, ...}."""
    fonts, folder = Path(sys.argv[1]), Path(sys.argv[2])
    plan = json.loads(Path(sys.argv[3]).read_text("utf-8"))
    _confine(plan)
    for name in plan["parts"]:
        _set(fonts, folder / name)
    if plan["merge"]:
        _merge(fonts, folder, plan)


def _confine(plan: dict[str, Any]) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != plan["parent"]:  # it died before it could be noticed
        os.kill(os.getpid(), signal.SIGKILL)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, plan["seconds"]),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))
    os.nice(NICENESS)


def _set(fonts: Path, part: Path) -> Path:
    """Set one part's main.typ; what the part isn't, it can't read."""
    import typst

    made = part / "out.pdf"
    typst.compile(
        str(part / "main.typ"),
        output=str(made),
        root=str(part),
        font_paths=[str(fonts)],
        ignore_system_fonts=True,
        pdf_tags=_is_tagged(part),
    )
    return made


def _is_tagged(part: Path) -> bool:
    """Whether the part is small enough to be tagged for screen readers, which takes a third longer."""
    return (part / "data.json").stat().st_size < TAGGED_BYTES


def _merge(fonts: Path, folder: Path, plan: dict[str, Any]) -> None:
    """Put the parts into one document, and number the pages of each run of them together."""
    import pikepdf

    pages = {}
    for name in plan["merge"]:
        with pikepdf.open(folder / name / "out.pdf") as part:
            pages[name] = len(part.pages)
    places = _places(plan["runs"], pages)
    with _joining().joined(folder / "out.pdf", plan["title"]) as whole:
        for name in plan["merge"]:
            path = folder / name / "out.pdf"
            with pikepdf.open(path) as part:
                if name in places:
                    _number(fonts, folder, part, plan["numbers"], *places[name])
                whole.add(part)
            path.unlink()


def _places(runs: list[list[str]], pages: dict[str, int]) -> dict[str, tuple[int, int]]:
    """How many pages of its run come before each part, and how many the run has."""
    places = {}
    for run in runs:
        before, count = 0, sum(pages[name] for name in run)
        for name in run:
            places[name] = before, count
            before += pages[name]
    return places


def _joining() -> Any:
    """The module beside this file, whose folder isn't among those that imports look through: its names are common."""
    found = importlib.util.spec_from_file_location("joining", Path(__file__).parent / "joining.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _number(
    fonts: Path, folder: Path, part: Any, numbers: dict[str, Any], before: int, pages: int
) -> None:
    import pikepdf

    place = folder / "numbers"
    data = {**numbers, "before": before, "pages": pages, "count": len(part.pages)}
    (place / "data.json").write_text(json.dumps(data), "utf-8")
    with pikepdf.open(_set(fonts, place)) as overlay:
        for page, number in zip(part.pages, overlay.pages, strict=True):
            page.add_overlay(number)


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit("out of memory")
    except Exception as error:  # noqa: BLE001  whatever it was, the starter tells
        sys.exit(f"{type(error).__name__}: {error}"[:2000])
