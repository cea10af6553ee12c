"""Kept balances are always what the lines add up to, whatever was posted, reversed, closed and failed."""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledgers import BY, rows, voucher
from models.companies import create_company
from models.errors import BooksError
from models.inputs import VoucherInput
from models.posting import post_input
from models.reversing import reverse
from models.years import close_year, reopen_year
from tenants import Router, current_store

CODES = ("1110", "1120", "2110", "3100", "4100", "6200")
AMOUNTS = st.integers(-(10**18) + 1, 10**18 - 1) | st.integers(-1000, 1000)
DATES = st.dates(datetime.date(2025, 1, 1), datetime.date(2027, 12, 31)).map(str)
LINES = st.lists(st.tuples(st.sampled_from(CODES), AMOUNTS), min_size=1, max_size=5)
STEPS = st.lists(
    st.tuples(st.just("post"), DATES, LINES)
    | st.tuples(st.just("roll back"), DATES, LINES)
    | st.tuples(st.just("reverse"), DATES, st.integers(1, 12))
    | st.tuples(st.sampled_from(("close", "open")), st.integers(2025, 2027)),
    min_size=1,
    max_size=15,
)


class RollBack(Exception):
    """Undoes what was posted in the same transaction."""


def act(step: tuple[Any, ...]) -> None:
    match step:
        case "post", date, lines:
            post_input(balanced(date, lines), by=BY)
        case "roll back", date, lines:
            with current_store("books").writing():
                post_input(balanced(date, lines), by=BY)
                raise RollBack
        case "reverse", date, voucher_id:
            day = datetime.date.fromisoformat(date)
            reverse(voucher_id, date=day, by=BY, reason="Wrong")
        case "close", year:
            close_year(year, by=BY)
        case "open", year:
            reopen_year(year, by=BY, reason="Late invoice")


def balanced(date: str, lines: list[tuple[str, int]]) -> VoucherInput:
    return voucher(date, *lines, ("1130", -sum(amount for _, amount in lines)))


def recomputed() -> dict[tuple[int, int, int], list[int]]:
    """Add every line up in Python, by account, month and kind."""
    sums: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0])
    for account, date, closing, amount in rows(
        "SELECT l.account_stid, v.date, v.closing, l.amount"
        " FROM lines l JOIN vouchers v ON v.id = l.voucher_id"
    ):
        month = int(date[:4] + date[5:7])
        sums[account, month, closing][amount < 0] += abs(amount)
    return {key: both for key, both in sums.items() if any(both)}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_kept_balances_are_what_the_lines_add_up_to(router: Router, steps: list[Any]) -> None:
    """After any steps, failed ones included: balances, turnover, and debits = credits."""
    slug = f"c{len(router.tenants())}"
    create_company(router, slug=slug, name=slug, template="general")
    with router.using(slug):
        for step in steps:
            try:
                act(step)
            except (BooksError, RollBack):
                continue
        kept = {
            (account, month, closing): [debit, credit]
            for account, month, closing, debit, credit in rows("SELECT * FROM balances")
        }
        sums = recomputed()
        assert kept == sums
        debit, credit = (sum(both[side] for both in sums.values()) for side in (0, 1))
        assert debit == credit
        assert rows("SELECT turnover FROM ledger_state") == [(debit,)]
