"""The whole general ledger of a million lines as CSV and XLSX, and three months of it as PDF; with the memory it takes.

`python -m bench.big_papers --write pdf FOLDER` sets the whole of it, which takes ten minutes on two idle processors.
"""

from __future__ import annotations

import datetime
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from cuneifox.ledger_tables import whole_ledger_table
from cuneifox.papers import write
from models.migrations import FOLDERS
from models.reports.whole_ledger import whole_ledger
from tenants import Router

from .figures import Figure, absolute, main
from .huge_books import SLUG, made

LAST_DAY = datetime.date(2026, 12, 31)
MEGABYTES = 300
"""That each process may have at most."""

SECONDS = {"csv": 60.0, "xlsx": 60.0, "pdf": 180.0}
RUNS = {"csv": 3, "xlsx": 3, "pdf": 1}
FROM = {"pdf": "2026-10-01"}
"""The first day, where it isn't the first of the books."""


class Run(msgspec.Struct):
    """One file written: seconds by the clock and on processors, and megabytes of memory at the most.

    Attributes:
        own: of the process that reads and writes.
        others: of the largest of those that set pages.
        size: the file's bytes.
        lines: the ledger's.
    """

    seconds: float
    cpu: float
    own: float
    others: float
    size: int
    lines: int


def measure() -> list[Figure]:
    """Measure each form, and what memory it took."""
    folder = made()
    figures: list[Figure] = []
    for form in SECONDS:
        runs = [_in_a_process(form, folder) for _ in range(RUNS[form])]
        last = runs[-1]
        what = f"General ledger of {last.lines:,} lines to {form.upper()}"
        note = f"{last.cpu:.0f} s of processor time, {last.size / 1e6:.0f} MB on disk"
        figures.append(absolute(what, [run.seconds for run in runs], SECONDS[form], 1, "s", note))
        figures.append(_memory(f"{what}: memory at the most", runs))
    return figures


def _memory(what: str, runs: list[Run]) -> Figure:
    """The most that a process had, in all runs."""
    most = [max(run.own, run.others) for run in runs]
    note = f"{runs[-1].own:.0f} MB where it is read"
    if runs[-1].others:
        note += f", {runs[-1].others:.0f} MB where pages are set and put together"
    low, high = min(most), max(most)
    return Figure(what, f"≤ {MEGABYTES} MB", high <= MEGABYTES, high, low, high, "MB", note)


def _in_a_process(form: str, folder: Path) -> Run:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.big_papers",
            "--write",
            form,
            str(folder),
            FROM.get(form, ""),
        ],
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Run)


def _write(form: str, folder: Path, first: str = "") -> Run:
    router = Router(folder, migrations=FOLDERS)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        path = Path(place) / f"ledger.{form}"
        with ExitStack() as snapshot:
            snapshot.enter_context(router.tenant(SLUG).snapshot(roles=("books",)))
            day = datetime.date.fromisoformat(first) if first else None
            ledger = whole_ledger(day, LAST_DAY)
            write(form, whole_ledger_table(ledger), path, lambda done: None, read=snapshot.close)
        took, size = time.perf_counter() - begin, path.stat().st_size
    router.universal.release()
    router.close()
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    return Run(took, cpu, own.ru_maxrss / 1024, others.ru_maxrss / 1024, size, ledger.count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        sys.stdout.buffer.write(
            msgspec.json.encode(_write(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:]))
        )
    else:
        main(measure)
