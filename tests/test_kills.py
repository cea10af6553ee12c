"""The kill -9 programme in short: nothing acknowledged is lost, whatever is killed; and what lacks a guard is told."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import kill_runs
from kills import journal
from kills.ground import Ground
from kills.inspection import Inspection
from kills.nursery import Nursery
from kills.rounds import Arena, Round
from kills.truth import Truth
from kills.works.books import BY
from models.posting import post_input
from tenants import sqlite
from tests.long_kills import RUN

BY_THEME = {"alone": 10, "crowd": 8, "migrate": 4, "backup": 4}
"""How many are killed here, by theme."""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    arena = Arena(tmp_path_factory.mktemp("arena"))
    yield arena
    arena.close()


@pytest.mark.parametrize("theme", list(BY_THEME))
def test_nothing_that_was_acknowledged_is_lost(arena: Arena, theme: str) -> None:
    """Children are killed at random times in web requests, imports, companies' lives, migrations,
    backups and restores.

    Afterwards each acknowledged posting is there; what wasn't acknowledged is whole or absent, and there once when it
    is asked for again; files are sound, books balance, numbers have no gap, no company's texts are in another's files,
    and nothing is left over. With several at work in one folder, who isn't killed goes on.
    """
    done = arena.play(seed=3, number=0, kills=BY_THEME[theme], theme=theme)
    assert done.findings == []
    assert done.kills == BY_THEME[theme]
    assert sum(done.deeds.values()) >= done.kills


def lacking(arena: Arena, theme: str, without: str, word: str) -> None:
    """Assert that a programme without a guard tells of it, within a number of kills that makes it all but certain."""
    for number in range(10):
        done = arena.play(seed=4, number=number, kills=4, theme=theme, without=without)
        if any(word in finding for finding in done.findings):
            return
    pytest.fail("It wasn't seen.")


def test_an_answer_before_the_commit_is_told_as_a_loss(arena: Arena) -> None:
    """Children that acknowledge before they post: LOST."""
    lacking(arena, "alone", "order", "LOST")


def test_what_recovery_would_have_removed_is_told(arena: Arena) -> None:
    """Without recovery after the kill, marks and files of what was being made are found."""
    lacking(arena, "life", "recovery", "left over: making/")


# That each kind of damage is seen


@pytest.fixture
def ground(arena: Arena, tmp_path: Path) -> Ground:
    """An installation whose first company has two vouchers."""
    ground = arena.blank.copy(tmp_path)
    router = ground.open()
    try:
        with router.using("acme"):
            for deed in deeds(ground):
                posted = post_input(ground.sale(deed.what), by=BY, key=deed.what["key"])
                deed.done = {"id": posted.id}
    finally:
        router.close()
    return ground


def deeds(ground: Ground) -> list[journal.Deed]:
    """The postings of those vouchers, as acknowledged."""
    acme = ground.companies[0]
    about: dict[str, Any] = {"company": acme.id, "date": "2026-03-04", "amount": 500}
    return [
        journal.Deed("post", about | {"key": f"k{n}", "text": f"{acme.mark} sale"}, {})
        for n in range(2)
    ]


def inspected(ground: Ground) -> list[str]:
    """What an inspection finds."""
    truth = Truth(ground)
    truth.learn(deeds(ground))
    return Inspection(ground, truth, {}).run()


def books(ground: Ground) -> Path:
    return ground.data / "tenants" / ground.companies[0].id / "books.1.db"


def test_sound_folders_are_found_to_be_sound(ground: Ground) -> None:
    """Nothing is told of one in which nothing happened."""
    assert inspected(ground) == []


DAMAGE = {
    "DELETE FROM vouchers WHERE key = 'k1'": ("LOST: k1", "lines without a voucher"),
    "DELETE FROM lines WHERE n = 2 AND voucher_id = 2": ("lines that don't sum to zero",),
    "UPDATE vouchers SET serial = 3 WHERE id = 2": ("numbers from 1 to 3",),
    "UPDATE number_series SET last = 9": ("of 9 given",),
    "UPDATE balances SET debit = debit + 1": ("a balance that isn't its lines' sum",),
    "UPDATE ledger_state SET count = 7": ("vouchers that aren't counted",),
    "UPDATE store_identity SET owner = 'somebody'": ("says it is",),
    "UPDATE settings SET name = '{other}'": ("FOREIGN",),
    "CREATE TABLE grown (times); INSERT INTO grown VALUES (1)": ("0 migrations noted",),
}


@pytest.mark.parametrize("statement", DAMAGE)
def test_damage_is_seen(ground: Ground, statement: str) -> None:
    """What a change behind everybody's back does is told."""
    with closing(sqlite.driver.connect(str(books(ground)), isolation_level=None)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.executescript(statement.format(other=ground.companies[1].mark))
    found = inspected(ground)
    for word in DAMAGE[statement]:
        assert any(word in finding for finding in found), found


def test_a_damaged_file_is_seen(ground: Ground) -> None:
    """A page that was overwritten."""
    with books(ground).open("r+b") as file:
        file.seek(12 * 4096)
        file.write(b"\xff" * 2048)
    found = inspected(ground)
    assert any("integrity_check" in finding or "can't be read" in finding for finding in found)


def test_what_is_missing_or_too_much_in_the_folder_is_seen(ground: Ground) -> None:
    """A store's file that is gone, a home that nobody knows, a part of a file, a company that nobody made."""
    home = ground.data / "tenants" / ground.companies[1].id
    (home / "attachments.1.db").unlink()
    shutil.copytree(home, home.with_name("a" * 26))
    (ground.data / "purged").mkdir()
    (ground.data / "purged" / "x.part").touch()
    truth = Truth(ground)
    del truth.companies[ground.companies[2].id]
    found = " ".join(Inspection(ground, truth, {}).run())
    assert "attachments.1.db, which isn't there" in found
    assert f"the home of {'a' * 26}" in found
    assert "left over: purged/x.part" in found
    assert "nobody made it" in found


def test_a_kill_is_a_kill(arena: Arena, tmp_path: Path) -> None:
    """The nursery's children die of the signal, and what they told until then is read in whole lines."""
    arena.blank.copy(tmp_path)
    told = tmp_path / "told"
    orders = {
        "work": "books",
        "name": "k",
        "folder": str(tmp_path),
        "seed": "1",
        "journal": str(told),
    }
    pid = arena.nursery.bear(orders)
    assert arena.nursery.await_ready(pid)
    assert arena.nursery.kill(pid) == signal.SIGKILL
    _, faults = journal.read(told)
    assert faults == []


def test_a_child_that_can_do_nothing_says_so(tmp_path: Path) -> None:
    """Where the folder isn't there, `await_ready` returns False instead of waiting for ever."""
    nursery = Nursery()
    try:
        nowhere = {"work": "books", "name": "k", "folder": str(tmp_path / "none"), "seed": "1"}
        pid = nursery.bear(nowhere | {"journal": str(tmp_path / "told")})
        assert not nursery.await_ready(pid)
        nursery.kill(pid)
    finally:
        nursery.close()


# The long form


def made_up(given: tuple[int, int, int]) -> Round:
    """A round that takes no time; the third one finds something."""
    number = given[1]
    found = ["LOST: k1"] if number == 2 else []
    return Round(number, "alone", 25, {"web": 20, "import": 5}, {"post": 25}, 100, 7, 0.1, found)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kill_runs, "play", made_up)
    monkeypatch.setattr(kill_runs, "make_arena", lambda module, folder: None)
    return tmp_path / "below" / "kills.json"


def call(state: Path, kills: int, *more: str) -> int:
    return kill_runs.main(RUN, ["--kills", str(kills), "--jobs", "1", "--state", str(state), *more])


def test_pieces_add_up(state: Path) -> None:
    """A call goes on where the one before ended, and does nothing where enough is done."""
    assert call(state, 25) == 0
    assert call(state, 50) == 0
    held = json.loads(state.read_text())
    assert (held["rounds"], held["kills"], held["acknowledged"], held["asked"]) == (2, 50, 200, 14)
    assert held["works"] == {"web": 40, "import": 10}
    assert call(state, 50) == 0
    assert json.loads(state.read_text()) == held
    assert call(state, 10_000, "--seconds", "0.000001") == 1
    assert json.loads(state.read_text())["kills"] == 75


def test_what_is_found_is_told_with_its_seed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call fails then, and so does every later one; another seed is another file."""
    assert call(state, 100, "--seed", "7") == 1
    assert "round 2 of seed 7: LOST: k1" in capsys.readouterr().out
    assert call(state, 100, "--seed", "7") == 1
    assert kill_runs.main(RUN, ["--round", "2", "--seed", "7"]) == 1
    with pytest.raises(SystemExit, match="is of seed 7"):
        call(state, 200, "--seed", "8")
