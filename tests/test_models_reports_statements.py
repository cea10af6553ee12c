"""A statement holds what its customer owed, what moved, and what is owed now; nobody else's, and each line once."""

from __future__ import annotations

from datetime import date

import pytest

from customers import OWED, customer, receive, sell
from ledger_site import LedgerSite
from models.accounts import find_account
from models.errors import BadInput
from models.reports.statements import statements

FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)


@pytest.fixture
def two(ledger: LedgerSite) -> tuple[int, int]:
    """Two customers: the first bought in January and February and paid something, the second in February and March."""
    first, second = (
        customer(ledger, "B2", "Second by code"),
        customer(ledger, "A1", "First by code"),
    )
    sell(ledger, first, "2026-01-10", 50_000)
    sell(ledger, first, "2026-02-03", 12_345, text="น้ำมัน", ref="INV-3")
    receive(ledger, first, "2026-02-03", 40_000)
    sell(ledger, second, "2026-02-28", 700)
    sell(ledger, second, "2026-03-01", 900)
    return first, second


def test_figures_are_those_counted_by_hand(ledger: LedgerSite, two: tuple[int, int]) -> None:
    """500.00 owed, 123.45 bought, 400.00 paid: 223.45; income that names the customer too isn't counted."""
    with ledger.books():
        found = statements(FIRST, LAST)
        later, sooner = sorted(found.each(), key=lambda each: each.customer.code, reverse=True)
        assert (later.customer.stid, sooner.customer.stid) == two
        figures = later.figures
        assert (figures.opening, figures.debit, figures.credit) == (50_000, 12_345, 40_000)
        assert (figures.closing, later.count) == (22_345, 2)
        assert (sooner.figures.opening, sooner.figures.closing, sooner.count) == (0, 700, 1)
        assert [line[6] for line in found.lines(later)] == [12_345, -40_000]
        line = next(iter(found.lines(later)))
        assert (line[0], line[4], line[5]) == ("2026-02-03", "น้ำมัน", "INV-3")
        assert found.count == 3


def test_they_come_by_code(ledger: LedgerSite, two: tuple[int, int]) -> None:
    """In the order in which people look for them, whatever was added first."""
    with ledger.books():
        assert [each.customer.code for each in statements(FIRST, LAST).each()] == ["A1", "B2"]


def test_only_who_has_something_in_the_days(ledger: LedgerSite, two: tuple[int, int]) -> None:
    """Without a choice: those with lines in the range. Chosen ones are there whatever they have."""
    with ledger.books():
        march = statements(date(2026, 3, 1), date(2026, 3, 31))
        assert [each.customer.code for each in march.each()] == ["A1"]
        (chosen,) = statements(date(2026, 3, 1), date(2026, 3, 31), customers=[two[0]]).each()
        assert (chosen.customer.code, chosen.figures.closing, chosen.count) == ("B2", 22_345, 0)
        assert list(march.lines(chosen)) == []


def test_an_account_or_group_alone(ledger: LedgerSite, two: tuple[int, int]) -> None:
    """Of the account that was chosen, or of all below a group."""
    with ledger.books():
        for code, wanted in ((OWED, 22_345), ("1100", 22_345), ("1111", None)):
            stid = find_account(code).stid
            found = statements(FIRST, LAST, account=stid, customers=[two[0]])
            (only,) = found.each()
            assert only.figures.closing == (wanted or 0)
            assert len(list(found.lines(only))) == (2 if wanted else 0)


def test_what_cant_be_made_is_told(ledger: LedgerSite, two: tuple[int, int]) -> None:
    """No customer in the days, an unknown one, an account that nobody owes on, dates the wrong way round."""
    with ledger.books():
        income = find_account("4110").stid
        for given, field in (
            ({"first": date(2027, 1, 1), "last": date(2027, 1, 31)}, "last"),
            ({"first": LAST, "last": FIRST}, "last"),
            ({"first": FIRST, "last": LAST, "customers": [two[0], 999]}, "customers"),
            ({"first": FIRST, "last": LAST, "account": income}, "account"),
        ):
            with pytest.raises(BadInput) as refused:
                statements(**given)
            assert refused.value.field == field
