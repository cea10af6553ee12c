"""`cuneifox report consolidated`: the same figures as a table, as JSON and as CSV; who is missing is named."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE
from cuneifox.config import Config
from cuneifox.services import Services
from models.people import Activity
from pdf_text import needs_poppler, pages_of

SALES = {"north": ("USD", "1234.56"), "south": ("USD", "65.44"), "east": ("THB", "7.00")}
BOOKS = """option "operating_currency" "{currency}"
2026-01-01 open Assets:Cash
2026-01-01 open Income:Sales
2026-02-28 * "Sale"
  Assets:Cash      {amount} {currency}
  Income:Sales
"""
YEAR = ("--from", "2026-01-01", "--to", "2026-12-31")


def run(folder: Path, *arguments: str, code: int = 0) -> Result:
    """Run a command on the folder's installation and demand its exit code."""
    done = CliRunner().invoke(main, ["--data", str(folder / "data"), *arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the companies above, and one called consolidated."""
    folder = tmp_path_factory.mktemp("consolidated")
    for slug, (currency, amount) in SALES.items():
        file = folder / f"{slug}.beancount"
        file.write_text(BOOKS.format(currency=currency, amount=amount))
        run(folder, "company", "create", slug, "--name", slug.title(), "--currency", currency)
        run(folder, "import", slug, str(file))
    run(folder, "company", "create", "consolidated", "--name", "C")
    return folder


@pytest.fixture(autouse=True)
def quietly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from elsewhere."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(folder)


def report(folder: Path, *slugs: str, more: tuple[str, ...] = YEAR, code: int = 0) -> Result:
    """The report on these companies."""
    chosen = [part for slug in slugs for part in ("--company", slug)]
    return run(folder, "report", "consolidated", *chosen, *more, code=code)


def test_the_three_forms_say_the_same(folder: Path) -> None:
    """1,234.56 and 65.44 dollars make 1,300.00; 7.00 baht stand in a table of their own."""
    table = report(folder, "north", "east", "south").stdout
    cash = [line.split()[1:] for line in table.splitlines() if line.startswith("Assets:Cash")]
    assert [line[-3:] for line in cash] == [
        ["1,234.56", "65.44", "1,300.00"],
        ["Cash", "7.00", "7.00"],
    ]
    assert [line.split()[-1] for line in table.splitlines() if "Debits" in line] == [
        "1,300.00",
        "7.00",
    ]
    assert [line.split()[-1] for line in table.splitlines() if "Credits" in line] == [
        "1,300.00",
        "7.00",
    ]
    made = json.loads(report(folder, "north", "south", more=(*YEAR, "--json")).stdout)
    [cents] = [row for row in made["blocks"][0]["rows"] if row["code"] == "Assets:Cash"]
    assert [each["closing"] for each in cents["figures"]] == [123456, 6544]
    assert cents["total"]["closing"] == 130000
    text = report(folder, "east", "north", "south", more=(*YEAR, "--format", "csv")).stdout
    heading, *rows = csv.reader(io.StringIO(text))
    assert heading[5:] == ["east", "north", "south", "total", "missing"]
    assert [row[5:] for row in rows if row[1] == "Assets:Cash"] == [
        ["7.00", "", "", "7.00", ""],
        ["", "1234.56", "65.44", "1300.00", ""],
    ]


def test_what_is_shown_is_chosen(folder: Path) -> None:
    """What moved in a range, or what it began with."""
    march = ("--from", "2026-03-01", "--to", "2026-03-31", "--format", "csv")
    for show, amount in (("opening", "1234.56"), ("moved", "0.00"), ("closing", "1234.56")):
        rows = csv.reader(
            io.StringIO(report(folder, "north", more=(*march, "--show", show)).stdout)
        )
        assert [row[5] for row in rows if row[1] == "Assets:Cash"] == [amount], show


def test_who_cannot_be_read_is_named_and_the_rest_is_printed(folder: Path) -> None:
    """In the table, in CSV and on standard error; the exit code tells scripts."""
    services = Services.open(Config(data_folder=str(folder / "data")))
    file = Path(services.router.tenant("south").store("books").path)
    services.router.close()
    away = file.rename(file.with_suffix(".away"))
    try:
        done = report(folder, "north", "south", code=REFUSED)
        assert "south: file" in done.stdout
        assert "Total (incomplete)" in done.stdout
        assert "south is missing from the sums in USD" in done.stderr
        [cash] = [line for line in done.stdout.splitlines() if line.startswith("Assets:Cash")]
        assert cash.split()[-3:] == ["1,234.56", "?", "1,234.56"]
        done = report(folder, "north", "south", more=(*YEAR, "--format", "csv"), code=REFUSED)
        assert [row[-1] for row in csv.reader(io.StringIO(done.stdout))][1:3] == ["south: file"] * 2
    finally:
        away.rename(file)


def test_each_company_that_was_read_has_it_in_its_log(folder: Path) -> None:
    """By the command line."""
    report(folder, "east", more=("--from", "2026-05-01", "--to", "2026-05-31"))
    services = Services.open(Config(data_folder=str(folder / "data")))
    row = Activity.page()[0]
    services.router.universal.release()
    services.router.close()
    assert (row.action, row.company_name) == ("consolidated.trial_balance", "East")
    assert (row.subject, row.user_name) == ("2026-05-01 – 2026-05-31", "command line")


def test_what_cannot_be_asked_for_is_refused(folder: Path) -> None:
    """Nobody, somebody unknown, too many, a range the wrong way round, options of other reports."""
    report(folder, code=USAGE)
    report(folder, "north", more=("--account", "1000"), code=USAGE)
    run(folder, "report", "north", "trial-balance", "--company", "south", code=USAGE)
    run(folder, "report", "north", "trial-balance", "--show", "moved", code=USAGE)
    assert "Name the report" in run(folder, "report", "north", code=USAGE).stderr
    assert "no company 'west'" in report(folder, "north", "west", code=REFUSED).stderr
    backwards = ("--from", "2026-12-31", "--to", "2026-01-01")
    refused = report(folder, "north", more=backwards, code=REFUSED)
    assert refused.stderr
    assert not refused.stdout
    (folder / "few.toml").write_text("[consolidated]\ncompanies = 1\n")
    few = ("--config", str(folder / "few.toml"), "--data", str(folder / "data"))
    chosen = ("--company", "north", "--company", "south")
    done = CliRunner().invoke(main, [*few, "report", "consolidated", *chosen])
    assert done.exit_code == REFUSED
    assert "config.toml allows 1" in done.stderr


def test_a_company_may_be_called_consolidated(folder: Path) -> None:
    """With a report's name behind it, it is that company's."""
    made = run(folder, "report", "consolidated", "trial-balance", "--json")
    assert json.loads(made.stdout)["rows"] == []


@needs_poppler
def test_it_is_written_to_files(folder: Path) -> None:
    """A table for each currency, and the companies' states; who is missing is named, and the code is 1 then."""
    for end in ("pdf", "xlsx", "csv"):
        report(folder, "north", "east", more=(*YEAR, "-o", f"c.{end}"))
    text = "".join(pages_of(Path("c.pdf")))
    assert "1,234.56" in text
    assert "7.00" in text
    assert len(re.findall("[0-9a-f]{64}", text)) >= 2
    sheets = openpyxl.load_workbook("c.xlsx")
    assert len(sheets.worksheets) == 3
    assert "1234.56" in Path("c.csv").read_text("utf-8-sig")
    run(folder, "company", "suspend", "south", "--reason", "x")
    try:
        refused = report(folder, "north", "south", more=(*YEAR, "-o", "some.pdf"), code=REFUSED)
    finally:
        run(folder, "company", "resume", "south")
    assert "south is missing from the sums in USD: Suspended." in refused.stderr
    assert "incomplete" in "".join(pages_of(Path("some.pdf")))
