"""The soak in short: what a server holds stays as much as it was, and a leak is told; its pieces add up."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from soak.flatness import FEWEST, judge
from soak.piece import Played
from tests import long_soak

ROOT = Path(__file__).parent.parent


def soaked(folder: Path, *more: str) -> dict[str, Any]:
    """Play a short piece in a process of its own, and return what is kept of it."""
    state = folder / "state.json"
    subprocess.run(
        [
            sys.executable, "-m", "tests.long_soak", "--companies", "8", "--seconds", "4", "--every", "0.1",
            "--warm-up", "1", "--threads", "3", "--descriptors", "60", "--state", str(state),
            "--folder", str(folder / "companies"), *more,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=False,
        timeout=300,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
    return found


def test_what_a_server_holds_stays_as_it_was(tmp_path: Path) -> None:
    """Mixed work on some companies, every kind of it: no fault, and no series rises."""
    state = soaked(tmp_path)
    assert state["findings"] == []
    (piece,) = state["pieces"]
    assert sum(piece["acts"].values()) > 50
    assert piece["series"]["threads"]["level"] >= 4


def test_leaks_are_told(tmp_path: Path) -> None:
    """A list that grows, and descriptors that stay open, with each turn."""
    told = " ".join(soaked(tmp_path, "--leak", "memory", "--leak", "descriptors")["findings"])
    assert "rss isn't flat" in told
    assert "descriptors isn't flat" in told


# The rule


def flat(values: list[float], name: str = "descriptors") -> bool:
    return judge(name, [5.0 * n for n in range(len(values))], values).flat


def test_noise_is_flat_and_a_slow_rise_is_not() -> None:
    """Peaks, noise and a saw are flat; a twentieth more at the end isn't, under whatever noise."""
    chance = random.Random(1)
    noise = [1000 + chance.uniform(-20, 20) for _ in range(400)]
    assert flat(noise)
    assert flat([value * (3 if n % 40 == 7 else 1) for n, value in enumerate(noise)])
    assert flat([1000 + 200 * (n % 25) / 25 for n in range(400)])
    assert not flat([value + 0.2 * n for n, value in enumerate(noise)])


def test_small_counts_may_rise_by_a_few() -> None:
    """A share of a small level would be less than one descriptor: so many may come in any case."""
    assert flat([40 + 28 * n / 99 for n in range(100)])
    assert not flat([40 + 32 * n / 99 for n in range(100)])
    assert not flat([9 + 2 * n / 99 for n in range(100)], "threads")


def test_a_cache_may_fill_as_far_as_its_ceiling() -> None:
    """Whoever keeps so many in mind may come to that; one more is a leak."""
    rising = [1000 + 1500 * n / 99 for n in range(100)]
    assert flat(rising, "homes in mind")
    assert not flat(rising, "tenants in mind")
    assert not flat([*rising[:-1], 2501], "homes in mind")


def test_too_few_samples_say_nothing() -> None:
    """An error, and no verdict."""
    with pytest.raises(ValueError, match="samples say nothing"):
        flat([1.0] * (FEWEST - 1))


# Pieces


def test_pieces_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call plays what is left, none where enough is done, and findings stay; another fleet is another file."""
    seconds = []

    def played(plan: Any) -> Played:
        seconds.append(plan.seconds)
        faults = ["a page answers 500"] if len(seconds) == 2 else []
        series = {"rss": judge("rss", list(range(20)), [1e8] * 20)}
        return Played(plan.seconds, 20, {"page": 7}, faults, series)

    monkeypatch.setattr("soak.piece.play", played)
    state = tmp_path / "below" / "soak.json"

    def call(*more: str) -> int:
        return long_soak.main(["--total", "100", "--state", str(state), *more])

    assert call("--seconds", "60") == 0
    assert call("--seconds", "60") == 1
    assert call() == 1
    assert seconds == [60, 40]
    held = json.loads(state.read_text())
    assert held["seconds"] == 100
    assert held["findings"] == ["piece 1: a page answers 500"]
    assert [piece["acts"] for piece in held["pieces"]] == [{"page": 7}, {"page": 7}]
    with pytest.raises(SystemExit, match="is of companies 5000"):
        call("--companies", "7")
