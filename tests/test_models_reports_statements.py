"""Statements of a small company, against figures worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from models.accounts import find_account
from models.actors import Actor
from models.companies import create_company
from models.errors import BadInput, NotFound
from models.inputs import LineInput, VoucherInput
from models.posting import post_input
from models.reports.balance_sheet import balance_sheet
from models.reports.figures import Figures
from models.reports.profit_loss import profit_loss
from models.reports.trial_balance import trial_balance
from models.years import close_year, reopen_year

BY = Actor.system("test")

STORY = [
    (date(2024, 10, 1), "Capital", "1120", "3100", 1000_00),
    (date(2024, 12, 5), "Goods sold", "1210", "4100", 300_00),
    (date(2025, 9, 30), "Rent", "6200", "1120", 100_00),
    (date(2025, 10, 1), "Services sold", "1110", "4200", 50_00),
    (date(2025, 10, 20), "Loan", "1120", "2510", 400_00),
    (date(2025, 11, 11), "Rent", "6200", "1120", 80_00),
]
"""Two fiscal years that begin in October, as Thailand's government has them."""


@pytest.fixture
def acme(router):
    """An entry of the company to which all this happened."""
    create_company(
        router, slug="acme", name="Acme", template="general", currency="USD", fiscal_start_month=10
    )
    with router.using("acme"):
        for day, text, debit, credit, amount in STORY:
            lines = [
                LineInput(find_account(debit).stid, amount),
                LineInput(find_account(credit).stid, -amount),
            ]
            post_input(VoucherInput(1, day, text, lines), by=BY)
        yield


def by_code(section):
    """What a section shows of each account, as statements show it, groups with their sums."""
    return {row.code: section.sign * row.total.moved for row in section.rows}


def test_profit_and_loss_of_a_year(acme):
    """Income and expenses are positive where they usually stand; the result is what is left."""
    found = profit_loss(date(2025, 10, 1), date(2026, 9, 30))
    assert by_code(found.income) == {"4000": 50_00, "4200": 50_00}
    assert by_code(found.expense) == {"6000": 80_00, "6200": 80_00}
    assert (found.income.moved, found.expense.moved, found.result) == (50_00, 80_00, -30_00)
    assert (found.scope.currency, found.scope.decimals) == ("USD", 2)


def test_profit_and_loss_of_a_closed_year_is_what_it_was(acme):
    """Closing changes nothing but the report that counts closing vouchers."""
    days = (date(2024, 10, 1), date(2025, 9, 30))
    before = profit_loss(*days)
    close_year(2025, by=BY)
    assert profit_loss(*days) == before
    assert before.result == 200_00
    assert profit_loss(*days, with_closing=True).result == 0
    reopen_year(2025, by=BY, reason="Mistake")
    assert profit_loss(*days) == before
    assert profit_loss(*days, with_closing=True).result == before.result


def test_a_balance_sheet_shows_the_result_so_far(acme):
    """What isn't closed is computed: of the year of the day, and of the years before it."""
    found = balance_sheet(date(2025, 11, 30))
    assert (found.open_result.earlier, found.open_result.current) == (200_00, -30_00)
    assert found.open_result.earlier_last == date(2025, 9, 30)
    assert found.open_result.current_first == date(2025, 10, 1)
    assert found.assets.closing == 1000_00 + 300_00 - 100_00 + 50_00 + 400_00 - 80_00
    assert found.liabilities.closing == 400_00
    assert found.equity.closing == 1000_00
    assert found.equity_total == 1170_00
    assert found.funds_total == found.assets.closing == 1570_00


def test_closing_moves_the_result_into_retained_earnings(acme):
    """The same total, in an account now; the year that follows starts with nothing open before it."""
    before = balance_sheet(date(2025, 11, 30))
    close_year(2025, by=BY)
    after = balance_sheet(date(2025, 11, 30))
    assert (after.open_result.earlier, after.open_result.current) == (0, -30_00)
    assert after.equity.closing == before.equity.closing + 200_00
    assert after.funds_total == before.funds_total
    retained = next(row for row in after.equity.rows if row.code == "3200")
    assert -retained.own.closing == 200_00


def test_a_balance_sheet_shows_what_has_a_balance(acme):
    """An account that was emptied is left out, unless it is asked for."""
    lines = [
        LineInput(find_account("1110").stid, -50_00),
        LineInput(find_account("1120").stid, 50_00),
    ]
    post_input(VoucherInput(1, date(2025, 11, 12), "To the bank", lines), by=BY)
    day = date(2025, 11, 30)
    assert "1110" not in [row.code for row in balance_sheet(day).assets.rows]
    assert "1110" in [row.code for row in balance_sheet(day, empty=True).assets.rows]


def test_a_balance_sheet_before_everything_is_empty(acme):
    """No rows and zeros, not an error."""
    found = balance_sheet(date(2020, 1, 1))
    assert (found.assets.rows, found.funds_total, found.open_result.total) == ([], 0, 0)


def test_a_trial_balance_has_opening_and_closing(acme):
    """Each account with what it had, what came and went, and what it has; groups with their sums."""
    rows = {row.code: row for row in trial_balance(date(2025, 10, 1), date(2025, 10, 31)).rows}
    assert rows["1120"].own == Figures(900_00, 400_00, 0)
    assert rows["1120"].own.closing == 1300_00
    assert rows["1110"].own == Figures(0, 50_00, 0)
    assert rows["1100"].own == Figures()
    assert rows["1100"].total == Figures(900_00, 450_00, 0)
    assert rows["1000"].total == Figures(1200_00, 450_00, 0)
    assert (rows["1000"].depth, rows["1100"].depth, rows["1120"].depth) == (0, 1, 2)
    assert rows["1120"].parent == rows["1100"].stid
    assert (rows["1100"].branches, rows["1120"].branches) == (True, False)
    assert "1310" not in rows


def test_a_trial_balance_foots(acme):
    """Balances by side, and the sums of debits and credits."""
    found = trial_balance(date(2025, 10, 1), date(2025, 10, 31))
    assert (found.total.debit, found.total.credit) == (450_00, 450_00)
    assert (found.opening.debit, found.opening.credit) == (1300_00, 1300_00)
    assert (found.closing.debit, found.closing.credit) == (1750_00, 1750_00)


def test_a_part_of_the_chart_can_be_asked_for(acme):
    """A group with all below it, or one account; an unknown one isn't found."""
    group = find_account("1100").stid
    found = trial_balance(None, date(2026, 1, 1), account=group)
    assert [row.code for row in found.rows] == ["1100", "1110", "1120"]
    assert found.total.closing == 1000_00 - 100_00 + 50_00 + 400_00 - 80_00
    with pytest.raises(NotFound):
        trial_balance(None, date(2026, 1, 1), account=9999)


def test_accounts_without_figures_are_shown_if_asked_for(acme):
    """The whole chart then, in its order."""
    shown = trial_balance(None, date(2026, 1, 1), empty=True).rows
    assert len(shown) > 50
    assert [row.code for row in shown][:3] == ["1000", "1100", "1110"]
    assert len(profit_loss(None, date(2026, 1, 1), empty=True).income.rows) == 6
    assert len(balance_sheet(date(2026, 1, 1), empty=True).equity.rows) == 5


def test_reversed_ranges_are_refused(acme):
    """A range that ends before it begins is told, not taken for an empty one."""
    for report in (trial_balance, profit_loss):
        with pytest.raises(BadInput):
            report(date(2026, 1, 2), date(2026, 1, 1))
