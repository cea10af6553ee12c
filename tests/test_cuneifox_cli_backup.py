"""`cuneifox backup`: what it does, says and ends with."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE
from cuneifox.config import Config
from cuneifox.data_folder import open_folder
from models.actors import Actor
from models.backing_up import stamp_of
from models.companies import change_settings
from tenants import sqlite
from tenants.backups.manifest import Manifest, encode
from tenants.life import replacing
from tenants.life.flipping import flip


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
    assert "3 looked at: 3 as written, 0 damaged." in run("backup", "verify").stdout
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
    assert "1 looked at: 0 as written, 1 damaged." in result.stdout


@pytest.mark.parametrize("key_file", ["other", ""])
def test_the_wrong_key_is_no_damage(run, tmp_path: Path, key_file: str) -> None:
    """With another key, or none, what can't be read is called that, with what to do; nothing is changed."""
    for name in ("key", "other"):
        run("backup", "key", str(tmp_path / name))
    config = tmp_path / "config.toml"
    config.write_text(f'[backups]\nkey_file = "{tmp_path / "key"}"\n')
    run("company", "create", "acme", "--name", "Acme")
    assert run("backup", "run", "acme").exit_code == 0
    config.write_text(f'[backups]\nkey_file = "{key_file and tmp_path / key_file}"\n')
    verified = run("backup", "verify", "acme")
    assert verified.exit_code == REFUSED
    assert (
        "1 looked at: 0 as written, 0 damaged, 1 that can't be read with this key."
        in verified.stdout
    )
    assert "key_file in [backups]" in verified.stdout
    told = json.loads(run("backup", "verify", "acme", "--json").stdout)
    assert (told["looked_at"], told["as_written"], told["damaged"]) == (1, 0, [])
    (unread,) = told["without_key"]
    assert unread["tenant"] == _id(run, "acme")
    (listed,) = json.loads(run("backup", "list", "acme", "--json").stdout)
    assert listed["without_key"]
    for into in ((), ("--into", "new", "--name", "New")):
        refused = run("backup", "restore", "acme", "--yes-restore", "acme", *into)
        assert refused.exit_code == REFUSED
        assert "can't be read with" in refused.stderr
        assert "Name the key file that was in use then" in refused.stderr
        assert "key_file in [backups]" in refused.stderr
        assert "damaged" not in refused.stderr
    assert [one["slug"] for one in json.loads(run("company", "list", "--json").stdout)] == ["acme"]


def test_a_company_that_cannot_be_backed_up_is_told(
    run, companies: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
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
    again = run("backup", "run", "acme")
    assert again.output.count("acme could be made") == again.output.count("could be made") == 1
    assert not caplog.records  # which a shell would show beside what the command says


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
        (("run", "nobody"), REFUSED, "There is no company 'nobody'"),
        (("list", "nobody"), REFUSED, "There is no company 'nobody'"),
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


# Restoring


def _stamp(run, slug: str) -> str:
    found: str = json.loads(run("backup", "list", slug, "--json").stdout)[-1]["stamp"]
    return found


def _rename(run, tmp_path: Path, slug: str, name: str) -> None:
    """Change something in a company's books, by hand as it were."""
    config = Config(data_folder=str(tmp_path / "data"))
    router = open_folder(config)
    try:
        with router.using(slug):
            change_settings(by=Actor(user_id="", name="test", administers=True), name=name)
    finally:
        router.close()


def _name(run, slug: str) -> str:
    shown: str = json.loads(run("company", "show", slug, "--json").stdout)["name"]
    return shown


def test_a_company_is_restored_and_that_undone(run, companies: None, tmp_path: Path) -> None:
    """It is what it was at its backup, its neighbour as it was; what it was is kept, gone back to, deleted."""
    run("backup", "run")
    _rename(run, tmp_path, "acme", "Acme renamed")
    _rename(run, tmp_path, "baan", "Baan renamed")
    done = json.loads(run("backup", "restore", "acme", "--yes-restore", "acme", "--json").stdout)
    assert (done["slug"], done["trusted"]) == ("acme", True)
    assert (_name(run, "acme"), _name(run, "baan")) == ("Acme", "Baan renamed")
    assert run("check").exit_code == 0
    kept = json.loads(run("backup", "kept", "acme", "--json").stdout)
    assert {one["store"] for one in kept} == {"attachments", "books", "registers"}
    assert run("backup", "go-back", "acme", "--yes-restore", "acme").exit_code == 0
    assert _name(run, "acme") == "Acme renamed"
    assert run("check").exit_code == 0
    assert run("backup", "discard", "acme", "--yes-discard", "acme").exit_code == 0
    assert json.loads(run("backup", "kept", "--json").stdout) == []
    assert run("backup", "go-back", "acme", "--yes-restore", "acme").exit_code == REFUSED


def test_a_new_company_is_made_of_a_backup(run, companies: None, tmp_path: Path) -> None:
    """Under its own name, beside the one that was backed up, which stays as it is; also of one that was purged."""
    run("backup", "run")
    id = _id(run, "acme")
    made = run("backup", "restore", "acme", "--into", "second", "--name", "Second")
    assert made.exit_code == 0, made.output
    assert (_name(run, "second"), _name(run, "acme")) == ("Second", "Acme")
    run("company", "archive", "acme")
    assert run("company", "purge", "acme", "--yes-purge", "acme").exit_code == 0
    third = run("backup", "restore", id, "--into", "acme", "--name", "Acme again")
    assert third.exit_code == 0, third.output
    assert _name(run, "acme") == "Acme again"
    assert _id(run, "acme") != id
    assert run("check").exit_code == 0


def test_files_are_taken_row_by_row(run, companies: None, tmp_path: Path) -> None:
    """Of a database that somebody offers a company is made; what else is in it stays out, and is told."""
    run("backup", "run")
    files = {}
    for role in ("books", "registers", "attachments"):
        (home,) = (tmp_path / "data" / "tenants").glob(f"{_id(run, 'acme')}")
        files[role] = tmp_path / f"{role}.db"
        source = sqlite.driver.connect(str(home / f"{role}.1.db"))
        target = sqlite.driver.connect(str(files[role]))
        source.backup(target)
        source.close()
        if role == "books":
            target.execute("CREATE TRIGGER evil AFTER INSERT ON accounts BEGIN SELECT 1; END")
            target.commit()
        target.close()
    options = [word for role, file in files.items() for word in (f"--{role}", str(file))]
    made = run("backup", "take", *options, "--into", "taken", "--name", "Taken")
    assert made.exit_code == 0, made.output
    (home,) = (tmp_path / "data" / "tenants").glob(_id(run, "taken"))
    books = sqlite.driver.connect(str(home / "books.1.db"))
    assert books.execute("SELECT 1 FROM sqlite_schema WHERE name = 'evil'").fetchone() is None
    books.close()
    edited = sqlite.driver.connect(str(files["books"]))
    edited.execute("UPDATE accounts SET name = 'another' WHERE stid = 1")
    edited.commit()
    edited.close()
    refused = run("backup", "take", *options, "--into", "edited", "--name", "Edited")
    assert refused.exit_code == REFUSED
    assert "was changed by something else" in refused.output
    (tmp_path / "none.db").write_bytes(b"no database" * 1000)
    refused = run(
        "backup", "take", "acme", "--books", str(tmp_path / "none.db"), "--yes-restore", "acme"
    )
    assert refused.exit_code == REFUSED
    assert _name(run, "acme") == "Acme"


def test_a_restore_counts_from_the_moment_that_the_stores_are_others(
    run, companies: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was posted and backed up while the backup was still being read is lost, and not missing."""
    run("backup", "run", "acme")
    moments = []

    def noted_flip(*given: object) -> None:
        moments.append(stamp_of(time.time()))
        flip(*given)

    monkeypatch.setattr(replacing, "flip", noted_flip)
    assert run("backup", "restore", "acme", "--yes-restore", "acme").exit_code == 0
    assert run("backup", "go-back", "acme", "--yes-restore", "acme").exit_code == 0
    catalogue = sqlite.driver.connect(tmp_path / "data" / "universal.db")
    found = [at for (at,) in catalogue.execute("SELECT at FROM restorations ORDER BY id")]
    catalogue.close()
    assert len(found) == 2
    assert moments[0] < found[0] < found[1]


def test_a_drill_says_whether_backups_can_be_restored(run, companies: None, tmp_path: Path) -> None:
    """All are as they should be; one that was damaged ends it with 1, and is named."""
    run("backup", "run")
    assert "3 restored aside, 0 failed." in run("backup", "drill").stdout
    stamp = _stamp(run, "acme")
    (stored,) = (tmp_path / "data" / "backups").glob(f"*/{stamp}/books.1.db.zst")
    stored.write_bytes(stored.read_bytes()[:-1])
    result = run("backup", "drill")
    assert result.exit_code == REFUSED
    assert f"acme: {stamp}: " in result.stdout
    assert "3 restored aside, 1 failed." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("restore", "acme", "--yes-restore", "baan"), REFUSED, "isn't acme: nothing was changed"),
        (("restore", "acme"), USAGE, "--yes-restore acme"),
        (("restore", "acme", "--into", "new"), USAGE, "--name"),
        (("restore", "acme", "--name", "New"), USAGE, "go with --into"),
        (("restore", "acme", "--into", "baan", "--name", "New"), REFUSED, "choose another slug"),
        (("restore", "acme", "--stamp", "never"), REFUSED, "`cuneifox backup list`"),
        (("take",), USAGE, "Name at least one of"),
        (("go-back", "acme"), REFUSED, "Nothing is kept of acme: see `cuneifox backup kept`."),
        (("discard", "acme", "--yes-discard", "acme"), REFUSED, "Nothing is kept of acme: see "),
    ],
)
def test_what_cannot_be_restored(
    run, companies: None, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """The command says why, and what to do."""
    run("backup", "run", "acme")
    result = run("backup", *arguments)
    assert result.exit_code == code, result.output
    assert said in result.output


def test_a_whole_installation_is_rebuilt(run, companies: None, tmp_path: Path) -> None:
    """On a new machine, of the backups alone: companies and users are there, and the check finds nothing wrong."""
    run("backup", "run")
    place = tmp_path / "far away"
    (tmp_path / "data" / "backups").rename(place)
    refused = run("backup", "rebuild", str(place), "--trusting")
    assert refused.exit_code == REFUSED
    new = str(tmp_path / "new")
    doubted = CliRunner().invoke(main, ["--data", new, "backup", "rebuild", str(place)])
    assert doubted.exit_code == REFUSED
    made = CliRunner().invoke(main, ["--data", new, "backup", "rebuild", str(place), "--trusting"])
    assert made.exit_code == 0, made.output
    listed = CliRunner().invoke(main, ["--data", new, "company", "list", "--json"]).stdout
    assert [one["slug"] for one in json.loads(listed)] == ["acme", "baan"]
    assert CliRunner().invoke(main, ["--data", new, "check"]).exit_code == 0


def test_the_check_asks_the_last_backup_too(run, companies: None, tmp_path: Path) -> None:
    """What the catalogue was made to forget is found by what the backup, somewhere else, says of the books."""
    _rename(run, tmp_path, "acme", "Acme, renamed")
    run("backup", "run")
    assert run("check", "acme").exit_code == 0
    id = _id(run, "acme")
    (manifest,) = (tmp_path / "data" / "backups" / id).glob("*/manifest.json")
    told = json.loads(manifest.read_text())
    told["facts"]["chain_count"] = (
        7  # as if seven vouchers had been there, that somebody has cut off since
    )
    told["mac"] = ""
    signed = msgspec.convert(told, Manifest)
    manifest.write_bytes(encode(signed, None))
    catalogue = sqlite.driver.connect(str(tmp_path / "data" / "universal.db"))
    catalogue.execute("DELETE FROM backup")
    catalogue.commit()
    catalogue.close()
    result = run("check", "acme")
    assert result.exit_code == REFUSED
    assert "vouchers 1 to 7" in result.output
