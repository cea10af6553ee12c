from __future__ import annotations

import csv
import functools
import io
import operator
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Browser
from ledger_site import CASH, HOME, NEW, SALES, LedgerSite, balanced, errors_of, value_of

JOURNAL = f"{HOME}/journal"
MANY = 120


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """120 sales, ten a month in 2026, numbered in their texts."""
    ledger = LedgerSite(tmp_path_factory.mktemp("journal") / "data")
    for n in range(1, MANY + 1):
        day = f"2026-{(n - 1) // 10 + 1:02d}-15"
        ledger.post(day, (CASH, n * 100), (SALES, -n * 100), text=f"sale #{n}.")
    yield ledger
    ledger.close()


@pytest.fixture
def keeper(ledger: LedgerSite) -> Browser:
    return ledger.browser()


def sales(page: str) -> list[int]:
    """The sales that a page shows, in its order."""
    return [int(n) for n in re.findall(r"sale #(\d+)\.", page)]


def test_pages_follow_each_other_both_ways(keeper: Browser) -> None:
    """Newest first; next to the end and earlier to the start again show each voucher once a way."""
    forward, path = [], JOURNAL
    while path:
        page = keeper.get(path).text
        forward.append(sales(page))
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert functools.reduce(operator.iadd, forward, []) == list(range(MANY, 0, -1))
    earlier = re.search(r'rel="prev" href="([^"]+)"', page)
    assert earlier
    assert sales(keeper.get(earlier[1].replace("&amp;", "&")).text) == forward[-2]
    assert 'rel="prev"' not in keeper.get(JOURNAL).text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("text=%2317.", [17]),
        ("text=GJ-2569-000017", [17]),
        ("text=%25", []),
        ("first=15/12/2569", list(range(120, 110, -1))),
        ("first=2026-02-01&last=2026-02-28", list(range(20, 10, -1))),
        ("status=draft", []),
        ("status=reversed", []),
    ],
)
def test_filters_narrow(keeper: Browser, asked: str, shown: list[int]) -> None:
    """By text (a % is a %), by dates of either era, by state."""
    page = keeper.get(f"{JOURNAL}?{asked}")
    assert page.status_code == 200
    assert sales(page.text) == shown


def test_filters_last_from_page_to_page(ledger: LedgerSite, keeper: Browser) -> None:
    """The links to other pages and to files keep what was asked for."""
    asked = f"text=sale&first=2026-03-01&book={ledger.book()}"
    page = keeper.get(f"{JOURNAL}?{asked}").text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    second = keeper.get(following[1].replace("&amp;", "&"))
    assert sales(second.text) == list(range(70, 20, -1))
    assert value_of(second, "text") == ["sale"]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("first=2026-02-30", "first"),
        ("last=x", "last"),
        ("first=2026-02-02&last=2026-02-01", "last"),
        ("book=x", "book"),
        ("status=lost", ""),
        ("after=rubbish", ""),
        ("before=2026-01-01.x", ""),
        ("text=" + "x" * 201, "text"),
    ],
)
def test_a_bad_filter_is_told_on_the_form(keeper: Browser, asked: str, place: str) -> None:
    """422 at its field; for programs a problem of the same status."""
    page = keeper.get(f"{JOURNAL}?{asked}")
    assert page.status_code == 422
    assert errors_of(page)[place]
    assert keeper.get(f"{JOURNAL}.json?{asked}").status_code == 422


def test_files_hold_all_pages(keeper: Browser) -> None:
    """CSV is the whole journal, oldest first, amounts as numbers; JSON is one page with its keys."""
    text = keeper.get(f"{JOURNAL}.csv").get_data().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == MANY + 1
    assert rows[1][1] == "GJ-2569-000001"
    assert rows[-1][-1] == "120.00"
    page = keeper.get(f"{JOURNAL}.json").json
    assert len(page["rows"]) == 50
    assert page["after"]
    assert page["before"] is None


def test_states_are_shown(tmp_path: Path) -> None:
    """Drafts have a place of their own; reversed vouchers and reversals say so."""
    ledger = LedgerSite(tmp_path / "data")
    try:
        keeper = ledger.browser()
        posted = keeper.post(NEW, NEW, **balanced(ledger.book())).location
        keeper.post(f"{posted}/reverse", NEW, date="2026-03-01", reason="wrong", key="r")
        keeper.post(NEW, NEW, **balanced(ledger.book(), action="save"))
        numbers = {
            status: re.findall(
                r"GJ-2569-\d+|Draft \d+", keeper.get(f"{JOURNAL}?status={status}").text
            )
            for status in ("posted", "draft", "reversed", "reversal")
        }
        assert len(numbers["posted"]) >= 2
        assert numbers["reversed"] == ["GJ-2569-000001"]
        assert numbers["reversal"][0] == "GJ-2569-000002"
        assert numbers["draft"] == ["Draft 3"]
    finally:
        ledger.close()


def test_who_may_not_read_the_ledger_sees_no_journal(ledger: LedgerSite) -> None:
    """In none of its forms."""
    ledger.grant("stranger", "none")
    stranger = ledger.browser("stranger")
    for ending in ("", ".json", ".csv"):
        assert stranger.get(JOURNAL + ending).status_code == 403
