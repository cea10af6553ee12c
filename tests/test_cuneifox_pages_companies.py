from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Browser, Site
from models.companies import Company
from models.people import Activity, Membership, User
from tenants import UNIVERSAL

NEW = "/companies/new"
FORM = {
    "slug": "acme",
    "name": "Acme",
    "local_name": "แอคมี",
    "currency": "THB",
    "decimals": "2",
    "fiscal_start_month": "4",
    "template": "thai",
    "share_registers_with": "",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    site.user("chief", administers=True)
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


def test_who_makes_a_company_is_its_first_member(site: Site, chief: Browser) -> None:
    """It opens at once, with all rights, stands in the list, and the log knows."""
    response = chief.post(NEW, NEW, **FORM)
    assert response.location == "/c/acme/"
    assert chief.get("/c/acme/accounts/new").status_code == 200
    assert "แอคมี" in chief.get("/companies").text
    with site.app.app_context():
        company = Company.get()
        actor = Membership.get().actor(User.find("chief"))
        assert Activity.page()[0].subject == "Acme (acme)"
    assert (company.name, company.currency) == ("Acme", "THB")
    assert actor.may("wages", "delete")
    assert actor.may_freeze
    assert actor.may_close


def test_a_company_is_called_as_its_reader_calls_it(chief: Browser) -> None:
    """The local name first for who reads Thai, the other one first for others; both can be read."""
    chief.post(NEW, NEW, **FORM)
    for language, first, second in (("th", "แอคมี", "Acme"), ("en", "Acme", "แอคมี")):
        page = chief.get("/companies", headers={"Accept-Language": language}).text
        assert f"<strong>{first}</strong>" in page
        assert f">{second}</span>" in page


def test_affiliates_share_registers(site: Site, chief: Browser) -> None:
    """A second company made to share sees the first one's registers store, with books of its own."""
    chief.post(NEW, NEW, **FORM)
    second = {**FORM, "slug": "second", "share_registers_with": "acme"}
    assert chief.post(NEW, NEW, **second).status_code == 303
    one, two = site.router.tenant("acme"), site.router.tenant("second")
    assert one.store("registers") is two.store("registers")
    assert one.store("books") is not two.store("books")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("slug", "../x", 422),
        ("slug", "", 422),
        ("slug", "x" * 300, 422),
        ("slug", "Acme", 422),
        ("slug", "a b", 422),
        ("slug", "บ้าน", 422),
        ("slug", "taken", 409),
        ("name", "", 422),
        ("name", "x" * 300, 422),
        ("currency", "", 422),
        ("currency", "<b>", 422),
        ("decimals", "-1", 422),
        ("decimals", "7", 422),
        ("decimals", "two", 422),
        ("decimals", "๒", 422),
        ("fiscal_start_month", "13", 422),
        ("template", "../thai", 422),
        ("share_registers_with", "foreign", 422),
        ("share_registers_with", "nothing", 422),
    ],
)
def test_bad_input_makes_nothing(
    site: Site, chief: Browser, field: str, value: str, status: int
) -> None:
    """The form comes back with the reason at the field; no row, no folder is left."""
    with site.app.app_context():
        site.company("taken", User.find("chief"))
    site.company("foreign")
    response = chief.post(NEW, NEW, **{**FORM, field: value})
    assert response.status_code == status
    assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', response.text), response.text
    folder = site.config.data_path / "tenants"
    assert len(list(folder.iterdir())) == 2
    with site.app.app_context():
        assert Company.select().count() == 2


def test_the_list_shows_what_one_may_open(site: Site, chief: Browser) -> None:
    """Members see theirs; administrators see that others exist, without a way in."""
    user = site.user("malee")
    site.company("acme", user)
    site.company("globex")
    page = site.signed_in("malee").get("/companies").text
    assert "/c/acme/" in page
    assert "globex" not in page
    page = chief.get("/companies").text
    assert "The globex company" in page
    assert "/c/globex/" not in page


def test_where_the_list_goes_on_tells_nothing_of_other_companies(site: Site) -> None:
    """Another's id in ?after= is as good as none: else the page would tell how its name sorts among one's own."""
    user = site.user("malee")
    site.company("acme", user)
    other = site.company("globex")
    page = site.signed_in("malee").get(f"/companies?after={other.tenant_id}").text
    assert "/c/acme/" in page


def test_the_live_page_shows_db_dict(site: Site, chief: Browser) -> None:
    """Its own entry, the universal one, and a server job's with its company and open stores."""
    site.company("acme")
    with site.router.using("acme"):
        from models.accounts import account_tree

        account_tree()
        page = chief.get("/live").text
    assert "(universal, None)" in page
    assert "this page" in page
    assert "chief" in page
    row = next(row for row in page.split("<tr>") if "The acme company" in row)
    assert "the server itself" in row
    assert "books" in row
    assert list(site.app.db_dict) == [UNIVERSAL]  # type: ignore[attr-defined]


def test_no_token_can_be_read_from_the_live_page(site: Site, chief: Browser) -> None:
    """Keys hold digests, shortened; the cookie's token isn't on the page."""
    cookie = chief.client.get_cookie("cuneifox_session")
    assert cookie is not None
    page = chief.get("/live").text
    assert cookie.value not in page
    assert not re.search(r"[0-9a-f]{64}(?!\")", re.sub(r'value="\w+"', "", page))
