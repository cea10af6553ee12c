"""The consolidated trial balance: of whom, by whom, and how much at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from company_group import DAYS, PAGE, Group, address, broken, cells, table
from cuneifox.config import ConsolidatedReports
from cuneifox.rosters import Roster
from cuneifox_site import Browser
from ledger_site import BANK, CASH, SALES, SYSTEM, errors_of, value_of
from models.accounts import change_account, find_account
from models.people import User


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path / "data")
    yield group
    group.site.close()


@pytest.fixture
def malee(group: Group) -> Browser:
    return group.site.signed_in("malee")


def test_each_company_is_a_column_and_each_currency_a_table(malee: Browser) -> None:
    """100.00 and 25.00 baht make 125.00; 7.00 dollars stand in a table of their own."""
    page = malee.get(address("north", "east", "south")).text
    baht, dollars = page.split("Amounts in USD")
    assert cells(baht, CASH) == ["100.00", "25.00", "125.00"]
    assert cells(baht, SALES) == ["-100.00", "-25.00", "-125.00"]
    assert cells(dollars, CASH) == ["7.00", "7.00"]
    assert "incomplete" not in page
    assert baht.index("North Co") < baht.index("South Co")


def test_the_three_forms_tell_the_same(malee: Browser) -> None:
    """The page, JSON in minor units, CSV with a column for each company."""
    made = malee.get(address("north", "south", "east", ending=".json")).json
    baht, dollars = made["blocks"]
    [cash] = [row for row in baht["rows"] if row["code"] == CASH]
    assert [each["closing"] for each in cash["figures"]] == [10000, 2500]
    assert cash["total"]["closing"] == 12500
    assert (baht["decimals"], baht["complete"], made["complete"]) == (2, True, True)
    assert (made["first"], made["last"]) == ("2026-01-01", "2026-12-31")
    assert dollars["currency"] == "USD"
    assert [column["vouchers"] for column in baht["columns"]] == [1, 1]
    assert len({column["head"] for column in (*baht["columns"], *dollars["columns"])}) == 3
    heading, *rows = table(malee, address("north", "south", "east", ending=".csv"))
    assert heading == [
        "Currency", "Code", "Account", "Type", "North Co (north)", "South Co (south)",
        "East Co (east)", "Total", "Missing from the total",
    ]  # fmt: skip
    cash_rows = [row for row in rows if row[1] == CASH]
    assert [row[0] for row in cash_rows] == ["THB", "USD"]
    assert cash_rows[0][4:] == ["100.00", "25.00", "", "125.00", ""]
    assert cash_rows[1][4:] == ["", "", "7.00", "7.00", ""]
    plain = malee.get(address("north", ending=".csv", more="bom=0")).get_data()
    assert plain == malee.get(address("north", ending=".csv", more="")).get_data()[3:]


def test_debits_and_credits_of_every_column_agree(malee: Browser) -> None:
    """The foot has both sides, for each company and for the total."""
    page = malee.get(address("north", "south")).text
    foot = re.search(r"<tfoot>.*?</tfoot>", page, re.S)
    assert foot
    figures = re.findall(r'<td class="number">([^<]*)</td>', foot[0])
    assert figures[:3] == figures[3:] == ["100.00", "25.00", "125.00"]


@pytest.mark.parametrize(
    ("show", "first", "cash"),
    [("closing", "2026-03-01", "100.00"), ("moved", "2026-03-01", "–"),
     ("moved", "2026-02-01", "100.00"), ("opening", "2026-03-01", "100.00"),
     ("opening", "2026-02-01", "–")],
)  # fmt: skip
def test_what_the_columns_show_is_chosen(malee: Browser, show: str, first: str, cash: str) -> None:
    """Closing balances, what the range moved, or what it began with; one range for all companies."""
    page = malee.get(address("north", more=f"show={show}&first={first}&last=2026-12-31"))
    assert cells(page.text, CASH)[0] == cash


def test_a_figure_leads_into_its_company(malee: Browser) -> None:
    """Click, and the ledger of that account, company and range opens."""
    page = malee.get(address("north", "south")).text
    link = re.search(r'href="([^"]*)">25\.00<', page)
    assert link
    assert unescape(link[1]).startswith("/c/south/reports/ledger?")
    assert "25.00" in malee.get(unescape(link[1])).text


def test_an_account_with_several_names_shows_them_all(group: Group, malee: Browser) -> None:
    """The first company's name, then what others call it."""
    with group.site.router.using("south"):
        change_account(find_account(CASH).stid, by=SYSTEM, name="Till")
    page = malee.get(address("north", "south")).text
    row = re.search(rf'<span class="code">{CASH}</span>.*?</th>', page, re.S)
    assert row
    assert "Cash on hand" in row[0]
    assert "Till" in row[0]


def test_text_in_csv_runs_nowhere(group: Group, malee: Browser) -> None:
    """Names that a spreadsheet would run are disarmed."""
    with group.site.router.using("north"):
        change_account(find_account(CASH).stid, by=SYSTEM, name="=1+1")
    rows = table(malee, address("north", ending=".csv"))
    assert "'=1+1" in [row[2] for row in rows]


# Whose


@pytest.mark.parametrize("slug", ["foreign", "nothing", "FOREIGN", "../north", "x" * 300, "\x00"])
def test_foreign_companies_are_unknown(group: Group, malee: Browser, slug: str) -> None:
    """One that exists elsewhere and one that doesn't are answered alike; nothing is read at all."""
    for slugs in ([slug], ["north", slug]):
        page = malee.get(PAGE, query_string={"company": slugs})
        assert page.status_code == 422
        told = errors_of(page)["company"]
        assert told.replace(slug[:80], "?") == "There is no company ? whose ledger you may read."
        assert "Foreign Co" not in page.text
        problem = malee.get(f"{PAGE}.json", query_string={"company": slugs})
        assert (problem.status_code, problem.mimetype) == (422, "application/problem+json")
        assert problem.json["field"] == "company"
        assert malee.get(f"{PAGE}.csv", query_string={"company": slugs}).status_code == 422
    assert group.log() == []


def test_a_tenants_id_is_no_name_for_it(group: Group, malee: Browser) -> None:
    """Not even of one's own company: pages know slugs alone."""
    page = malee.get(address(group.site.router.tenant("north").id))
    assert page.status_code == 422


def test_only_companies_whose_ledger_one_may_read_are_offered(group: Group, malee: Browser) -> None:
    """Membership without the right to the ledger isn't enough, neither to choose nor to read."""
    group.grant("south", wages="delete")
    page = malee.get(PAGE)
    assert value_of(page, "company") == ["east", "north"]
    assert "Foreign Co" not in page.text
    assert malee.get(address("south")).status_code == 422


def test_administering_the_installation_opens_no_books(group: Group) -> None:
    """An administrator who is a member of none has nothing to choose from."""
    chief = group.site.signed_in("chief")
    assert value_of(chief.get(PAGE), "company") == []
    assert chief.get(address("north")).status_code == 422


def test_strangers_are_sent_to_sign_in(group: Group) -> None:
    """As from every page; programs get 401."""
    browser = group.site.browser()
    assert browser.get(address("north")).location.startswith("/sign-in?next=")
    assert browser.get(address("north", ending=".json")).status_code == 401


def test_the_link_is_for_who_reads_several(group: Group, malee: Browser) -> None:
    """In the menu and on the companies page, from two ledgers on; with one there is nothing to add up."""
    link = f'href="{PAGE}"'
    assert malee.get("/companies").text.count(link) == 2
    assert link in malee.get("/c/north/").text
    group.revoke("east")
    assert link in malee.get("/companies").text
    group.grant("south", wages="delete")
    assert link not in malee.get("/companies").text


# How much at once


def test_a_form_without_companies_is_a_form(malee: Browser) -> None:
    """Opened, all are ticked and nothing is read; sent empty, or asked for as a file, it says so."""
    page = malee.get(PAGE)
    assert page.status_code == 200
    assert page.text.count(" checked") == 3
    assert "report-head" not in page.text
    for path in (f"{PAGE}?company=", f"{PAGE}.csv"):
        assert malee.get(path).status_code == 422
    assert "at least one" in errors_of(malee.get(f"{PAGE}?company="))["company"]


def test_a_company_asked_for_twice_is_one_column(malee: Browser) -> None:
    """Neither ticked twice nor written twice counts twice; several short names may stand in one field."""
    made = malee.get(f"{PAGE}.json?company=north,%20south&company=north&{DAYS}").json
    (block,) = made["blocks"]
    assert [column["slug"] for column in block["columns"]] == ["north", "south"]
    assert block["closing"] == {"debit": 12500, "credit": 12500}


def test_more_than_so_many_are_refused(tmp_path: Path) -> None:
    """The bound is a setting; past it nothing is read."""
    group = Group(tmp_path / "data", consolidated=ConsolidatedReports(companies=2))
    malee = group.site.signed_in("malee")
    assert malee.get(address("north", "south")).status_code == 200
    page = malee.get(address("north", "south", "east"))
    assert page.status_code == 422
    assert "2 companies at most" in errors_of(page)["company"]
    assert len(group.log()) == 2
    assert " checked" not in malee.get(PAGE).text
    group.site.close()


@pytest.mark.parametrize(
    ("scope", "place", "says"),
    [
        ("first=2026-12-31&last=2026-01-01", "last", "swap"),
        ("first=2026-02-30", "first", "calendar"),
        ("last=30/2/2569", "last", "calendar"),
        ("preset=century", "", "choose dates"),
        ("show=everything", "show", "from the list"),
    ],
)
def test_a_bad_scope_is_told_on_the_form(
    group: Group, malee: Browser, scope: str, place: str, says: str
) -> None:
    """422, nothing read, and the choice of companies kept."""
    page = malee.get(address("north", more=scope))
    assert page.status_code == 422
    assert says in errors_of(page)[place], errors_of(page)
    assert re.search(r'value="north" checked', page.text)
    assert not re.search(r'value="south" checked', page.text)
    assert group.log() == []
    assert malee.get(address("north", ending=".json", more=scope)).status_code == 422


def test_presets_count_calendar_years(malee: Browser) -> None:
    """Fiscal years differ between companies: the year is the calendar's (the test's clock is in 2027)."""
    for preset, first, last in (
        ("this-year", "2027-01-01", "2027-12-31"),
        ("last-year", "2026-01-01", "2026-12-31"),
        ("this-month", "2027-01-01", "2027-01-31"),
        ("all", None, "2027-01-15"),
        ("", "2027-01-01", "2027-01-15"),
    ):
        made = malee.get(address("north", ending=".json", more=f"preset={preset}")).json
        assert (made["first"], made["last"]) == (first, last), preset


# Who read what


def test_every_company_that_was_read_has_it_in_its_log(group: Group, malee: Browser) -> None:
    """By whom, where, and of which days; in words for who reads the log."""
    malee.get(address("north", "east"))
    subject = "2026-01-01 – 2026-12-31"
    assert group.log() == [("malee", "East Co", subject), ("malee", "North Co", subject)]
    page = group.site.signed_in("chief").get("/activity").text
    assert "read it in a consolidated trial balance" in page


def test_it_speaks_thai(group: Group) -> None:
    """Headings, days of the Buddhist era, and reasons."""
    with group.site.app.app_context():
        User.update(language="th").where(User.name == "malee").execute()
    malee = group.site.signed_in("malee")
    broken(group, "south", "file")
    page = malee.get(address("north", "south")).text
    for text in ("งบทดลองรวม", "31 ธันวาคม 2569", "ไฟล์หายไปหรือเสียหาย", "ไม่ครบ", "สินทรัพย์"):
        assert text in page
    assert BANK not in page


def test_who_reads_very_many_writes_short_names(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past what a form can list, there is a field for them."""
    monkeypatch.setattr("cuneifox.pages.consolidated.readable", lambda user: Roster([], "more"))
    page = malee.get(PAGE)
    assert 'type="checkbox" id="f-company' not in page.text
    assert value_of(malee.get(f"{PAGE}?company=north+south&{DAYS}"), "company")[0] == "north south"


@pytest.mark.parametrize("value", ["", "\x00", "²", "๙" * 30, "-1", "9999-99-99", "%(name)s %", "x" * 2000,
                                   "<script>alert(1)</script>", "'; DROP TABLE vouchers", "../../x"])  # fmt: skip
def test_no_input_costs_a_500(malee: Browser, value: str) -> None:
    """The same hostile value in each field alone, and in all of them: an answer, and never markup."""
    names = ("company", "first", "last", "preset", "show", "empty", "before_closing", "bom")
    for name in (*names, None):
        given: dict[str, Any] = {"company": "north"}
        given |= dict.fromkeys(names, value) if name is None else {name: value}
        for ending in ("", ".json", ".csv"):
            answer = malee.get(PAGE + ending, query_string=given)
            assert answer.status_code in (200, 422), (name, ending)
            if answer.mimetype == "text/html":
                assert "<script>alert" not in answer.text
