from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cuneifox.identify import may_enter
from cuneifox_site import PASSWORD, Site, every_route
from models.people import Membership, Session
from models.people.sessions import digest_of
from tenants import UNIVERSAL, NotAMember, current_entry

HOME = "/c/acme/accounts"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    yield site
    site.close()


def routes(site: Site, mark: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of every route that isn't public; of those with a mark, if one is given."""
    for method, path, view in every_route(site.app):
        if not getattr(view, "is_public", False) and (not mark or getattr(view, mark, False)):
            yield method, path


def test_every_page_asks_who_is_there(site: Site) -> None:
    """Without a session each route that isn't marked public leads to signing in, or is refused."""
    site.company("acme")
    browser = site.browser()
    token = browser.token()
    asked = list(routes(site))
    assert len(asked) > 30
    for method, path in asked:
        form = {"csrf_token": token} if method != "GET" else None
        response = browser.client.open(path, method=method, data=form)
        if method == "GET" and not path.endswith(".json"):
            assert (response.location or "").startswith("/sign-in?next="), path
        else:
            assert response.status_code == 401, path


def test_only_few_pages_are_public(site: Site) -> None:
    """The list is short and complete: a page is added to it on purpose or not at all."""
    public = {
        name for name, view in site.app.view_functions.items() if getattr(view, "is_public", False)
    }
    asks_itself = {"metrics.show"}  # for a token, or for an administrator
    entrances = {"auth.home", "auth.sign_in", "auth.sign_out", "auth.language", "static"}
    watched = {"health.alive", "health.ready"}  # the same for everybody
    assert public == entrances | asks_itself | watched


def test_administrators_pages_are_theirs(site: Site) -> None:
    """Each route so marked refuses everybody else with 403; the installation's pages all are."""
    site.company("acme", site.user("malee"))
    browser = site.signed_in("malee")
    token = browser.token("/account")
    asked = list(routes(site, "for_administrators"))
    assert {"/people", "/live", "/activity", "/companies/new"} <= {path for _, path in asked}
    for method, path in asked:
        form = {"csrf_token": token} if method != "GET" else None
        assert browser.client.open(path, method=method, data=form).status_code == 403, path


def test_unknown_and_foreign_companies_are_answered_alike(site: Site) -> None:
    """No answer tells whether a company exists that one isn't a member of."""
    user = site.user("malee")
    site.company("acme", user)
    foreign = site.company("globex")
    browser = site.signed_in("malee")
    slugs = ["nothing", "globex", foreign.tenant_id, "x" * 300, "..", "%2e%2e", "..%2Fx", "ACME"]
    slugs += ["universal", "acme%00", "ac me", "บ้าน"]
    pages = set()
    for slug in slugs:
        response = browser.get(f"/c/{slug}/accounts")
        assert response.status_code == 404, slug
        pages.add(re.sub(r'name="next" value="[^"]*"', "", response.text))
    assert len(pages) == 1
    assert browser.get(HOME).status_code == 200


def test_a_company_is_not_opened_by_its_id(site: Site) -> None:
    """The address has one form: the slug; the tenant's id is no second one."""
    user = site.user("malee")
    company = site.company("acme", user)
    browser = site.signed_in("malee")
    assert browser.get(f"/c/{company.tenant_id}/accounts").status_code == 404


def test_a_right_that_is_taken_away_is_gone_at_once(site: Site) -> None:
    """In mid-session: less rights with the next request, and no membership, no company."""
    user = site.user("malee")
    company = site.company("acme", user)
    browser = site.signed_in("malee")
    assert browser.get(HOME + "/new").status_code == 200
    with site.app.app_context():
        Membership.grant(user, company.tenant_id, {"ledger": "read"})
    assert browser.get(HOME).status_code == 200
    assert browser.get(HOME + "/new").status_code == 403
    with site.app.app_context():
        Membership.revoke(user, company.tenant_id)
    assert browser.get(HOME).status_code == 404


def test_a_member_without_rights_in_a_module_sees_none_of_it(site: Site) -> None:
    """Membership alone opens the company, not its ledger."""
    user = site.user("malee")
    site.company("acme", user, levels={"wages": "delete"})
    assert site.signed_in("malee").get(HOME).status_code == 403


def test_administering_the_installation_opens_no_books(site: Site) -> None:
    """Administrators need a membership like everybody else."""
    site.user("chief", administers=True)
    site.company("acme")
    assert site.signed_in("chief").get(HOME).status_code == 404


def test_every_page_of_a_company_says_what_it_needs(site: Site) -> None:
    """A route below /c/ names the right that it needs, or is the dashboard, for all members."""
    for rule in site.app.url_map.iter_rules():
        if str(rule).startswith("/c/<slug>") and str(rule) != "/c/<slug>/":
            view: Any = site.app.view_functions[rule.endpoint]
            marks = ("needed_rights", "for_administrators", "for_members")
            assert any(getattr(view, mark, None) for mark in marks), rule


def test_two_tabs_are_two_companies(site: Site) -> None:
    """One session, two companies in turn: each page is the one's of its address."""
    user = site.user("malee")
    for slug in ("acme", "globex"):
        site.company(slug, user)
    browser = site.signed_in("malee")
    for slug in ("acme", "globex", "acme"):
        page = browser.get(f"/c/{slug}/accounts").text
        other = "globex" if slug == "acme" else "acme"
        assert f"The {slug} company" in page
        assert f"/c/{slug}/" in page
        assert other not in page


def test_nothing_is_left_after_requests(site: Site) -> None:
    """Whatever the status, db_dict holds the universal entry alone once the answer is out."""
    user = site.user("malee", administers=True)
    site.company("acme", user)
    browser = site.signed_in("malee")
    for path in (HOME, "/companies", "/people", "/c/none/", "/nope", "/live", HOME + "/99/x"):
        browser.get(path)
        assert list(site.app.db_dict) == [UNIVERSAL], path  # type: ignore[attr-defined]


def test_a_set_password_has_to_be_changed_first(site: Site) -> None:
    """Until then every page leads to the password page; after it they open."""
    site.user("malee", must_change_password=True)
    browser = site.signed_in("malee")
    for path in ("/companies", "/account", "/c/acme/accounts", "/people"):
        response = browser.get(path)
        assert response.status_code == 404 or response.location == "/account/password", path
    page = "/account/password"
    chosen = "another fox in the clay"
    assert browser.post(page, page, old=PASSWORD, password=chosen, again=chosen).status_code == 303
    assert browser.get("/companies").status_code == 200


def test_a_session_enters_only_its_members_companies(site: Site) -> None:
    """`router.using` within a request: another company opens for members of it, for others not."""
    user = site.user("malee")
    mine, other, foreign = (site.company(slug) for slug in ("acme", "second", "globex"))
    with site.app.app_context():
        for company in (mine, other):
            Membership.grant(user, company.tenant_id)
        token = Session.start(user, now=site.clock(), lifetime=60)
    entry = site.router.enter((digest_of(token), "request"), site.router.tenant("acme"))
    try:
        with site.router.using("second") as inner:
            assert inner is current_entry()
        with pytest.raises(NotAMember), site.router.using("globex"):
            pass
    finally:
        site.router.leave(entry)
    with site.app.app_context():
        assert not may_enter("0" * 64, site.router.tenant(foreign.tenant_id))


def test_the_language_is_the_users_then_the_browsers_then_the_installations(
    tmp_path: Path,
) -> None:
    """Settings, cookie and Accept-Language give way in that order."""
    site = Site(tmp_path / "thai", language="th")
    site.user("english", language="en")
    browser = site.browser()
    assert '<html lang="th">' in browser.get("/sign-in").text
    spoken = {"Accept-Language": "en-GB,en;q=0.8"}
    assert '<html lang="en">' in browser.get("/sign-in", headers=spoken).text
    browser.client.set_cookie("lang", "th")
    assert '<html lang="th">' in browser.get("/sign-in", headers=spoken).text
    signed_in = site.signed_in("english")
    signed_in.client.set_cookie("lang", "th")
    assert '<html lang="en">' in signed_in.get("/companies").text
    site.close()


def test_programs_are_told_and_not_sent_to_pages(site: Site) -> None:
    """Signed out: 401; with a password to change first: 403; as JSON where JSON is asked for."""
    site.company("acme", site.user("chief", administers=True))
    user = site.user("malee", must_change_password=True)
    with site.app.app_context():
        Membership.grant(user, site.router.tenant("acme").id)
    json = {"Accept": "application/json"}
    for browser, status in ((site.browser(), 401), (site.signed_in("malee"), 403)):
        for path, headers in (("/c/acme/journal.json", {}), ("/c/acme/journal", json)):
            told = browser.get(path, headers=headers)
            assert (told.status_code, told.mimetype) == (status, "application/problem+json"), path
            assert told.json["status"] == status
