from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site, every_route
from models.people import Activity, User


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    site.user("chief", administers=True)
    yield site
    site.close()


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é", "other"])
def test_no_route_takes_a_request_without_our_token(site: Site, token: str | None) -> None:
    """Each route, found from the map: a missing, wrong, foreign or unreadable token is 400."""
    with site.app.app_context():
        site.company("acme", User.find("chief"))
        before = Activity.select().count()
    browser = site.signed_in("chief")
    if token == "other":
        token = site.signed_in("chief").token("/account")
    form = {} if token is None else {"csrf_token": token}
    unsafe = [(m, path) for m, path, _view in every_route(site.app) if m != "GET"]
    assert len(unsafe) > 15
    for method, path in unsafe:
        assert browser.client.open(path, method=method, data=form).status_code == 400, path
    with site.app.app_context():
        assert Activity.select().count() == before
        assert [user.name for user in User.list()] == ["chief"]


def test_the_token_is_bound_to_the_session(site: Site) -> None:
    """One that was on the page before signing in isn't taken after it; the new one is."""
    browser = site.browser()
    before = browser.token()
    browser.sign_in("chief")
    form = {"name": "malee", "password": "a fox in the clay"}
    assert browser.post("/people/new", csrf_token=before, **form).status_code == 400
    assert browser.post("/people/new", "/people/new", **form).status_code == 303


def test_the_token_may_come_in_a_header(site: Site) -> None:
    """Scripts of our own pages send it as X-CSRF-Token."""
    browser = site.signed_in("chief")
    token = browser.token("/account")
    sent = browser.client.post("/account/sessions/end", headers={"X-CSRF-Token": token})
    assert sent.status_code == 303


def test_what_the_browser_calls_cross_site_is_refused(site: Site) -> None:
    """Even with the right token."""
    browser = site.signed_in("chief")
    form = {"csrf_token": browser.token("/account")}
    headers = {"Sec-Fetch-Site": "cross-site"}
    sent = browser.client.post("/account/sessions/end", data=form, headers=headers)
    assert sent.status_code == 400


@pytest.mark.parametrize(
    "path", ["/sign-in", "/companies", "/nope", "/static/style.css", "/nope.json"]
)
def test_every_answer_has_the_headers(site: Site, path: str) -> None:
    """Pages, errors, files: nothing inline, nothing from elsewhere, no frames, no sniffing."""
    response = site.signed_in("chief").get(path)
    response.close()
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert ("no-store" in headers.get("Cache-Control", "")) == (not path.startswith("/static"))


def test_no_template_needs_what_the_policy_forbids() -> None:
    """No style attributes, no inline scripts or handlers, nothing from other hosts."""
    folder = Path(__file__).parent.parent / "cuneifox" / "templates"
    forbidden = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|https?://", re.IGNORECASE
    )
    for page in folder.rglob("*.html"):
        found = forbidden.search(page.read_text(encoding="utf-8"))
        assert not found, f"{page.name}: {found and found[0]}"


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path, site: Site) -> None:
    """secret.key has 32 bytes and mode 0600, and the next start reads the same one."""
    key = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes() == site.services.secret
    assert len(site.services.secret) == 32
    again = Site(tmp_path / "data")
    assert again.services.secret == site.services.secret
    again.close()


def test_applications_share_nothing(tmp_path: Path, site: Site) -> None:
    """Two in one process: a session of the one is nobody in the other."""
    other = Site(tmp_path / "other")
    other.user("chief", administers=True)
    session = site.signed_in("chief").client.get_cookie("cuneifox_session")
    assert session is not None
    stranger = other.browser()
    stranger.client.set_cookie("cuneifox_session", session.value)
    assert stranger.get("/people").status_code == 302
    assert other.services.secret != site.services.secret
    other.close()


def test_asking_for_the_head_of_a_page_does_nothing(site: Site) -> None:
    """HEAD needs no token, so it is answered as GET is, and no form's view takes it for a POST."""
    with site.app.app_context():
        site.company("acme", User.find("chief"))
    browser = site.signed_in("chief")
    for method, path, _view in every_route(site.app):
        if method == "GET":
            assert browser.client.head(path).status_code == browser.get(path).status_code, path
    form = {"name": "malee", "password": "a fox in the clay"}
    assert browser.client.head("/people/new", data=form).status_code == 200
    with site.app.app_context():
        assert [user.name for user in User.list()] == ["chief"]


@pytest.mark.parametrize("path", ["/c/acme", "/c//acme"])
def test_redirects_stay_on_this_site_whatever_the_host_header_says(site: Site, path: str) -> None:
    """The router makes absolute addresses of the Host that was named; what goes out is a path."""
    sent = site.browser().client.get(path, headers={"Host": "evil.example"})
    assert sent.status_code == 308
    assert re.match(r"/c/", sent.headers["Location"])
    assert "evil.example" not in sent.text


def test_a_host_header_that_is_none_costs_nothing(site: Site) -> None:
    """It is answered like any other: addresses of ours never name the host."""
    for host in ("a b", "<x>", "evil.example:99999999", "[::", "é", ""):
        assert site.browser().client.get("/c/acme", headers={"Host": host}).status_code < 500


def test_forms_are_bounded_before_they_are_parsed(site: Site) -> None:
    """Strangers send 64 KiB at most, of any kind, and users 4 MiB of a plain form; more is 413."""
    plain, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
    large, huge = b"&" * 70_000, b"&" * 5_000_000
    for kind in (plain, parts):
        sent = site.browser().client.post("/sign-in", data=large, content_type=kind)
        assert sent.status_code == 413, kind
    browser = site.signed_in("chief")
    headers = {"X-CSRF-Token": browser.token("/account")}
    for body, status in ((large, 422), (huge, 413)):
        sent = browser.client.post("/account", data=body, content_type=plain, headers=headers)
        assert sent.status_code == status, len(body)
