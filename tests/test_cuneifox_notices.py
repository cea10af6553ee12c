"""What was done is told on the next page of the company in which it was done, to whoever did it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox.notices import MOST
from cuneifox_site import Browser, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    keeper = site.user("keeper")
    site.company("acme", keeper)
    site.company("globex", keeper)
    yield site
    site.close()


@pytest.fixture
def keeper(site: Site) -> Browser:
    return site.signed_in("keeper")


def add(browser: Browser, slug: str, name: str) -> None:
    page = f"/c/{slug}/registers/products/new"
    answer = browser.post(page, page, code=name, name=name, active="1")
    assert answer.status_code == 303


def test_a_notice_is_told_once(keeper: Browser) -> None:
    """On the next page of its company."""
    add(keeper, "acme", "Brick")
    assert "Brick was added" in keeper.get("/c/acme/").text
    assert "Brick was added" not in keeper.get("/c/acme/").text


def test_a_notice_waits_for_its_company(keeper: Browser) -> None:
    """Pages of another company, and those of none, leave it where it is."""
    add(keeper, "acme", "Brick")
    for page in ("/c/globex/", "/companies", "/c/globex/accounts"):
        assert "was added" not in keeper.get(page).text
    add(keeper, "globex", "Clay")
    text = keeper.get("/c/globex/").text
    assert "Clay was added" in text
    assert "Brick" not in text
    assert "Brick was added" in keeper.get("/c/acme/").text


def test_what_concerns_no_company_is_told_anywhere(site: Site, keeper: Browser) -> None:
    """A new password, say."""
    keeper.post("/account", "/account", display_name="Somchai", language="")
    assert "Saved." in keeper.get("/c/globex/").text


def test_a_notice_is_for_who_did_it(site: Site, keeper: Browser) -> None:
    """Whoever uses the browser next doesn't read it, and neither does who signs in again."""
    add(keeper, "acme", "Brick")
    keeper.post("/sign-out", "/account")
    assert "was added" not in keeper.get("/sign-in").text
    assert keeper.sign_in("keeper").status_code == 303
    assert "was added" not in keeper.get("/c/acme/").text


def test_a_few_notices_wait(keeper: Browser) -> None:
    """A cookie that is too large would be lost with all that is in it."""
    names = [f"{'b' * 190}{n}" for n in range(MOST + 2)]
    for name in names:
        page = "/c/acme/registers/products/new"
        form = {"code": name[-40:], "name": name, "csrf_token": keeper.token("/companies")}
        assert keeper.client.post(page, data=form).status_code == 303
    text = keeper.get("/c/acme/").text
    assert [name for name in names if f"{name} was added" in text] == names[-MOST:]
