from __future__ import annotations

import pytest

from cuneifox_site import Browser
from ledger_site import CASH, HOME, NEW, SALES, LedgerSite, balanced

EXPENSE = "5321"


def test_an_empty_company_has_a_first_page(keeper: Browser) -> None:
    """Nothing is posted: it says so, and where to begin."""
    page = keeper.get(f"{HOME}/")
    assert page.status_code == 200
    assert "Nothing is posted yet" in page.text
    assert NEW in page.text


def test_the_month_that_was_worked_in_last_is_shown(ledger: LedgerSite, keeper: Browser) -> None:
    """Its income, expenses and profit, the last vouchers, and what waits to be posted."""
    ledger.post("2026-02-10", (CASH, 50000), (SALES, -50000), text="February sale")
    ledger.post("2026-03-10", (CASH, 90000), (SALES, -90000), text="March sale")
    ledger.post("2026-03-11", (EXPENSE, 20000), (CASH, -20000), text="Electricity")
    keeper.post(NEW, NEW, **balanced(ledger.book(), action="save", text="Waiting"))
    page = keeper.get(f"{HOME}/").text
    for shown in ("March 2026", "900.00", "200.00", "700.00", "February sale", "Waiting"):
        assert shown in page
    february = keeper.get(f"{HOME}/?month=202602").text
    assert "500.00" in february
    assert ">700.00<" not in february


@pytest.mark.parametrize("month", ["x", "202613", "000000", "20260", "๒๐๒๖๐๒"])
def test_what_is_no_month_shows_the_usual_one(keeper: Browser, month: str) -> None:
    """A link that was damaged leads to the page as ever."""
    assert keeper.get(f"{HOME}/", query_string={"month": month}).status_code == 200


def test_who_may_not_read_the_ledger_sees_no_figures(ledger: LedgerSite) -> None:
    """Members without the ledger have the page, its menu, and nothing of the books."""
    ledger.post("2026-02-10", (CASH, 50000), (SALES, -50000), text="Secret sale")
    ledger.grant("stranger", "none")
    page = ledger.browser("stranger").get(f"{HOME}/")
    assert page.status_code == 200
    assert "Secret" not in page.text
    assert "500.00" not in page.text
    assert NEW not in page.text


@pytest.mark.parametrize("month", ["000101", "000112", "185801", "240001", "999912", "202613"])
def test_a_month_that_books_cannot_hold_is_passed_over(keeper: Browser, month: str) -> None:
    """The chart begins a year before its month, and no calendar goes further back than year 1."""
    assert keeper.get(f"{HOME}/?month={month}").status_code == 200
