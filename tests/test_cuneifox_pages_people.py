from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox.pages.activity import ACTIONS
from cuneifox_site import PASSWORD, Browser, Site
from models.people import Activity, Membership, Session, SignIn, User
from tenants import LockTimeout

NEW = "another fox in the clay"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    site.user("chief", administers=True, display_name="The Chief")
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


def log(site: Site) -> list[tuple[str, str]]:
    with site.app.app_context():
        return [(row.action, row.subject) for row in Activity.page()]


def test_a_user_is_added_and_has_to_change_the_password(site: Site, chief: Browser) -> None:
    """The first password lets in once, to be changed; the log says who was added."""
    response = chief.post("/people/new", "/people/new", name="malee", password=PASSWORD)
    assert response.status_code == 303
    assert "malee" in chief.get(response.location).text
    malee = site.signed_in("malee")
    assert malee.get("/companies").location == "/account/password"
    assert log(site) == [("people.add", "malee")]


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"name": "CHIEF", "password": PASSWORD}, 409, "already"),
        ({"name": "", "password": PASSWORD}, 422, "missing"),
        ({"name": "../x", "password": PASSWORD}, 422, "no spaces, slashes"),
        ({"name": "x" * 300, "password": PASSWORD}, 422, "40"),
        ({"name": "malee", "password": "short"}, 422, "at least 10"),
        ({"name": "malee"}, 422, "at least 10"),
        ({"name": "a\x00b", "password": PASSWORD}, 422, "control character"),
    ],
)
def test_bad_input_comes_back_with_the_form(
    site: Site, chief: Browser, form: dict[str, str], status: int, said: str
) -> None:
    """Status, the reason at its field, what was typed but the password; nothing is stored."""
    response = chief.post("/people/new", "/people/new", **form)
    assert response.status_code == status
    assert said in response.text
    assert 'aria-invalid="true"' in response.text
    assert PASSWORD not in response.text
    with site.app.app_context():
        assert [user.name for user in User.list()] == ["chief"]
    assert log(site) == []


def test_rights_are_given_changed_and_taken(site: Site, chief: Browser) -> None:
    """What the form says is what the membership holds, and each step is in the log."""
    user, company = site.user("malee"), site.company("acme")
    page = f"/people/{user.id}"
    form = {"company": company.tenant_id, "ledger": "add", "wages": "read", "may_close": "1"}
    assert chief.post(page + "/rights", page, **form).status_code == 303
    with site.app.app_context():
        row = Membership.find(user, company.tenant_id)
    assert row is not None
    assert (row.ledger, row.wages, row.assets) == ("add", "read", "none")
    assert (row.may_close, row.may_freeze) == (True, False)
    shown = chief.get(page).text
    assert '<option value="add" selected>' in shown
    chief.post(page + "/rights/revoke", page, company=company.tenant_id)
    with site.app.app_context():
        assert Membership.find(user, company.tenant_id) is None
    assert [action for action, _ in log(site)] == ["people.revoke", "people.grant"]
    assert log(site)[1][1] == "malee, The acme company: ledger add, wages read, close"


def test_rights_that_there_are_not_change_nothing(site: Site, chief: Browser) -> None:
    """An unknown level is 422, an unknown company or user 404."""
    user, company = site.user("malee"), site.company("acme")
    page = f"/people/{user.id}"
    token = chief.token(page)
    cases = [
        (page, {"company": company.tenant_id, "ledger": "everything"}, 422),
        (page, {"company": "nothing", "ledger": "read"}, 404),
        (page, {"company": "../acme", "ledger": "read"}, 404),
        ("/people/nobody", {"company": company.tenant_id}, 404),
    ]
    for path, form, status in cases:
        response = chief.client.post(path + "/rights", data={"csrf_token": token, **form})
        assert response.status_code == status
    with site.app.app_context():
        assert Membership.select().count() == 0
    assert log(site) == []


def test_a_reset_ends_the_users_sessions(site: Site, chief: Browser) -> None:
    """The old password and every open session are worth nothing from then on."""
    user = site.user("malee")
    malee = site.signed_in("malee")
    page = f"/people/{user.id}"
    assert chief.post(page + "/password", page, password=NEW).status_code == 303
    assert malee.get("/companies").location.startswith("/sign-in")
    assert site.browser().sign_in("malee").status_code == 401
    assert site.browser().sign_in("malee", NEW).status_code == 303
    assert log(site)[0] == ("people.reset_password", "malee")
    assert NEW not in str(log(site))


def test_a_weak_reset_changes_nothing(site: Site, chief: Browser) -> None:
    """422 with the reason, and the user stays signed in."""
    user = site.user("malee")
    malee = site.signed_in("malee")
    page = f"/people/{user.id}"
    assert chief.post(page + "/password", page, password="short").status_code == 422
    assert malee.get("/companies").status_code == 200


def test_administrators_change_their_own_password_with_the_old_one(
    site: Site, chief: Browser
) -> None:
    """The reset doesn't work on oneself: a borrowed browser must not suffice."""
    with site.app.app_context():
        me = User.find("chief")
    page = f"/people/{me.id}"
    assert chief.post(page + "/password", page, password=NEW).location == "/account/password"
    assert site.browser().sign_in("chief").status_code == 303


def test_whoever_is_kept_out_is_out_at_once(site: Site, chief: Browser) -> None:
    """Inactive: no page any more, no sign-in; active again: both."""
    user = site.user("malee")
    malee = site.signed_in("malee")
    page = f"/people/{user.id}"
    chief.post(page + "/standing", page)
    assert malee.get("/companies").status_code == 302
    assert site.browser().sign_in("malee").status_code == 401
    chief.post(page + "/standing", page, active="1")
    assert site.browser().sign_in("malee").status_code == 303


def test_the_last_administrator_stays(site: Site, chief: Browser) -> None:
    """Taking the right from oneself, with nobody else who has it, is refused with 409."""
    with site.app.app_context():
        me = User.find("chief")
    page = f"/people/{me.id}"
    assert chief.post(page + "/standing", page, active="1").status_code == 409
    assert chief.get("/people").status_code == 200


def test_a_right_to_administer_that_is_taken_is_gone_at_once(site: Site, chief: Browser) -> None:
    """The other administrator's open pages stop working with the next request."""
    user = site.user("second", administers=True)
    second = site.signed_in("second")
    assert second.get("/people").status_code == 200
    page = f"/people/{user.id}"
    chief.post(page + "/standing", page, active="1")
    assert second.get("/people").status_code == 403


def test_own_password_needs_the_old_one_and_ends_the_other_sessions(site: Site) -> None:
    """Wrong old, unequal new, or the same again: refused. Else this session goes on under a new
    token, and the others are over."""
    site.user("malee")
    one, other = site.signed_in("malee"), site.signed_in("malee")
    before = one.client.get_cookie("cuneifox_session")
    page = "/account/password"
    for old, new, again in (("wrong", NEW, NEW), (PASSWORD, NEW, "x"), (PASSWORD,) * 3):
        assert one.post(page, page, old=old, password=new, again=again).status_code == 422
    assert other.get("/account").status_code == 200
    assert one.post(page, page, old=PASSWORD, password=NEW, again=NEW).status_code == 303
    after = one.client.get_cookie("cuneifox_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert one.get("/account").status_code == 200
    assert other.get("/account").status_code == 302


def test_guessing_the_old_password_has_to_wait(tmp_path: Path) -> None:
    """A borrowed session is no way round the throttle."""
    from cuneifox_site import STRICT

    site = Site(tmp_path / "strict", throttle=STRICT)
    site.user("malee")
    browser = site.signed_in("malee")
    page = "/account/password"
    token = browser.token(page)
    form = {"csrf_token": token, "old": "wrong", "password": NEW, "again": NEW}
    statuses = [browser.client.post(page, data=form).status_code for _ in range(4)]
    assert statuses == [422, 422, 422, 429]
    site.close()


def test_other_sessions_can_be_ended_from_the_account(site: Site) -> None:
    """All but the one that asks."""
    user = site.user("malee")
    one, other = site.signed_in("malee"), site.signed_in("malee")
    one.post("/account/sessions/end", "/account")
    assert [b.get("/account").status_code for b in (one, other)] == [200, 302]
    with site.app.app_context():
        assert Session.select().where(Session.user == user).count() == 1


def test_what_users_change_about_themselves(site: Site) -> None:
    """Name and language; a bad one is 422 and changes nothing."""
    site.user("malee")
    browser = site.signed_in("malee")
    form = {"display_name": "มาลี ศรีสุข", "language": "th"}
    assert browser.post("/account", "/account", **form).status_code == 303
    page = browser.get("/account").text
    assert '<html lang="th">' in page
    assert "มาลี ศรีสุข" in page
    for bad in ({"display_name": ""}, {"display_name": "x" * 81}, {"language": "tlh"}):
        sent = browser.post("/account", "/account", **{**form, **bad})
        assert sent.status_code == 422
    with site.app.app_context():
        assert User.find("malee").display_name == "มาลี ศรีสุข"


def test_history_and_activity_page_by_key(site: Site, chief: Browser) -> None:
    """Fifty a page, and the next page begins where this one ends, with the filter kept."""
    with site.app.app_context():
        for number in range(60):
            SignIn.note("failed", None, now=1_700_000_000 + number)
            Activity.note("x.y", f"no. {number:02}", now=0, user_name="u", company_id="t1")
        Activity.note("x.y", "elsewhere", now=0, user_name="u", company_id="t2")
    first = chief.get("/people/history").text
    assert "?before=" in first
    page = chief.get("/activity?company=t1").text
    assert "elsewhere" not in page
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = chief.get(link).text
    assert "no. 59" in page
    assert "no. 10" in page
    assert "no. 09" not in page
    assert "no. 09" in second
    assert "no. 10" not in second
    assert "elsewhere" not in second
    for rubbish in ("x", "-1", "9" * 30, "๑"):
        assert "no. 59" in chief.get(f"/activity?company=t1&before={rubbish}").text


def test_every_action_that_is_noted_has_a_name_for_people() -> None:
    """Whatever word the code notes, the activity page says it in the reader's language."""
    folder = Path(__file__).parent.parent / "cuneifox"
    code = "\n".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.py"))
    noted = set(re.findall(r"""\b(?:note|log)\(\s*["']([a-z]+\.[a-z_]+)["']""", code))
    assert len(noted) > 10
    assert noted <= set(ACTIONS)


def test_what_pages_forget_to_say_is_written_down_anyway(site: Site, chief: Browser) -> None:
    """A view that changed something without a note leaves its endpoint and path, with who and where."""
    with site.app.app_context():
        user = User.find("chief")
    company = site.company("acme", user)
    form = {"code": "98765", "name": "Test", "type": "asset"}
    path = "/c/acme/accounts/new"
    assert chief.post(path, path, **form).status_code == 303
    with site.app.app_context():
        row = Activity.page(company_id=company.tenant_id)[0]
    assert (row.action, row.subject) == ("accounts.new", path)
    assert (row.user_name, row.company_name) == ("The Chief", "The acme company")


def test_what_was_done_is_answered_even_if_the_log_cannot_be_written(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The user was added: the answer says so, and the operator's log holds the line instead."""

    def broken(*args: object, **kwargs: object) -> None:
        raise LockTimeout("busy")

    monkeypatch.setattr(Activity, "note", broken)
    form = {"name": "malee", "password": PASSWORD}
    assert chief.post("/people/new", "/people/new", **form).status_code == 303
    assert "people.add" in caplog.text
