"""Many threads of several processes post to the same companies: the short form of `make contention-long`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from contention import differences
from tests.long_contention import main, percentile


def test_nobody_is_shown_a_busy_error_and_nothing_is_lost(tmp_path: Path) -> None:
    """In two pieces: all that was acknowledged is there, once, numbered without gaps, and the books are in order."""
    file = tmp_path / "contention.json"
    call = ["--state", str(file), "--load", "8", "2", "3", "--piece", "12"]
    assert main([*call, "--postings", "24"]) == 0
    state = json.loads(file.read_text())
    assert sum(state["milliseconds"].values()) == 24 * 3
    assert (state["errors"], state["told"], state["findings"]) == ({}, {}, [])
    assert main([*call, "--postings", "24"]) == 0
    assert json.loads(file.read_text()) == state
    with pytest.raises(SystemExit, match="--fresh"):
        main([*call, "--postings", "24", "--seed", "1"])


ROWS = [("key-0", "GJ1", 1, 1, "a"), ("key-1", "GJ2", 2, 2, "b"), ("key-2", "SJ1", 3, 3, "c")]
SERIES = [(1, 2026, 1), (1, 2026, 2), (2, 2026, 1)]
TOLD = [[1, "GJ2", 2, 2, "b"], [2, "SJ1", 3, 3, "c"]]


@pytest.mark.parametrize(
    ("rows", "series", "lines", "acknowledged", "finding"),
    [
        (ROWS, SERIES, (6, 0), TOLD, None),
        (ROWS[:2], SERIES[:2], (4, 0), TOLD, "was acknowledged as SJ1, and is None"),
        (ROWS, SERIES, (6, 0), TOLD[:1], "nobody was told of"),
        (ROWS[1:], SERIES[1:], (4, 0), TOLD, "are there, and 3 of 3 were acknowledged"),
        ([*ROWS, ROWS[2]], SERIES, (8, 0), TOLD, "a key was posted twice"),
        (
            [*ROWS[:2], ("key-2", "GJ2", 3, 3, "c")],
            SERIES,
            (6, 0),
            TOLD,
            "a number was given twice",
        ),
        (
            [*ROWS[:2], ("key-2", "SJ1", 3, 2, "c")],
            SERIES,
            (6, 0),
            TOLD,
            "a place in the chain was",
        ),
        (ROWS, [*SERIES[:1], (1, 2026, 3), SERIES[2]], (6, 0), TOLD, "have a gap"),
        (ROWS, [*SERIES[:1], *SERIES[:1], SERIES[2]], (6, 0), TOLD, "have a gap or a double"),
        (ROWS, SERIES, (5, 0), TOLD, "have 5 lines"),
        (ROWS, SERIES, (6, 1), TOLD, "sum up to 1"),
    ],
)
def test_what_is_wrong_is_found(
    rows: list[object],
    series: list[object],
    lines: object,
    acknowledged: list[list[object]],
    finding: str | None,
) -> None:
    """The control: of three vouchers, the second and third of this piece, each fault is told."""
    found = differences(rows, series, lines, 1, 3, acknowledged)
    if finding is None:
        assert found == []
    else:
        assert any(finding in told for told in found), found


def test_percentiles() -> None:
    """Of whole milliseconds, rounded up."""
    took = {"3": 50, "9": 49, "70": 1}
    assert [percentile(took, share) for share in (0.5, 0.99, 1.0)] == [0.004, 0.010, 0.071]
