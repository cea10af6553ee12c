"""kill -9 of workers in short: each job ends exactly once, whoever is killed when; and what lacks a guard is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import kill_runs
from jobkills.ground import Asking, Ground, Wanted
from jobkills.looking import look
from jobkills.rounds import Arena, Round
from tenants import sqlite
from tests.long_job_kills import RUN


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    arena = Arena(tmp_path_factory.mktemp("arena"), companies=6)
    yield arena
    arena.close()


def test_each_job_ends_exactly_once(arena: Arena) -> None:
    """Workers are killed at random moments and between certain steps, while jobs post vouchers and leave files.

    Afterwards each voucher that was wanted is in its company's books once, and no other; no job waits or runs; each
    result is its own job's; the chains verify, and no worker has met with an error.
    """
    done = arena.play(seed=1, number=0, kills=8)
    assert done.findings == []
    assert (done.kills, done.jobs) == (8, 40)


def test_jobs_without_an_idempotency_key_are_told_as_doubled(arena: Arena) -> None:
    """Killed between the commit in the books and 'done', with a key that each attempt makes up: TOO MUCH."""
    for number in range(5):
        done = arena.play(seed=2, number=number, kills=4, without="once", point="posted")
        if any("TOO MUCH" in finding for finding in done.findings):
            return
    pytest.fail("It wasn't seen.")


def test_jobs_that_nobody_takes_over_are_told_as_running(arena: Arena) -> None:
    """Killed amid their work, with taking over taken out: they are said to run for ever."""
    for number in range(5):
        done = arena.play(seed=3, number=number, kills=3, without="taking over", point="begun")
        if any("is running" in finding for finding in done.findings):
            return
    pytest.fail("It wasn't seen.")


# That each kind of damage is seen


@pytest.fixture
def ground(arena: Arena, tmp_path: Path) -> Ground:
    """An installation in which nothing was done yet, nor asked for."""
    ground = arena.blank.copy(tmp_path)
    (ground.data / "workers").mkdir()
    (ground.data / "results").mkdir()
    return ground


def asked(ground: Ground) -> list[Wanted]:
    asking = Asking(ground, Random(1))
    asking.ask(1)
    asking.close()
    return asking.wanted


def change(ground: Ground, statement: str) -> None:
    with closing(sqlite.driver.connect(str(ground.data / "universal.db"))) as catalogue:
        catalogue.execute(statement)
        catalogue.commit()


def test_a_job_that_never_began_is_seen(ground: Ground) -> None:
    """It waits, and its vouchers are missing."""
    wanted = asked(ground)
    found = " ".join(look(ground, wanted))
    assert f"job {wanted[0].id} is waiting" in found
    assert f"MISSING: job:{wanted[0].id}:0" in found


def test_a_job_that_nobody_asked_for_is_seen(ground: Ground) -> None:
    """One more than is known."""
    (job,) = asked(ground)
    assert f"job {job.id} is there, and nobody asked for it" in look(ground, [])


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"job": "x" * 26, "company": "", "vouchers": [1]}, "FOREIGN"),
        (None, "is torn"),
    ],
)
def test_another_jobs_result_is_seen(ground: Ground, content: object, word: str) -> None:
    """What lies where a job says that its result is has to be its own, and whole."""
    (job,) = asked(ground)
    place = f"{job.id}/1/result"
    path = ground.data / "results" / place
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content) if content else "{", encoding="utf-8")
    change(ground, f"UPDATE jobs SET result_place = '{place}'")
    assert any(word in finding for finding in look(ground, [job]))


def test_a_result_that_is_gone_and_a_worker_that_isnt_are_seen(ground: Ground) -> None:
    """No file at the place; a dead worker's file that nobody has removed."""
    (job,) = asked(ground)
    change(ground, f"UPDATE jobs SET result_place = '{job.id}/1/result'")
    (ground.data / "workers" / "vm:1:2.lock").touch()
    found = " ".join(look(ground, [job]))
    assert f"the result of {job.id} isn't at" in found
    assert "left over: vm:1:2.lock" in found


# The long form


def made_up(given: tuple[int, int, int]) -> Round:
    """A round that takes no time; the third one finds something."""
    number = given[1]
    found = ["TOO MUCH: k1"] if number == 2 else []
    return Round(number, 50, {"taken": 50}, 250, 600, 100, 30, number, 0.1, found)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kill_runs, "play", made_up)
    monkeypatch.setattr(kill_runs, "make_arena", lambda module, folder: None)
    return tmp_path / "below" / "kills.json"


def call(state: Path, kills: int, *more: str) -> int:
    return kill_runs.main(RUN, ["--kills", str(kills), "--state", str(state), *more])


def test_pieces_add_up(state: Path) -> None:
    """A call goes on where the one before ended, and does nothing where enough is done."""
    assert call(state, 50) == 0
    assert call(state, 100) == 0
    held = json.loads(state.read_text())
    assert (held["rounds"], held["kills"], held["jobs"], held["most"]) == (2, 100, 500, 1)
    assert held["points"] == {"taken": 100}
    assert call(state, 100) == 0
    assert json.loads(state.read_text()) == held
    assert call(state, 1000, "--seconds", "0.000001") == 1
    assert json.loads(state.read_text())["kills"] == 150


def test_what_is_found_is_told_with_its_seed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call fails then, and so does every later one; another seed is another file."""
    assert call(state, 200, "--seed", "7") == 1
    assert "round 2 of seed 7: TOO MUCH: k1" in capsys.readouterr().out
    assert call(state, 200, "--seed", "7") == 1
    assert kill_runs.main(RUN, ["--round", "2", "--seed", "7"]) == 1
    with pytest.raises(SystemExit, match="is of seed 7"):
        call(state, 250, "--seed", "8")
