"""Where the pool has no room in time the answer is 503 with Retry-After, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from cuneifox.config import ConfigError, PoolLimits
from cuneifox_site import Browser, Site
from tenants.leasing.budget import Budget

PAGE = "/c/acme/journal"


def small(folder: Path) -> Site:
    """A site whose pool has room for one company at a time, and no patience."""
    site = Site(folder, pool=PoolLimits(descriptors=22, patience_seconds=0))
    for slug in ("acme", "globex"):
        site.company(slug, site.user(f"{slug}-keeper"))
    return site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Such a site."""
    site = small(tmp_path / "data")
    yield site
    site.close()


@pytest.fixture
def browser(site: Site) -> Browser:
    """The browser of somebody who keeps acme's books."""
    return site.signed_in("acme-keeper")


def hold(site: Site) -> None:
    """Touch globex's books; the caller is in an entry of it, in another thread."""
    site.router.tenant("globex").store("books").database.connect()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("text/html", "text/html"), ("application/json", "application/problem+json")],
)
def test_no_room_is_503_with_retry_after(
    site: Site, browser: Browser, accept: str, kind: str
) -> None:
    """While another company has the room; afterwards the same request is answered."""
    held, done = Event(), Event()

    def occupy() -> None:
        with site.router.using("globex"):
            hold(site)
            held.set()
            done.wait(60)

    thread = Thread(target=occupy)
    thread.start()
    try:
        assert held.wait(60)
        response = browser.get(PAGE, headers={"Accept": accept})
        assert (response.status_code, response.mimetype) == (503, kind)
        assert int(response.headers["Retry-After"]) > 0
        assert "Traceback" not in response.text
        assert "descriptors" not in response.text
        if kind != "text/html":
            assert response.get_json()["code"] == "no-room"
    finally:
        done.set()
        thread.join()
    assert browser.get(PAGE, headers={"Accept": accept}).status_code == 200
    assert site.router.pool.leases() == site.router.pool.status().waiting == 0


def test_the_settings_reach_the_pool(site: Site) -> None:
    """What [pool] says is what the pool goes by."""
    assert site.router.pool.budget == Budget(22, 2)
    assert site.router.pool.patience == 0
    assert site.router.pool.lease_limit == 600


def test_a_budget_too_small_for_a_company_is_refused_at_the_start(tmp_path: Path) -> None:
    """The error names the number that is needed; with that, a company's pages are there."""
    with pytest.raises(ConfigError, match=r"13 file descriptors.* takes 14"):
        Site(tmp_path / "data", pool=PoolLimits(descriptors=13))
    site = Site(tmp_path / "data", pool=PoolLimits(descriptors=14))
    site.company("acme", site.user("somchai"))
    browser = site.signed_in("somchai")
    for page in (PAGE, f"{PAGE}.csv", "/c/acme/reports/trial-balance.csv"):
        assert browser.get(page).status_code == 200  # a download enters the company once more
    site.close()
