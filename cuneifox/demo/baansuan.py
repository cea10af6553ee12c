"""Thirteen months of Baan Suan Trading Co., Ltd. (บริษัท บ้านสวน เทรดดิ้ง จำกัด).

It buys dried fruit, honey and tea from growers and packers and sells them to shops, hotels and over
the counter. Everything is drawn from one seed, so the company is the same wherever it is made.
"""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from random import Random

from cuneifox.demo.diary import DemoLine, DemoVoucher, Diary, month_end, months, series, vat
from cuneifox.demo.overheads import overheads
from cuneifox.demo.parties import CUSTOMERS, GOODS_SUPPLIERS
from cuneifox.demo.taxes import income_tax, pay_taxes, settle_vat
from cuneifox.demo.trade import buy, cost_of_sales, sell

SEED = 2569
FIRST = Date(2025, 10, 1)
LAST = Date(2026, 10, 31)

RESULT = (
    "sales",
    "other_income",
    "cost_of_sales",
    "wages",
    "social_security_cost",
    "rent",
    "electricity",
    "telephone",
    "freight",
    "advertising",
    "professional_fees",
    "office",
    "vehicle_costs",
    "depreciation",
    "bank_fees",
    "interest",
    "income_tax",
)
"""The income and expense accounts of the demo chart."""


def baansuan_vouchers() -> list[DemoVoucher]:
    """All vouchers in the order in which they are posted: by day, each day as it was written."""
    diary, luck = Diary(), Random(SEED)  # noqa: S311  a made-up company, not a secret
    _open(diary)
    for month in months(FIRST, LAST):
        pay_taxes(diary, month)
        buy(diary, luck, month, LAST)
        sell(diary, luck, month, LAST)
        _slips(diary, month)
        overheads(diary, luck, month)
        if month.month in (12, 6):
            _interest_received(diary, month)
        cost_of_sales(diary, luck, month)
        settle_vat(diary, month)
        year = month.replace(month=1)
        before = month - timedelta(days=1) if month.month == 8 else month_end(month)
        income_tax(diary, month, -sum(diary.moves(a, year, before) for a in RESULT))
    _drafts(diary)
    return sorted(diary.vouchers, key=lambda voucher: voucher.day)


def _open(diary: Diary) -> None:
    """What the company had and owed on its first day here, taken over from its former books."""
    customers = [(CUSTOMERS[i], amount) for i, amount in ((0, 412_380_00), (2, 385_225_50))]
    suppliers = [(GOODS_SUPPLIERS[i], amount) for i, amount in ((0, 298_744_00), (3, 341_912_25))]
    lines = [
        DemoLine("bank", 1_850_412_75),
        DemoLine("cash", 20_000_00),
        DemoLine("petty_cash", 10_000_00),
        *(DemoLine("receivables", amount, "ยกมา", c.code) for c, amount in customers),
        DemoLine("inventory", 1_580_250_00),
        DemoLine("vehicles", 950_000_00),
        DemoLine("vehicles_written_off", -380_000_00),
        DemoLine("equipment", 420_000_00),
        DemoLine("equipment_written_off", -168_000_00),
        *(DemoLine("payables", -amount, "ยกมา", s.code) for s, amount in suppliers),
        DemoLine("vat_owed", -31_288_40),
        DemoLine("withheld_1", -1_560_00),
        DemoLine("withheld_3", -2_250_00),
        DemoLine("withheld_53", -742_50),
        DemoLine("social_security", -8_900_00),
        DemoLine("loan", -1_200_000_00),
        DemoLine("capital", -2_000_000_00),
    ]
    rest = -sum(line.amount for line in lines)
    lines.append(DemoLine("retained_earnings", rest))
    text = "ยอดยกมา Opening balances"
    diary.enter(FIRST, "general", text, *lines, reference="OB6810")
    for days, (customer, amount) in zip((16, 27), customers, strict=True):
        diary.enter(
            FIRST + timedelta(days=days),
            "receipts",
            f"รับชำระหนี้ยกมา {customer.local_name}",
            DemoLine("bank", amount),
            DemoLine("receivables", -amount, "ยกมา", customer.code),
            reference=f"RC6810-OB{days}",
        )
    for days, (supplier, amount) in zip((13, 29), suppliers, strict=True):
        diary.enter(
            FIRST + timedelta(days=days),
            "payments",
            f"จ่ายชำระหนี้ยกมา {supplier.local_name}",
            DemoLine("payables", amount, "ยกมา", supplier.code),
            DemoLine("bank", -amount),
            reference=f"PV6810-OB{days}",
        )


def _interest_received(diary: Diary, month: Date) -> None:
    """Interest on the account, of which the bank withholds 1 %."""
    interest = 1_284_00
    withheld = interest // 100
    diary.enter(
        month_end(month),
        "receipts",
        "ดอกเบี้ยเงินฝากธนาคาร หัก ณ ที่จ่าย 1 % Interest received",
        DemoLine("bank", interest - withheld),
        DemoLine("prepaid_tax", withheld),
        DemoLine("other_income", -interest),
    )


def _slips(diary: Diary, month: Date) -> None:
    """Now and then something was written down wrong, and taken back a few days later."""
    if month.month not in (11, 2, 5, 9):
        return
    customer = CUSTOMERS[month.month % (len(CUSTOMERS) - 1)]  # all but the one abroad
    net = 18_400_00 + month.month * 125_50
    tax = vat(net)
    diary.enter(
        month + timedelta(days=9),
        "sales",
        f"ขายเชื่อ {customer.local_name} (ออกใบกำกับผิดราย)",
        DemoLine("receivables", net + tax, "", customer.code),
        DemoLine("sales", -net),
        DemoLine("output_vat", -tax),
        reference=f"IV{series(month)}-099",
        reversed_on=month + timedelta(days=12),
    )


def _drafts(diary: Diary) -> None:
    """What still lies on the desk when the demo opens."""
    for days, customer, net in ((27, CUSTOMERS[3], 21_450_00), (29, CUSTOMERS[7], 64_087_50)):
        tax = vat(net)
        diary.enter(
            LAST.replace(day=1) + timedelta(days=days),
            "sales",
            f"ร่าง: ขายเชื่อ {customer.local_name} รอตรวจราคา",
            DemoLine("receivables", net + tax, "", customer.code),
            DemoLine("sales", -net),
            DemoLine("output_vat", -tax),
            draft=True,
        )
    diary.enter(
        LAST,
        "payments",
        "Draft: repair of the delivery truck, waiting for the tax invoice",
        DemoLine("vehicle_costs", 12_600_00),
        DemoLine("input_vat", vat(12_600_00)),
        DemoLine("bank", -(12_600_00 + vat(12_600_00))),
        draft=True,
    )
