"""`cuneifox import`: all or nothing, errors by line, nothing twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE
from models.actors import Actor
from models.months import freeze_month, open_month
from tenants import Router

BOOKS = """option "operating_currency" "USD"
2026-01-01 open Assets:Cash
2026-01-01 open Assets:Hours
2026-01-01 open Income:Sales ; takings
2026-01-02 * "Cafe" "Coffee, tea"
  Assets:Cash   5.00 USD
  Income:Sales
2026-01-02 * "hours"
  Assets:Hours  8 VACHR
  Income:Sales
2026-01-03 price VACHR 20 EUR
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a folder with the company acme, which keeps its books in USD."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str):
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *arguments])

    made = _run("company", "create", "acme", "--name", "A", "--currency", "USD")
    assert made.exit_code == 0, made.output
    return _run


@pytest.fixture
def books(tmp_path: Path) -> Path:
    path = tmp_path / "books.beancount"
    path.write_text(BOOKS)
    return path


def head(run) -> str:
    return json.loads(run("company", "show", "acme", "--json").stdout)["chain_head"]


def test_an_import_tells_what_it_did(run, books: Path):
    """In words and as JSON: vouchers, accounts, and what has no place in books."""
    result = run("import", "acme", str(books))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("acme: 2 vouchers posted as ")
    assert "3 accounts added." in result.stdout
    assert "1 price." in result.stdout
    again = json.loads(run("import", "acme", str(books), "--json").stdout)
    assert (again["result"]["posted"], again["result"]["present"]) == (0, 2)
    assert again["left_out"] == {"price": 1}


def test_a_dry_run_says_so_and_changes_nothing(run, books: Path):
    """The head of the chain stays where it was."""
    before = head(run)
    result = run("import", "acme", str(books), "--dry-run")
    assert result.exit_code == 0
    assert "2 vouchers would be posted" in result.stdout
    assert "nothing was changed" in result.stdout
    assert head(run) == before


def test_quantities_without_a_value_come_in(run, books: Path):
    """Hours are in the ledger, worth nothing."""
    run("import", "acme", str(books))
    made = run(
        "report", "acme", "ledger", "--account", "Assets:Hours", "--json", "--to", "2026-12-31"
    )
    [row] = json.loads(made.stdout)["rows"]
    assert (row["debit"], row["credit"], row["quantity"], row["commodity"]) == (0, 0, "8", "VACHR")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (BOOKS.encode() + b"garbage here\n", "books.beancount:12: Invalid token: 'garbage'"),
        (BOOKS.encode("utf-16"), "UTF-16"),
        (BOOKS.replace("Coffee", "กาแฟ").encode("cp874"), "books.beancount:5: byte 0xa1 isn't UTF-8"),
        (BOOKS.replace("5.00", "1/0").encode(), "broke down on this file"),
        (BOOKS.replace("Income:Sales\n", "Income:Sales 1 USD\n", 1).encode(),
         "books.beancount:5: Transaction does not balance"),
        (BOOKS.replace("5.00", "1" * 30).encode(), "books.beancount:5: "),
        (BOOKS.replace("5.00", "1." + "1" * 30).encode(), "a number in it has more than 28 digits"),
        (BOOKS.replace('"USD"', '"EUR"').encode(), "its currency is EUR and the company's is USD"),
        (b'include "/etc/passwd"\n' + BOOKS.encode(), 'books.beancount:1: include "/etc/passwd"'),
        (b'plugin "os"\n' + BOOKS.encode(), 'books.beancount:1: plugin "os"'),
    ],
    ids=["empty", "garbage", "utf-16", "tis-620", "crash", "unbalanced", "huge", "long", "euro", "include",
         "plugin"],
)  # fmt: skip
def test_a_bad_file_is_refused_by_line_and_changes_nothing(
    run, books: Path, content: bytes, said: str
):
    """Exit code 1, the place, and no traceback; the books are as before."""
    before = head(run)
    books.write_bytes(content)
    result = run("import", "acme", str(books))
    assert result.exit_code == REFUSED
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not result.stdout
    assert head(run) == before
    checked = run("check")
    assert checked.exit_code == 0, (checked.stdout, checked.stderr)


def test_fifty_megabytes_are_refused_unread(run, tmp_path: Path):
    """By size, before parsing, with what to do instead."""
    large = tmp_path / "large.beancount"
    with large.open("wb") as file:
        file.truncate(50_000_000)
    result = run("import", "acme", str(large))
    assert result.exit_code == REFUSED
    assert "at most 32 MB" in result.stderr


def test_an_unknown_company_or_file_is_refused(run, books: Path):
    """And so is a company without a file."""
    assert run("import", "nobody", str(books)).exit_code == REFUSED
    assert "no such file" in run("import", "acme", str(books) + "x").stderr
    assert run("import", "acme").exit_code == USAGE


def test_progress_stays_off_standard_output(tmp_path: Path, run, books: Path):
    """In the real process too, a pipe gets the result alone."""
    environment = {**os.environ, "CUNEIFOX_DATA": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "cuneifox", "import", "acme", str(books), "--json"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert json.loads(done.stdout)["result"]["posted"] == 2
    assert not done.stderr


def test_one_is_said_otherwise_than_many(run, books: Path):
    """One voucher has one number, and one transaction is there."""
    books.write_text(BOOKS[: BOOKS.index('2026-01-02 * "hours"')])
    first = run("import", "acme", str(books)).stdout
    assert re.match(r"acme: 1 voucher posted as \S+\.\n", first)
    assert "1 transaction of the file is there already." in run("import", "acme", str(books)).stdout


def test_quantities_sold_are_numbers_in_csv(run, books: Path):
    """A spreadsheet sums them up: no apostrophe before the minus, as text that could be a formula gets."""
    books.write_text(BOOKS.replace("8 VACHR", "-8.50 VACHR"))
    run("import", "acme", str(books))
    ledger = ("report", "acme", "ledger", "--account", "Assets:Hours", "--to", "2026-12-31")
    made = run(*ledger, "--format", "csv").stdout
    assert made.splitlines()[1].endswith(",-8.50,VACHR")


def test_a_frozen_month_takes_nothing(run, books: Path, tmp_path: Path):
    """Whoever keeps the books has locked it, and the shell goes round no lock; opened, it takes all."""
    books.write_text(BOOKS + '2026-02-05 * "later"\n  Assets:Cash  1 USD\n  Income:Sales\n')
    before = head(run)

    def set_month(change) -> None:
        router = Router(tmp_path / "data")
        with router.using("acme"):
            change(202602, by=Actor.system("test"))
        router.close()

    set_month(freeze_month)
    result = run("import", "acme", str(books))
    assert (result.exit_code, result.stdout) == (REFUSED, "")
    assert result.stderr.startswith("cuneifox: books.beancount:12: ")
    assert "is frozen" in result.stderr
    assert head(run) == before
    set_month(open_month)
    assert "3 vouchers posted" in run("import", "acme", str(books)).stdout
