from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox.auth.sign_in import local_path
from cuneifox.config import Server
from cuneifox_site import PASSWORD, STRICT, Site
from models.people import Session, SignIn


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data", throttle=STRICT)
    yield site
    site.close()


def cookie(response: object) -> str:
    lines = list(response.headers.getlist("Set-Cookie"))  # type: ignore[attr-defined]
    return next(line for line in lines if "cuneifox_session=" in line)


def test_the_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    """HttpOnly and SameSite=Lax always."""
    site.user("malee")
    line = cookie(site.browser().sign_in("malee"))
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert "Secure" not in line


def test_over_https_the_cookie_goes_over_https_alone(tmp_path: Path) -> None:
    """With https set the cookie is Secure, and its name lets browsers take it from nobody else."""
    site = Site(tmp_path / "data", server=Server(https=True))
    site.user("malee")
    browser = site.browser()
    how = {"base_url": "https://localhost"}
    page = browser.get("/sign-in", **how)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"user": "malee", "password": PASSWORD, "csrf_token": token}
    response = browser.client.post("/sign-in", data=form, **how)
    line = cookie(response)
    assert line.startswith("__Host-cuneifox_session=")
    assert "Secure" in line
    assert response.headers["Strict-Transport-Security"]
    site.close()


def test_the_token_is_new_at_each_sign_in(site: Site) -> None:
    """A token that was there before signing in is worth nothing after it."""
    site.user("malee")
    browser = site.browser()
    browser.client.set_cookie("cuneifox_session", "planted")
    browser.sign_in("malee")
    first = browser.client.get_cookie("cuneifox_session")
    browser.sign_in("malee")
    second = browser.client.get_cookie("cuneifox_session")
    assert first is not None
    assert second is not None
    assert len({"planted", first.value, second.value}) == 3
    browser.client.set_cookie("cuneifox_session", first.value)
    assert browser.get("/companies").status_code == 302


def test_other_sessions_end_if_that_is_wished(site: Site) -> None:
    """The offer stands on the page, on by default; taken, the other browser is out at once."""
    site.user("malee")
    page = site.browser().get("/sign-in").text
    assert 'name="end_others" type="checkbox" value="1" checked' in page
    one = site.signed_in("malee")
    two = site.signed_in("malee")
    assert one.get("/companies").status_code == 200
    three = site.signed_in("malee", end_others="1")
    assert [b.get("/companies").status_code for b in (one, two, three)] == [302, 302, 200]


def test_wrong_user_and_wrong_password_are_answered_alike(site: Site) -> None:
    """Status and page tell nobody which users there are; inactive ones look unknown too."""
    site.user("malee")
    gone = site.user("gone")
    with site.app.app_context():
        gone.set_standing(active=False, administers=False)
    pages = set()
    for name, password in (("malee", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD)):
        browser = site.browser()
        browser.get("/sign-in")
        response = browser.sign_in(name, password)
        assert response.status_code == 401
        pages.add(response.text.replace(name, "NAME").replace(browser.token(), "TOKEN"))
    assert len(pages) == 1


def test_a_password_is_never_sent_back(site: Site) -> None:
    """A failed form comes back with the name and without the password."""
    response = site.browser().sign_in("nobody", "my secret wrong one")
    assert 'value="nobody"' in response.text
    assert "my secret" not in response.text


def test_guessing_has_to_wait(site: Site) -> None:
    """After three wrong tries at an account: 429 with Retry-After, also for the right password."""
    site.user("malee")
    for _ in range(3):
        assert site.browser().sign_in("malee", "wrong").status_code == 401
    response = site.browser().sign_in("malee")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "20"
    assert "20 seconds" in response.text
    site.clock.turn(20)
    assert site.browser().sign_in("malee").status_code == 303


def test_an_unknown_account_has_to_wait_too(site: Site) -> None:
    """Being throttled tells nobody which users there are."""
    statuses = [site.browser().sign_in("nobody", "wrong").status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_guessing_from_one_address_has_to_wait(site: Site) -> None:
    """Five wrong tries from an address, whatever the names, and it waits; another one doesn't."""
    statuses = [site.browser().sign_in(f"n{i}", "wrong").status_code for i in range(6)]
    assert statuses == [401] * 5 + [429]
    elsewhere = site.browser()
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.sign_in("n9", "wrong").status_code == 401


def test_nobody_is_kept_out_by_guesses_from_elsewhere(site: Site) -> None:
    """A browser that has signed in before has a pace of its own, whoever guesses at the account."""
    site.user("malee")
    known = site.signed_in("malee")
    known.post("/sign-out", "/companies")
    attacker = site.browser()
    attacker.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    statuses = [attacker.sign_in("malee", "wrong").status_code for _ in range(4)]
    assert statuses[-1] == 429
    assert known.sign_in("malee").status_code == 303


def test_a_company_may_be_named(site: Site) -> None:
    """By slug or name, in any case, it is opened at once; foreign and unknown ones are alike."""
    user = site.user("malee")
    site.company("acme", user)
    site.company("globex")
    for asked in ("acme", "ACME ", "the acme company"):
        assert site.browser().sign_in("malee", company=asked).location == "/c/acme/"
    for asked in ("globex", "nothing", "../x", "x" * 300):
        assert site.browser().sign_in("malee", company=asked).location == "/companies"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "/x\r\nSet-Cookie: a=b",
        "///evil.example",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(site: Site, target: str) -> None:
    """`next` is followed to paths of this site alone."""
    site.user("malee")
    assert local_path(target) == ""
    assert site.browser().sign_in("malee", next=target).location == "/"


def test_one_comes_back_to_where_one_was_going(site: Site) -> None:
    """The page that asked for the sign-in is opened after it, query and all."""
    site.user("malee")
    browser = site.browser()
    asked = browser.get("/companies?x=1%262")
    assert asked.location == "/sign-in?next=/companies?x%3D1%25262"
    page = browser.get(asked.location).text
    assert 'name="next" value="/companies?x=1%262"' in page
    assert browser.sign_in("malee", next="/companies?x=1%262").location == "/companies?x=1%262"


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    """The old cookie, put back, opens nothing, and no row is left."""
    site.user("malee")
    browser = site.signed_in("malee")
    kept = browser.client.get_cookie("cuneifox_session")
    assert kept is not None
    assert browser.post("/sign-out", "/companies").status_code == 303
    assert browser.client.get_cookie("cuneifox_session") is None
    browser.client.set_cookie("cuneifox_session", kept.value)
    assert browser.get("/companies").status_code == 302
    with site.app.app_context():
        assert Session.select().count() == 0


def test_signing_out_when_the_session_is_over_is_no_error(site: Site) -> None:
    """The button on a page that was left open too long leads to signing in."""
    site.user("malee")
    browser = site.signed_in("malee")
    token = browser.token("/companies")
    site.clock.turn(7200)
    response = browser.client.post("/sign-out", data={"csrf_token": token})
    assert response.location == "/sign-in"


def test_forwarded_addresses_are_believed_from_own_proxies_alone(tmp_path: Path) -> None:
    """Without trusted_proxies X-Forwarded-For is anybody's claim; with one, its last entry counts."""
    for proxies, expected in ((0, "127.0.0.1"), (1, "192.0.2.9")):
        site = Site(tmp_path / str(proxies), server=Server(trusted_proxies=proxies))
        site.user("malee")
        browser = site.browser()
        form = {"user": "malee", "password": PASSWORD, "csrf_token": browser.token()}
        headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.9"}
        browser.client.post("/sign-in", data=form, headers=headers)
        with site.app.app_context():
            assert SignIn.get().address == expected
        site.close()


def test_sessions_run_out(site: Site) -> None:
    """Idle for an hour, or twelve hours old: over."""
    site.user("malee")
    browser = site.signed_in("malee")
    site.clock.turn(3599)
    assert browser.get("/companies").status_code == 200
    site.clock.turn(3601)
    assert browser.get("/companies").status_code == 302


def test_signing_in_is_written_down_and_names_typed_wrong_are_not(site: Site) -> None:
    """The history knows who came, went and failed; a password in the name field isn't kept."""
    site.user("malee")
    browser = site.signed_in("malee")
    browser.post("/sign-out", "/companies")
    site.browser().sign_in("malee", "wrong")
    site.browser().sign_in("hunter2hunter2", "wrong")
    with site.app.app_context():
        told = [(row.event, row.user.name if row.user else None) for row in SignIn.page()]
        rows = str(list(SignIn.select().dicts()))
    expected = [("failed", None), ("failed", "malee"), ("out", "malee"), ("in", "malee")]
    assert told == expected
    assert "hunter2" not in rows


@pytest.mark.parametrize("value", ["", "x", "é" * 50, "x" * 10_000, '"; DROP', "\x00"])
def test_a_cookie_of_rubbish_is_nobody(site: Site, value: str) -> None:
    """Whatever the cookie holds, it is a session or nobody."""
    browser = site.browser()
    response = browser.get("/companies", headers={"Cookie": f"cuneifox_session={value}"})
    assert response.status_code == 302


def test_the_language_is_chosen_without_signing_in(site: Site) -> None:
    """The page speaks Thai from then on, and goes back to where one was."""
    browser = site.browser()
    response = browser.post("/language", language="th", next="/sign-in")
    assert response.location == "/sign-in"
    assert '<html lang="th">' in browser.get("/sign-in").text
    assert browser.post("/language", language="tlh", next="//evil").location == "/"
    assert '<html lang="th">' in browser.get("/sign-in").text
