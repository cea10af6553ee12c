"""The run of edits behind our back finds them all; without what finds them it says so; and its pieces add up."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from edits import editing
from models import check, verification
from models.checks import seals
from tests import long_edits
from tests.long_edits import Round, edit_round, main


def test_every_edit_is_found() -> None:
    """The short form: each kind, in whatever table of whatever store, and the voucher is named where it is one."""
    done = edit_round(seed=7, number=0, edits=40)
    assert done.misses == []
    assert len(done.edits) >= 8  # so many tables, and ways of going about it


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [
        (seals, "sealed", "update"),
        (verification, "verify_against", "rewrite"),
        (verification, "known_anchors", "rewrite"),
        (verification, "known_anchors", "cut"),
        (check, "known_seals", "reseal"),
    ],
)
def test_without_what_finds_them_edits_are_missed(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, kind: str
) -> None:
    """So nothing else does, and the run tells."""
    monkeypatch.setattr(editing, "WEIGHTS", {k: int(k == kind) for k in editing.KINDS})
    monkeypatch.setattr(module, name, lambda *_: iter(()))
    misses = edit_round(seed=1, number=0, edits=3).misses
    assert misses
    assert misses[0].startswith("edit ")
    assert " of round 0 of seed 1: " in misses[0]


def made_up(seed: int, number: int, edits: int = long_edits.PER_ROUND) -> Round:
    """A round that takes no time; the third one finds less than it should."""
    missed = [f"edit 1 of round {number} of seed {seed}: not found"] if number == 2 else []
    return Round(number, 0.1, Counter({"vouchers": edits}), missed)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(long_edits, "edit_round", made_up)
    return tmp_path / "below" / "edits.json"


def call(state: Path, edits: int, *more: str) -> int:
    return main(["--edits", str(edits), "--jobs", "1", "--state", str(state), *more])


def test_pieces_add_up(state: Path) -> None:
    """A call goes on where the one before ended, and does nothing where enough is done."""
    assert call(state, 100) == 0
    assert call(state, 200) == 0
    held = json.loads(state.read_text())
    assert (held["rounds"], held["edits"], held["of"]) == (2, 200, {"vouchers": 200})
    assert call(state, 200) == 0
    assert json.loads(state.read_text()) == held


def test_what_is_missed_is_told_with_its_seed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call fails then, and so does every later one; its round can be done again."""
    assert call(state, 400, "--seed", "7") == 1
    assert "edit 1 of round 2 of seed 7: not found" in capsys.readouterr().out
    assert call(state, 400, "--seed", "7") == 1
    assert main(["--round", "2", "--seed", "7"]) == 1
    assert main(["--round", "3", "--seed", "7"]) == 0


def test_another_seed_is_another_file(state: Path) -> None:
    """Pieces of different seeds don't add up to one run."""
    assert call(state, 100, "--seed", "7") == 0
    with pytest.raises(SystemExit, match="is of seed 7"):
        call(state, 200, "--seed", "8")
