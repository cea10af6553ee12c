"""The fixtures that other people's applications get: run as they run them, and seen to fail where they should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from peewee import Model

from guards import switch_off
from notes import ROOT, Contact, Note
from tenants import UNIVERSAL
from tenants.testing import TwoTenants

MODELS = """
from peewee import TextField
from tenants import RoutedModel

class Note(RoutedModel):
    text = TextField()

    class Meta:
        store = "books"
"""


@pytest.fixture
def tenant_models() -> list[type[Model]]:
    """This suite's smallest models."""
    return [Note, Contact]


def first_note() -> Note:
    """Make a note and return it."""
    return Note.create(text="mine")


def test_two_tenants(two_tenants: TwoTenants) -> None:
    """Each has tables of its own, and `rows` shows what is in them."""
    with two_tenants.router.using(two_tenants.second):
        Note.create(text="theirs")
    rows = two_tenants.rows()
    assert rows["first"] == {"Note": [], "Contact": []}
    assert rows["second"]["Note"] == [(1, "theirs", 0)]


def test_an_isolated_action_passes(two_tenants: TwoTenants) -> None:
    """What is refused elsewhere passes, works with the first tenant's rows, and leaves none behind."""
    seen: list[Any] = []

    def save(note: Note) -> None:
        seen.append(note.save())

    two_tenants.assert_isolated(first_note, save)
    assert seen == [1]
    assert two_tenants.rows()["first"]["Note"] == []
    assert list(two_tenants.router.db_dict) == [UNIVERSAL]


@pytest.mark.parametrize("use", [lambda note: note.id, lambda note: note.text])
def test_a_leak_is_seen(two_tenants: TwoTenants, use: Any) -> None:
    """What goes through in another tenant's entry fails, with what it gave."""
    with pytest.raises(pytest.fail.Exception, match="went through in an entry of another tenant"):
        two_tenants.assert_isolated(first_note, use)


def test_a_leak_without_guards_is_seen(
    two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard of rows switched off, saving a row of another tenant fails."""
    switch_off(monkeypatch, "rows")
    with pytest.raises(pytest.fail.Exception, match="went through"):
        two_tenants.assert_isolated(first_note, lambda note: note.save())


def test_an_action_that_works_nowhere_fails(two_tenants: TwoTenants) -> None:
    """An action that is broken in its own tenant isn't taken for one that is refused elsewhere."""
    with pytest.raises(ZeroDivisionError):
        two_tenants.assert_isolated(first_note, lambda note: 1 // 0)


def run(folder: Path, conftest: str, test: str, *options: str) -> str:
    """Run pytest on another application's tests; return what it says."""
    (folder / "conftest.py").write_text('pytest_plugins = ["tenants.testing"]\n' + conftest)
    (folder / "test_it.py").write_text(MODELS + test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_it.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.stdout + done.stderr


def test_models_have_to_be_said(tmp_path: Path) -> None:
    """Without a `tenant_models` of its own, a test is told what to write."""
    told = run(tmp_path, "", "def test_it(two_tenants): pass")
    assert "define a fixture `tenant_models` in conftest.py" in told
    assert "1 error" in told


LEAVING = {
    "entry": "tenant_router.create('acme'); tenant_router.enter_here('acme')",
    "open router": "sys.kept = Router(tmp_path / 'other')",
    "transaction": "tenant_router.universal.atomic().__enter__()",
    "thread": "threading.Thread(target=threading.Event().wait, daemon=True).start()",
}


@pytest.mark.parametrize("kind", [None, *LEAVING])
def test_what_is_left_behind_fails_a_test(tmp_path: Path, kind: str | None) -> None:
    """A test whose assertions all hold fails where it leaves something behind, once the detector is asked for."""
    told = run(
        tmp_path,
        "",
        "import sys, threading\nfrom tenants import Router\n"
        "def test_it(tenant_router, nothing_left_behind, tmp_path):\n"
        "    tenant_router.create('globex')\n"
        "    with tenant_router.using('globex'): pass\n"
        f"    {LEAVING[kind] if kind else 'pass'}\n",
    )
    assert "1 passed" in told
    if kind is None:
        assert "error" not in told
    else:
        assert re.search(rf"The test left behind: .*{kind} ", told)
