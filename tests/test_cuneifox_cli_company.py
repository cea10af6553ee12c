"""`cuneifox company` and `cuneifox check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from peewee import sqlite3

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a data folder of the test's."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **options: CliRunner().invoke(
        main, ["--data", str(tmp_path / "data"), *arguments], **options
    )


@pytest.fixture
def told(run):
    """Runs a command with --json, demands that it went well, and returns what it printed."""

    def _told(*arguments: str):
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return _told


def test_a_company_is_created_listed_and_shown(told):
    """What was given comes back, and the books are empty and sound."""
    made = told("company", "create", "baan", "--name", "Baan", "--local-name", "บ้าน")
    assert (made["slug"], made["local_name"], made["currency"]) == ("baan", "บ้าน", "THB")
    told("company", "create", "acme", "--name", "Acme", "--template", "general")
    assert [company["slug"] for company in told("company", "list")] == ["acme", "baan"]
    shown = told("company", "show", "baan")
    assert (shown["vouchers"], shown["members"], shown["fiscal_start_month"]) == (0, {}, 1)
    assert set(shown["stores"]) == {"attachments", "books", "registers"}
    assert told("check") == {"checked": ["acme", "baan"], "findings": []}


def test_tables_name_what_json_does(run, told):
    """People see the slug, both names and the currency."""
    told("company", "create", "baan", "--name", "Baan", "--local-name", "บ้าน")
    table = run("company", "list").stdout
    assert all(word in table for word in ("Slug", "baan", "Baan", "บ้าน", "THB"))
    assert "books.1.db" in run("company", "show", "baan").stdout


@pytest.mark.parametrize(("currency", "decimals"), [("THB", 2), ("JPY", 0), ("KWD", 3)])
def test_decimals_are_the_currency_s(told, currency: str, decimals: int):
    """By CLDR, unless said otherwise."""
    made = told("company", "create", "acme", "--name", "Acme", "--currency", currency)
    assert made["decimals"] == decimals
    other = ("--decimals", "1")
    made = told("company", "create", "other", "--name", "O", "--currency", currency, *other)
    assert made["decimals"] == 1


@pytest.mark.parametrize("slug", ["../x", "", "a" * 300, "A", "-a", "a b", "con", "ก", "a\x00b"])
def test_what_is_no_slug_is_refused_and_leaves_nothing(run, told, tmp_path: Path, slug: str):
    """Exit code 1, a message, no company, and no file outside or inside the data folder."""
    told("company", "create", "first", "--name", "First")
    before = sorted(tmp_path.rglob("*.db"))
    result = run("company", "create", "--name", "X", "--", slug)
    assert result.exit_code == REFUSED
    assert "slug" in result.stderr
    assert sorted(tmp_path.rglob("*.db")) == before
    assert len(told("company", "list")) == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--currency", "not one"], USAGE),
        (["--currency", "not one", "--decimals", "2"], REFUSED),
        (["--decimals", "9"], REFUSED),
        (["--name", " "], REFUSED),
        (["--share-registers-with", "nobody"], REFUSED),
        (["--fiscal-start-month", "13"], USAGE),
        (["--template", "other"], USAGE),
    ],
)
def test_a_company_that_cannot_be_leaves_nothing(
    run, tmp_path: Path, options: list[str], code: int
):
    """What is wrong is told, and neither catalogue nor folder holds a half-made one."""
    result = run("company", "create", "acme", "--name", "Acme", *options)
    assert result.exit_code == code, result.output
    assert not list(tmp_path.glob("data/tenants/*"))


def test_affiliates_share_registers(told):
    """The affiliate's registers are the first company's file, and shown as shared."""
    told("company", "create", "first", "--name", "First")
    told("company", "create", "second", "--name", "Second", "--share-registers-with", "first")
    one, two = (
        told("company", "show", slug)["stores"]["registers"] for slug in ("first", "second")
    )
    assert one["file"] == two["file"]
    assert (one["shared"], two["shared"]) == (False, True)


def test_check_finds_what_was_changed_behind_our_back(run, told, tmp_path: Path):
    """Exit code 1 and a plain list that names company, store and what is wrong; the rest is fine."""
    told("company", "create", "acme", "--name", "Acme", "--currency", "USD")
    told("company", "create", "other", "--name", "Other")
    path = tmp_path / "books.beancount"
    path.write_text(
        'option "operating_currency" "USD"\n2026-01-01 open Assets:Cash\n'
        '2026-01-01 open Income:Sales\n2026-01-02 * "x"\n  Assets:Cash 5 USD\n  Income:Sales\n'
    )
    told("import", "acme", str(path))
    assert run("check").exit_code == 0
    books = told("company", "show", "acme")["stores"]["books"]["file"]
    connection = sqlite3.connect(books)
    connection.execute("UPDATE balances SET debit = debit + 1 WHERE debit > 0")
    connection.commit()
    connection.close()
    result = run("check")
    assert result.exit_code == REFUSED
    assert result.stdout.startswith("acme/books: ")
    assert not result.stderr
    found = json.loads(run("check", "--json").stdout)["findings"]
    assert {finding["company"] for finding in found} == {"acme"}
    assert run("check", "acme").exit_code == REFUSED
    assert run("check", "other").exit_code == 0


def test_a_currency_that_iso_does_not_know_needs_its_decimals(run, told, tmp_path: Path):
    """A slip like TBH isn't taken for a currency with two decimals; a unit of one's own may be had."""
    slip = run("company", "create", "acme", "--name", "Acme", "--currency", "TBH")
    assert slip.exit_code == USAGE
    assert "TBH is no currency of ISO 4217" in slip.stderr
    assert not list(tmp_path.glob("data/tenants/*"))
    made = told("company", "create", "acme", "--name", "A", "--currency", "BTC", "--decimals", "6")
    assert (made["currency"], made["decimals"]) == ("BTC", 6)
    assert told("company", "create", "yen", "--name", "Y", "--currency", "jpy")["decimals"] == 0
