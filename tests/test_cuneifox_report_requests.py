"""What was asked for becomes a table, or an error that names the field and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cuneifox.papers import Table
from cuneifox.papers.csv_form import table_lines
from cuneifox.report_requests import REPORTS, table_of
from cuneifox.statement_papers import statements_of
from cuneifox_site import Browser
from customers import customer, sell
from ledger_site import CASH, HOME, SALES, LedgerSite, errors_of
from models.errors import BadInput

YEAR = {"first": "2026-01-01", "last": "2026-12-31"}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """A sale for cash, and one to a customer."""
    ledger = LedgerSite(tmp_path_factory.mktemp("requests") / "data")
    ledger.post("2026-01-10", (CASH, 10000), (SALES, -10000), text="=1+1")
    sell(ledger, customer(ledger, "C1", "สมศรี"), "2026-02-10", 2500)
    yield ledger
    ledger.close()


def built(ledger: LedgerSite, name: str, **given: Any) -> str:
    """A report's CSV, as a job has it."""
    with ledger.books():
        table: Table = table_of(name, {"account": CASH, **given} if name == "ledger" else given)
        return "".join(table_lines(table, bom=False))


@pytest.mark.parametrize("name", ["trial-balance", "profit-loss", "balance-sheet", "ledger"])
def test_a_table_is_the_pages_own(ledger: LedgerSite, name: str) -> None:
    """What a job would write is what the report's page gives as CSV for the same query string."""
    account = f"&account={CASH}" if name == "ledger" else ""
    page = ledger.browser().get(
        f"{HOME}/reports/{name}.csv?first=2026-01-01&last=2026-12-31{account}&bom=0"
    )
    assert page.status_code == 200
    assert built(ledger, name, **YEAR) == page.get_data(as_text=True)


def test_the_journals_table_is_the_pages_own(ledger: LedgerSite) -> None:
    """With the journal's filter."""
    page = ledger.browser().get(f"{HOME}/journal.csv?text=customer&bom=0")
    assert built(ledger, "journal", text="customer") == page.get_data(as_text=True)
    assert page.text.count("\n") == 2


def test_the_whole_ledger_as_csv(ledger: LedgerSite) -> None:
    """Each line with its account's code; balances are rows of their own, sums are left out."""
    assert built(ledger, "whole-ledger", first="2026-02-01", last="2026-02-28").splitlines() == [
        "Code,Date,Number,Text,Reference,Debit,Credit,Balance",
        "1111,2026-02-01,,Opening balance,,,,100.00",
        "1111,2026-02-28,,Closing balance,,,,100.00",
        "1121,2026-02-01,,Opening balance,,,,0.00",
        "1121,2026-02-10,GJ-2569-000002,Of a customer,,25.00,0.00,25.00",
        "1121,2026-02-28,,Closing balance,,,,25.00",
        "4110,2026-02-01,,Opening balance,,,,-100.00",
        "4110,2026-02-10,GJ-2569-000002,Of a customer,,0.00,25.00,-125.00",
        "4110,2026-02-28,,Closing balance,,,,-125.00",
    ]


SCOPES = [name for name in REPORTS if name != "balance-sheet"]


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"first": "2026-12-31", "last": "2026-01-01"}, "last", "swap"),
        ({"first": "1926-01-01", "last": "2026-01-01"}, "first", "century"),
        ({"first": "31.31.2026", "last": "2026-01-01"}, "first", "date|calendar"),
        ({"first": "2026-01-01", "last": "1026-01-01"}, "last", "outside"),
    ],
)
def test_bad_days_are_told(
    ledger: LedgerSite, name: str, given: dict[str, str], field: str, says: str
) -> None:
    """Reversed, a century long, no dates at all: each names the field that is to be mended."""
    with pytest.raises(BadInput, match=says) as refused:
        built(ledger, name, **given)
    assert refused.value.field == field


def test_a_century_less_a_day_is_a_range(ledger: LedgerSite) -> None:
    """And so is all there is, with no first day."""
    for given in ({"first": "1926-02-11", "last": "2026-02-10"}, {"preset": "all"}):
        assert "1111,2026-01-10,GJ-2569-000001,'=1+1,,100.00" in built(
            ledger, "whole-ledger", **given
        )


def test_pages_tell_of_a_century_on_their_form(ledger: LedgerSite) -> None:
    """As with any other bad scope."""
    keeper: Browser = ledger.browser()
    page = keeper.get(f"{HOME}/reports/trial-balance?first=1900-01-01&last=2026-12-31")
    assert page.status_code == 422
    assert "century" in errors_of(page)["first"]


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("sales", {}, "report"),
        ("whole-ledger", {"first": "2025-01-01", "last": "2025-12-31"}, "last"),
        ("journal", {"first": "2030-01-01"}, "status"),
        ("journal", {"book": "x"}, "book"),
        ("journal", {"status": "lost"}, "status"),
        ("ledger", {"account": ""}, "account"),
        ("ledger", {"account": "nobody"}, "account"),
        ("ledger", {"account": "1100"}, "account"),
        ("trial-balance", {"account": "nobody"}, "account"),
        ("trial-balance", {"preset": "next-year"}, "preset"),
    ],
)
def test_what_isnt_there_is_told(
    ledger: LedgerSite, name: str, given: dict[str, str], field: str
) -> None:
    """Unknown reports, empty ranges, accounts and books that there aren't: the error names the field."""
    with pytest.raises(BadInput) as refused:
        built(ledger, name, **given)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"first": "2026-12-31", "last": "2026-01-01"}, "last"),
        ({"first": "1926-01-01", "last": "2026-01-01"}, "first"),
        ({"first": "2026-03-01", "last": "2026-03-31"}, "last"),
        ({**YEAR, "account": "nobody"}, "account"),
        ({**YEAR, "account": SALES}, "account"),
        ({**YEAR, "customers": "1,x"}, "customers"),
        ({**YEAR, "customers": ["-1"]}, "customers"),
        ({**YEAR, "customers": [999]}, "customers"),
    ],
)
def test_statements_that_cant_be_made_are_told(
    ledger: LedgerSite, given: dict[str, Any], field: str
) -> None:
    """Likewise."""
    with ledger.books(), pytest.raises(BadInput) as refused:
        statements_of(given)
    assert refused.value.field == field


def test_customers_are_chosen_as_a_list_or_with_commas(ledger: LedgerSite) -> None:
    """As JSON has them, or a query string."""
    with ledger.books():
        for chosen in ("1", "1,", [1], ["1"]):
            assert list(statements_of({**YEAR, "customers": chosen}).figures) == [1]
