"""Importing ten years of beancount's own example, against `bean-check --no-cache` on the same file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from models.companies import create_company
from models.migrations import FOLDERS
from tenants import Router

from .figures import Figure, main, pairs, ratio

RUNS = 7
BIN = Path(sys.executable).parent
EXAMPLE = ["--seed", "1", "--date-begin", "2016-01-01", "--date-end", "2026-01-01"]


def measure() -> list[Figure]:
    """Measure 7 pairs: each is a command from start to end, ours into the books of a new company."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.beancount"
        subprocess.run([BIN / "bean-example", *EXAMPLE, "-o", file], check=True, stdout=sys.stderr)
        slugs = make_companies(Path(folder) / "data", RUNS + 1)
        env = {**os.environ, "CUNEIFOX_DATA": f"{folder}/data"}

        def ours() -> None:
            command = [sys.executable, "-m", "cuneifox", "import", slugs.pop(), file]
            subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)

        def check() -> None:
            subprocess.run([BIN / "bean-check", "--no-cache", file], check=True)

        measured = pairs(ours, check, RUNS)
    what = "`cuneifox import` of ten years ÷ `bean-check --no-cache`"
    return [ratio(what, measured, 2.5, 1, "Some 3,900 transactions, both as commands")]


def make_companies(folder: Path, count: int) -> list[str]:
    """Make companies with empty books and return their slugs."""
    router = Router(folder, migrations=FOLDERS)
    slugs = [f"run{i}" for i in range(count)]
    for slug in slugs:
        create_company(router, slug=slug, name=slug, currency="USD", template="general")
    router.universal.release()
    router.close()
    return slugs


if __name__ == "__main__":
    main(measure)
