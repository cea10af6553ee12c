"""The consolidated trial balance as PDF and XLSX: the page's figures, and whose and of which state they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from company_group import DAYS, PAGE, Group, address, broken, table
from cuneifox import downloads
from cuneifox_site import Browser
from ledger_site import CASH, SALES, SYSTEM, errors_of
from models.accounts import change_account, find_account
from models.settings import LedgerState
from pdf_text import needs_poppler, pages_of

MANY = [f"shop-{n}" for n in range(9)]
"""Short names of more companies than stand side by side on a page."""


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    """The three companies, and nine shops, which sold for 1.00 to 9.00 baht."""
    group = Group(tmp_path_factory.mktemp("group") / "data")
    for n, slug in enumerate(MANY, 1):
        group.make(slug, "THB", n * 100)
        group.grant(slug)
    yield group
    group.site.close()


@pytest.fixture
def malee(group: Group) -> Browser:
    return group.site.signed_in("malee")


def heads(group: Group, *slugs: str) -> list[str]:
    """The companies' chain heads, as their books have them."""
    found = []
    for slug in slugs:
        with group.site.app.app_context(), group.site.router.using(slug):
            found.append(str(LedgerState.get_by_id(1).head))
    return found


def pdf(browser: Browser, *slugs: str, more: str = DAYS) -> list[str]:
    answer = browser.get(address(*slugs, ending=".pdf", more=more))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text
    return pages_of(answer.get_data())


def book(browser: Browser, *slugs: str, values: bool = True) -> list[Any]:
    answer = browser.get(address(*slugs, ending=".xlsx"))
    assert answer.status_code == 200
    return list(load_workbook(io.BytesIO(answer.get_data()), data_only=values).worksheets)


@needs_poppler
def test_few_companies_stand_on_each_page_with_their_chains(group: Group, malee: Browser) -> None:
    """A table for each currency with its sums; in the footers names, days, moment, name and each chain."""
    baht, dollars, companies = pdf(malee, "north", "south", "east")
    assert "100.00" in baht
    assert "125.00" in baht
    assert "7.00" in dollars
    assert "125.00" not in dollars
    for page in (baht, dollars, companies):
        assert (
            "North Co, South Co, East Co · Consolidated trial balance · 1 January 2026 to" in page
        )
        assert "by malee" in page
        for name, head in zip(
            ("North", "South", "East"), heads(group, "north", "south", "east"), strict=True
        ):
            assert f"{name} Co: Books of 1 vouchers, chain {head}" in page


@needs_poppler
def test_many_companies_are_listed_with_their_chains_at_the_end(
    group: Group, malee: Browser
) -> None:
    """As many as fit stand side by side, the others in tables that follow; the total comes last, and once."""
    pages = pdf(malee, *MANY)
    assert ["THB (1/2)" in page for page in pages] == [True, False, False]
    assert ["THB (2/2)" in page for page in pages] == [False, True, False]
    for n, slug in enumerate(MANY, 1):
        assert [f"({slug})" in page for page in pages[:2]] == [n <= 5, n > 5]
        assert f"{n}.00" in pages[n > 5]
    assert ["45.00" in page for page in pages] == [False, True, False]
    for slug, head in zip(MANY, heads(group, *MANY), strict=True):
        assert slug in pages[2]
        assert head in pages[2]
    for page in pages:
        assert "9 companies · Consolidated trial balance" in page
        assert "stands in the list at the end" in page
        assert CASH in page or page == pages[2]


def test_a_workbook_has_a_sheet_for_each_currency_and_one_of_companies(
    group: Group, malee: Browser
) -> None:
    """However many companies: side by side, with totals as formulas that hold the CSV's figures already."""
    slugs = ["north", *MANY, "east"]
    baht, dollars, companies = book(malee, *slugs)
    formulas = book(malee, *slugs, values=False)[0]
    assert [sheet.title for sheet in (baht, dollars)] == [
        "Consolidated trial balance THB",
        "Consolidated trial balance USD",
    ]
    plain = table(malee, address(*slugs, ending=".csv"))
    (cash,) = [row for row in plain if row[:2] == ["THB", CASH]]
    (row,) = [row for row in baht.iter_rows() if row[0].value == CASH]
    assert [f"{cell.value:.2f}" for cell in row[2:12]] == cash[4:14]
    assert row[12].value == 145.0
    assert f"{row[12].value:.2f}" == cash[15]
    assert formulas[row[12].coordinate].value == f"=SUM(C{row[0].row}:L{row[0].row})"
    foot = [each for each in formulas.iter_rows() if each[1].value == "Total"][-1]
    assert foot[2].value.startswith("=SUM(C")
    assert [row[4].value for row in companies.iter_rows() if row[1].value in slugs] == heads(
        group, "north", *MANY, "east"
    )
    assert SALES in [row[0].value for row in dollars.iter_rows()]


@needs_poppler
@pytest.mark.parametrize(("show", "figure"), [("moved", "100.00"), ("opening", None)])
def test_figures_are_those_that_were_chosen(malee: Browser, show: str, figure: str | None) -> None:
    """What moved in the range, or what it began with; the paper says which."""
    page, _list = pdf(malee, "north", more=f"show={show}&{DAYS}")
    assert ("Movement" if show == "moved" else "Opening balance") in page
    assert ("100.00" in page) is (figure is not None)


@needs_poppler
def test_negative_amounts_in_parentheses(malee: Browser) -> None:
    """Where the link is taken that says so."""
    page = malee.get(address("north")).text
    assert "negative=parentheses" in page
    assert "(100.00)" in pdf(malee, "north", more=f"{DAYS}&negative=parentheses")[0]
    assert "\u2212100.00" in pdf(malee, "north")[0]


def test_files_are_named_by_companies_and_days(malee: Browser) -> None:
    """By their short names where they are few, else by how many they are."""
    for slugs, whose in ((["north", "south"], "north-south"), (MANY, "9-companies")):
        for form in ("csv", "xlsx"):
            answer = malee.get(address(*slugs, ending=f".{form}"))
            name = f"{whose}-consolidated-trial-balance-2026-01-01-2026-12-31.{form}"
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


@needs_poppler
def test_it_is_set_in_thai(malee: Browser) -> None:
    """Title, days of the Buddhist era, and the list of companies."""
    answer = malee.get(address("north", *MANY, ending=".pdf"), headers={"Accept-Language": "th"})
    text = "".join(pages_of(answer.get_data()))
    for each in ("งบทดลองรวม", "31 ธันวาคม 2569", "สินทรัพย์", "10 กิจการ", "สายโซ่"):
        assert each in text, each


@needs_poppler
def test_names_harm_nothing(group: Group, malee: Browser) -> None:
    """Accounts' names are text, on paper and in a spreadsheet."""
    for name in ('=cmd|"/C calc"!A0', "#panic()"):
        with group.site.router.using("east"):
            change_account(find_account(CASH).stid, by=SYSTEM, name=name)
        assert name in pdf(malee, "east")[0]
        cells = [cell for row in book(malee, "east", values=False)[0].iter_rows() for cell in row]
        (found,) = [cell for cell in cells if cell.value == name]
        assert found.data_type == "s"


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_what_is_too_long_to_wait_for_is_told_on_the_form(
    malee: Browser, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Of all tables together; the form offers to have it made beside the page."""
    monkeypatch.setitem(downloads.MOST_ROWS, form, 15)
    assert malee.get(address("north", ending=f".{form}")).status_code == 200
    page = malee.get(address("north", "east", *MANY, ending=f".{form}"))
    assert page.status_code == 422
    assert "Have it made beside the page" in errors_of(page)["last"]
    assert f'action="{PAGE}" class="beside' in page.text


@needs_poppler
def test_who_cannot_be_read_is_named_in_the_file(tmp_path: Path) -> None:
    """In the heading, above the table, in the list and in the footer; the sums say that they are incomplete."""
    group = Group(tmp_path / "data")
    malee = group.site.signed_in("malee")
    broken(group, "south", "file")
    baht, companies = pdf(malee, "north", "south")
    assert "South Co (south): Its file is missing or damaged" in " ".join(baht.split())
    assert "Total (incomplete)" in " ".join(baht.split())
    assert "South Co: Its file is missing or damaged" in companies
    sheet, listed = book(malee, "north", "south")
    (row,) = [row for row in sheet.iter_rows() if row[0].value == CASH]
    assert [cell.value for cell in row[2:]] == [100, None, 100]
    (south,) = [row for row in listed.iter_rows() if row[1].value == "south"]
    assert (south[3].value, south[4].value) == (None, "Its file is missing or damaged")
    group.site.close()


def test_a_century_is_a_slip(malee: Browser) -> None:
    """Refused on the form, as by every report."""
    page = malee.get(address("north", more="first=1900-01-01&last=2026-12-31"))
    assert page.status_code == 422
    assert "century" in errors_of(page)["first"]


def test_csv_stays_one_table(malee: Browser) -> None:
    """An account per row and currency, the same as asked for at once."""
    plain = malee.get(address("north", "east", ending=".csv")).get_data().decode("utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(plain, newline=""))
    assert heading[-2:] == ["Total", "Missing from the total"]
    assert {row[0] for row in rows} == {"THB", "USD"}
