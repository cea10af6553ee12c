"""The live page's pool: how full it is, and who has whose stores in hand, since when and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from cuneifox_site import Browser, Site
from models.accounts import account_tree


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    user = site.user("chief", administers=True)
    site.company("acme", user)
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


def facts(page: str) -> dict[str, str]:
    """The pool's figures, by what they are called."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    return {unescape(name): unescape(value) for name, value in found}


def leases(page: str) -> list[str]:
    """The rows of the stores in hand."""
    table = page.partition("<h2>Stores in hand</h2>")[2]
    return [unescape(row.partition("</tr>")[0]) for row in table.split("<tr>")[2:]]


def test_a_lease_is_shown_with_company_store_age_and_place(site: Site, chief: Browser) -> None:
    """As long as an entry has the store in hand, and not before it touched it, nor after it ended."""
    with site.router.using("acme"):
        assert leases(chief.get("/live").text) == []
        account_tree()
        [row] = leases(chief.get("/live").text)
    assert "The acme company" in row
    assert "acme/books" in row
    assert re.search(r"\d\.\d{3} s", row)
    assert "models/accounts.py" in row
    assert f"{Path(__file__).name}:" in row
    assert "longer than" not in row
    page = chief.get("/live").text
    assert leases(page) == []
    assert "Nobody has a company's stores in hand." in unescape(page)


def test_a_lease_past_its_limit_is_marked(site: Site, chief: Browser) -> None:
    """The oldest first, and only those."""
    with site.router.using("acme"):
        account_tree()
        site.router.pool.lease_limit = -1.0
        with_limit = chief.get("/live").text
        site.router.pool.lease_limit = 600.0
    [row] = leases(with_limit)
    assert '<span class="badge bad">longer than' in row


def test_the_pool_shows_its_figures(site: Site, chief: Browser) -> None:
    """What status() says: budget and use, opens, waits, evictions, and what waited in vain."""
    site.router.pool.close()
    with site.router.using("acme"):
        account_tree()
        found = facts(chief.get("/live").text)
        status = site.router.pool.status()
    assert found["File descriptors in use"].endswith(f" of {status.budget:,}")
    assert int(found["Opened"]) == status.opens > 0
    assert int(found["Connections in hand"]) == status.lent + 1  # the page's own, to the shared one
    assert int(found["Connections idle"]) == status.idle - 1
    assert found["Waited for room"] == f"{status.waits} times"
    assert found["Waited in vain"] == f"{status.timeouts} times"
    assert int(found["Closed to make room"]) == status.evictions


def test_it_is_for_administrators_alone(site: Site) -> None:
    """Where a lease was taken tells of the program, and whose it is of the company."""
    site.user("malee")
    assert site.signed_in("malee").get("/live").status_code == 403


def test_it_speaks_thai(site: Site, chief: Browser) -> None:
    """Like every page."""
    page = chief.get("/live", headers={"Accept-Language": "th"}).text
    assert "ฐานข้อมูลที่มีผู้ใช้อยู่" in page
