"""Power cuts in short: no acknowledged posting is lost, no step of a company's life is half; and loss would be seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from faults.power_cuts import Part, Round, play
from tests import long_power_loss

#: A few postings are recorded in a second or two.
FEW = {"threads": 2, "each": 12}


def test_no_acknowledged_posting_is_lost() -> None:
    """Wherever the power is cut, with checkpoints and writers of other companies in between."""
    done = play(Part("postings"), seed=1, number=1, images=300, **FEW)
    assert (done.images, done.lost, done.findings) == (300, 0, [])


def test_companies_are_never_half_there() -> None:
    """Made, renamed, suspended, cloned, shared, purged: the step was taken or it wasn't, and what was told is so."""
    done = play(Part("lives"), seed=1, number=4, images=200, steps=10)
    assert (done.images, done.lost, done.findings) == (200, 0, [])


def test_with_normal_the_latest_may_be_lost_and_nothing_is_damaged() -> None:
    """`synchronous=NORMAL` loses acknowledged postings: the programme sees loss, and FULL is what prevents it."""
    done = play(Part("postings", "NORMAL"), seed=1, number=1, images=100, **FEW)
    assert done.lossy > 5
    assert done.corrupt == 0


def test_a_disk_that_lies_is_found_out() -> None:
    """On one that doesn't flush when it is told to books are damaged: the programme would see that, too."""
    done = play(Part("postings", "LIES"), seed=1, number=1, images=40, **FEW)
    assert done.lossy > 5
    assert done.corrupt > 5


# The long run


def made_up(part: Part, seed: int, number: int, images: int, only: int | None = None) -> Round:
    """A round that takes no time; the third one of postings finds something."""
    lossy = 7 if part.forgiving else int(part.work == "postings" and number == 2)
    told = ["lost"] if lossy else []
    return Round(number, images, lossy, lossy, 0, 0.1, told)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(long_power_loss, "play", made_up)
    return tmp_path / "below" / "power-loss.json"


def call(state: Path, images: int, *more: str) -> int:
    given = ["--images", str(images), "--jobs", "1", "--state", str(state), *more]
    return long_power_loss.main(given)


def test_pieces_add_up(state: Path) -> None:
    """A call goes on where the one before ended, part by part, and does nothing where enough is done."""
    each = long_power_loss.PER_ROUND
    assert call(state, 2 * each) == 0
    parts = json.loads(state.read_text())["parts"]
    done = {name: part["images"] for name, part in parts.items()}
    controls = {"NORMAL": each // 4, "a disk that lies": each // 8}
    assert done == {"postings": 2 * each, "lives": each} | controls
    assert call(state, 2 * each) == 0
    assert json.loads(state.read_text())["parts"] == parts


def test_what_is_found_fails_the_call(state: Path) -> None:
    """… and every later one; what NORMAL loses doesn't, and a NORMAL that loses nothing does."""
    assert call(state, 4 * long_power_loss.PER_ROUND) == 1
    assert call(state, long_power_loss.PER_ROUND) == 1
    held = json.loads(state.read_text())
    assert held["parts"]["postings"]["findings"] == ["lost"]
    held["parts"]["postings"]["findings"] = []
    state.write_text(json.dumps(held))
    assert call(state, long_power_loss.PER_ROUND) == 0
    held["parts"]["NORMAL"]["lossy"] = 0
    state.write_text(json.dumps(held))
    assert call(state, long_power_loss.PER_ROUND) == 1


def test_another_seed_is_another_file(state: Path) -> None:
    """Pieces of different seeds don't add up to one run."""
    assert call(state, 50, "--seed", "7") == 0
    with pytest.raises(SystemExit, match="is of seed 7"):
        call(state, 50, "--seed", "8")
