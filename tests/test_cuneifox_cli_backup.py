"""`cuneifox backup`: what it does, says and ends with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE
from tenants import sqlite


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a data folder of the test's."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *arguments])

    return run


@pytest.fixture
def companies(run) -> None:
    """Two companies."""
    for slug in ("acme", "baan"):
        assert run("company", "create", slug, "--name", slug.title()).exit_code == 0


def test_what_has_changed_is_backed_up_once(run, companies: None) -> None:
    """The first run backs all up, the second nothing; the list shows each with its stamp, the check finds all well."""
    first = json.loads(run("backup", "run", "--json").stdout)
    assert {o["slug"]: o["outcome"] for o in first["outcomes"]} == {
        "acme": "made",
        "baan": "made",
        "universal": "made",
    }
    again = json.loads(run("backup", "run", "--json").stdout)
    assert again["looked_at"] == 3
    outcomes = {o["slug"]: o["outcome"] for o in again["outcomes"]}
    assert {outcomes.get("acme", "same"), outcomes.get("baan", "same")} == {"same"}
    listed = json.loads(run("backup", "list", "--json").stdout)
    assert {one["slug"] for one in listed["tenants"]} == {"acme", "baan", "universal"}
    assert all(one["latest"] and not one["error"] for one in listed["tenants"])
    one = json.loads(run("backup", "list", "acme", "--json").stdout)
    assert [(b["kind"], b["vouchers"]) for b in one] == [("full", 0)]
    assert "3 verified, 0 damaged." in run("backup", "verify").stdout
    assert run("backup", "prune").stdout == "0 removed.\n"


def test_damage_is_told(run, companies: None, tmp_path: Path) -> None:
    """A bit that has changed in a backup ends its check with 1, and names it; the others are well."""
    run("backup", "run", "acme")
    stamp = json.loads(run("backup", "list", "acme", "--json").stdout)[0]["stamp"]
    (stored,) = (tmp_path / "data" / "backups").glob(f"*/{stamp}/books.1.db.zst")
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    result = run("backup", "verify", "acme")
    assert result.exit_code == REFUSED
    assert stamp in result.stdout
    assert "1 verified, 1 damaged." in result.stdout


def test_a_company_that_cannot_be_backed_up_is_told(run, companies: None, tmp_path: Path) -> None:
    """The others are backed up; the exit code is 1, and the list shows whose has failed, first, and why."""
    (books,) = (tmp_path / "data" / "tenants").glob(f"{_id(run, 'acme')}/books.1.db")
    connection = sqlite.driver.connect(str(books), isolation_level=None)
    connection.execute("UPDATE ledger_state SET count = 0, turnover = 5")
    connection.close()
    result = run("backup", "run")
    assert result.exit_code == REFUSED
    assert "turnover" in result.stdout
    listed = json.loads(run("backup", "list", "--json").stdout)["tenants"]
    assert (listed[0]["slug"], listed[0]["latest"]) == ("acme", "")
    assert "turnover" in listed[0]["error"]
    assert {one["slug"] for one in listed[1:] if one["latest"]} == {"baan", "universal"}


def _id(run, slug: str) -> str:
    found: str = json.loads(run("company", "show", slug, "--json").stdout)["id"]
    return found


def test_a_key_is_made_once_and_is_its_owners(run, tmp_path: Path) -> None:
    """Nobody else may read it, and a second one of that name is refused; backups made with it are encrypted."""
    file = tmp_path / "key"
    assert run("backup", "key", str(file)).exit_code == 0
    assert os.stat(file).st_mode & 0o777 == 0o600
    content = file.read_bytes()
    refused = run("backup", "key", str(file))
    assert refused.exit_code == REFUSED
    assert file.read_bytes() == content
    (tmp_path / "config.toml").write_text(f'[backups]\nkey_file = "{file}"\n')
    assert run("company", "create", "acme", "--name", "Acme").exit_code == 0
    assert run("backup", "run", "acme").exit_code == 0
    (books,) = (tmp_path / "data" / "backups").glob("*/*/books.1.db.zst.enc")
    assert b"Acme" not in books.read_bytes()
    os.chmod(file, 0o644)
    result = run("backup", "run")
    assert result.exit_code == USAGE
    assert "chmod 600" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "nobody"), REFUSED, "there is no company 'nobody'"),
        (("list", "nobody"), REFUSED, "there is no company 'nobody'"),
        (("verify", "acme", "--stamp", "x"), REFUSED, "`cuneifox backup run`"),
        (("verify", "--stamp", "x"), USAGE, "--stamp goes with one COMPANY"),
    ],
)
def test_what_is_not_there(
    run, companies: None, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """The command says so, and where to look."""
    result = run("backup", *arguments)
    assert result.exit_code == code
    assert said in result.output


def test_where_none_are_wanted(run, companies: None, tmp_path: Path) -> None:
    """An empty folder in the settings makes none, and the commands say which setting that is."""
    (tmp_path / "config.toml").write_text('[backups]\nfolder = ""\n')
    result = run("backup", "run")
    assert result.exit_code == REFUSED
    assert "folder in [backups] is empty" in result.output
    assert not (tmp_path / "data" / "backups").exists()
