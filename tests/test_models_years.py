"""A fiscal year is closed by a voucher that carries its result on, and opened by that voucher's reversal."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator

import pytest

import hledger
from ledgers import (
    BY,
    TODAY,
    balances,
    books,
    day,
    everything,
    post_sale,
    rows,
    sale,
    voucher,
)
from models.accounts import change_account, find_account
from models.actors import Actor
from models.drafts import delete_draft, save_draft
from models.errors import (
    BadInput,
    Conflict,
    NotAllowed,
    NotFound,
    PeriodClosed,
    PeriodFrozen,
    PeriodNotReady,
    YearClosed,
)
from models.months import close_month, freeze_month
from models.posting import post_input
from models.reversing import reverse
from models.vouchers import get_voucher
from models.years import close_year, list_years, reopen_year
from tenants import Router

RESULT = ("4100", "4200", "4800", "5100", "6100", "6200", "6510")
SHEET = ("1110", "1120", "1210", "2110", "2510", "3100")


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def post_at_random(first: datetime.date, last: datetime.date, count: int, seed: int) -> None:
    """Vouchers of two to four lines on result and balance sheet accounts, first and last day included."""
    pick = random.Random(seed)
    days = [first, last]
    days += [first + datetime.timedelta(pick.randrange((last - first).days)) for _ in range(count)]
    for date in days:
        lines = [
            (pick.choice(RESULT + SHEET), pick.randrange(-(10**7), 10**7))
            for _ in range(pick.randrange(1, 4))
        ]
        lines.append((pick.choice(SHEET), -sum(amount for _, amount in lines)))
        post_input(voucher(date.isoformat(), *lines), by=BY)


@hledger.needs_hledger
@pytest.mark.parametrize("start", range(1, 13))
def test_closing_agrees_with_hledger(router: Router, start: int) -> None:
    """Whatever month the year starts in, the closing voucher is hledger's closing entry for those days, and
    then income and expense are zero, with every balance as hledger adds it up."""
    first = datetime.date(2025 if start > 1 else 2026, start, 1)
    last = datetime.date(first.year + 1, start, 1) - datetime.timedelta(days=1)
    after = (last + datetime.timedelta(days=1)).isoformat()
    with books(router, fiscal_start_month=start):
        post_at_random(first, last, 30, seed=start)
        post_sale(after, 777)  # the next year's, which stays out
        expected = hledger.closing_entry(
            hledger.journal(), first.isoformat(), after, retained="3200"
        )
        closing = close_year(2026, by=BY)
        assert closing.date == last
        lines = {line.account_code: line.amount for line in get_voucher(closing.id).lines}
        assert lines == expected
        journal = hledger.journal()
        assert hledger.balances(journal, "-e", after, "income", "expense") == {}
        assert hledger.balances(journal) == balances()
        kept = dict(
            rows(
                "SELECT a.code, sum(b.debit - b.credit) FROM balances b"
                " JOIN accounts a ON a.stid = b.account_stid GROUP BY 1 HAVING 2 <> 0"
            )
        )
        assert {code: amount for code, amount in kept.items() if amount} == balances()


@hledger.needs_hledger
def test_closed_years_in_a_row_agree_with_hledger(router: Router) -> None:
    """Three years closed one after the other leave the balance sheet that hledger has, year by year."""
    with books(router, fiscal_start_month=7):
        for year in (2024, 2025, 2026):
            post_at_random(day(f"{year - 1}-07-01"), day(f"{year}-06-30"), 20, seed=year)
            plain = hledger.journal(closings=False)
            ends = f"{year}-07-01"
            result = sum(hledger.balances(plain, "-e", ends, "income", "expense").values())
            sheet = hledger.balances(plain, "-e", ends, "asset", "liability", "equity")
            close_year(year, by=BY)
            assert balances() == sheet | ({"3200": result} if result else {})
        assert [(y.year, y.closing_voucher is not None) for y in list_years()] == [
            (2024, True),
            (2025, True),
            (2026, True),
        ]


def test_opening_a_year_again_brings_everything_back(acme: None) -> None:
    """After the reversal all balances are those of before, and the year takes postings and closes anew."""
    post_sale("2026-02-03", 500)
    before = balances()
    closing = close_year(2026, by=BY, key="c")
    assert close_year(2026, by=BY, key="c").id == closing.id
    with pytest.raises(YearClosed, match="2026 is closed"):
        post_sale("2026-12-31")
    with pytest.raises(YearClosed):
        post_sale("2019-05-05")
    post_sale("2027-01-01", 1)
    reversal = reopen_year(2026, by=BY, reason="Late invoice", key="r")
    assert reopen_year(2026, by=BY, reason="Late invoice", key="r").id == reversal.id
    assert (reversal.reverses_id, reversal.date, reversal.closing) == (
        closing.id,
        day("2026-12-31"),
        True,
    )
    assert get_voucher(closing.id).status == "reversed"
    assert balances() == {"1110": before["1110"] + 1, "4100": before["4100"] - 1}
    post_sale("2026-12-31", 20)
    again = close_year(2026, by=BY)
    assert again.number == "GJ-2026-000005"
    assert balances() == {"1110": 521, "3200": -520, "4100": -1}


def test_years_close_in_order_and_open_in_reverse(acme: None) -> None:
    """No year closes before an earlier one that has a result; only the last closed one opens again."""
    post_sale("2025-06-01", 5)
    post_sale("2026-06-01", 7)
    with pytest.raises(PeriodNotReady, match="before 2026"):
        close_year(2026, by=BY)
    close_year(2025, by=BY)
    close_year(2026, by=BY)
    with pytest.raises(Conflict, match="closed already"):
        close_year(2025, by=BY)
    with pytest.raises(Conflict, match="2026 is closed after it"):
        reopen_year(2025, by=BY, reason="Late invoice")
    reopen_year(2026, by=BY, reason="Late invoice")
    with pytest.raises(YearClosed):
        post_sale("2025-06-01")
    post_sale("2026-06-01")
    with pytest.raises(NotFound, match="isn't closed"):
        reopen_year(2026, by=BY, reason="Late invoice")


def test_opposite_results_of_accounts_in_earlier_years_are_seen(acme: None) -> None:
    """A year whose result is what the year before lacked to zero doesn't hide that year."""
    post_sale("2025-06-01", 5)
    post_sale("2026-06-01", -5)
    with pytest.raises(PeriodNotReady, match="before 2026"):
        close_year(2026, by=BY)


def test_what_stands_in_the_way_of_closing_is_said(acme: None) -> None:
    """Nothing to close, drafts, locked months, missing rights and settings: each refused, nothing changed."""
    with pytest.raises(PeriodNotReady, match="no income and no expense"):
        close_year(2026, by=BY)
    post_sale()
    draft = save_draft(sale("2026-12-31"), by=BY)
    with pytest.raises(PeriodNotReady, match="1 drafts"):
        close_year(2026, by=BY)
    delete_draft(draft.id, by=BY)
    freeze_month(202612, by=BY)
    before = everything()
    closer = Actor("u1", "Somchai", {"ledger": "add"}, may_close=True)
    with pytest.raises(PeriodFrozen):
        close_year(2026, by=closer)
    with pytest.raises(NotAllowed):
        close_year(2026, by=Actor("u1", "Somchai", {"ledger": "delete"}))
    with pytest.raises(NotAllowed):
        close_year(2026, by=Actor("u1", "Somchai", {"ledger": "read"}, may_close=True))
    for year in (0, 1, 2569, 10**12, "2026", None, True):
        with pytest.raises(BadInput):
            close_year(year, by=BY)  # type: ignore[arg-type]
    assert everything() == before
    change_account(find_account("3200").stid, by=BY, active=False)
    with pytest.raises(BadInput, match="3200 can't take the result"):
        close_year(2026, by=BY)


def test_a_closing_voucher_is_reversed_by_opening_its_year_alone(acme: None) -> None:
    """The ordinary reversal refuses it, for the year's lock would stay; a closed month ends it for good."""
    post_sale()
    closing = close_year(2026, by=BY)
    with pytest.raises(Conflict, match="open that year again"):
        reverse(closing.id, date=day("2027-01-01"), by=BY, reason="Wrong")
    with pytest.raises(NotAllowed):
        reopen_year(2026, by=Actor("u1", "Somchai", {"ledger": "delete"}), reason="Wrong")
    for month in (202602, 202612):
        close_month(month, by=BY, today=TODAY)
    with pytest.raises(PeriodClosed):
        reopen_year(2026, by=BY, reason="Late invoice")


def test_a_result_of_zero_closes_without_retained_earnings(acme: None) -> None:
    """Income equal to expense leaves two lines that cancel out."""
    post_input(voucher("2026-03-03", ("4100", -5), ("6200", 5)), by=BY)
    view = get_voucher(close_year(2026, by=BY).id)
    assert [(line.account_code, line.amount) for line in view.lines] == [("4100", 5), ("6200", -5)]


def test_years_that_make_up_for_each_other_are_still_unclosed(acme: None) -> None:
    """A gain in one year and a loss of the same size on the same account in the next are two results."""
    post_sale("2025-02-03", 100)
    post_input(voucher("2026-12-03", ("4100", 100), ("1110", -100)), by=BY)
    post_sale("2027-02-03", 70)
    for year in (2027, 2026):
        with pytest.raises(PeriodNotReady, match="isn't carried"):
            close_year(year, by=BY)
    close_month(202502, by=BY, today=TODAY)
    with pytest.raises(PeriodNotReady, match="fiscal year 2025 ends"):
        close_month(202612, by=BY, today=TODAY)
    for year in (2025, 2026, 2027):
        close_year(year, by=BY)
    assert balances() == {"1110": 70, "3200": -70}


def test_inactive_accounts_are_closed_too(acme: None) -> None:
    """An account that takes no postings any more still has its result carried, and brought back."""
    post_sale("2026-02-03", 100)
    change_account(find_account("4100").stid, by=BY, active=False)
    close_year(2026, by=BY)
    assert balances() == {"1110": 100, "3200": -100}
    reopen_year(2026, by=BY, reason="Late bill")
    assert balances() == {"1110": 100, "4100": -100}


def test_retained_earnings_must_take_the_result(acme: None) -> None:
    """An account of the settings that was made inactive, or a group, since is named as the hindrance."""
    post_sale("2026-02-03", 100)
    retained = find_account("3200").stid
    before = everything()
    for change in ({"active": False}, {"active": True, "is_group": True}):
        change_account(retained, by=BY, **change)
        with pytest.raises(BadInput, match="3200 can't take the result") as caught:
            close_year(2026, by=BY)
        assert caught.value.field == "retained_earnings"
    change_account(retained, by=BY, is_group=False)
    after = everything()
    assert after.pop("seal_state") != before.pop("seal_state")  # there were changes, all taken back
    assert after == before
