"""Administrators take each step of a company's life in the pages, and are told why where one can't be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from administering import logged, page_of, step, told, two_companies
from cuneifox.pages import administration
from cuneifox_site import Browser, Site
from models.companies import Company
from models.company_life import purge_company
from models.journals import find_book
from models.people import Activity, Membership, User
from tenants import Tenant, TenantError


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = two_companies(tmp_path / "data")
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


@pytest.fixture
def malee(site: Site) -> Browser:
    return site.signed_in("malee")


@pytest.mark.parametrize(
    ("slug", "status"),
    [("globex", 409), ("", 422), ("../x", 422), ("Acme", 422), ("x" * 300, 422), ("acme", 409),
     ("con", 422), ("บ้าน", 422), ("a\x00b", 422)],
)  # fmt: skip
def test_a_short_name_that_will_not_do_changes_nothing(
    site: Site, chief: Browser, slug: str, status: int
) -> None:
    """The page comes back with the reason, and the company is found as before."""
    response = step(chief, page_of(site, "acme"), "rename", slug=slug)
    assert response.status_code == status
    assert told(response)
    # The page is long: it opens at the field that is wrong, or with the reason on top.
    assert response.text.count(' autofocus="') == (0 if slug == "acme" else 1)
    assert chief.get("/c/acme/").status_code == 200


def test_the_second_of_two_administrators_is_told(site: Site, chief: Browser) -> None:
    """A form that was shown before another one changed the company does nothing: 409, and why."""
    site.user("boss", administers=True)
    boss = site.signed_in("boss")
    page = page_of(site, "acme")
    seen = re.search(r'name="seen" value="(\w+)"', boss.get(page).text)
    assert seen
    step(chief, page, "suspend", suspend_reason="first")
    for name, form in (
        ("suspend", {"suspend_reason": "second"}),
        ("archive", {}),
        ("resume", {}),
        ("rename", {"slug": "other"}),
        ("purge", {"confirmed": "acme"}),
        ("clone", {"clone_slug": "c", "clone_name": "C"}),
        ("share", {"owner": "globex"}),
        ("unshare", {}),
    ):
        response = boss.post(f"{page}/{name}", page, seen=seen[1], **form)
        assert response.status_code == 409, name
        assert "meanwhile" in told(response)
    tenant = site.router.tenant("acme")
    assert (tenant.state, tenant.reason) == ("suspended", "first")


@pytest.mark.parametrize(
    ("name", "form", "status"),
    [
        ("suspend", {"suspend_reason": " "}, 422),
        ("suspend", {"suspend_reason": "x" * 301}, 422),
        ("suspend", {"suspend_reason": "a\nb"}, 422),
        ("archive", {"archive_reason": "x" * 5000}, 422),
        ("resume", {}, 409),
        ("purge", {"confirmed": "acme"}, 409),
        ("share", {"owner": "acme"}, 409),
        ("share", {"owner": "nothing"}, 422),
        ("share", {"owner": ""}, 422),
        ("unshare", {}, 409),
        ("clone", {"clone_slug": "acme", "clone_name": "A"}, 409),
        ("clone", {"clone_slug": "../x", "clone_name": "A"}, 422),
        ("clone", {"clone_slug": "copy", "clone_name": ""}, 422),
        ("clone", {"clone_slug": "copy", "clone_name": "x" * 300}, 422),
    ],
)
def test_steps_that_cannot_be_are_refused_in_words(
    site: Site, chief: Browser, name: str, form: dict[str, str], status: int
) -> None:
    """Nothing changes, the page says why, and nothing is logged."""
    response = step(chief, page_of(site, "acme"), name, **form)
    assert response.status_code == status
    assert told(response)
    assert site.router.tenant("acme").state == "active"
    assert {tenant.slug for tenant in site.router.tenants()} == {"acme", "globex"}
    assert logged(site) == []


@pytest.mark.parametrize("id", ["x", "acme", "a" * 26, "..", "new%00", "ก"])
def test_unknown_companies_have_no_administration(chief: Browser, id: str) -> None:
    """404, also for a short name: the address holds the id."""
    assert chief.get(f"/companies/{id}").status_code == 404
    assert chief.post(f"/companies/{id}/resume").status_code == 404


def test_members_who_do_not_administer_are_refused(site: Site, malee: Browser) -> None:
    """Neither the page nor any step is for them."""
    page = page_of(site, "acme")
    assert malee.get(page).status_code == 403
    for name in ("rename", "clone", "suspend", "archive", "resume", "share", "unshare", "purge"):
        assert malee.post(f"{page}/{name}", confirmed="acme", slug="mine").status_code == 403
    assert site.router.tenant("acme").state == "active"


def test_forms_without_token_do_nothing(site: Site, chief: Browser) -> None:
    """As everywhere: 400."""
    page = page_of(site, "acme")
    response = chief.client.post(f"{page}/suspend", data={"suspend_reason": "x"})
    assert response.status_code == 400
    assert site.router.tenant("acme").state == "active"


def test_a_clone_is_its_makers_alone(site: Site, chief: Browser, malee: Browser) -> None:
    """Who clones has all rights in the clone, nobody else any; the books are there."""
    done = step(
        chief, page_of(site, "acme"), "clone",
        clone_slug="copy", clone_name="Copy", clone_local_name="สำเนา", with_documents="1",
    )  # fmt: skip
    assert done.status_code == 303, told(done)
    assert chief.get("/c/copy/accounts/new").status_code == 200
    assert malee.get("/c/copy/").status_code == 404
    with site.app.app_context():
        tenant = site.router.tenant("copy")
        assert [m.user.name for m in Membership.within(tenant.id)] == ["chief"]
        assert Company.get_by_id(tenant.id).local_name == "สำเนา"
        assert Activity.page()[0].company_name == "Copy"
    assert logged(site)[0] == ("companies.clone", "acme: copy, with documents")


def test_only_members_may_clone(site: Site, chief: Browser) -> None:
    """An administrator gets no books by cloning a company that they can't open."""
    with site.app.app_context():
        Membership.revoke(User.find("chief"), site.router.tenant("acme").id)
    response = step(chief, page_of(site, "acme"), "clone", clone_slug="copy", clone_name="Copy")
    assert response.status_code == 403
    assert "give yourself rights" in response.text
    assert len(site.router.tenants()) == 2


def test_a_company_is_purged_once_its_name_was_written(site: Site, chief: Browser) -> None:
    """Only suspended or archived, only with its short name; then its address is 404 and the log knows it."""
    page = page_of(site, "acme")
    step(chief, page, "archive")
    wrong = step(chief, page, "purge", confirmed="globex")
    assert (wrong.status_code, "acme" in told(wrong)) == (422, True)
    assert step(chief, page, "purge", confirmed="acme").location == "/companies"
    assert "Its last backup lies on the server" in chief.get("/companies").text
    assert chief.get(page).status_code == 404
    assert chief.get("/c/acme/").status_code == 404
    with site.app.app_context():
        line = Activity.page()[0]
        assert (line.action, line.company_name) == ("companies.purge", "The acme company")
        assert [m.tenant_id for m in Membership.select()] == [site.router.tenant("globex").id]
        assert [company.name for company in Company.select()] == ["The globex company"]


def test_registers_are_shared_and_given_back(site: Site, chief: Browser) -> None:
    """The page says whose registers they are, and offers the way back."""
    page = page_of(site, "acme")
    assert step(chief, page, "share", owner="globex").status_code == 303
    router = site.router
    assert router.tenant("acme").store("registers") is router.tenant("globex").store("registers")
    assert "those of globex" in chief.get(page).text
    assert "also used by acme" in chief.get(page_of(site, "globex")).text
    assert step(chief, page, "unshare").status_code == 303
    assert router.tenant("acme").store("registers").owner == router.tenant("acme").id


def test_registers_that_outlived_their_owner_are_told(site: Site, chief: Browser) -> None:
    """The page says that the owner is gone, and offers the company registers of its own."""
    step(chief, page_of(site, "acme"), "share", owner="globex")
    owner = page_of(site, "globex")
    step(chief, owner, "archive")
    assert "also used by acme" in chief.get(owner).text
    assert step(chief, owner, "purge", confirmed="globex").status_code == 303
    page = page_of(site, "acme")
    assert "a company that was purged" in chief.get(page).text
    assert step(chief, page, "unshare").status_code == 303
    assert "its own" in chief.get(page).text


def test_only_registers_of_companies_of_one_s_own_can_be_shared(site: Site, chief: Browser) -> None:
    """An administrator gets no customers to see by sharing those of a company that they can't open."""
    site.company("foreign")
    page = page_of(site, "acme")
    assert "foreign" not in chief.get(page).text
    response = step(chief, page, "share", owner="foreign")
    assert (response.status_code, told(response)) == (422, "Choose a company from the list.")
    assert site.router.tenant("acme").store("registers").owner == site.router.tenant("acme").id


def test_a_company_that_is_in_use_for_too_long_is_told(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and the page again; nothing was purged."""
    page = page_of(site, "acme")
    step(chief, page, "archive")
    with site.router.using("acme"):
        find_book("GJ")  # has the books in hand
        monkeypatch.setattr(site.router, "purge", partial(site.router.purge, patience=0.01))
        response = step(chief, page, "purge", confirmed="acme")
    assert response.status_code == 503
    assert "is in use" in told(response)
    assert site.router.tenant("acme").state == "archived"


def test_a_disk_that_is_full_is_told(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, what the matter is, and what was typed is still there."""

    def full(*_: object, **__: object) -> None:
        raise TenantError(
            "The files of copy can't be made (No space left on device); nothing was left."
        )

    monkeypatch.setattr(site.router, "create", full)
    response = step(chief, page_of(site, "acme"), "clone", clone_slug="copy", clone_name="Copy")
    assert response.status_code == 503
    assert "No space left on device" in told(response)
    assert 'value="copy"' in response.text


def test_what_a_race_leaves_impossible_is_a_conflict(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the other administrator's step falls between the check and the change, it is 409 too."""
    page, router = page_of(site, "acme"), site.router
    resume = router.resume

    def both(tenant: Tenant) -> None:
        resume(tenant)  # the other one's
        resume(tenant)

    step(chief, page, "archive")
    monkeypatch.setattr(router, "resume", both)
    response = step(chief, page, "resume")
    assert response.status_code == 409
    assert "changed by somebody else" in told(response)


def test_a_company_that_is_purged_while_its_page_is_made_has_none(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are missed before its row is: that is no fault of theirs, and the answer is 404."""
    page, faults_of = page_of(site, "acme"), administration.faults_of

    def meanwhile(tenant: Tenant) -> list[str]:
        purge_company(site.router, tenant, confirmed="acme")
        return faults_of(tenant)

    step(chief, page, "archive")
    monkeypatch.setattr(administration, "faults_of", meanwhile)
    assert chief.get(page).status_code == 404
