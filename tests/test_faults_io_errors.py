"""A disk that fails or is full, in short: whole or absent, the cause told, the store not written any more."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from faults.io_errors import NAMES, Request, Trial, ask
from tests import long_io_errors

#: Some calls of each kind of path; which ones is as good as chance, as every one of them is gone through by `make`.
SOME = [
    *(Request("posting", fault, 2, 5) for fault in ("read", "write", "sync", "full")),
    Request("posting", "write from then on", 4, 9),
    Request("import", "full", 3, 17),
    Request("closing a year", "write", 3, 7),
    Request("creating", "read from then on", 5, 40),
    Request("creating", "open", 2, 8),
    Request("purging", "write", 5, 40),
    Request("purging", "delete", 1, 6),
    Request("migrating", "sync", 1, 4),
    Request("migrating", "full from then on", 11, 60),
]


def test_whatever_fails_all_is_whole_and_told(tmp_path: Path) -> None:
    """On each path, whichever call it is: the trials of `faults.io_errors` find nothing wrong."""
    trials = list(ask(SOME, tmp_path))
    assert [line for trial in trials for line in long_io_errors.tell(trial)] == []
    assert sum(trial.told is not None for trial in trials) > 20


def test_what_fails_as_a_new_store_is_closed_is_made_good(tmp_path: Path) -> None:
    """SQLite tells nobody that it couldn't move the log into the file then; it is tried again, and all is well."""
    first, *_ = ask([Request("creating", "truncate", 1, 1000)], tmp_path)
    assert (first.fired, first.told, first.wrong) == ("truncate number 1, of books.1.db", None, [])


@pytest.mark.parametrize(
    ("guard", "request_", "found"),
    [
        ("read-only after a fault", Request("posting", "write", 1, 12), "aren't read-only"),
        ("the first error", Request("posting", "write", 1, 12), "no transaction is active"),
    ],
)
def test_it_would_see(guard: str, request_: Request, found: str, tmp_path: Path) -> None:
    """With that guard off the same trials find what it prevents."""
    trials = list(ask([request_], tmp_path, guard))
    assert any(found in wrong for trial in trials for wrong in trial.wrong)


# The long run


def made_up(requests: list[Request], folder: Path, without: str = "") -> Iterator[Trial]:
    """Three calls of each kind; the second write of a posting is wrong."""
    for path, fault, first, _ in requests:
        for n in range(first, 5):
            wrong = ["lost"] if (path, fault, n) == ("posting", "write", 2) else []
            yield Trial(path, fault, n, f"number {n}" if n < 4 else None, "told", wrong)


def test_pieces_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call goes on where the one before ended; what was found fails it, and names itself."""
    monkeypatch.setattr(long_io_errors, "ask", made_up)
    state = tmp_path / "below" / "io-errors.json"
    given = ["--jobs", "1", "--state", str(state)]
    assert long_io_errors.main([*given, "--path", "import"]) == 0
    held = json.loads(state.read_text())
    assert held["import, full"]["calls"] == held["import, full"]["fired"] == 3
    assert long_io_errors.main(given) == 1
    held = json.loads(state.read_text())
    assert len(held) == len(NAMES) * len(long_io_errors.FAULTS)
    assert held["posting, write"]["findings"] == [
        "--path 'posting' --fault 'write' --n 2 (number 2; told): lost"
    ]
    assert long_io_errors.main(given) == 1
    assert json.loads(state.read_text()) == held


def test_every_path_has_its_name() -> None:
    """The names that can be asked for are those of the write paths; nothing here imports what opens databases."""
    from faults.write_paths import PATHS

    assert set(NAMES) == set(PATHS)
