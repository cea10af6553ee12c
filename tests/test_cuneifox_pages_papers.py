"""Reports as files hold the figures of the report's page, say whose they are, and tell what is wrong on its form."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook

from cuneifox import downloads
from cuneifox.pages import reports
from cuneifox_site import Browser
from ledger_site import BANK, CASH, HOME, SALES, LedgerSite, errors_of
from pdf_text import needs_poppler, pages_of

YEAR = "first=2026-01-01&last=2026-12-31"
REPORTS = ("trial-balance", "profit-loss", "balance-sheet", "ledger")
DAYS = "2026-01-01-2026-12-31"
NAMES = {
    "trial-balance": f"acme-trial-balance-{DAYS}",
    "profit-loss": f"acme-profit-loss-{DAYS}",
    "balance-sheet": "acme-balance-sheet-2026-12-31",
    "ledger": f"acme-ledger-{CASH}-{DAYS}",
}
"""Of the files: whose, what, of which days."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """Two sales, and a payment that overdraws the bank."""
    ledger = LedgerSite(tmp_path_factory.mktemp("papers") / "data")
    ledger.post("2026-01-10", (CASH, 10000), (SALES, -10000), text="First sale")
    ledger.post("2026-02-10", (CASH, 25050), (SALES, -25050), text="=cmd|'/C calc'!A0 #panic()")
    ledger.post("2026-03-10", (CASH, 6000), (BANK, -6000), text="เบิกเงินสด")
    yield ledger
    ledger.close()


@pytest.fixture
def keeper(ledger: LedgerSite) -> Browser:
    return ledger.browser()


def path_of(name: str, form: str, more: str = "") -> str:
    account = f"&account={CASH}" if name == "ledger" else ""
    return f"{HOME}/reports/{name}.{form}?{YEAR}{account}{more}"


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return "\f".join(pages_of(answer.get_data()))


@needs_poppler
@pytest.mark.parametrize("name", REPORTS)
def test_a_pdf_holds_the_figures_of_the_csv(keeper: Browser, name: str) -> None:
    """Every figure of the report's CSV stands in its PDF, with a true minus and grouped, and so do its texts."""
    text = text_of(keeper, path_of(name, "pdf"))
    rows = keeper.get(path_of(name, "csv", "&bom=0")).text.splitlines()
    figures = {figure for row in rows for figure in re.findall(r"(?<=,)-?\d+\.\d\d(?=,|$)", row)}
    assert len(figures) > 1
    for figure in figures - {"0.00"}:
        assert f"{float(figure):,.2f}".replace("-", "\u2212") in text, figure
    if name == "ledger":
        assert "#panic()" in text


@pytest.mark.parametrize("name", REPORTS)
def test_an_xlsx_holds_the_figures_of_the_csv(keeper: Browser, name: str) -> None:
    """Each row of the CSV is one of the sheet's, with the same figures; stored results of formulas included."""
    answer = keeper.get(path_of(name, "xlsx"))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{NAMES[name]}.xlsx"'
    sheet = load_workbook(io.BytesIO(answer.get_data()), data_only=True).active
    shown = [[cell for cell in row if isinstance(cell, float | int)] for row in sheet.values]
    rows = keeper.get(path_of(name, "csv", "&bom=0")).text.splitlines()[1:]
    wanted = [[float(f) for f in re.findall(r"(?<=,)-?\d+\.\d\d(?=,|$)", row)] for row in rows]
    left = iter(shown)
    for figures in wanted:
        assert figures in left, figures  # in the same order, with headings and the foot between


@needs_poppler
def test_negative_amounts_in_parentheses_where_asked_for(keeper: Browser) -> None:
    """The page offers it; then the overdrawn bank stands in parentheses, and else behind a minus."""
    page = keeper.get(f"{HOME}/reports/trial-balance?{YEAR}").text
    (link,) = re.findall(r'href="([^"]*negative=parentheses)"', page)
    assert "(60.00)" in text_of(keeper, link.replace("&amp;", "&"))
    assert "\u221260.00" in text_of(keeper, path_of("trial-balance", "pdf"))


@needs_poppler
def test_a_pdf_says_whose_and_of_what_state(ledger: LedgerSite, keeper: Browser) -> None:
    """Company, scope, moment, name and the chain's head as the books have it."""
    from models.settings import LedgerState

    text = text_of(keeper, path_of("profit-loss", "pdf"))
    with ledger.books():
        state = LedgerState.get_by_id(1)
    assert "The acme company · Profit and loss · 1 January 2026 to 31 December 2026" in text
    assert re.search(r"Made \d+ \w+ \d{4} \d\d:\d\d by keeper", text)
    assert f"Books of 3 vouchers, chain {state.head}" in text


@needs_poppler
def test_a_thai_reader_gets_a_thai_pdf(keeper: Browser) -> None:
    """Titles, account names, dates and page numbers are in Thai, years in the Buddhist era."""
    answer = keeper.get(path_of("ledger", "pdf"), headers={"Accept-Language": "th"})
    text = "".join(pages_of(answer.get_data())).replace("\u0e4d\u0e32", "\u0e33")
    assert "เบิกเงินสด" in text
    assert "10 มี.ค. 2569" in text
    assert "หน้า 1 จาก 1" in text


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_a_bad_scope_is_told_on_the_form(keeper: Browser, form: str) -> None:
    """Reversed dates and unknown accounts answer 422 with the report's form."""
    scope = "first=2026-12-31&last=2026-01-01"
    page = keeper.get(f"{HOME}/reports/trial-balance.{form}?{scope}")
    assert page.status_code == 422
    assert "swap" in errors_of(page)["last"]
    assert keeper.get(f"{HOME}/reports/ledger.{form}?account=nobody").status_code == 422


@pytest.mark.parametrize("form", ["pdf", "xlsx", "csv"])
def test_what_is_too_long_is_told_before_it_is_made(
    keeper: Browser, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """More lines than one request makes answer 422, and say what to do."""
    monkeypatch.setitem(downloads.MOST_ROWS, form, 3)
    page = keeper.get(path_of("ledger", form))
    assert page.status_code == 422
    assert "choose fewer days" in errors_of(page)["last"]
    assert "beside the page" in page.text
    # no chart is so long, and nothing else makes these
    assert keeper.get(path_of("trial-balance", form)).status_code == 200
    monkeypatch.setattr(reports, "MOST_ACCOUNTS", 3)
    assert keeper.get(path_of("trial-balance", form)).status_code == 422


def test_a_journal_too_long_as_csv_is_told(
    keeper: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its form, with the ways to have it made beside the page."""
    monkeypatch.setitem(downloads.MOST_ROWS, "csv", 3)
    page = keeper.get(f"{HOME}/journal.csv")
    assert page.status_code == 422
    assert "beside the page" in errors_of(page)["last"]
    assert "The list as a file" in page.text


def test_whoever_may_not_read_the_ledger_gets_no_file(ledger: LedgerSite) -> None:
    """A member without the right is refused, a stranger finds nothing."""
    ledger.grant("seller", "none")
    for form in ("pdf", "xlsx"):
        assert ledger.browser("seller").get(path_of("trial-balance", form)).status_code == 403
