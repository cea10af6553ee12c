"""What no company uses any more is seen, and deleted for good, by administrators alone and each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from administering import logged, page_of, step, told, two_companies
from cuneifox_site import Browser, Site
from models.sharing import share_registers, unshare_registers
from tenants import BadChange, LockTimeout, Store, TenantError

PAGE = "/companies/stores"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = two_companies(tmp_path / "data")
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


@pytest.fixture
def unused(site: Site) -> Store:
    """The registers of acme, which uses those of globex."""
    own = site.router.tenant("acme").store("registers")
    with site.app.app_context():
        share_registers(site.router, "acme", "globex")
    return own


def purge(chief: Browser, store: Store, confirmed: str = "") -> TestResponse:
    """Send the form of a store."""
    return chief.post(f"{PAGE}/{store.id}/purge", PAGE, **{f"confirmed_{store.id}": confirmed})


def test_the_way_there_is_shown_where_it_leads_somewhere(site: Site, chief: Browser) -> None:
    """As long as every store is used and no company was purged, the companies' page has no link to it."""
    assert PAGE not in chief.get("/companies").text
    assert "Every store is in use." in chief.get(PAGE).text
    with site.app.app_context():
        share_registers(site.router, "acme", "globex")
    assert PAGE in chief.get("/companies").text
    malee = site.signed_in("malee")
    assert PAGE not in malee.get("/companies").text
    assert malee.get(PAGE).status_code == 403


def test_an_unused_store_is_deleted_after_a_backup(
    site: Site, chief: Browser, unused: Store
) -> None:
    """Its name confirms it; the file goes, the backup stays, and it is logged with the place of that."""
    assert "acme/registers" in chief.get(PAGE).text
    for wrong in ("", "acme", "globex/registers"):
        refused = purge(chief, unused, wrong)
        assert refused.status_code == 422
        assert told(refused) == "Write acme/registers to have the store deleted."
    assert Path(unused.path).exists()
    done = purge(chief, unused, " acme/registers ")
    assert done.status_code == 303
    assert not Path(unused.path).exists()
    (backup,) = (Path(site.router.path) / "purged").iterdir()
    assert str(backup) in chief.get(PAGE).text
    assert logged(site)[0] == (
        "companies.purge_store",
        f"acme/registers {unused.id}, {backup.name}",
    )
    assert purge(chief, unused).status_code == 404
    assert chief.get("/c/acme/registers/customers").status_code == 200


def test_a_store_in_use_is_not_found_there(site: Site, chief: Browser, unused: Store) -> None:
    """Neither one that always was used nor one that is used again; nothing is deleted."""
    used = site.router.tenant("globex").store("registers")
    assert purge(chief, used).status_code == 404
    with site.app.app_context():
        unshare_registers(site.router, "acme")  # which makes a store of its own
    assert Path(used.path).exists()
    assert "acme/registers" in chief.get(PAGE).text


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (BadChange("x"), 409, "used again"),
        (LockTimeout("x"), 503, "in use"),
        (TenantError("No space left on device"), 503, "No space left on device"),
    ],
)
def test_what_goes_wrong_is_told_at_its_store(
    site: Site,
    chief: Browser,
    unused: Store,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    words: str,
) -> None:
    """A race, a store in somebody's hands and a full disk: nothing is deleted or logged."""

    def fail(store: Store) -> Path:
        raise error

    monkeypatch.setattr(site.router, "purge_store", fail)
    response = purge(chief, unused, "acme/registers")
    assert response.status_code == status
    assert words in told(response)
    assert Path(unused.path).exists()
    assert logged(site) == []


def test_purged_companies_are_listed_with_their_backups(site: Site, chief: Browser) -> None:
    """By short name, with the folder in which the last backup lies."""
    page = page_of(site, "acme")
    id = page.rpartition("/")[2]
    step(chief, page, "archive")
    assert step(chief, page, "purge", confirmed="acme").status_code == 303
    shown = chief.get(PAGE).text
    assert "Purged companies" in shown
    assert f"purged/{id}" in shown
    assert PAGE in chief.get("/companies").text
