"""Damaged backups are refused: one round of the long run, and what it finds where a guard is out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from tenants.backups import stored
from tests import long_backup_damage
from tests.long_backup_damage import Damaged, main, one_round


def test_a_round_of_damage() -> None:
    """Flips and cuts in every file of plain and encrypted backups, full ones and increments: all refused."""
    done = one_round(seed=1, number=1)
    assert done.findings == []
    assert sum(done.tried.values()) == 110
    kinds = {kind.rsplit(" ", 1)[0] for kind in done.tried}
    assert kinds == {
        f"{name} {part}"
        for name in ("plain", "encrypted")
        for part in ("manifest", "db", "pages", "digests")
    }


def test_without_the_digests_damage_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run finds what isn't refused: without the stored files' SHA-256, damage of plain ones passes."""
    monkeypatch.setattr(stored, "require_as_written", lambda *given: None)
    assert one_round(seed=1, number=1, flips=24, cuts=0).findings


def test_pieces_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call goes on where the one before ended; what is found is told by every later one, and only by its seed."""

    def made_up(seed: int, number: int, flips: int = 100, cuts: int = 10) -> Damaged:
        return Damaged(number, {"plain db flipped": 100}, ["not refused"] if number == 2 else [])

    monkeypatch.setattr(long_backup_damage, "one_round", made_up)
    state = tmp_path / "below" / "damage.json"

    def call(rounds: int, *more: str) -> int:
        return main(["--rounds", str(rounds), "--state", str(state), *more])

    assert call(1) == call(2) == 0
    assert json.loads(state.read_text())["tried"] == {"plain db flipped": 200}
    assert call(3) == call(3) == 1
    with pytest.raises(SystemExit, match="is of seed 2026"):
        call(4, "--seed", "7")
