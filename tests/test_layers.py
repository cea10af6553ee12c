"""The three rooms import downwards only, and Flask stays out of where data lives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("tenants", "models", "cuneifox")


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of setup.cfg on the rooms in `folder`."""
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(
        [*lint, "--no-cache", "--config", str(folder / "setup.cfg")],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_contracts_are_kept() -> None:
    """Nothing points upwards, and of what stores data only the adapter imports Flask."""
    done = contracts(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("tenants/locks.py", "import models", "The rooms import downwards only"),
        ("models/money.py", "import cuneifox", "The rooms import downwards only"),
        ("tenants/locks.py", "import flask", "only tenants.flask knows Flask"),
        ("models/money.py", "import flask", "only tenants.flask knows Flask"),
        ("tenants/sqlite.py", "import sqlite3", "No SQLite is imported"),
        ("models/money.py", "import apsw", "No SQLite is imported"),
        ("tenants/locks.py", "import pytest", "Only tenants.testing knows pytest"),
        ("tenants/locks.py", "import tenants.testing", "no other module knows tenants.testing"),
    ],
)
def test_a_wrong_import_is_seen(tmp_path: Path, file: str, line: str, broken: str) -> None:
    """An import that points upwards, or Flask below the web room, breaks its contract."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    done = contracts(tmp_path)
    assert done.returncode == 1
    assert any(broken in told and "BROKEN" in told for told in done.stdout.splitlines()), (
        done.stdout
    )
