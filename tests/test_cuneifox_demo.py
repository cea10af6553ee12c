"""The demo companies: believable, the same everywhere, made once."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from cuneifox.demo import parties
from cuneifox.demo.baansuan import FIRST, LAST, RESULT, baansuan_vouchers
from cuneifox.demo.chart import CODES
from cuneifox.demo.diary import Diary, month_end, months, vat, working_day
from models.taxids import check_digit


@pytest.fixture(scope="module")
def diary() -> Diary:
    return Diary(baansuan_vouchers())


def test_the_diary_is_the_same_each_time(diary: Diary):
    """One seed, one company: nothing depends on the clock or on what ran before."""
    assert baansuan_vouchers() == diary.vouchers


def test_every_voucher_balances_and_names_accounts_of_the_chart(diary: Diary):
    """No line of nothing, no voucher of one line, no role that the chart lacks."""
    for voucher in diary.vouchers:
        assert sum(line.amount for line in voucher.lines) == 0
        assert len(voucher.lines) >= 2
        assert all(line.amount for line in voucher.lines)
        assert {line.account for line in voucher.lines} <= CODES.keys()
    assert set(RESULT) <= CODES.keys()


def test_there_is_a_year_of_several_hundred_vouchers_in_every_book(diary: Diary):
    """Thirteen months, every one with vouchers in all five books; some drafts, some reversals."""
    kinds = Counter(v.book for v in diary.vouchers)
    assert set(kinds) == {"general", "sales", "purchases", "receipts", "payments"}
    assert 500 <= len(diary.vouchers) <= 1000
    assert {v.day.replace(day=1) for v in diary.vouchers} == set(months(FIRST, LAST))
    assert sum(v.draft for v in diary.vouchers) == 3
    assert sum(v.reversed_on is not None for v in diary.vouchers) == 4


def test_money_never_runs_out(diary: Diary):
    """Bank, cash and petty cash are above zero after every single day."""
    days = sorted({voucher.day for voucher in diary.vouchers})
    for account in ("bank", "cash", "petty_cash", "inventory"):
        assert min(diary.balance(account, day) for day in days) > 0, account


def test_gross_margin_is_a_trader_s(diary: Diary):
    """25 to 40 % in each month, and a profit over the whole time."""
    for month in months(FIRST, LAST):
        end = month_end(month)
        sales = -diary.moves("sales", month, end)
        cost = diary.moves("cost_of_sales", month, end)
        assert 0.25 <= 1 - cost / sales <= 0.40, month
    assert -sum(diary.moves(account, FIRST, LAST) for account in RESULT) > 0


def test_vat_is_settled_at_each_month_s_end(diary: Diary):
    """Input and output VAT are empty then, and what is owed is paid by the 16th of the next month."""
    for month in months(FIRST, LAST):
        end = month_end(month)
        assert diary.balance("output_vat", end) == 0
        assert diary.balance("input_vat", end) == 0
    for month in list(months(FIRST, LAST))[1:]:
        paid_by = working_day(month.replace(day=15))
        assert diary.balance("vat_owed", paid_by) == 0


def test_sales_bear_seven_per_cent_and_exports_none(diary: Diary):
    """Each tax invoice's VAT is 7 % of its net, rounded per document; the buyer abroad pays none."""
    abroad = {party.code for party in parties.CUSTOMERS if party.country != "TH"}
    for voucher in diary.vouchers:
        if voucher.book != "sales":
            continue
        net = -sum(line.amount for line in voucher.lines if line.account == "sales")
        tax = -sum(line.amount for line in voucher.lines if line.account == "output_vat")
        buyer = next(line.party for line in voucher.lines if line.account == "receivables")
        assert tax == (0 if buyer in abroad else vat(net)), voucher.reference


def test_vat_of_a_document_is_rounded_half_up():
    """0.50 baht bears 0.035, which is 4 satang; the law's example of seven such lines bears 25."""
    assert vat(50) == 4
    assert vat(7 * 50) == 25


def test_rent_is_withheld_from_and_handed_on(diary: Diary):
    """5 % of 45,000 is 2,250 a month, and nothing of the month before is owed after the 9th."""
    rents = [v for v in diary.vouchers if any(line.account == "rent" for line in v.lines)]
    assert len(rents) == 13
    for voucher in rents:
        amounts = {line.account: line.amount for line in voucher.lines}
        assert amounts == {"rent": 4_500_000, "withheld_3": -225_000, "bank": -4_275_000}
    assert diary.balance("withheld_3", date(2026, 3, 31)) == -225_000


def test_social_security_has_its_ceiling(diary: Diary):
    """5 % of at most 15,000 a head until 2025, of at most 17,500 from 2026; employers pay as much."""
    cost = {
        month: diary.moves("social_security_cost", month, month_end(month))
        for month in months(FIRST, LAST)
    }
    wages = [person.wage for person in parties.STAFF]
    assert cost[date(2025, 12, 1)] == sum(min(w, 15_000_00) for w in wages) * 5 // 100
    assert cost[date(2026, 1, 1)] == sum(min(w, 17_500_00) for w in wages) * 5 // 100


def test_tax_ids_are_right_and_nobody_s():
    """Check digits hold, none is there twice, and all are of the year 2599, which isn't here yet."""
    staff = [person.party for person in parties.STAFF]
    everybody = [*parties.CUSTOMERS, *parties.SUPPLIERS, *staff]
    ids = [party.tax_id for party in everybody if party.tax_id]
    assert len(ids) == len(set(ids)) >= 20
    for tax_id in ids:
        assert check_digit(tax_id[:12]) == int(tax_id[12])
        assert tax_id[4:7] == "599"
    assert len({party.code for party in everybody}) == len(everybody)
