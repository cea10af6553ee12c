"""A run over the fleet that is killed at any step: each store is wholly old or wholly new, and the next run ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migrating import ADD_COLUMN, Folders, asked, columns, make, opened, version
from notes import ROOT, texts
from tenants.schemas.fleet import Fleet

STEPS = (
    "locked", "snapshot", "begun", "applied 0001_karma", "applied 0002_shout", "checked", "committed", "recorded",
    "done",
)  # fmt: skip

#: Kills itself at the named step of the store that is named.
KILLED = """
import os, signal, sys
from tenants import Router
from tenants.schemas.fleet import Fleet
router = Router(sys.argv[1], migrations={"books": sys.argv[2]})
def kill(at):
    if (at.store, at.step) == (sys.argv[3], sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
Fleet(router).run(progress=kill, dry_run=len(sys.argv) > 5)
"""


def killed(data: Path, folder: Path, store: str, step: str, *more: str) -> None:
    """Run it in another process, which is dead at the end."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(data), str(folder), store, step, *more],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"},
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "migrations")
    folders.write("books", "0001_karma", ADD_COLUMN.format("karma"))
    shout = "def up(m, db): db.execute_sql(\"UPDATE note SET text = text || '!'\")\n"
    folders.write("books", "0002_shout", shout)
    return folders


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_is_taken_up(tmp_path: Path, folders: Folders, step: str) -> None:
    """Killed at this step of the second of three: none is half done, each goes through everything exactly once."""
    data = tmp_path / "data"
    with opened(data) as router:
        make(router, "acme", "globex", "initech")
        paths = {tenant.slug: tenant.store("books").path for tenant in router.tenants()}
    killed(data, folders.path / "books", "globex/books", step)
    landed = step in STEPS[STEPS.index("committed") :]
    found = {slug: (version(path), "karma" in columns(path)) for slug, path in paths.items()}
    assert found == {
        "acme": (2, True), "globex": (2, True) if landed else (0, False), "initech": (0, False),
    }  # fmt: skip
    with opened(data, migrations=folders("books")) as router:
        report = Fleet(router).run()
        assert report.is_well
        assert "initech/books" in {result.store for result in report.results}
        assert Fleet(router).run().results == ()
        for slug in paths:
            with router.using(slug):
                assert texts() == ["one!", "two!"]
    for path in paths.values():
        assert asked(path, "SELECT name FROM schema_migration ORDER BY id") == [
            ("0001_karma",),
            ("0002_shout",),
        ]
        assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    left = [path.name for path in data.rglob("*.part")]
    assert left == []


def test_a_dry_run_that_is_killed_leaves_the_stores_alone(tmp_path: Path, folders: Folders) -> None:
    """Only its copies are left, and the next dry run removes them."""
    data = tmp_path / "data"
    with opened(data) as router:
        make(router, "acme")
    killed(data, folders.path / "books", "acme/books", "done", "dry")
    assert (data / "trials").exists()
    with opened(data, migrations=folders("books")) as router:
        assert Fleet(router).run(dry_run=True).is_well
    assert not (data / "trials").exists()
