"""The steps of a company's life at the shell: what they do, what they print, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cuneifox.cli import company_steps, main
from cuneifox.cli.exits import REFUSED, USAGE
from ledgers import BY
from models.people import Activity
from models.recurring.scheduling import Timing, set_schedule
from recurring import line, template
from tenants import Router


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a data folder that holds the company acme."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str, **options: str):
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *arguments], **options)

    assert _run("company", "create", "acme", "--name", "Acme").exit_code == 0
    return _run


@pytest.fixture
def told(run):
    """Runs a command with --json, demands that it went well, and returns what it printed."""

    def _told(*arguments: str):
        result = run("company", *arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return _told


@pytest.fixture
def logged(tmp_path: Path):
    """Returns the newest line of the activity log, as (action, subject, company's name)."""

    def _logged() -> tuple[str, str, str]:
        router = Router(tmp_path / "data")
        line = Activity.page(size=1)[0]
        router.universal.release()
        router.close()
        return line.action, line.subject, line.company_name

    return _logged


def test_a_company_gets_another_short_name(told, run, logged):
    """The new one is in the list, the old one isn't known any more."""
    assert told("rename", "acme", "baan")["slug"] == "baan"
    assert logged() == ("companies.rename", "acme: baan", "Acme")
    assert [company["slug"] for company in told("list")] == ["baan"]
    assert run("company", "show", "acme").exit_code == REFUSED


def test_a_company_is_suspended_archived_and_resumed(told, run, logged):
    """The list says so, and can be narrowed to a state; a suspended one is shown without its books."""
    assert told("suspend", "acme", "--reason", "Unpaid")["state"] == "suspended"
    assert logged() == ("companies.suspend", "acme: Unpaid", "Acme")
    assert told("list", "--state", "suspended")[0]["reason"] == "Unpaid"
    assert told("list", "--state", "active") == []
    shown = told("show", "acme")
    assert (shown["state"], shown["vouchers"], shown["fiscal_start_month"]) == (
        "suspended",
        0,
        None,
    )
    assert told("archive", "acme")["state"] == "archived"
    assert "archived" in run("company", "list").stdout
    assert told("show", "acme")["fiscal_start_month"] == 1
    assert told("resume", "acme") == {
        "slug": "acme",
        "id": shown["id"],
        "state": "active",
        "reason": "",
    }
    assert logged() == ("companies.resume", "acme", "Acme")


def test_what_a_state_forbids_is_refused(run, told, tmp_path: Path):
    """Reports on a suspended company and imports into an archived one: exit code 1, and what to do."""
    (tmp_path / "books.beancount").write_text("2026-01-01 open Assets:Cash\n")
    told("suspend", "acme", "--reason", "x")
    result = run("report", "acme", "trial-balance")
    assert (result.exit_code, "resume" in result.stderr) == (REFUSED, True)
    result = run("check")
    assert (result.exit_code, "Not checked" in result.stderr) == (0, True)
    told("archive", "acme")
    result = run("import", "acme", "books.beancount")
    assert (result.exit_code, "company resume acme" in result.stderr) == (REFUSED, True)
    assert run("report", "acme", "trial-balance").exit_code == 0


def test_a_clone_begins_like_its_source(told, logged):
    """Without documents it has the same chart and nothing posted; nobody is a member of either."""
    told("clone", "acme", "copy", "--name", "Copy", "--local-name", "สำเนา")
    assert logged() == ("companies.clone", "acme: copy, without documents", "Copy")
    shown = told("show", "copy")
    assert (shown["name"], shown["local_name"], shown["members"]) == ("Copy", "สำเนา", {})
    told("clone", "acme", "whole", "--name", "Whole", "--with-documents")
    assert [company["slug"] for company in told("list")] == ["acme", "copy", "whole"]


def test_recurring_vouchers_of_a_clone_rest_until_they_are_let_go_on(told, run, logged, tmp_path):
    """The shell says how many rest and how they go on; a second time there are none."""
    router = Router(tmp_path / "data")
    with router.using("acme"):
        rent = template(line("5420", "1000"), line("1111", "rest", "credit"))
        timing = Timing("0 8 1 * *", "Asia/Bangkok")
        set_schedule(router.tenant("acme").id, rent, timing, by=BY, now=0.0)
    router.universal.release()
    router.close()
    made = run("company", "clone", "acme", "whole", "--name", "Whole", "--with-documents")
    told("archive", "whole")
    refused = run("company", "resume-recurring", "whole")
    assert refused.exit_code == 1
    assert "can only be read" in refused.stderr
    told("resume", "whole")
    assert "that rest, so that nothing is made twice: 1." in made.stdout
    assert "cuneifox company resume-recurring whole" in made.stdout
    assert told("resume-recurring", "whole")["resumed"] == 1
    assert logged() == ("recurring.resume", "1", "Whole")
    assert told("resume-recurring", "whole")["resumed"] == 0
    assert "rest" not in run("company", "clone", "acme", "empty", "--name", "Empty").stdout


def test_a_company_is_purged_and_leaves_a_tombstone(told, run, logged):
    """Once it is archived and its name was given again; the backup is where it is told to be."""
    told("archive", "acme")
    gone = told("purge", "acme", "--yes-purge", "acme")
    assert Path(gone["backup"]).exists()
    assert logged()[0] == "companies.purge"
    assert logged()[2] == "Acme"
    assert told("list") == []
    tombstones = told("tombstones")
    assert [(t["slug"], t["id"], t["backup"]) for t in tombstones] == [
        ("acme", gone["id"], gone["backup"])
    ]
    assert "acme" in run("company", "tombstones").stdout
    assert run("company", "create", "acme", "--name", "Another").exit_code == 0


@pytest.mark.parametrize("typed", ["", "globex", "ACME", "acme2", "y"])
def test_purging_wants_the_name(run, told, monkeypatch: pytest.MonkeyPatch, typed: str):
    """Typed at a terminal, or given as an option; anything else deletes nothing."""
    told("archive", "acme")
    monkeypatch.setattr(company_steps, "_at_terminal", lambda: True)
    assert run("company", "purge", "acme", input=f"{typed}\n").exit_code == REFUSED
    assert run("company", "purge", "acme", "--yes-purge", typed).exit_code == REFUSED
    assert len(told("list")) == 1


def test_purging_asks_at_a_terminal(run, told, monkeypatch: pytest.MonkeyPatch):
    """Whoever types the name has it purged; where nobody can be asked the option is wanted."""
    told("archive", "acme")
    result = run("company", "purge", "acme")
    assert (result.exit_code, "--yes-purge acme" in result.stderr) == (USAGE, True)
    monkeypatch.setattr(company_steps, "_at_terminal", lambda: True)
    result = run("company", "purge", "acme", input="acme\n")
    assert result.exit_code == 0, result.output
    assert told("list") == []


def test_registers_are_shared_given_back_and_purged(told, run, logged):
    """The unused store is listed with its id, by which alone it is purged."""
    told("create", "globex", "--name", "Globex")
    assert told("stores") == []
    told("share-registers", "acme", "globex")
    assert logged() == ("companies.share_registers", "acme: globex", "Acme")
    assert told("show", "acme")["stores"]["registers"]["shared"]
    unused = told("stores")
    assert [store["role"] for store in unused] == ["registers"]
    assert unused[0]["id"] in run("company", "stores").stdout
    assert run("company", "purge-store", "acme", "--yes-purge", "acme").exit_code == REFUSED
    purged = told("purge-store", unused[0]["id"], "--yes-purge", unused[0]["id"])
    assert Path(purged["backup"]).exists()
    assert logged()[0] == "companies.purge_store"
    assert told("stores") == []
    assert not Path(unused[0]["file"]).exists()
    told("unshare-registers", "acme")
    assert not told("show", "acme")["stores"]["registers"]["shared"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["rename", "acme", "../x"], REFUSED),
        (["rename", "acme", "acme"], REFUSED),
        (["rename", "acme", "other"], REFUSED),
        (["rename", "nobody", "x"], REFUSED),
        (["suspend", "acme"], USAGE),
        (["suspend", "acme", "--reason", " "], REFUSED),
        (["suspend", "acme", "--reason", "a\x07b"], REFUSED),
        (["suspend", "acme", "--reason", "x" * 400], REFUSED),
        (["suspend", "nobody", "--reason", "x"], REFUSED),
        (["resume", "acme"], REFUSED),
        (["archive", "nobody"], REFUSED),
        (["archive", "acme", "--reason", "x" * 2000], REFUSED),
        (["purge", "acme", "--yes-purge", "acme"], REFUSED),
        (["purge", "nobody", "--yes-purge", "nobody"], REFUSED),
        (["clone", "acme", "acme", "--name", "x"], REFUSED),
        (["clone", "acme", "../x", "--name", "x"], REFUSED),
        (["clone", "acme", "copy", "--name", ""], REFUSED),
        (["clone", "nobody", "copy", "--name", "x"], REFUSED),
        (["clone", "acme", "copy"], USAGE),
        (["share-registers", "acme", "acme"], REFUSED),
        (["share-registers", "acme", "nobody"], REFUSED),
        (["unshare-registers", "acme"], REFUSED),
        (["purge-store", "x", "--yes-purge", "x"], REFUSED),
        (["list", "--state", "purging"], USAGE),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(run, told, arguments: list[str], code: int):
    """A message on standard error, no traceback, and both companies are as they were."""
    told("create", "other", "--name", "Other")
    before = told("list")
    result = run("company", *arguments)
    assert result.exit_code == code, result.output
    assert result.stderr
    assert "Traceback" not in result.stderr
    assert told("list") == before


def test_a_company_that_cannot_be_opened_is_shown_with_what_is_wrong(run, told):
    """What the catalogue knows of it, where its files are to be, and which of them is how to be mended."""
    shown = told("show", "acme")
    assert shown["faults"] == []
    Path(shown["stores"]["books"]["file"]).write_bytes(b"")
    broken = told("show", "acme")
    assert broken["faults"] == ["The file of acme/books is empty. Restore it from a backup."]
    assert (broken["vouchers"], broken["fiscal_start_month"]) == (0, None)
    printed = run("company", "show", "acme").stdout
    assert broken["faults"][0] in printed
    assert "None" not in printed
    assert "[]" not in printed
