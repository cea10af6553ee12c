"""Restoring in the pages: a company becomes what it was, or a new one is made, by administrators alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from administering import logged, told, two_companies
from cuneifox_site import Browser, Site
from models.actors import Actor
from models.backing_up import stamp_of
from models.companies import Company, change_settings
from models.restorations import Restoration
from models.sharing import share_registers
from tenants import Tenant
from tenants.life import replacing
from tenants.life.flipping import flip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two companies with a backup each, after which both were given other names."""
    site = two_companies(tmp_path / "data")
    assert site.services.backups is not None
    site.services.backups.backup_now().require_good()
    for slug in ("acme", "globex"):
        with site.app.app_context(), site.router.using(slug):
            change_settings(by=Actor(user_id="", name="test", administers=True), name=f"{slug} now")
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


def name(site: Site, slug: str) -> str:
    """A company's name, by the catalogue."""
    with site.app.app_context():
        found: str = Company.get_by_id(site.router.tenant(slug).id).name
        return found


def form_of(site: Site, slug: str) -> str:
    """The page on a company's last backup."""
    tenant = site.router.tenant(slug)
    assert site.services.backups is not None
    return f"/backups/{tenant.id}/{site.services.backups.latest(tenant).stamp}"


def send(chief: Browser, page: str, step: str, **form: str) -> TestResponse:
    """Send a form of that page, as it is now."""
    seen = re.search(r'name="seen" value="(\w+)"', chief.get(f"{page}/restore").text)
    return chief.post(f"{page}/{step}", f"{page}/restore", seen=seen[1] if seen else "", **form)


def kept(chief: Browser, tenant: Tenant) -> dict[str, str]:
    """The hidden fields of the first form on what restores have replaced."""
    text = chief.get(f"/backups/{tenant.id}").text
    found = re.findall(r'name="(since|seen)" value="([^"]+)"', text)
    return dict(found[:2])


def test_it_is_for_administrators(site: Site) -> None:
    """Others see no such page, and their forms do nothing."""
    malee, page = site.signed_in("malee"), form_of(site, "acme")
    assert malee.get(f"{page}/restore").status_code == 403
    for step in ("restore", "adopt"):
        answer = malee.post(f"{page}/{step}", "/companies", confirmed="acme", slug="x", name="x")
        assert answer.status_code == 403
    assert name(site, "acme") == "acme now"


def test_a_restore_counts_from_the_moment_that_the_stores_are_others(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was posted and backed up while the backup was still being read is lost, and not missing."""

    def late_flip(*given: object) -> None:
        site.clock.turn(60)
        flip(*given)

    monkeypatch.setattr(replacing, "flip", late_flip)
    assert send(chief, form_of(site, "acme"), "restore", confirmed="acme").status_code == 303
    with site.app.app_context():
        assert Restoration.get().at == stamp_of(site.clock())


def test_a_company_is_restored_and_that_undone(site: Site, chief: Browser) -> None:
    """It is what it was; its neighbour isn't touched; each step is logged once, with who took it."""
    tenant, page = site.router.tenant("acme"), form_of(site, "acme")
    assert send(chief, page, "restore", confirmed="acme").status_code == 303
    assert (name(site, "acme"), name(site, "globex")) == ("The acme company", "globex now")
    assert "is what it was then" in chief.get(f"/backups/{tenant.id}").text
    assert [action for action, _ in logged(site)].count("companies.restore") == 1
    back = chief.post(f"/backups/{tenant.id}/go-back", "/backups", **kept(chief, tenant))
    assert back.status_code == 303, told(back)
    assert name(site, "acme") == "acme now"
    gone = chief.post(f"/backups/{tenant.id}/discard", "/backups", **kept(chief, tenant))
    assert gone.status_code == 303, told(gone)
    assert site.router.kept(tenant) == []
    assert chief.get("/c/acme/").status_code == 200


def test_a_new_company_is_made(site: Site, chief: Browser) -> None:
    """Whoever makes it is its only member; the other stays as it is."""
    made = send(
        chief, form_of(site, "acme"), "adopt", slug="second", name="Second", local_name="สอง"
    )
    assert made.status_code == 303, told(made)
    assert (name(site, "second"), name(site, "acme")) == ("Second", "acme now")
    assert chief.get("/c/second/").status_code == 200
    assert site.signed_in("malee").get("/c/second/").status_code == 404


def test_what_is_refused_changes_nothing(site: Site, chief: Browser) -> None:
    """Another name to confirm, a page that is out of date, a slug that is taken: each is told where it belongs."""
    page = form_of(site, "acme")
    wrong = send(chief, page, "restore", confirmed="globex")
    assert wrong.status_code == 422
    assert "Write the company" in told(wrong)
    stale = chief.post(f"{page}/restore", f"{page}/restore", confirmed="acme", seen="old")
    assert stale.status_code == 409
    taken = send(chief, page, "adopt", slug="globex", name="X")
    assert (taken.status_code, told(taken)) == (409, "Another company has this short name.")
    bad = send(chief, page, "adopt", slug="B A D", name="X")
    assert bad.status_code == 422
    empty = send(chief, page, "adopt", slug="fresh", name="")
    assert empty.status_code == 422
    assert name(site, "acme") == "acme now"
    assert len(site.router.tenants()) == 2
    assert "companies.restore" not in dict(logged(site))


def test_a_damaged_backup_is_not_restored(site: Site, chief: Browser) -> None:
    """The page says what is damaged; the company stays as it is."""
    tenant, page = site.router.tenant("acme"), form_of(site, "acme")
    (stored,) = (site.router.folder / "backups" / tenant.id).glob("*/books.1.db.zst")
    stored.write_bytes(stored.read_bytes()[:-2])
    refused = send(chief, page, "restore", confirmed="acme")
    assert refused.status_code == 503
    assert name(site, "acme") == "acme now"
    assert site.router.kept(tenant) == []


def test_registers_that_others_use_stay(site: Site, chief: Browser) -> None:
    """They are named, and restored only where that is chosen."""
    with site.app.app_context():
        share_registers(site.router, "globex", "acme")
    page, tenant = form_of(site, "acme"), site.router.tenant("acme")
    before = tenant.store("registers").generation
    assert "globex" in chief.get(f"{page}/restore").text
    assert send(chief, page, "restore", confirmed="acme").status_code == 303
    assert site.router.tenant("acme").store("registers").generation == before
    page = form_of(site, "acme")
    answer = send(chief, page, "restore", confirmed="acme", registers_too="1")
    assert answer.status_code == 303, told(answer)
    assert site.router.tenant("globex").store("registers").generation > before


def test_what_is_not_there(site: Site, chief: Browser) -> None:
    """Stamps of no backup, ids of nobody, and the shared database, which isn't restored in the pages, are 404."""
    tenant = site.router.tenant("acme")
    assert site.services.backups is not None
    shared = site.services.backups.latest("universal").stamp
    for path in (f"/backups/{tenant.id}/never/restore", f"/backups/universal/{shared}/restore"):
        assert chief.get(path).status_code == 404
    assert chief.post(f"/backups/{'a' * 26}/go-back", "/backups", since="x").status_code == 404
