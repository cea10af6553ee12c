"""Measures every figure, each in a process of its own, and writes docs/benchmarks.md.

`python -m bench locks posting` measures those alone anew, and puts their rows in place of the ones before.
"""

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
    "papers",
    "jobs",
    "posting_beside",
    "big_papers",
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


def replace_rows(page: str, module: str, figures: list[Figure], about: str) -> str:
    """Return the page with a module's rows as they are now, and a line that says when that was.

    Args:
        page: as it was.
        module: whose figures these are.
        figures: what was measured.
        about: when, and how busy the machine was.
    """
    command = f"| `python -m bench.{module}` |"
    lines = [line for line in page.splitlines() if not line.startswith(f"- `{module}` anew on ")]
    places = [number for number, line in enumerate(lines) if line.endswith(command)]
    rows = table({module: figures}).splitlines()[2:]
    at = places[0] if places else len(lines)
    kept = [line for line in lines if not line.endswith(command)]
    kept[at:at] = rows
    last = max(number for number, line in enumerate(kept) if line.startswith("- "))
    kept.insert(last + 1, f"- `{module}` anew on {about}")
    return "\n".join(kept) + "\n"


def measure_anew(modules: list[str]) -> int:
    """Measure some modules, and put their rows into the page; exit 1 where a target isn't met."""
    unknown = [module for module in modules if module not in MODULES]
    if unknown:
        sys.exit(f"There is no bench {', '.join(unknown)}; there are {', '.join(MODULES)}.")
    met = True
    for module in modules:
        about = f"{datetime.datetime.now(datetime.UTC).date()}, {describe()[0]}"
        figures = run(module)
        print(*figures, sep="\n", flush=True)
        PAGE.write_text(replace_rows(PAGE.read_text("utf-8"), module, figures, about), "utf-8")
        met = met and all(figure.met for figure in figures)
    return 0 if met else 1


def main() -> int:
    """Measure all, print as they come, write the page; exit 1 where a target isn't met."""
    if len(sys.argv) > 1:
        return measure_anew(sys.argv[1:])
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
