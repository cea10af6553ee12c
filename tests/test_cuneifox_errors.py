from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint
from peewee import OperationalError

from cuneifox.access import public
from cuneifox.errors import STATUS, status_of
from cuneifox_site import Browser, Site
from ledger_site import NEW, LedgerSite, balanced
from models import errors as books
from notes import HOLDER, child
from tenants import current_store, retrying
from tenants import errors as tenants
from tenants.connections import ConnectionState


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    yield site
    site.close()


def visiting(site: Site, error: Exception) -> Browser:
    """A browser of a site whose page /broken raises that error."""
    trial = Blueprint("trial", __name__)

    @public
    def broken() -> str:
        raise error

    for path in ("/broken", "/broken.json"):
        trial.add_url_rule(path, path[1:].replace(".", "_"), broken)
    site.app.register_blueprint(trial)
    site.app.testing = False
    return site.browser()


def all_kinds() -> list[type[Exception]]:
    return [
        kind
        for room in (books, tenants)
        for kind in vars(room).values()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    ]


def test_every_error_of_the_rooms_below_has_a_status() -> None:
    """Whatever class is added to either tree, the table knows it or one above it."""
    kinds = all_kinds()
    assert len(kinds) > 20
    for kind in kinds:
        assert status_of(kind.__new__(kind)) in range(400, 600), kind


def test_the_nearest_class_above_decides() -> None:
    """A taken slug is a conflict although it is also a bad slug."""
    assert status_of(tenants.SlugTaken("x")) == 409
    assert status_of(books.NotBalanced("x")) == STATUS[books.BadInput]
    assert status_of(books.YearClosed("x")) == 409


def test_people_get_a_page_and_programs_a_problem(site: Site) -> None:
    """By Accept or a path in .json: RFC 9457, with code and field; else HTML, with the same text."""
    error = books.BadInput("%(text)s is not a date.", field="date", text="30/2")
    browser = visiting(site, error)
    page = browser.get("/broken")
    assert page.status_code == 422
    assert page.mimetype == "text/html"
    assert "30/2 is not a date." in page.text
    for path, accept in (("/broken.json", "*/*"), ("/broken", "application/json")):
        problem = browser.get(path, headers={"Accept": accept})
        assert problem.status_code == 422
        assert problem.mimetype == "application/problem+json"
        told = json.loads(problem.text)
        assert told == {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "30/2 is not a date.",
            "instance": path,
            "code": "bad-input",
            "field": "date",
        }


def test_what_people_typed_is_not_markup(site: Site) -> None:
    """Text in an error is escaped on its page."""
    page = visiting(site, books.BadInput("%(x)s?", x="<script>alert(1)</script>")).get("/broken")
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("kind", "status", "english", "thai"),
    [
        (tenants.UnknownTenant, 404, "Check the address.", "ที่อยู่"),
        (tenants.NotAMember, 404, "Check the address.", "ที่อยู่"),
        (tenants.TenantSuspended, 403, "It is suspended", "ถูกระงับการใช้"),
    ],
)
def test_what_befell_a_company_meanwhile_is_told_in_our_words(
    site: Site, kind: type[Exception], status: int, english: str, thai: str
) -> None:
    """In the reader's language, and who isn't a member reads what they read where there is no company."""
    browser = visiting(site, kind("secret of acme"))
    for language, words in (("en", english), ("th", thai)):
        page = browser.get("/broken", headers={"Accept-Language": language})
        assert page.status_code == status
        assert words in page.text
        assert "secret" not in page.text


def test_an_error_of_ours_is_logged_and_not_told(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """A 500 shows an id that the log has too, and nothing of what happened inside."""
    with caplog.at_level(logging.ERROR):
        page = visiting(site, tenants.WrongTenant("acme's secret row")).get("/broken")
    assert page.status_code == 500
    assert "secret" not in page.text
    found = caplog.text.split("Request ")[1].split(":")[0]
    assert found in page.text


def test_an_unforeseen_error_is_a_500_with_an_id(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Also what nobody thought of gets a page of ours, the headers, and its id into the log."""
    page = visiting(site, ZeroDivisionError("secret")).get("/broken")
    assert page.status_code == 500
    assert "secret" not in page.text
    assert "Content-Security-Policy" in page.headers
    shown = page.text.split("under ")[1].split(".")[0]
    assert shown in caplog.text


def test_what_is_busy_says_when_to_come_back(site: Site) -> None:
    """503 carries Retry-After."""
    page = visiting(site, tenants.LockTimeout("acme/books")).get("/broken")
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0


def test_a_page_that_there_is_not_and_a_method_that_it_has_not(site: Site) -> None:
    """404 for whoever isn't signed in as well; 405 names what is allowed."""
    browser = site.browser()
    assert browser.get("/nope").status_code == 404
    response = browser.client.delete("/sign-in", data={"csrf_token": browser.token()})
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_request_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Past largest_request_mb: 413, and no half-read form."""
    from cuneifox.config import Server

    site = Site(tmp_path / "small", server=Server(largest_request_mb=1))
    browser = site.browser()
    response = browser.post("/sign-in", user="x" * 1_100_000, password="x")
    assert response.status_code == 413
    site.close()


class _BusyDriver(Exception):
    """What the driver raises, as `is_busy` reads it."""

    sqlite_errorcode = 5


def operational(code: int) -> OperationalError:
    """What Peewee makes of an error of the driver's."""
    error = OperationalError("database is locked")
    error.orig = _BusyDriver()
    error.orig.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (tenants.LockTimeout("acme/books was busy for 30 seconds"), "lock-timeout"),
        (operational(5), "busy"),
        (operational(5 | 2 << 8), "busy"),
    ],
)
def test_a_wait_that_was_too_long(
    site: Site, caplog: pytest.LogCaptureFixture, error: Exception, code: str
) -> None:
    """People and programs are told when to try again and that nothing was changed; the log has a line, no traceback."""
    browser = visiting(site, error)
    page = browser.get("/broken")
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "Nothing was changed" in page.text
    assert "acme" not in page.text
    assert "locked" not in page.text
    answer = browser.get("/broken.json")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    problem = json.loads(answer.text)
    assert problem["code"] == code
    assert "Nothing was changed" in problem["detail"]
    assert not [record for record in caplog.records if record.exc_info]
    assert len([record for record in caplog.records if str(error) in record.getMessage()]) == 2


def test_other_errors_of_a_database_are_faults(site: Site) -> None:
    """A wrong statement doesn't pass by waiting."""
    page = visiting(site, operational(1)).get("/broken")
    assert page.status_code == 500
    assert "Retry-After" not in page.headers


def test_a_busy_database_to_the_end(
    ledger: LedgerSite, keeper: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A posting during which another program keeps the file locked is answered 503, and nothing is there of it."""
    monkeypatch.setattr(retrying, "BACKOFF", 0.0)
    form = balanced(ledger.book())
    with ledger.books():
        store = current_store("books")
    before = store.router.contention.status()
    begin = ConnectionState.begin

    def impatient(state: ConnectionState, *args: Any) -> None:
        state.open().execute("PRAGMA busy_timeout = 0")
        begin(state, *args)

    monkeypatch.setattr(ConnectionState, "begin", impatient)
    with child(HOLDER, store.path) as holder:
        assert holder.hears() == "held"
        answer = keeper.post(NEW, NEW, **form)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        holder.told()
    after = store.router.contention.status()
    assert after.retries == before.retries + retrying.RETRIES
    assert after.gave_up == before.gave_up + 1
    with ledger.books():
        assert store.execute_sql("SELECT count(*) FROM vouchers").fetchone() == (0,)
