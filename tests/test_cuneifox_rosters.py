from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cuneifox import rosters
from cuneifox_site import Browser, Site
from models.companies import Company
from models.people import Membership, User

MANY = 120
"""Companies and users: three pages of each."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`chief` administers, and is a member of all companies but the last two; 120 users beside."""
    site = Site(tmp_path_factory.mktemp("rosters") / "data")
    chief = site.user("chief", administers=True)
    with site.app.app_context():
        for n in range(MANY):
            tenant = site.router.create(f"c{n:03}", [])
            Company.create(
                tenant_id=tenant.id,
                name=f"Company {n // 2:03}",  # names come in pairs, so that the id has to tell them apart
                local_name=f"กิจการ {n}",
                currency="THB",
                decimals=2,
                created_at=n,
            )
            if n < MANY - 2:
                Membership.grant(chief, tenant.id)
        User.insert_many(
            {
                "id": f"user{n}",
                "name": f"u{n:03}",
                "name_key": f"u{n:03}",
                "display_name": f"ผู้ใช้ {n}",
                "password_hash": "",
                "created_at": 0,
                "password_changed_at": 0,
            }
            for n in range(MANY)
        ).execute()
    yield site
    site.close()


@pytest.fixture
def chief(site: Site) -> Browser:
    return site.signed_in("chief")


def walk(browser: Browser, path: str, row: str) -> list[list[str]]:
    """What `row` finds on each page, from the first to the last."""
    pages = []
    while True:
        page = browser.get(path)
        assert page.status_code == 200
        pages.append(re.findall(row, page.text))
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        if not following:
            return pages
        path = following[1].replace("&amp;", "&")


def test_companies_page_by_name_and_none_is_lost_or_twice(chief: Browser) -> None:
    """Also between companies of one name; the order is that of the names."""
    pages = walk(chief, "/companies", r'class="way" href="/c/(\w+)/"')
    assert [len(page) for page in pages] == [50, 50, 18]
    slugs = [slug for page in pages for slug in page]
    assert sorted(slugs) == [f"c{n:03}" for n in range(MANY - 2)]
    assert [int(slug[1:]) // 2 for slug in slugs] == sorted(int(slug[1:]) // 2 for slug in slugs)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Company 007", {"c014", "c015"}),
        ("company 007", {"c014", "c015"}),
        ("กิจการ 33", {"c033"}),
        ("C040", {"c040"}),
        ("c119", {"c119"}),
        ("100%", set()),
        ("../x", set()),
    ],
)
def test_companies_are_searched_by_name_and_short_name(
    chief: Browser, text: str, found: set[str]
) -> None:
    """Both lists: one's own, and those that one only administers."""
    page = chief.get("/companies", query_string={"text": text}).text
    assert set(re.findall(r'<span class="muted small">(\w+)</span>', page)) == found


def test_people_page_by_name_and_are_searched(chief: Browser) -> None:
    """With some of their companies, and how many more there are."""
    row = r'<th scope="row"><a href="/people/(\w+)">'
    pages = walk(chief, "/people", row)
    assert [len(page) for page in pages] == [50, 50, 21]
    assert len({id for page in pages for id in page}) == MANY + 1
    assert re.findall(row, chief.get("/people?text=U007").text) == ["user7"]
    first = chief.get("/people").text
    assert f"and {MANY - 2 - rosters.NAMED} more" in first
    assert "Company 000, Company 000, Company 001, Company 001" in first


def test_the_rights_of_one_user_come_a_page_at_a_time(site: Site, chief: Browser) -> None:
    """A form for each company, on pages of twenty."""
    with site.app.app_context():
        id = User.find("chief").id
    pages = walk(chief, f"/people/{id}", r'name="company" value="(\w+)"')
    assert sum(len(page) for page in pages) == MANY - 2
    assert max(len(page) for page in pages) <= 20


def test_long_lists_to_choose_from_become_a_field(
    site: Site, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past FEW a form asks for the short name, and takes it."""
    for module in ("companies", "people", "activity"):
        monkeypatch.setattr(f"cuneifox.pages.{module}.FEW", 10)
    for path, name in (
        ("/people/user3", "company"),
        ("/companies/new", "share_registers_with"),
        ("/activity", "company"),
        ("/activity", "user"),
    ):
        page = chief.get(path).text
        assert re.search(rf'<input id="f-{name}" name="{name}"', page), path
        assert len(page) < 20_000
    rights = {"company": "c005", "ledger": "read"}
    assert chief.post("/people/user3/rights", "/people/user3", **rights).status_code == 303
    with site.app.app_context():
        assert Membership.find(User.find("u003"), site.router.tenant("c005").id).ledger == "read"
    assert "u003, Company 002" in chief.get("/activity?company=&user=chief").text
    assert "u003, Company 002" not in chief.get("/activity?company=c005").text
