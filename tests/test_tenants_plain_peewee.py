"""With no router about, plain Peewee programs work as ever on our metadata class.

Each program runs in a process of its own, once on stock Peewee and once with `peewee.Metadata` replaced before any
model is made. What it prints, and how it ends, must be the same. Peewee's own suite isn't published with its source
distribution, so the programs are of two kinds: ours, which go through the subjects of Peewee's manual, and the examples
that the distribution carries.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted((ROOT / "tests" / "peewee_programs").glob("*.py"))
EXAMPLES = ["adjacency_list", "anomaly_detection", "graph", "hexastore", "reddit_ranking"]

RUN = """
import random, runpy, sys, time
random.seed(1)
time.time = lambda: 1767225600.0
import peewee
{replacement}
runpy.run_path(sys.argv[1], run_name="__main__")
"""
STOCK = ""
OURS = "import tenants; peewee.Metadata = tenants.ThreadSafeDatabaseMetadata"
OTHER = "import playhouse.shortcuts as s; peewee.Metadata = s.ThreadSafeDatabaseMetadata"


def outcome(program: Path, replacement: str, folder: Path) -> tuple[int, list[str], list[str]]:
    """Run a program in `folder`; return its exit status, and what it printed, by line.

    The lines are sorted, for some examples print what they have in a set.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN.format(replacement=replacement), str(program)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, sorted(done.stdout.splitlines()), sorted(done.stderr.splitlines())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_programs_of_ours(program: Path, tmp_path: Path) -> None:
    """A program that goes through one subject of Peewee's manual prints the same on either class."""
    stock = outcome(program, STOCK, tmp_path)
    assert (stock[0], stock[2]) == (0, [])
    assert len(stock[1]) > 10
    assert outcome(program, OURS, tmp_path) == stock


def test_a_class_that_differs_is_seen(tmp_path: Path) -> None:
    """The comparison can fail: Peewee's own class for threads shows another binding to another thread."""
    program = ROOT / "tests" / "peewee_programs" / "binding.py"
    assert outcome(program, OTHER, tmp_path) != outcome(program, STOCK, tmp_path)


@pytest.fixture(scope="module")
def distribution() -> Path:
    """The unpacked source distribution of the Peewee that is installed, fetched once and kept in `.cache`."""
    cache = ROOT / ".cache" / "peewee"
    name = f"peewee-{version('peewee')}"
    if not (cache / name).is_dir():
        fetch = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "peewee", "--dest"]
        done = subprocess.run(
            [sys.executable, *fetch, str(cache), name.replace("-", "==")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"Peewee's source couldn't be fetched: {done.stderr}"
        with tarfile.open(cache / f"{name}.tar.gz") as archive:
            # As Python's manual says to ask for it where Python may be older than 3.11.4, like Debian 12's.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            archive.extractall(cache)
    return cache / name


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_peewee(distribution: Path, example: str, tmp_path: Path) -> None:
    """An example from Peewee's distribution prints the same on either class."""
    program = distribution / "examples" / f"{example}.py"
    stock = outcome(program, STOCK, tmp_path)
    assert stock[0] == 0
    assert stock[1] + stock[2], "an example that prints nothing shows nothing"
    for left in tmp_path.iterdir():  # an example may keep its database in the working folder
        left.unlink()
    assert outcome(program, OURS, tmp_path) == stock
