"""Measures every figure, each in a process of its own, and writes docs/benchmarks.md."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import msgspec

from .figures import Figure, number
from .machine import describe

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"

#: Every module that measures, in the page's order.
MODULES = (
    "get_by_id",
    "thousand_rows",
    "lookup",
    "entering",
    "cold_open",
    "creating",
    "memory_engine",
    "fleet_pool",
    "migrating",
    "bind_ctx",
    "locks",
    "posting",
    "posting_threads",
    "posting_rate",
    "trial_balance",
    "journal_page",
    "importing",
    "backing_up",
)

HEAD = """# Benchmarks

Each figure is a ratio within one run, against the program named, the two taking turns; the median counts, the quartiles
show the spread. An absolute figure stands beside how long a million turns of an empty loop took just then. Written by
`make bench`; the command beside a figure repeats that one alone. What the long runs of random work and of attacks found
is in [conformance.md](conformance.md).

"""


def run(module: str) -> list[Figure]:
    """Measure one module's figures in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=list[Figure])


def table(measured: dict[str, list[Figure]]) -> str:
    """Return the page's table of figures."""
    lines = [
        "| what | target | median | quartiles | | how | command |",
        "|---|---|---|---|---|---|---|",
    ]
    for module, figures in measured.items():
        for f in figures:
            spread = f"{number(f.low)}–{number(f.high)}"
            lines.append(
                f"| {f.what} | {f.target} | {number(f.median)} {f.unit} | {spread} | "
                f"{'met' if f.met else '**not met**'} | {f.note} | `python -m bench.{module}` |"
            )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure all, print as they come, write the page; exit 1 where a target isn't met."""
    about = [f"- {line}" for line in describe()]
    measured: dict[str, list[Figure]] = {}
    for module in MODULES:
        measured[module] = run(module)
        print(*measured[module], sep="\n", flush=True)
    today = datetime.datetime.now(datetime.UTC).date()
    PAGE.write_text(
        f"{HEAD}Measured on {today}:\n\n" + "\n".join(about) + "\n\n" + table(measured), "utf-8"
    )
    return 0 if all(f.met for figures in measured.values() for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
