from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cuneifox_site import Browser
from ledger_site import CASH, HOME, SALES, LedgerSite, errors_of, value_of
from models.accounts import find_account
from models.companies import Company
from models.people import Membership
from models.settings import books_settings

SETTINGS = f"{HOME}/settings"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerSite]:
    ledger = LedgerSite(tmp_path / "data")
    chief = ledger.site.user("chief", administers=True)
    with ledger.site.app.app_context():
        Membership.grant(chief, ledger.company.tenant_id)
    yield ledger
    ledger.close()


@pytest.fixture
def chief(ledger: LedgerSite) -> Browser:
    return ledger.browser("chief")


def settings_form(**given: Any) -> dict[str, Any]:
    return {
        "name": "Acme",
        "local_name": "แอคมี",
        "currency": "THB",
        "decimals": "2",
        "fiscal_start_month": "1",
        "era": "buddhist",
        "retained_earnings": "",
        "rounding": "",
    } | given


def test_settings_are_changed_in_the_books_and_in_the_list(
    ledger: LedgerSite, chief: Browser
) -> None:
    """The form shows what is set; an account that isn't chosen stays what it was."""
    assert value_of(chief.get(SETTINGS), "currency") == ["THB"]
    with ledger.books():
        before = books_settings().retained_earnings_stid
        rounding = find_account("5420").stid
    sent = chief.post(SETTINGS, SETTINGS, **settings_form(rounding=str(rounding), era="common"))
    assert sent.status_code == 303
    with ledger.books():
        settings = books_settings()
        assert (settings.name, settings.era) == ("Acme", "common")
        assert (settings.retained_earnings_stid, settings.rounding_stid) == (before, rounding)
        assert Company.get_by_id(ledger.company.tenant_id).local_name == "แอคมี"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"name": ""}, "name"),
        ({"currency": "baht!"}, "currency"),
        ({"decimals": "x"}, "decimals"),
        ({"decimals": "7"}, "decimals"),
        ({"fiscal_start_month": "13"}, "fiscal_start_month"),
        ({"era": "mayan"}, "era"),
        ({"retained_earnings": "cash"}, "retained_earnings"),
        ({"retained_earnings": "99999"}, "retained_earnings"),
    ],
)
def test_bad_input_is_told_at_its_field(
    ledger: LedgerSite, chief: Browser, given: dict[str, str], place: str
) -> None:
    """422, and the settings stay as they were."""
    page = chief.post(SETTINGS, SETTINGS, **settings_form() | given)
    assert page.status_code == 422
    assert errors_of(page)[place]
    with ledger.books():
        assert books_settings().name == "The acme company"


def test_the_currency_is_fixed_once_something_is_posted(ledger: LedgerSite, chief: Browser) -> None:
    """What amounts mean can't be changed under them."""
    ledger.post("2026-01-10", (CASH, 100), (SALES, -100))
    page = chief.post(SETTINGS, SETTINGS, **settings_form(currency="USD"))
    assert page.status_code == 422
    assert "posted" in errors_of(page)["currency"]


def test_settings_are_for_who_administers_the_company(ledger: LedgerSite) -> None:
    """All rights in the books don't make an administrator: not shown, and refused."""
    keeper = ledger.browser()
    assert SETTINGS not in keeper.get(f"{HOME}/").text
    assert keeper.get(SETTINGS).status_code == 403
    assert keeper.post(SETTINGS, "/account", **settings_form()).status_code == 403
    assert SETTINGS in ledger.browser("chief").get(f"{HOME}/").text
