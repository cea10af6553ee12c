from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from cuneifox_site import Browser
from ledger_site import BANK, CASH, HOME, SALES, SYSTEM, LedgerSite, errors_of, value_of
from models.accounts import change_account, find_account

REPORTS = ("trial-balance", "profit-loss", "balance-sheet")
EVERYTHING = "first=2026-01-01&last=2026-12-31"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """Two sales and a deposit: 100.00 in January, 250.50 in February, 60.00 to the bank in March."""
    ledger = LedgerSite(tmp_path_factory.mktemp("reports") / "data")
    ledger.post("2026-01-10", (CASH, 10000), (SALES, -10000), text="First sale")
    ledger.post("2026-02-10", (CASH, 25050), (SALES, -25050), text="=cmd|'/C calc'!A0")
    ledger.post("2026-03-10", (BANK, 6000), (CASH, -6000), text="นำฝากธนาคาร")
    with ledger.books():  # a name that a spreadsheet would run
        change_account(find_account(BANK).stid, by=SYSTEM, name="@bank")
    yield ledger
    ledger.close()


@pytest.fixture
def keeper(ledger: LedgerSite) -> Browser:
    return ledger.browser()


def reports(name: str, scope: str = EVERYTHING, ending: str = "") -> str:
    return f"{HOME}/reports/{name}{ending}?{scope}"


def rows_of(browser: Browser, path: str) -> list[list[str]]:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def test_a_figure_leads_to_the_ledger_and_on_to_the_voucher(keeper: Browser) -> None:
    """Trial balance, click, the account's ledger of the same dates, click, the voucher."""
    page = keeper.get(reports("trial-balance", "first=2026-02-01&last=2026-02-28"))
    assert page.status_code == 200
    link = re.search(r'href="([^"]*/reports/ledger[^"]*)">250\.50<', page.text)
    assert link
    ledger = keeper.get(unescape(link[1]))
    assert ledger.status_code == 200
    assert value_of(ledger, "first") == ["2026-02-01"]
    assert "First sale" not in ledger.text
    assert "100.00" in ledger.text
    voucher = re.search(r'href="([^"]*/vouchers/\d+)">GJ-2569-000002<', ledger.text)
    assert voucher
    assert "250.50" in keeper.get(voucher[1]).text


def test_statement_figures_lead_to_ledgers_too(keeper: Browser) -> None:
    """In the profit and loss and the balance sheet, each account's figure is a link."""
    for name, figure in (("profit-loss", "350.50"), ("balance-sheet", "290.50")):
        page = keeper.get(reports(name)).text
        assert re.search(rf'href="[^"]*/reports/ledger[^"]*">{figure}<', page), name


@pytest.mark.parametrize("name", REPORTS)
def test_the_three_forms_tell_the_same(keeper: Browser, name: str) -> None:
    """Page, JSON and CSV of a report hold the same cash, or the same sales."""
    shown = {"trial-balance": "290.50", "profit-loss": "350.50", "balance-sheet": "290.50"}[name]
    minor = int(shown.replace(".", ""))
    assert f">{shown}<" in keeper.get(reports(name)).text
    rows = rows_of(keeper, reports(name, ending=".csv"))
    assert [row for row in rows if row[0] in (CASH, SALES) and row[-1].lstrip("-") == shown]
    made = keeper.get(reports(name, ending=".json"))
    assert made.mimetype == "application/json"
    assert str(minor) in made.text
    assert made.json["scope"]["decimals"] == 2
    assert made.json["scope"]["currency"] == "THB"


def test_json_holds_what_structs_compute(keeper: Browser) -> None:
    """Programs get closing balances without adding up themselves."""
    made = keeper.get(reports("trial-balance", ending=".json")).json
    cash = next(row for row in made["rows"] if row["code"] == CASH)
    assert cash["own"] == {
        "opening": 0, "debit": 35050, "credit": 6000, "moved": 29050, "closing": 29050
    }  # fmt: skip


def test_csv_for_spreadsheets_and_for_programs(keeper: Browser) -> None:
    """The mark for Excel comes unless it is declined."""
    with_mark = keeper.get(reports("trial-balance", ending=".csv")).get_data()
    without = keeper.get(reports("trial-balance", f"{EVERYTHING}&bom=0", ".csv")).get_data()
    assert with_mark == b"\xef\xbb\xbf" + without


def test_text_in_csv_runs_nowhere(keeper: Browser) -> None:
    """A voucher's text and an account's name that a spreadsheet would run are disarmed; figures aren't."""
    texts = [
        row[2] for row in rows_of(keeper, reports("ledger", f"account={CASH}&preset=all", ".csv"))
    ]
    assert "'=cmd|'/C calc'!A0" in texts
    rows = rows_of(keeper, reports("trial-balance", ending=".csv"))
    assert [BANK, "'@bank"] in [row[:2] for row in rows]
    assert next(row for row in rows if row[0] == SALES)[-1] == "-350.50"


@pytest.mark.parametrize("name", [*REPORTS, "ledger"])
@pytest.mark.parametrize(
    ("scope", "place", "says"),
    [
        ("first=2026-12-31&last=2026-01-01", "last", "swap"),
        ("first=2026-02-30", "first", "calendar"),
        ("last=30/2/2569", "last", "calendar"),
        ("first=<script>", "first", "not a date"),
        ("preset=century", "", "choose dates"),
    ],
)
def test_a_bad_scope_is_told_on_the_form(
    keeper: Browser, name: str, scope: str, place: str, says: str
) -> None:
    """422 with what was typed kept and no figures; as JSON a problem (RFC 9457) of the same status."""
    if name == "balance-sheet" and "first" in scope:
        return  # it has a last day alone
    scope += f"&account={CASH}" if name == "ledger" else ""
    page = keeper.get(reports(name, scope))
    assert page.status_code == 422
    assert says in errors_of(page)[place], errors_of(page)
    typed = dict(part.split("=") for part in scope.split("&"))
    if place:
        assert value_of(page, place) == [typed[place]]
    assert "report-head" not in page.text
    assert "<script>" not in page.text
    problem = keeper.get(reports(name, scope, ".json"))
    assert problem.status_code == 422
    assert problem.mimetype == "application/problem+json"
    assert problem.json["status"] == 422
    assert says in problem.json["detail"]


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ("9999", "no account 9999"),
        ("1100", "group"),
        ("cash", "1111 Cash on hand"),
        ("'", "no account"),
    ],
)
def test_an_unknown_account_is_told_on_the_form(keeper: Browser, account: str, says: str) -> None:
    """422, with what comes near where something does."""
    page = keeper.get(f"{HOME}/reports/ledger", query_string={"account": account})
    assert page.status_code == 422
    assert says in errors_of(page)["account"]
    problem = keeper.get(f"{HOME}/reports/ledger.json", query_string={"account": account})
    assert problem.status_code == 422
    assert problem.json["field"] == "account"


def test_the_ledger_asks_for_an_account_first(keeper: Browser) -> None:
    """Without one it is a form, not an error; sent empty, it says what is missing."""
    assert keeper.get(f"{HOME}/reports/ledger").status_code == 200
    assert errors_of(keeper.get(f"{HOME}/reports/ledger?account="))["account"]
    assert keeper.get(f"{HOME}/reports/ledger.json").status_code == 422


def test_dates_may_be_thai(keeper: Browser) -> None:
    """Buddhist years and Thai digits mean the same scope, and presets fill the dates in."""
    path = f"{HOME}/reports/trial-balance.json"
    scope = keeper.get(path, query_string={"first": "1/2/2569", "last": "๒๘/๒/๒๕๖๙"}).json["scope"]
    assert (scope["first"], scope["last"]) == ("2026-02-01", "2026-02-28")
    for preset in ("this-month", "last-month", "this-year", "last-year", "all"):
        assert keeper.get(path, query_string={"preset": preset}).status_code == 200


def test_presets_go_by_the_site_s_clock(keeper: Browser) -> None:
    """It is January 2027 there: the presets are its months and years."""
    path = f"{HOME}/reports/trial-balance.json"
    spans = {}
    for preset in ("this-month", "last-month", "this-year", "last-year"):
        scope = keeper.get(path, query_string={"preset": preset}).json["scope"]
        spans[preset] = (scope["first"], scope["last"])
    assert spans == {
        "this-month": ("2027-01-01", "2027-01-31"),
        "last-month": ("2026-12-01", "2026-12-31"),
        "this-year": ("2027-01-01", "2027-12-31"),
        "last-year": ("2026-01-01", "2026-12-31"),
    }


def test_without_a_scope_the_year_that_was_worked_in_is_shown(keeper: Browser) -> None:
    """An empty report of an empty new year would help nobody."""
    scope = keeper.get(f"{HOME}/reports/profit-loss.json").json["scope"]
    assert (scope["first"], scope["last"]) == ("2026-01-01", "2026-12-31")


def test_thai_readers_read_thai(keeper: Browser) -> None:
    """Headings, accounts and dates, in the Buddhist era, also where they are to be typed."""
    keeper.client.set_cookie("lang", "th")
    page = keeper.get(reports("trial-balance"))
    assert "งบทดลอง" in page.text
    assert "เงินสดในมือ" in page.text
    assert "1 มกราคม 2569 ถึง 31 ธันวาคม 2569" in page.text
    assert value_of(page, "first") == ["1/1/2569"]
    bad = keeper.get(reports("trial-balance", "first=2026-02-30"))
    assert "ไม่มีวันที่ 2026-02-30 ในปฏิทิน" in errors_of(bad)["first"]


def test_ledger_pages_follow_each_other_both_ways(tmp_path: Path) -> None:
    """By key: what lies between two pages is neither lost nor shown twice, and the balance runs on."""
    ledger = LedgerSite(tmp_path / "data")
    try:
        for n in range(1, 131):
            ledger.post("2026-01-10", (CASH, n), (SALES, -n), text=f"sale {n}.")
        keeper = ledger.browser()
        path = f"{HOME}/reports/ledger.json?account={CASH}&preset=all"
        first = keeper.get(path).json
        second = keeper.get(f"{path}&after={first['after']}").json
        assert [row["debit"] for row in first["rows"] + second["rows"]] == list(range(1, 131))
        assert second["carried"] == first["rows"][-1]["balance"]
        back = keeper.get(f"{path}&before={second['before']}").json
        assert back["rows"] == first["rows"]
        page = keeper.get(f"{HOME}/reports/ledger?account={CASH}&preset=all").text
        assert 'rel="next"' in page
        assert 'rel="prev"' not in page
        csv_rows = rows_of(keeper, path.replace(".json", ".csv"))
        assert len(csv_rows) == 1 + 1 + 130 + 1
        assert keeper.get(f"{path}&after=rubbish").status_code == 422
    finally:
        ledger.close()


@pytest.mark.parametrize("name", [*REPORTS, "ledger"])
def test_who_may_not_read_the_ledger_sees_no_report(ledger: LedgerSite, name: str) -> None:
    """No page, no JSON, no CSV, and no link to any."""
    stranger = f"none-{name}"
    ledger.grant(stranger, "none")
    browser = ledger.browser(stranger)
    for ending in ("", ".json", ".csv"):
        assert browser.get(reports(name, ending=ending)).status_code == 403
    home = browser.get(f"{HOME}/")
    assert home.status_code == 200
    assert "/reports/" not in home.text


def test_a_ledger_for_programs_asks_for_its_account(keeper: Browser) -> None:
    """Without one: 422 that says so, and no guess at an account with an empty name."""
    for asked in ("", "?account=", "?account=+"):
        sent = keeper.get(f"{HOME}/reports/ledger.json{asked}")
        assert (sent.status_code, sent.json["field"]) == (422, "account")
        assert sent.json["detail"] == "Choose the account, by code or name."


def test_a_voucher_dated_ahead_doesn_t_take_the_reports_along(tmp_path: Path) -> None:
    """Without a scope, the year that was worked in last; All reaches further, and so does a year
    of vouchers that are all still to come."""
    ledger = LedgerSite(tmp_path / "data")
    keeper = ledger.browser()
    ledger.post("2096-05-01", (CASH, 700), (SALES, -700))
    assert value_of(keeper.get(reports("trial-balance", "")), "last") == ["2096-12-31"]
    ledger.post("2026-05-01", (CASH, 100), (SALES, -100))
    assert value_of(keeper.get(reports("trial-balance", "")), "last") == ["2026-12-31"]
    assert "May 2026" in keeper.get(f"{HOME}/").text
    assert value_of(keeper.get(reports("trial-balance", "preset=all")), "last") == ["2096-05-01"]
    ledger.close()
