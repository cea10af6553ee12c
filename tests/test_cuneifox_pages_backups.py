"""The pages on backups: administrators see how each company stands, and make one by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from administering import logged, two_companies
from cuneifox.config import Backups
from cuneifox_site import Browser, Site
from models.company_life import purge_company, suspend_company
from tenants import sqlite
from tenants.backups import keys
from tenants.backups.manifest import Manifest, encode


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = two_companies(tmp_path / "data")
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


def test_they_are_for_administrators(site: Site) -> None:
    """Others see neither the pages nor the way there, and make none."""
    id = site.router.tenant("acme").id
    malee = site.signed_in("malee")
    assert "/backups" not in malee.get("/companies").text
    for path in ("/backups", f"/backups/{id}"):
        assert malee.get(path).status_code == 403
    assert malee.post(f"/backups/{id}/run", "/companies").status_code == 403
    assert not (site.router.folder / "backups" / id).exists()


def test_one_is_made_by_hand(site: Site, chief: Browser) -> None:
    """The button makes it, the page shows it with its vouchers, and it is in the activity log."""
    tenant = site.router.tenant("acme")
    assert "There is no backup of it yet." in chief.get(f"/backups/{tenant.id}").text
    assert chief.post(f"/backups/{tenant.id}/run", "/backups").status_code == 303
    page = chief.get("/backups").text
    assert "A backup was made." in page
    assert f"/backups/{tenant.id}" in page
    shown = chief.get(f"/backups/{tenant.id}").text
    assert "whole" in shown
    assert "The acme company" in shown
    assert ("backups.run", "acme") in logged(site)


def test_what_was_purged_cant_be_backed_up(site: Site, chief: Browser) -> None:
    """Its backups stay, and can be looked at; there is nothing to make one more of."""
    tenant = site.router.tenant("acme")
    chief.post(f"/backups/{tenant.id}/run", "/backups")
    assert f"/backups/{tenant.id}/run" in chief.get("/backups").text
    with site.app.app_context():
        suspend_company(site.router, "acme", reason="closed down")
        purge_company(site.router, "acme", confirmed="acme")
    page = chief.get("/backups").text
    assert f'href="/backups/{tenant.id}"' in page
    assert f"/backups/{tenant.id}/run" not in page
    assert "/backups/universal/run" in page
    assert chief.post(f"/backups/{tenant.id}/run", "/backups").status_code == 404


def test_what_has_failed_is_shown(site: Site, chief: Browser) -> None:
    """With the reason, on top of the page; nothing is called made."""
    tenant = site.router.tenant("acme")
    connection = sqlite.driver.connect(tenant.store("books").path, isolation_level=None)
    connection.execute("UPDATE ledger_state SET turnover = 5")
    connection.close()
    refused = chief.post(f"/backups/{tenant.id}/run", "/backups")
    assert refused.status_code == 409
    assert refused.text.count("No backup could be made: ") == 1
    assert "No backup of acme" not in refused.text
    page = chief.get("/backups").text
    assert "The last backup of 1 company has failed." in page
    assert "turnover" in page
    assert "backups.run" not in dict(logged(site))


def test_the_page_of_one_asks_for_that_one(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How all the others stand isn't read for it, however many there are; what has failed is shown."""
    tenant = site.router.tenant("acme")
    manager = site.services.backups
    assert manager is not None
    manager.records.failed(tenant.id, "no room at all")
    monkeypatch.setattr(manager, "status", None)
    assert "no room at all" in chief.get(f"/backups/{tenant.id}").text
    assert "no room at all" not in chief.get("/backups/universal").text


def test_what_there_is_not(site: Site, chief: Browser) -> None:
    """Ids of nobody, and what is no id, are 404."""
    for id in ("a" * 26, "..", "acme"):
        assert chief.get(f"/backups/{id}").status_code == 404
    assert chief.post("/backups/acme/run", "/backups").status_code == 404


def test_damage_is_shown(site: Site, chief: Browser) -> None:
    """A backup whose manifest can't be read is in the list, as damaged."""
    tenant = site.router.tenant("acme")
    chief.post(f"/backups/{tenant.id}/run", "/backups")
    (manifest,) = (site.router.folder / "backups" / tenant.id).glob("*/manifest.json")
    manifest.write_text("{}")
    assert "damaged" in chief.get(f"/backups/{tenant.id}").text


def test_what_a_manifest_may_not_say_of_the_books(site: Site, chief: Browser) -> None:
    """Anybody can make one whose checksum is right: it is shown as damaged, whatever its facts are."""
    tenant = site.router.tenant("acme")
    chief.post(f"/backups/{tenant.id}/run", "/backups")
    (path,) = (site.router.folder / "backups" / tenant.id).glob("*/manifest.json")
    found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    site.router.universal_store.execute_sql("DELETE FROM backup")
    for facts in ({"chain_count": "x"}, {"chain_count": -1}, {"company": []}, {"last_number": {}}):
        path.write_bytes(encode(msgspec.structs.replace(found, facts=facts), None))
        page = chief.get(f"/backups/{tenant.id}")
        assert page.status_code == 200
        assert "what this program never writes" in page.text
        assert chief.get(f"/backups/{tenant.id}/{found.stamp}/restore").status_code == 503


def test_the_wrong_key_is_no_damage(tmp_path: Path) -> None:
    """What another key is needed for is shown as that, and not as damaged."""
    for name in ("one", "other"):
        keys.make(tmp_path / name)
    site = two_companies(tmp_path / "data", backups=Backups(key_file=str(tmp_path / "one")))
    path = f"/backups/{site.router.tenant('acme').id}"
    site.signed_in("chief").post(f"{path}/run", "/backups")
    site.close()
    site = Site(tmp_path / "data", backups=Backups(key_file=str(tmp_path / "other")))
    try:
        page = site.signed_in("chief").get(path).text
        assert "another key" in page
        assert "damaged" not in page
    finally:
        site.close()


def test_where_none_are_wanted(tmp_path: Path) -> None:
    """The page says which setting that is."""
    site = Site(tmp_path / "data", backups=Backups(folder=""))
    try:
        site.user("chief", administers=True)
        chief = site.signed_in("chief")
        assert "folder in [backups] is empty" in chief.get("/backups").text
        assert chief.get("/backups/universal").status_code == 404
    finally:
        site.close()
