from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Browser
from ledger_site import CASH, HOME, NEW, SALES, LedgerSite, balanced, errors_of
from models.months import month_state
from models.posted import Voucher

MONTHS = f"{HOME}/months"
YEAR = f"{MONTHS}/years/2026"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerSite]:
    """A sale in January and one in December 2026; the site's clock says January 2027."""
    ledger = LedgerSite(tmp_path / "data")
    ledger.post("2026-01-10", (CASH, 100), (SALES, -100))
    ledger.post("2026-12-10", (CASH, 200), (SALES, -200))
    yield ledger
    ledger.close()


@pytest.fixture
def keeper(ledger: LedgerSite) -> Browser:
    return ledger.browser()


def state(ledger: LedgerSite, month: int) -> str:
    with ledger.books():
        return month_state(month)


def test_a_month_is_frozen_and_opened(ledger: LedgerSite, keeper: Browser) -> None:
    """Both at a press; the page says who did it."""
    assert keeper.post(f"{MONTHS}/202601/freeze", NEW).status_code == 303
    assert state(ledger, 202601) == "frozen"
    assert "keeper" in keeper.get(MONTHS).text
    assert keeper.post(f"{MONTHS}/202601/open", NEW).status_code == 303
    assert state(ledger, 202601) == "open"


def test_closing_a_month_is_asked_first(ledger: LedgerSite, keeper: Browser) -> None:
    """The link leads to a page that says what it means; only its button closes."""
    page = keeper.get(f"{MONTHS}/202601/close")
    assert page.status_code == 200
    assert "ever again" in page.text
    assert state(ledger, 202601) == "open"
    assert keeper.post(f"{MONTHS}/202601/close", NEW, reason="audited").status_code == 303
    assert state(ledger, 202601) == "closed"
    assert keeper.get(f"{MONTHS}/202601/close").status_code == 303
    again = keeper.post(f"{MONTHS}/202601/open", NEW)
    assert again.status_code == 409
    assert "closed" in errors_of(again)[""]


def test_what_keeps_a_month_from_closing_is_told(ledger: LedgerSite, keeper: Browser) -> None:
    """An earlier month with vouchers, or a draft: 409 with the reason, and nothing is closed."""
    early = keeper.post(f"{MONTHS}/202612/close", NEW, reason="")
    assert early.status_code == 409
    assert "2026" in errors_of(early)[""]
    keeper.post(NEW, NEW, **balanced(ledger.book(), action="save", date="2026-01-05"))
    drafted = keeper.post(f"{MONTHS}/202601/close", NEW, reason="")
    assert drafted.status_code == 409
    assert "drafts" in errors_of(drafted)[""]
    assert state(ledger, 202601) == "open"


def test_a_fiscal_year_is_closed_and_opened_again(ledger: LedgerSite, keeper: Browser) -> None:
    """Both post a voucher, and sending the form twice posts one."""
    assert keeper.get(f"{YEAR}/close").status_code == 200
    form = {"reason": "", "key": "k"}
    closed = keeper.post(f"{YEAR}/close", NEW, **form)
    assert closed.status_code == 303
    assert keeper.post(f"{YEAR}/close", NEW, **form).location == closed.location
    assert "/reverse" not in keeper.get(closed.location).text
    assert f"{YEAR}/reopen" in keeper.get(MONTHS).text
    missing = keeper.post(f"{YEAR}/reopen", NEW, reason="", key="r")
    assert missing.status_code == 422
    assert errors_of(missing)["reason"]
    assert keeper.post(f"{YEAR}/reopen", NEW, reason="forgot a bill", key="r").status_code == 303
    assert f"{YEAR}/close" in keeper.get(MONTHS).text
    with ledger.books():
        assert Voucher.select().where(Voucher.closing).count() == 2


@pytest.mark.parametrize(
    "month", ["0", "107", "185712", "202613", "240001", "999999999999", "202600"]
)
def test_what_is_no_month_is_not_found(keeper: Browser, month: str) -> None:
    """404 for freezing, opening and closing."""
    for action in ("freeze", "open", "close"):
        assert keeper.post(f"{MONTHS}/{month}/{action}", NEW).status_code == 404


@pytest.mark.parametrize("year", ["0", "99999"])
def test_what_is_no_year_is_told(keeper: Browser, year: str) -> None:
    """422; the books stay as they are."""
    assert keeper.post(f"{MONTHS}/years/{year}/close", NEW, key="k").status_code == 422


def test_the_special_rights_are_asked_for(ledger: LedgerSite) -> None:
    """All of the ledger's levels don't freeze or close; those buttons aren't shown and refuse."""
    ledger.grant("malee", "delete")
    malee, account = ledger.browser("malee"), "/account"
    page = malee.get(MONTHS).text
    for path in (f"{MONTHS}/202601/freeze", f"{MONTHS}/202601/close", f"{YEAR}/close"):
        assert path not in page
        assert malee.post(path, account, key="k").status_code == 403
    assert malee.get(f"{MONTHS}/202601/close").status_code == 403
    assert state(ledger, 202601) == "open"
    with ledger.books():
        assert Voucher.select().count() == 2
