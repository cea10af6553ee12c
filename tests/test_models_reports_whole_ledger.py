"""The whole ledger holds every line once, in the order of each account's own ledger, with the same balances."""

from __future__ import annotations

from datetime import date

import pytest

from ledger_site import BANK, CASH, SALES, LedgerSite
from models.accounts import find_account
from models.errors import BadInput, BooksDamaged, NotFound
from models.reports import whole_ledger as module
from models.reports.ledger import ledger as paged
from models.reports.whole_ledger import whole_ledger
from tenants import current_store

FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)


def post_some(ledger: LedgerSite) -> None:
    """Sales of 1.00 to 20.00 on days that come twice, and a payment; some before the range, some after."""
    for n in range(1, 21):
        ledger.post(f"2026-{1 + n // 7:02}-{1 + n // 2:02}", (CASH, n * 100), (SALES, -n * 100))
    ledger.post("2026-02-05", (BANK, 300), (CASH, -300), text="To the bank")


@pytest.mark.parametrize("at_once", [1, 2, 3, 5000])
def test_lines_are_those_of_each_accounts_pages(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """However many are read at once: the same numbers, texts, amounts and balances as the account's own ledger has."""
    post_some(ledger)
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    with ledger.books():
        report = whole_ledger(FIRST, LAST)
        assert [each.account.code for each in report.accounts] == [CASH, BANK, SALES]
        for each in report.accounts:
            rows = paged(each.account.stid, FIRST, LAST, limit=500).rows
            lines = [line for part in report.lines(each) for line in part]
            assert len(lines) == each.count
            assert [(line[0], line[3], line[6]) for line in lines] == [
                (row.date.isoformat(), row.number, row.debit - row.credit) for row in rows
            ]
            assert [line[4] for line in lines] == [row.text or row.voucher_text for row in rows]
            assert each.figures.closing == rows[-1].balance


def test_figures_are_those_counted_by_hand(ledger: LedgerSite) -> None:
    """Before February 1.00 to 6.00 were sold, in it 7.00 to 13.00, and 3.00 went to the bank."""
    post_some(ledger)
    with ledger.books():
        report = whole_ledger(FIRST, LAST)
        cash, bank, sales = (each.figures for each in report.accounts)
        assert (cash.opening, cash.debit, cash.credit, cash.closing) == (2100, 7000, 300, 8800)
        assert (bank.opening, bank.debit, bank.credit) == (0, 300, 0)
        assert (sales.opening, sales.debit, sales.credit, sales.closing) == (-2100, 0, 7000, -9100)
        assert (report.count, report.total.debit, report.total.credit) == (16, 7300, 7300)


def test_an_account_without_lines_but_with_a_balance_is_there(ledger: LedgerSite) -> None:
    """What stands on an account is carried through days in which nothing moved it; other accounts aren't there."""
    ledger.post("2026-01-10", (CASH, 100), (SALES, -100))
    with ledger.books():
        report = whole_ledger(FIRST, LAST)
        assert [(each.account.code, each.count) for each in report.accounts] == [
            (CASH, 0),
            (SALES, 0),
        ]
        assert list(report.lines(report.accounts[0])) == []
        assert whole_ledger(None, date(2025, 12, 31)).accounts == []


def test_one_account_alone(ledger: LedgerSite) -> None:
    """It is there whatever it has; an unknown one isn't, and neither is a reversed range."""
    post_some(ledger)
    with ledger.books():
        petty = find_account("1112").stid
        (only,) = whole_ledger(FIRST, LAST, account=petty).accounts
        assert (only.account.stid, only.count) == (petty, 0)
        with pytest.raises(NotFound):
            whole_ledger(FIRST, LAST, account=999_999)
        with pytest.raises(BadInput, match="swap"):
            whole_ledger(LAST, FIRST)


def test_kept_balances_that_arent_those_of_the_lines_are_found(ledger: LedgerSite) -> None:
    """A report that would contradict itself isn't made: it names the account."""
    post_some(ledger)
    with ledger.books():
        current_store("books").execute_sql(
            "UPDATE balances SET debit = debit + 1 WHERE account_stid = ? AND month = 202602",
            (find_account(CASH).stid,),
        )
        report = whole_ledger(FIRST, LAST)
        with pytest.raises(BooksDamaged, match=CASH):
            list(report.lines(report.accounts[0]))
