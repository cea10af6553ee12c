"""What a company's state means to its members: they are told, in words, on every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from administering import logged, page_of, step, two_companies
from cuneifox_site import Browser, Site


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


def test_a_suspended_company_says_so_and_is_resumed(
    site: Site, chief: Browser, malee: Browser
) -> None:
    """Members get 403 and the reason on every page, strangers 404 as ever; resumed, it opens again."""
    page = page_of(site, "acme")
    assert step(chief, page, "suspend", suspend_reason="Unpaid <b>").status_code == 303
    for path in ("/c/acme/", "/c/acme/accounts", "/c/acme/reports/trial-balance"):
        shown = malee.get(path)
        assert shown.status_code == 403
        assert "is suspended" in shown.text
        assert "Unpaid &lt;b&gt;" in shown.text
        assert (
            "/companies/" not in shown.text
        )  # the way to its administration is for administrators
    assert page in chief.get("/c/acme/").text
    told_json = malee.get("/c/acme/reports/trial-balance.json")
    assert (told_json.status_code, told_json.mimetype) == (403, "application/problem+json")
    assert "Unpaid" in told_json.json["detail"]
    assert malee.get("/c/globex/").status_code == 404
    assert "suspended" in malee.get("/companies").text
    assert step(chief, page, "resume").status_code == 303
    assert malee.get("/c/acme/").status_code == 200
    assert [action for action, _ in logged(site)[:2]] == ["companies.resume", "companies.suspend"]


def test_a_stranger_learns_nothing_of_a_suspended_company(site: Site, chief: Browser) -> None:
    """Who is no member gets the 404 that a company gives which doesn't exist."""
    site.user("somsak")
    stranger = site.signed_in("somsak")
    step(chief, page_of(site, "acme"), "suspend", suspend_reason="x")
    assert stranger.get("/c/acme/").status_code == 404


def test_an_archived_company_is_read_only(site: Site, chief: Browser, malee: Browser) -> None:
    """Every page of it opens and says so; no form in it writes; what is sent anyway is refused in words."""
    token = malee.token("/c/acme/accounts/new")
    step(chief, page_of(site, "acme"), "archive", archive_reason="")
    for path in ("", "accounts", "books", "registers/customers", "months", "journal"):
        shown = malee.get(f"/c/acme/{path}")
        assert shown.status_code in (200, 409), path
        assert "read only" in shown.text
        assert not re.search(r'<form[^>]*method="post"[^>]*action="/c/', shown.text), path
    for path in ("accounts/new", "vouchers/new", "registers/customers/new"):
        shown = malee.get(f"/c/acme/{path}")
        assert shown.status_code == 409
        assert "read only" in shown.text
    for path in ("accounts/new", "vouchers/new", "months/202602/close"):
        sent = malee.post(f"/c/acme/{path}", csrf_token=token, code="9", name="x")
        assert sent.status_code == 409, path
    listed = malee.get("/companies").text
    assert listed.index("Archived") < listed.index("/c/acme/")
    assert chief.get("/c/acme/accounts/new").status_code == 409
    assert step(chief, page_of(site, "acme"), "resume").status_code == 303
    assert malee.get("/c/acme/accounts/new").status_code == 200


def test_a_renamed_company_is_found_by_its_new_short_name_alone(
    site: Site, chief: Browser, malee: Browser
) -> None:
    """The old address is 404 until another company has it, and then that one's, membership and all."""
    page = page_of(site, "acme")
    assert step(chief, page, "rename", slug="acme-old").status_code == 303
    assert malee.get("/c/acme/").status_code == 404
    assert malee.get("/c/acme-old/").status_code == 200
    assert "/c/acme-old/" in malee.get("/companies").text
    assert step(chief, page_of(site, "globex"), "rename", slug="acme").status_code == 303
    assert malee.get("/c/acme/").status_code == 404  # globex's by now, of which malee is no member
    assert "The globex company" in chief.get("/c/acme/").text
    assert ("companies.rename", "acme: acme-old") in logged(site)


def test_a_quarantined_store_says_why_and_what_to_do(
    site: Site, chief: Browser, malee: Browser
) -> None:
    """The administration page has the reason, the company's pages that nothing can be changed."""
    tenant = site.router.tenant("acme")
    with site.app.app_context(), site.router.notice.changing():
        site.router.universal_store.write(
            lambda: site.router.universal_store.execute_sql(
                "UPDATE store SET trouble = 'column <x> is there' WHERE id = ?",
                (tenant.store("books").id,),
            )
        )
    page = chief.get(page_of(site, "acme")).text
    assert "column &lt;x&gt; is there" in page
    assert "cuneifox migrate --only acme" in page
    assert "in quarantine" in malee.get("/companies").text
    shown = malee.get("/c/acme/accounts")
    assert shown.status_code == 200
    assert "In quarantine: the books" in shown.text
    assert malee.get("/c/acme/accounts/new").status_code == 409


def broken_books(site: Site, slug: str, content: bytes | None) -> None:
    """Close what is open, and put other content in the place of a company's books; None deletes them."""
    store = site.router.tenant(slug).store("books")
    site.router.pool.close(store)
    for file in (Path(store.path), Path(f"{store.path}-wal"), Path(f"{store.path}-shm")):
        file.unlink(missing_ok=True)
    if content is not None:
        Path(store.path).write_bytes(content)


@pytest.mark.parametrize(
    "content", [None, b"", b"hello world" * 999], ids=["missing", "empty", "text"]
)
def test_who_meets_a_damaged_file_is_told_what_to_do(
    site: Site,
    chief: Browser,
    malee: Browser,
    caplog: pytest.LogCaptureFixture,
    content: bytes | None,
) -> None:
    """Members are told which company, and not to wait; administrators also which store; others go on."""
    broken_books(site, "acme", content)
    met = malee.get("/c/acme/accounts")
    assert met.status_code == 503
    assert "Retry-After" not in met.headers
    assert "The acme company can&#39;t be opened: A file of it is missing or damaged." in met.text
    assert "file of acme/books" not in met.text
    assert "file of acme/books" in caplog.text
    assert "Traceback" not in caplog.text
    assert "file of acme/books" in chief.get("/c/acme/accounts").text
    assert chief.get("/c/globex/accounts").status_code == 200
    page = chief.get(page_of(site, "acme"))
    assert page.status_code == 200
    assert "The company can&#39;t be opened." in page.text
    assert "file of acme/books" in page.text
    assert "The company can&#39;t" not in chief.get(page_of(site, "globex")).text


@pytest.mark.parametrize(
    ("version", "words"), [(0, "have to be migrated"), (99, "newer than the program")]
)
def test_who_meets_files_of_another_version_is_told_so(
    site: Site, chief: Browser, malee: Browser, version: int, words: str
) -> None:
    """Before an upgrade is done, or where an older program was put back."""
    store = site.router.tenant("acme").store("books")
    with store.get_connection() as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    site.router.pool.close(store)
    met = malee.get("/c/acme/accounts")
    assert met.status_code == 503
    assert words in met.text
    assert f"version {version}" in chief.get(page_of(site, "acme")).text
