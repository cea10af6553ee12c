from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Browser, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    yield site
    site.close()


def menu(browser: Browser, path: str) -> list[str]:
    """The addresses in the menu of a page."""
    found = re.search(r'<nav class="menu".*?</nav>', browser.get(path).text, re.DOTALL)
    return re.findall(r'href="([^"]+)"', found[0]) if found else []


def test_the_menu_leads_only_to_what_opens(site: Site) -> None:
    """Whoever reads it: each entry answers 200, with all rights, with few, with none."""
    users = [site.user("all", administers=True), site.user("few"), site.user("none")]
    site.company("acme", users[0])
    for user, levels in ((users[1], {"ledger": "read"}), (users[2], {})):
        site.company(f"for-{user.name}", user, levels=levels)
    seen = []
    for user, slug in zip(users, ("acme", "for-few", "for-none"), strict=True):
        browser = site.signed_in(user.name)
        addresses = menu(browser, f"/c/{slug}/")
        seen.append(len(addresses))
        assert addresses
        for address in addresses:
            assert browser.get(address).status_code == 200, (user.name, address)
    assert seen[0] > seen[1] > seen[2]


def test_the_menu_is_for_whoever_is_signed_in(site: Site) -> None:
    """The sign-in page has none; without a company it has the installation's entries alone."""
    site.user("malee")
    assert menu(site.browser(), "/sign-in") == []
    addresses = menu(site.signed_in("malee"), "/companies")
    assert "/companies" in addresses
    assert "/people" not in addresses
    assert not any(address.startswith("/c/") for address in addresses)


def test_the_page_that_is_open_is_marked(site: Site) -> None:
    """Once, for eyes and for screen readers."""
    site.user("malee")
    page = site.signed_in("malee").get("/account").text
    assert page.count('aria-current="page"') == 1
    assert re.search(r'href="/account" aria-current="page"', page)
