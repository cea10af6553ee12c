"""Sums over any range of dates are those that a look at each line gives."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.reports.figures import Figures
from models.reports.sums import account_sums, one_account
from models.reports.trial_balance import trial_balance
from random_books import FIRST, LAST, fill
from tenants import Router, current_store

days = st.dates(FIRST - timedelta(days=40), LAST + timedelta(days=40))


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    """A router with the random company on it, for all tests of this module."""
    router = Router(tmp_path_factory.mktemp("sums"))
    yield router, fill(router, "random")
    router.close()


@given(days, days, st.booleans())
@example(date(2024, 1, 1), date(2024, 12, 31), False)
@example(date(2024, 1, 1), date(2024, 12, 31), True)
@example(date(2024, 2, 29), date(2024, 2, 29), True)
@settings(max_examples=150, deadline=None)
def test_sums_of_any_range_are_those_of_its_lines(routed, one, other, with_closing):
    """Whatever the range, at month's edges and within months, with and without closing vouchers."""
    router, books = routed
    first, last = min(one, other), max(one, other)
    for begin in (first, None):
        with router.using("random"):
            found = account_sums(begin, last, with_closing=with_closing)
        expected = books.sums(begin, last, with_closing=with_closing)
        assert {s: (f.opening, f.debit, f.credit) for s, f in found.items() if f} == expected


@given(days, days)
@settings(max_examples=40, deadline=None)
def test_one_account_is_its_part_of_all(routed, one, other):
    """The figures of one account alone are those that it has among all."""
    router, books = routed
    first, last = min(one, other), max(one, other)
    expected = books.sums(first, last)
    with router.using("random"):
        for stid in list(books.accounts)[:12]:
            assert one_account(stid, first, last) == Figures(*expected.get(stid, (0, 0, 0)))


def test_lines_are_read_for_half_a_month_at_most(routed):
    """Whole months come from kept balances; of a broken one the shorter side is read."""
    router, _ = routed
    with router.using("random"):
        store = current_store("books")
        for last, expected in [
            (date(2025, 3, 31), []),
            (date(2025, 3, 30), [("2025-03-31", "2025-03-31")]),
            (date(2025, 3, 2), [("2025-03-01", "2025-03-02")]),
            (date(2025, 2, 14), [("2025-02-01", "2025-02-14")]),
            (date(2025, 2, 15), [("2025-02-16", "2025-02-28")]),
        ]:
            asked = []
            connection = store.database.connection()
            connection.set_trace_callback(asked.append)
            account_sums(None, last)
            connection.set_trace_callback(None)
            read = [sql.split("BETWEEN ")[1].split("\n")[0] for sql in asked if "BETWEEN" in sql]
            assert read == [f"'{a}' AND '{b}'" for a, b in expected]


@given(days, days)
@settings(max_examples=40, deadline=None)
def test_a_trial_balance_balances(routed, one, other):
    """Debits are credits, sides are equal, and each group is the sum of what is below it."""
    router, books = routed
    first, last = min(one, other), max(one, other)
    with router.using("random"):
        found = trial_balance(first, last)
    assert found.total.debit == found.total.credit
    assert found.total.opening == found.total.closing == 0
    assert found.opening.debit == found.opening.credit
    assert found.closing.debit == found.closing.credit
    expected = books.sums(first, last)
    for row in found.rows:
        below = _below(books, row.stid)
        figures = [expected.get(stid, (0, 0, 0)) for stid in below]
        assert row.total == Figures(*(sum(column) for column in zip(*figures, strict=True)))
    shown = {row.stid for row in found.rows}
    assert expected.keys() <= shown
    assert all(expected.keys() & set(_below(books, stid)) for stid in shown)


def _below(books, stid):
    """The account and what is below it, by climbing up from every account."""
    found = []
    for node in books.accounts.values():
        above = node
        while above is not None:
            if above.stid == stid:
                found.append(node.stid)
                break
            above = books.accounts.get(above.parent_stid)
    return found
