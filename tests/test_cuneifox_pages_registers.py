from __future__ import annotations

import re

import pytest

from cuneifox_site import Browser
from ledger_site import HOME, LedgerSite, errors_of, value_of
from models.people import Membership
from models.registers import REGISTERS, Customer

CUSTOMERS = f"{HOME}/registers/customers"
NEW = f"{CUSTOMERS}/new"
PATHS = {kind: f"{HOME}/registers/{kind}s" for kind in REGISTERS}


def party(**given: str) -> dict[str, str]:
    return {"code": "C1", "name": "Somchai", "country": "TH", "active": "1"} | given


@pytest.mark.parametrize("kind", REGISTERS)
def test_rows_are_added_listed_and_changed(ledger: LedgerSite, keeper: Browser, kind: str) -> None:
    """In each register; the stid in the address stays, the code may change."""
    path = PATHS[kind]
    assert keeper.post(f"{path}/new", NEW, **party()).status_code == 303
    listed = keeper.get(path).text
    assert "Somchai" in listed
    link = re.search(rf'href="({path}/\d+)"', listed)
    assert link
    changed = keeper.post(link[1], NEW, **party(code="C2", local_name="สมชาย"))
    assert changed.status_code == 303
    keeper.client.set_cookie("lang", "th")
    assert "สมชาย" in keeper.get(path).text
    with ledger.books():
        row = REGISTERS[kind].find(int(link[1].rsplit("/", 1)[1]))
        assert (row.code, row.local_name) == ("C2", "สมชาย")


@pytest.mark.parametrize(
    ("given", "status", "place"),
    [
        ({"code": ""}, 422, "code"),
        ({"name": ""}, 422, "name"),
        ({"tax_id": "123"}, 422, "tax_id"),
        ({"tax_id": "0105536000316"}, 422, "tax_id"),
        ({"country": "Siam"}, 422, "country"),
        ({"branch": "x"}, 422, "branch"),
        ({"code": "TAKEN"}, 409, "code"),
    ],
)
def test_bad_input_is_told_at_its_field_and_kept(
    ledger: LedgerSite, keeper: Browser, given: dict[str, str], status: int, place: str
) -> None:
    """Nothing is stored, and what was typed is there to be mended."""
    with ledger.books():
        Customer.add(code="TAKEN", name="Other")
    page = keeper.post(NEW, NEW, **party(phone="081") | given)
    assert page.status_code == status
    assert errors_of(page)[place]
    assert value_of(page, "phone") == ["081"]
    with ledger.books():
        assert Customer.select().count() == 1


def test_long_lists_page_by_code_and_are_searched(ledger: LedgerSite, keeper: Browser) -> None:
    """A hundred and twenty rows are three pages; a % that is searched for is a %."""
    with ledger.books():
        for n in range(120):
            Customer.add(code=f"C{n:03d}", name="100% wool" if n == 7 else f"Name {n}")
    codes, path = [], CUSTOMERS
    while path:
        page = keeper.get(path).text
        codes += re.findall(r'class="code">(C\d+)<', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1] if following else ""
    assert codes == [f"C{n:03d}" for n in range(120)]
    found = keeper.get(CUSTOMERS, query_string={"text": "%"}).text
    assert re.findall(r'class="code">(C\d+)<', found) == ["C007"]


def test_inactive_rows_are_shown_when_asked_for(ledger: LedgerSite, keeper: Browser) -> None:
    """They stay on what refers to them, out of the way."""
    with ledger.books():
        Customer.add(code="OLD", name="Old friend", active=False)
    assert "Old friend" not in keeper.get(CUSTOMERS).text
    assert "Old friend" in keeper.get(f"{CUSTOMERS}?inactive=1").text


def test_each_register_goes_by_its_module_s_rights(ledger: LedgerSite) -> None:
    """Who keeps the stock sees products and no customers, no wages; levels hold as everywhere."""
    user = ledger.site.user("stock")
    with ledger.site.app.app_context():
        Membership.grant(user, ledger.company.tenant_id, {"inventory": "add"})
    browser = ledger.browser("stock")
    assert browser.get(PATHS["product"]).status_code == 200
    for kind in ("customer", "supplier", "employee"):
        assert browser.get(PATHS[kind]).status_code == 403
        assert browser.post(f"{PATHS[kind]}/new", "/account", **party()).status_code == 403
        assert PATHS[kind] not in browser.get(f"{HOME}/").text
    assert browser.post(f"{PATHS['product']}/new", "/account", **party()).status_code == 303
    assert browser.post(f"{PATHS['product']}/1", "/account", **party()).status_code == 403


def test_unknown_rows_are_not_found(keeper: Browser) -> None:
    """An id that the register never gave is 404."""
    assert keeper.get(f"{CUSTOMERS}/99").status_code == 404
    assert keeper.get(f"{CUSTOMERS}/{2**63}").status_code == 404
