"""`cuneifox migrate`: what it does, says and ends with, also while the pages are served."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cuneifox.cli import main
from cuneifox.cli.exits import BROKEN, REFUSED, USAGE
from cuneifox.config import Config
from cuneifox.data_folder import open_folder
from cuneifox_site import Site
from models import migrations
from tenants import sqlite
from tenants.schemas.fleet import Fleet

RAISES = "def up(migrator, db): raise ValueError('no such luck')\n"
TABLE = "def up(migrator, db): db.execute_sql('CREATE TABLE extra (x)')\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a data folder of the test's."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *arguments])

    return run


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders for the next migrations, which come after those that there are."""
    for role, folder in migrations.FOLDERS.items():
        new = tmp_path / "migrations" / role
        new.mkdir(parents=True)
        for file in folder.glob("[0-9]*.py"):
            (new / file.name).write_bytes(file.read_bytes())
        monkeypatch.setitem(migrations.FOLDERS, role, new)
    return tmp_path / "migrations"


@pytest.fixture
def companies(run) -> None:
    """Two companies, made by this version of the program."""
    for slug in ("acme", "baan"):
        assert run("company", "create", slug, "--name", slug.title()).exit_code == 0


def add(folders: Path, role: str, code: str) -> str:
    """Write the next migration of a role; return its name."""
    number = len(list((folders / role).glob("[0-9]*.py"))) + 1
    (folders / role / f"{number:04}_next.py").write_text(code)
    return f"{number:04}_next"


def test_there_is_nothing_to_do(run, companies: None) -> None:
    """New companies need nothing, which costs no look into them."""
    result = run("migrate")
    assert result.exit_code == 0
    assert result.stdout.startswith("Of 7 databases 7 needed nothing")


def test_all_are_migrated(run, companies: None, folders: Path, tmp_path: Path) -> None:
    """Until then the companies are closed and the commands say what to do; then the table and JSON tell of each."""
    name = add(folders, "registers", TABLE)
    assert "migrate it first (`cuneifox migrate`" in run("check", "acme").output
    tried = json.loads(run("migrate", "--dry-run", "--json").stdout)
    assert {result["outcome"] for result in tried["results"]} == {"would migrate"}
    table = run("migrate", "--only", "baan")
    assert table.exit_code == 0
    assert "baan/registers" in table.stdout
    assert "acme" not in table.stdout
    assert (
        "Of 7 databases 5 needed nothing; 1 migrated; 1 of other companies weren't" in table.stdout
    )
    done = json.loads(run("migrate", "--jobs", "2", "--json").stdout)
    assert (done["stores"], done["well"], done["dry_run"]) == (7, True, False)
    assert [
        (r["store"], r["companies"], r["outcome"], r["migrations"]) for r in done["results"]
    ] == [("acme/registers", ["acme"], "migrated", [name])]
    assert Path(done["results"][0]["snapshot"]).is_file()
    assert run("check").exit_code == 0
    with closing(sqlite.driver.connect(str(tmp_path / "data" / "universal.db"))) as connection:
        logged = connection.execute(
            "SELECT user_name, subject FROM activity WHERE action = 'databases.migrate' ORDER BY id"
        ).fetchall()
    assert [name for name, _ in logged] == ["command line"] * 2  # and the dry run isn't told of
    assert "1 migrated" in logged[1][1]


def test_what_fails_is_told_with_its_reason(run, companies: None, folders: Path) -> None:
    """The exit code is 1, the reason stands below the table, and a canary that fails leaves the rest."""
    name = add(folders, "attachments", RAISES)
    result = run("migrate", "--canary", "1")
    assert result.exit_code == REFUSED
    assert f"attachments: {name} failed on" in result.stdout
    assert "no such luck" in result.stdout
    assert "1 left, because one of those that were to be first failed" in result.stdout
    everyone = run("migrate")
    assert everyone.exit_code == REFUSED
    assert "2 failed" in everyone.stdout
    assert run("migrate", "--dry-run").exit_code == REFUSED


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--only", "nobody"), REFUSED),
        (("--jobs", "0"), USAGE),
        (("--canary", "-1"), USAGE),
        (("--time-limit", "0"), USAGE),
        (("--time-limit", "soon"), USAGE),
        (("acme",), USAGE),
    ],
)
def test_what_can_not_be_understood_is_refused(
    run, companies: None, arguments: tuple[str, ...], code: int
) -> None:
    """Names that nobody has and numbers that make no sense end the command before anything is done."""
    result = run("migrate", *arguments)
    assert result.exit_code == code
    assert "databases" not in result.stdout


def test_a_folder_without_installation_is_refused(run, tmp_path: Path) -> None:
    """None is made by the way."""
    assert run("migrate").exit_code == REFUSED
    assert not (tmp_path / "data").exists()


def test_migrations_out_of_order_are_told(run, companies: None, folders: Path) -> None:
    """Two of one number end the command with their names."""
    first = add(folders, "attachments", TABLE)
    other = first.replace("next", "other")
    (folders / "attachments" / f"{other}.py").write_text(TABLE)
    result = run("migrate")
    assert result.exit_code == BROKEN
    assert f"{first}.py and {other}.py" in result.output


def test_the_shared_database_is_migrated_before_anybody_comes_in(
    run, companies: None, folders: Path, tmp_path: Path
) -> None:
    """Other commands and the pages wait for it, with the same message."""
    number = int(add(folders, "universal", TABLE)[:4])
    refused = run("company", "list")
    assert refused.exit_code == BROKEN
    assert f"the shared database is at version {number - 1}" in refused.output
    assert run("migrate").exit_code == 0
    assert run("company", "list").exit_code == 0
    with closing(sqlite.driver.connect(str(tmp_path / "data" / "universal.db"))) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (number,)


def test_companies_may_be_migrated_as_they_are_opened(
    run, companies: None, folders: Path, tmp_path: Path
) -> None:
    """With `on_open` in the settings whoever comes first finds it done."""
    add(folders, "registers", TABLE)
    (tmp_path / "config.toml").write_text("[migrations]\non_open = true\n")
    assert run("report", "acme", "trial-balance").exit_code == 0
    done = json.loads(run("migrate", "--json").stdout)
    assert [result["store"] for result in done["results"]] == ["baan/registers"]


def test_pages_are_served_meanwhile(folders: Path, tmp_path: Path) -> None:
    """A company that is behind is answered with 503, and served as soon as it is migrated, with no restart."""
    site = Site(tmp_path / "data")
    try:
        keeper = site.user("keeper")
        site.company("acme", keeper)
        add(folders, "books", TABLE)
        site.router.init_migrations(migrations.FOLDERS, False)
        site.router.pool.close()
        browser = site.browser()
        browser.sign_in("keeper")
        assert browser.get("/c/acme/").status_code == 503
        with closing(open_folder(Config(data_folder=str(tmp_path / "data")))) as other:
            assert Fleet(other).run().is_well  # as the command does, which is a process of its own
        assert browser.get("/c/acme/").status_code == 200
    finally:
        site.close()
