"""Vouchers are printed as the books have them, one or all that the journal shows, and for those who may read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from cuneifox.pages import journal
from cuneifox_site import Browser
from ledger_site import CASH, HOME, SALES, SYSTEM, LedgerSite, errors_of
from models.accounts import find_account
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.posting import post_input
from models.registers import Customer
from models.reversing import reverse
from pdf_text import needs_poppler, pages_of

pytestmark = needs_poppler


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """Three sales, the second to a customer, the third reversed."""
    ledger = LedgerSite(tmp_path_factory.mktemp("printing") / "data")
    ledger.first = ledger.post("2026-01-10", (CASH, 10025), (SALES, -10025), text="First #panic()")
    with ledger.books():
        customer = Customer.add(code="C1", name="สมศรี")
        lines = [
            LineInput(
                find_account(CASH).stid, 500, "ค่าสินค้า", None, None, "customer", customer.stid
            ),
            LineInput(find_account(SALES).stid, -500),
        ]
        given = VoucherInput(find_book("GJ").stid, date(2026, 2, 10), "Second", lines, "INV-7")
        ledger.second = post_input(given, by=SYSTEM)
    ledger.third = ledger.post("2026-03-10", (CASH, 700), (SALES, -700), text="Third")
    with ledger.books():
        ledger.fourth = reverse(ledger.third.id, date=date(2026, 3, 11), by=SYSTEM, reason="Wrong")
    yield ledger
    ledger.close()


@pytest.fixture
def keeper(ledger: LedgerSite) -> Browser:
    return ledger.browser()


def papers(browser: Browser, path: str) -> list[str]:
    answer = browser.get(f"{HOME}/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    return pages_of(answer.get_data())


def test_a_voucher_is_printed_from_its_page(ledger: LedgerSite, keeper: Browser) -> None:
    """Its page leads to it: number, lines with names and customer, sums, the sum in words, who posted it."""
    path = f"vouchers/{ledger.second.id}.pdf"
    assert f'href="{HOME}/{path}"' in keeper.get(f"{HOME}/vouchers/{ledger.second.id}").text
    (page,) = papers(keeper, path)
    for text in (
        ledger.second.number, "10 February 2026", "INV-7", "Cash on hand", "C1 สมศรี", "ค่าสินค้า", "5.00",
        "(ห้าบาทถ้วน)", "The acme company", "as voucher 2 of these books", "Made ",
    ):  # fmt: skip
        assert text in page, text


def test_what_is_reversed_says_so(ledger: LedgerSite, keeper: Browser) -> None:
    """The reversed voucher names its reversal, and that one what it takes back; others have no mark."""
    (page,) = papers(keeper, f"vouchers/{ledger.third.id}.pdf")
    assert f"Reversed by {ledger.fourth.number}" in page
    (page,) = papers(keeper, f"vouchers/{ledger.fourth.id}.pdf")
    assert f"Reversal of {ledger.third.number}" in page
    (page,) = papers(keeper, f"vouchers/{ledger.first.id}.pdf")
    assert "Revers" not in page


def test_the_journal_prints_what_it_shows(ledger: LedgerSite, keeper: Browser) -> None:
    """All vouchers of the filter, the oldest first, each on a page of its own."""
    assert f"{HOME}/journal.pdf?first=2026-02-01" in keeper.get(
        f"{HOME}/journal?first=2026-02-01"
    ).text.replace("&amp;", "&")
    pages = papers(keeper, "journal.pdf?first=2026-02-01")
    numbers = [each.number for each in (ledger.second, ledger.third, ledger.fourth)]
    assert [number in page for number, page in zip(numbers, pages, strict=True)] == [True] * 3
    assert all("Page 1 of 1" in page for page in pages)


@pytest.mark.parametrize(
    ("asked", "place", "says"),
    [
        ("status=draft", "", "Drafts"),
        ("first=2030-01-01", "", "nothing to print"),
        ("first=2026-12-31&last=2026-01-01", "last", "swap"),
    ],
)
def test_what_cant_be_printed_is_told(keeper: Browser, asked: str, place: str, says: str) -> None:
    """The journal comes back with 422 and says why."""
    page = keeper.get(f"{HOME}/journal.pdf?{asked}")
    assert page.status_code == 422
    assert says in errors_of(page)[place]


def test_too_many_are_refused(keeper: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """More vouchers than a page shows answer 422 before any is set, and aren't offered but beside the page."""
    assert "journal.pdf" in keeper.get(f"{HOME}/journal").text
    monkeypatch.setattr(journal, "PER_PAGE", 3)
    page = keeper.get(f"{HOME}/journal.pdf")
    assert page.status_code == 422
    assert "made beside the page" in errors_of(page)["last"]
    shown = keeper.get(f"{HOME}/journal").text
    assert "journal.pdf" not in shown
    assert "All these vouchers on paper" in shown


def test_drafts_and_strangers_get_nothing(ledger: LedgerSite, keeper: Browser) -> None:
    """A voucher that isn't posted is 404, and without the right to read it is 403."""
    assert keeper.get(f"{HOME}/vouchers/999.pdf").status_code == 404
    ledger.grant("seller", "none")
    seller = ledger.browser("seller")
    assert seller.get(f"{HOME}/vouchers/{ledger.first.id}.pdf").status_code == 403
    assert seller.get(f"{HOME}/journal.pdf").status_code == 403
