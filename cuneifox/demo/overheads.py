"""What a month costs whether anything is sold or not."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from random import Random

from cuneifox.demo.diary import (
    DemoLine,
    Diary,
    month_end,
    series,
    share,
    thai_month,
    vat,
    working_day,
)
from cuneifox.demo.parties import (
    ACCOUNTANT,
    ADVERTISER,
    ELECTRICITY,
    LANDLORD,
    STAFF,
    TELECOM,
    TRANSPORT,
    DemoParty,
)

RENT = 45_000_00
LOAN_INSTALMENT = 20_000_00
DEPRECIATION = (
    ("vehicles", 950_000_00, "รถกระบะส่งของ Delivery truck"),
    ("equipment", 420_000_00, "เครื่องใช้สำนักงานและคลังสินค้า Office and warehouse equipment"),
)
"""Straight line over five years."""


def overheads(diary: Diary, luck: Random, month: Date) -> None:
    """All of a month's fixed costs."""
    _rent(diary, month)
    _wages(diary, month)
    _services(diary, luck, month)
    _petty_cash(diary, luck, month)
    _loan(diary, month)
    _depreciation(diary, month)


def _rent(diary: Diary, month: Date) -> None:
    """Rent of buildings bears no VAT; the tenant withholds 5 %."""
    withheld = share(RENT, 5)
    diary.enter(
        working_day(month),
        "payments",
        f"ค่าเช่าสำนักงานและคลังสินค้า {thai_month(month)} หัก ณ ที่จ่าย 5 %",
        DemoLine("rent", RENT, LANDLORD.local_name, LANDLORD.code),
        DemoLine("withheld_3", -withheld, "ภ.ง.ด.3"),
        DemoLine("bank", -(RENT - withheld)),
        reference=f"RT{series(month)}",
    )


def _wages(diary: Diary, month: Date) -> None:
    """Wages at month's end; employer and employee pay 5 % each to social security."""
    end = month_end(month)
    ceiling = 17_500_00 if month.year >= 2026 else 15_000_00  # raised from 1 January 2026
    gross = sum(person.wage for person in STAFF)
    withheld = sum(person.tax for person in STAFF)
    secured = sum(share(min(person.wage, ceiling), 5) for person in STAFF)
    diary.enter(
        end,
        "payments",
        f"เงินเดือนพนักงาน {thai_month(month)} Payroll",
        *(DemoLine("wages", p.wage, p.party.local_name, p.party.code) for p in STAFF),
        DemoLine("social_security_cost", secured, "เงินสมทบนายจ้าง"),
        DemoLine("social_security", -2 * secured, "เงินสมทบ ลูกจ้างและนายจ้าง"),
        DemoLine("withheld_1", -withheld, "ภ.ง.ด.1"),
        DemoLine("bank", -(gross - withheld - secured)),
        reference=f"PR{series(month)}",
    )


def _services(diary: Diary, luck: Random, month: Date) -> None:
    """Services with VAT; companies' services bear withholding tax of 1, 2 or 3 %."""
    _service(diary, month, 5, ACCOUNTANT, "professional_fees", 8_500_00, 3, "ค่าทำบัญชีรายเดือน")
    freight = luck.randrange(38_000_00, 56_000_00, 50)
    _service(diary, month, 20, TRANSPORT, "freight", freight, 1, "ค่าขนส่งสินค้าประจำเดือน")
    if month.month in (2, 3, 4, 8, 11, 12):
        spent = luck.randrange(15_000_00, 32_000_00, 100)
        text = "Online advertising campaign"
        _service(diary, month, 12, ADVERTISER, "advertising", spent, 2, text)
    hot = 1 if month.month in (3, 4, 5, 6) else 0
    power = luck.randrange(16_000_00, 21_000_00) + hot * 5_500_00
    _service(diary, month, 18, ELECTRICITY, "electricity", power, 0, "ค่าไฟฟ้า")
    phone = luck.randrange(2_400_00, 3_100_00)
    text = "ค่าโทรศัพท์และอินเทอร์เน็ต"
    _service(diary, month, 22, TELECOM, "telephone", phone, 0, text)
    fees = luck.randrange(180_00, 420_00, 5)
    diary.enter(
        month_end(month),
        "payments",
        f"ค่าธรรมเนียมธนาคาร {thai_month(month)} Bank charges",
        DemoLine("bank_fees", fees),
        DemoLine("bank", -fees),
        reference=f"BF{series(month)}",
    )


def _service(
    diary: Diary,
    month: Date,
    dom: int,
    party: DemoParty,
    account: str,
    net: int,
    percent: int,
    text: str,
) -> None:
    tax, withheld = vat(net), share(net, percent)
    day = working_day(month + timedelta(days=dom - 1))
    diary.enter(
        day,
        "payments",
        f"{text} {thai_month(month)}",
        DemoLine(account, net, party.local_name, party.code),
        DemoLine("input_vat", tax),
        DemoLine("withheld_53", -withheld, f"ภ.ง.ด.53 {percent} %"),
        DemoLine("bank", -(net + tax - withheld)),
        reference=f"EX{series(month)}-{party.code}",
    )


def _petty_cash(diary: Diary, luck: Random, month: Date) -> None:
    """Small things from the petty cash box, which is filled up again at month's end."""
    spent = 0
    for dom, account, text in (
        (4, "office", "กาแฟ น้ำดื่ม และของใช้ในสำนักงาน"),
        (9, "vehicle_costs", "ค่าน้ำมันรถส่งของ"),
        (14, "office", "Postage and stationery"),
        (19, "vehicle_costs", "ค่าน้ำมันและค่าทางด่วน"),
        (25, "office", "ค่าทำความสะอาดและซ่อมแซมเล็กน้อย"),
    ):
        amount = luck.randrange(350_00, 1_700_00, 25)
        spent += amount
        diary.enter(
            working_day(month + timedelta(days=dom - 1)),
            "payments",
            f"เงินสดย่อย: {text}",
            DemoLine(account, amount),
            DemoLine("petty_cash", -amount),
            reference=f"PC{series(month)}-{dom:02}",
        )
    diary.enter(
        month_end(month),
        "payments",
        f"เติมเงินสดย่อย {thai_month(month)} Petty cash replenished",
        DemoLine("petty_cash", spent),
        DemoLine("bank", -spent),
        reference=f"PC{series(month)}",
    )


def _loan(diary: Diary, month: Date) -> None:
    """An instalment and the month's interest, at 6.6 % a year of what is still owed."""
    owed = -diary.balance("loan", month)
    interest = owed * 66 // 12_000
    diary.enter(
        month_end(month),
        "payments",
        f"ผ่อนชำระเงินกู้และดอกเบี้ย {thai_month(month)} Loan instalment",
        DemoLine("loan", LOAN_INSTALMENT),
        DemoLine("interest", interest),
        DemoLine("bank", -(LOAN_INSTALMENT + interest)),
        reference=f"LN{series(month)}",
    )


def _depreciation(diary: Diary, month: Date) -> None:
    written_off = [(asset, cost // 60, text) for asset, cost, text in DEPRECIATION]
    diary.enter(
        month_end(month),
        "general",
        f"ค่าเสื่อมราคา {thai_month(month)} Depreciation",
        DemoLine("depreciation", sum(part for _, part, _ in written_off)),
        *(DemoLine(f"{asset}_written_off", -part, text) for asset, part, text in written_off),
        reference=f"DP{series(month)}",
    )
