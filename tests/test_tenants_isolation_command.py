"""The command line as a process of its own: all actions, in the company they belong to, in another, and in none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from notes import ROOT
from routed_models import contents, tenant
from strays import ACTIONS
from tenants import Router

PROGRAM = ROOT / "tests" / "isolation_command.py"


@pytest.fixture
def folder(router: Router) -> Path:
    """A data folder with `acme` and `globex`, open in this process too."""
    tenant(router, "acme")
    tenant(router, "globex")
    return router.folder


def outcomes(folder: Path, *arguments: str) -> dict[str, str]:
    """Return what each action gave, or the name of what it raised."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAM), str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def rows(router: Router) -> list[object]:
    """Return every row of both companies."""
    found = []
    for slug in ("acme", "globex"):
        with router.using(slug):
            found.append(contents())
    return found


COMPARING = {action.name for action in ACTIONS if action.compares}


def test_in_a_process_of_its_own(router: Router, folder: Path) -> None:
    """A process refuses what this one does; with the guards out, everything goes through."""
    before = rows(router)
    own = outcomes(folder, "--take=acme", "--use=acme")
    assert len(own) == len(ACTIONS)
    assert not [name for name, found in own.items() if found.endswith(("Tenant", "Error"))]
    other = outcomes(folder, "--take=acme", "--use=globex")
    assert {name for name, found in other.items() if found != "WrongTenant"} == COMPARING
    assert {other[name] for name in COMPARING} <= {"False", "0", "None"}
    none = outcomes(folder, "--take=acme")
    assert set(none.values()) <= {"WrongTenant", "NoTenant"}
    assert rows(router) == before


def test_without_guards(router: Router, folder: Path) -> None:
    """With its guards taken out of the program, no action is refused: the test above sees leaks."""
    leaked = outcomes(folder, "--take=acme", "--use=globex", "--without-guards")
    refused = {name for name, found in leaked.items() if found in ("WrongTenant", "NoTenant")}
    assert refused == set()
    assert {leaked[name] for name in COMPARING}.isdisjoint({"False", "0", "None"})
