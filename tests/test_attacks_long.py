"""The long run of attacks: pieces add up, a round can be done again by its seed, and what it finds is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests import long_attacks
from tests.long_attacks import Round, fire_round, main


def made_up(seed: int, number: int, probes: int = long_attacks.PER_ROUND) -> Round:
    """A round that takes no time; the third one finds something."""
    found = [f"round {number} of seed {seed}: leak"] if number == 2 else []
    return Round(number, probes, 0.1, {200: probes - 1, 404: 1}, found)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(long_attacks, "fire_round", made_up)
    return tmp_path / "below" / "attacks.json"


def call(state: Path, probes: int, *more: str) -> int:
    return main(["--probes", str(probes), "--jobs", "1", "--state", str(state), *more])


def test_pieces_add_up(state: Path) -> None:
    """A call goes on where the one before ended, and does nothing where enough is done."""
    assert call(state, 1_000) == 0
    assert call(state, 2_000) == 0
    held = json.loads(state.read_text())
    assert (held["rounds"], held["probes"], held["leaks"]) == (2, 2_000, 0)
    assert held["answered"] == {"200": 1_998, "404": 2}
    assert call(state, 2_000) == 0
    assert json.loads(state.read_text()) == held


def test_what_is_found_is_told_with_its_seed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call fails then, and so does every later one."""
    assert call(state, 4_000, "--seed", "7") == 1
    assert "round 2 of seed 7: leak" in capsys.readouterr().out
    assert json.loads(state.read_text())["leaks"] == 1
    assert call(state, 4_000, "--seed", "7") == 1
    assert main(["--round", "2", "--seed", "7"]) == 1
    assert main(["--round", "3", "--seed", "7"]) == 0


def test_another_seed_is_another_file(state: Path) -> None:
    """Pieces of different seeds don't add up to one run."""
    assert call(state, 1_000, "--seed", "7") == 0
    with pytest.raises(SystemExit, match="is of seed 7"):
        call(state, 2_000, "--seed", "8")


def test_a_piece_ends_in_time(state: Path) -> None:
    """After the seconds that it was given, with what it has."""
    assert call(state, 100_000, "--seconds", "0.000001") == 0
    assert json.loads(state.read_text())["probes"] == 1_000


def test_a_round_attacks() -> None:
    """So many probes at random, nothing found, and most of them refused."""
    done = fire_round(seed=1, number=1, probes=300)
    assert done.findings == []
    assert sum(done.answered.values()) == 300
    assert done.answered[200] > 20
    assert done.answered[404] > 20
