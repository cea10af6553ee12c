"""A database that SQLite has open is never opened by hand: not to be read, hashed, copied, flushed or packed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def found(folder: Path, *cheat: str) -> list[str]:
    """What is opened by hand while every deed of `faults.write_paths` is done, in a process of its own."""
    given = [sys.executable, "-m", "faults.live_files", str(folder), *cheat]
    where = Path(__file__).parent
    done = subprocess.run(given, cwd=where, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_nobody_opens_a_live_database_by_hand(tmp_path: Path) -> None:
    """Postings, imports, companies made, copied and purged, migrations, backups, restores: SQLite keeps its locks."""
    assert found(tmp_path) == []


def test_it_would_be_seen(tmp_path: Path) -> None:
    """Whoever reads the catalogue's file while it is open is named."""
    told = found(tmp_path, "cheat")
    assert told
    assert all(line.startswith("universal.db, by ") for line in told)
