"""`cuneifox report`: the same figures as a table, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE
from pdf_text import needs_poppler, pages_of

BOOKS = """option "operating_currency" "USD"
2025-01-01 open Assets:Cash
2025-01-01 open Equity:Capital
2025-01-01 open Income:Sales
2025-01-01 open Expenses:Rent
2025-01-02 * "Start"
  Assets:Cash      1000.00 USD
  Equity:Capital
2025-06-30 * "=cmd|calc" "Old sale"
  Assets:Cash       250.00 USD
  Income:Sales
2026-02-28 * "New sale"
  Assets:Cash      1234.56 USD
  Income:Sales
2026-03-01 * "Rent"
  Expenses:Rent     400.10 USD
  Assets:Cash
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the company acme and the vouchers above."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "books.beancount").write_text(BOOKS)
    for arguments in (
        ["company", "create", "acme", "--name", "A", "--currency", "USD"],
        ["import", "acme", str(folder / "books.beancount")],
    ):
        done = CliRunner().invoke(main, ["--data", str(folder / "data"), *arguments])
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def report(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a report and demands that it went well."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(folder)

    def _report(*arguments: str, code: int = 0):
        done = CliRunner().invoke(
            main, ["--data", str(folder / "data"), "report", "acme", *arguments]
        )
        assert done.exit_code == code, done.output
        return done

    return _report


YEAR = ("--from", "2026-01-01", "--to", "2026-12-31")


def rows(text: str) -> dict[str, list[str]]:
    """The rows of a CSV file by their first cell."""
    return {row[0]: row[1:] for row in csv.reader(io.StringIO(text))}


def test_a_trial_balance_says_the_same_in_all_three(report):
    """Opening 1,250.00, debits 1,234.56, credits 400.10, closing 2,084.46 in cash."""
    table = report("trial-balance", *YEAR).stdout
    [cash] = [line for line in table.splitlines() if line.startswith("Assets:Cash")]
    assert cash.split()[-4:] == ["1,250.00", "1,234.56", "400.10", "2,084.46"]
    made = json.loads(report("trial-balance", *YEAR, "--json").stdout)
    [own] = [row["own"] for row in made["rows"] if row["code"] == "Assets:Cash"]
    assert (own["opening"], own["debit"], own["credit"]) == (125000, 123456, 40010)
    assert own["closing"] == 208446
    plain = rows(report("trial-balance", *YEAR, "--format", "csv").stdout)
    assert plain["Assets:Cash"][-4:] == ["1250.00", "1234.56", "400.10", "2084.46"]


def test_columns_of_the_csv_can_be_summed(report):
    """Groups aren't counted beside what is below them: debits equal credits."""
    text = report("trial-balance", *YEAR, "--format", "csv").stdout
    table = list(csv.DictReader(io.StringIO(text)))
    for column in ("debit", "credit"):
        assert sum(round(float(row[column]) * 100) for row in table) == 163466
    assert sum(round(float(row["closing"]) * 100) for row in table) == 0


def test_profit_and_loss(report):
    """1,234.56 in, 400.10 out, 834.46 left."""
    made = json.loads(report("profit-loss", *YEAR, "--json").stdout)
    assert (made["income"]["moved"], made["expense"]["moved"], made["result"]) == (
        123456,
        40010,
        83446,
    )
    assert "834.46" in report("profit-loss", *YEAR).stdout.splitlines()[-1]
    assert rows(report("profit-loss", *YEAR, "--format", "csv").stdout)[""][-1] == "834.46"


def test_a_loss_is_called_one(report):
    """March alone has only rent."""
    last = report("profit-loss", "--from", "2026-03-01", "--to", "2026-03-31").stdout.splitlines()[
        -1
    ]
    assert last.split() == ["Loss", "-400.10"]


def test_a_balance_sheet_stands_on_one_day(report):
    """Assets are capital, the result of years not closed, and this year's."""
    made = json.loads(report("balance-sheet", "--to", "2026-12-31", "--json").stdout)
    assert made["assets"]["closing"] == 208446
    assert made["funds_total"] == 208446
    table = report("balance-sheet", "--to", "2026-12-31").stdout
    assert "Result to 2025-12-31, not closed" in table
    assert [line.split()[-1] for line in table.splitlines() if "altogether" in line] == [
        "2,084.46",
        "0.00",
        "2,084.46",
    ]
    report("balance-sheet", *YEAR, code=USAGE)


def test_a_ledger_has_every_line_with_its_balance(report):
    """From the balance brought forward to the last one; days as people write them."""
    made = report("ledger", "--account", "Assets:Cash", "--from", "1/1/2569", "--to", "31/12/2569")
    lines = [line.split() for line in made.stdout.splitlines()]
    assert lines[3][-1] == "1,250.00"
    assert (lines[4][0], lines[4][-2:]) == ("2026-02-28", ["1,234.56", "2,484.56"])
    assert (lines[5][0], lines[5][-2:]) == ("2026-03-01", ["400.10", "2,084.46"])
    report("ledger", code=USAGE)
    assert "There is no account X" in report("ledger", "--account", "X", code=REFUSED).stderr
    report("trial-balance", "--account", "Assets:Cash", code=USAGE)


def test_a_ledger_of_many_pages_comes_whole(report, monkeypatch: pytest.MonkeyPatch):
    """Pages of one row are put together, each row once."""
    monkeypatch.setattr("models.reports.paging.MOST_ROWS", 1)
    made = json.loads(report("ledger", "--account", "Assets:Cash", "--json", "--from", "2025-01-01",
                             "--to", "2026-12-31").stdout)  # fmt: skip
    assert [row["balance"] for row in made["rows"]] == [100000, 125000, 248456, 208446]
    assert made["after"] is None


def test_text_stays_text_in_a_spreadsheet(report):
    """What would run as a formula gets an apostrophe in front."""
    text = report("ledger", "--account", "Assets:Cash", "--format", "csv", "--from", "2025-01-01",
                  "--to", "2025-12-31").stdout  # fmt: skip
    assert "'=cmd|calc" in text


def test_without_days_it_is_the_fiscal_year_so_far(report, monkeypatch: pytest.MonkeyPatch):
    """From the first day of --to's fiscal year."""
    made = json.loads(report("trial-balance", "--to", "2025-07-01", "--json").stdout)
    assert (made["scope"]["first"], made["scope"]["last"]) == ("2025-01-01", "2025-07-01")


@pytest.mark.parametrize("day", ["2026-02-30", "30/2/2569", "2026-13-01", "yesterday", ""])
def test_days_that_do_not_exist_are_usage_errors(report, day: str):
    """The message names the day."""
    made = report("trial-balance", "--to", day, code=USAGE)
    assert "Invalid value for '--to'" in made.stderr


def test_a_range_the_wrong_way_round_is_refused(report):
    """Exit code 1, nothing printed."""
    made = report("trial-balance", "--from", "2026-12-31", "--to", "2026-01-01", code=REFUSED)
    assert made.stderr
    assert not made.stdout


def test_local_names_are_shown_where_the_installation_speaks_thai(report, folder: Path):
    """Accounts without one keep the English name."""
    path = folder / "thai.toml"
    path.write_text('language = "th"\n')
    made = CliRunner().invoke(
        main,
        ["--config", str(path), "--data", str(folder / "data"), "report", "acme", "trial-balance"],
    )
    assert made.exit_code == 0
    assert "สินทรัพย์" in made.stdout
    assert "Cash" in made.stdout


def test_an_account_is_found_by_the_long_name_that_its_file_gives_it(folder: Path, report):
    """A code has forty characters; the ledger of a longer name is asked for by that name all the same."""
    name = "Expenses:Taxes:Y2018:US:Federal:PreTax401k:Employer"
    path = folder / "long.beancount"
    path.write_text(
        f'option "operating_currency" "USD"\n2019-01-01 open {name}\n2019-01-01 open Assets:Cash\n'
        f'2019-01-02 * "x"\n  {name}  7 USD\n  Assets:Cash\n'
    )
    done = CliRunner().invoke(main, ["--data", str(folder / "data"), "import", "acme", str(path)])
    assert done.exit_code == 0, done.output
    year = ("--from", "2019-01-01", "--to", "2019-12-31")
    made = json.loads(report("ledger", "--account", name, *year, "--json").stdout)
    assert made["figures"]["closing"] == 700
    code = made["account"]["code"]
    assert len(code) == 40
    assert json.loads(report("ledger", "--account", code, *year, "--json").stdout) == made
    refused = report("ledger", "--account", name + "s", *year, code=REFUSED)
    assert f"There is no account {name}s" in refused.stderr


def test_a_group_has_no_ledger(report):
    """An empty one would pass for accounts in which nothing happened."""
    refused = report("ledger", "--account", "1000", *YEAR, code=REFUSED)
    assert "1000 is a group; the ledger shows one account at a time." in refused.stderr


def written(report, name: str, *arguments: str) -> Path:
    """The file that a report was written to."""
    done = report(*arguments, "--output", name)
    assert done.output == ""
    return Path(name)


@pytest.mark.parametrize(
    "name", ["trial-balance", "profit-loss", "balance-sheet", "ledger", "whole-ledger"]
)
@needs_poppler
def test_reports_are_written_to_files(report, name: str):
    """As what the file's name ends in, with the figures of the books, and no file of any other name is left."""
    days = YEAR[2:] if name == "balance-sheet" else YEAR
    asked = [name, *days, *(["--account", "Assets:Cash"] if name == "ledger" else [])]
    plain, sheets, pdf = (
        written(report, f"{name}{end}", *asked) for end in (".csv", ".XLSX", ".pdf")
    )
    figure = {"profit-loss": "834.46", "balance-sheet": "834.46"}.get(name, "1234.56")
    assert figure in plain.read_text("utf-8-sig")
    sheet = openpyxl.load_workbook(sheets, data_only=True).active
    values = [cell for row in sheet.iter_rows(values_only=True) for cell in row]
    text = "".join(pages_of(pdf))
    assert "Made " in text
    assert "by the command line" in text
    for row in csv.reader(plain.read_text("utf-8-sig").splitlines()[1:]):
        for cell in row:
            if re.fullmatch(r"-?\d+\.\d\d", cell) and float(cell):
                assert float(cell) in values
                assert f"{abs(float(cell)):,.2f}" in text
    assert not [each for each in Path().iterdir() if each.name.startswith(".")]


@needs_poppler
def test_a_file_takes_the_place_of_another_once_it_is_whole(report):
    """What is refused leaves the old one as it was."""
    file = Path("kept.pdf")
    file.write_text("old")
    report("ledger", "--account", "X", "-o", "kept.pdf", code=REFUSED)
    report(
        "trial-balance",
        "--from",
        "2026-12-31",
        "--to",
        "2026-01-01",
        "-o",
        "kept.pdf",
        code=REFUSED,
    )
    assert file.read_text() == "old"
    written(report, "kept.pdf", "trial-balance", *YEAR, "--parentheses")
    assert "(1,000.00)" in "".join(pages_of(file))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ["trial-balance", "-o", "x.doc"],
            USAGE,
            "End the name of the file in .csv, .xlsx or .pdf",
        ),
        (["trial-balance", "-o", "x.pdf", "--json"], USAGE, "leave --format out"),
        (["trial-balance", "--parentheses"], USAGE, "name one with --output"),
        (["whole-ledger"], USAGE, "name one with --output"),
        (["trial-balance", "-o", "nowhere/x.pdf"], REFUSED, "There is no folder nowhere"),
        (["ledger", "-o", "x.pdf"], USAGE, "--account"),
        (
            ["whole-ledger", "--from", "1900-01-01", "--to", "2026-01-01", "-o", "x.csv"],
            REFUSED,
            "century",
        ),
        (["whole-ledger", "--to", "2000-01-01", "-o", "x.csv"], REFUSED, "the ledger is empty"),
    ],
)
def test_no_file_is_written_of_what_cant_be(report, arguments: list[str], code: int, says: str):
    """It is said what to do instead."""
    assert says in " ".join(report(*arguments, code=code).output.split())
    assert not list(Path().glob("x.*"))
