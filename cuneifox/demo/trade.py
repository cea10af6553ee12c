"""Buying and selling: invoices, what is paid on them, and what the goods sold had cost."""

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
    COOPERATIVE,
    CUSTOMERS,
    GOODS_SUPPLIERS,
    PRODUCTS,
    WALK_IN,
    DemoParty,
    DemoProduct,
)

BUSY = {1: 105, 2: 95, 3: 100, 4: 118, 5: 92, 6: 90, 7: 96, 8: 98, 9: 94, 10: 102, 11: 112, 12: 130}
"""How a month's sales compare with the average, in per cent: New Year and Songkran sell."""

STOCK_WANTED = 1_650_000_00
"""What the goods in store should have cost, in satang."""


def sell(diary: Diary, luck: Random, month: Date, last: Date) -> None:
    """A month's tax invoices on credit, paid when they are due, and its sales over the counter."""
    for number in range(1, 11 * BUSY[month.month] // 100 + 1):
        day = _some_day(luck, month)
        customer = luck.choice(CUSTOMERS)
        _invoice(diary, luck, day, customer, f"IV{series(month)}-{number:03}", last)
    for week in range(4):
        day = month + timedelta(days=6 + 7 * week)
        net = luck.randrange(30_000_00, 60_000_00, 25) * BUSY[month.month] // 100
        tax = vat(net)
        diary.enter(
            day,
            "receipts",
            f"ขายสดหน้าร้านประจำสัปดาห์ นำฝากธนาคาร {thai_month(month)}",
            DemoLine("bank", net + tax),
            DemoLine("sales", -net, "", WALK_IN.code),
            DemoLine("output_vat", -tax),
            reference=f"CS{series(month)}-{week + 1:02}",
        )


def _invoice(
    diary: Diary, luck: Random, day: Date, customer: DemoParty, number: str, last: Date
) -> None:
    net, goods = _basket(luck, customer)
    tax = vat(net) if customer.country == "TH" else 0  # exports are taxed at 0 %
    english = customer.address.isascii()
    diary.enter(
        day,
        "sales",
        f"Sale on credit, {customer.name}" if english else f"ขายเชื่อ {customer.local_name}",
        DemoLine("receivables", net + tax, "", customer.code),
        *(DemoLine("sales", -amount, text) for amount, text in goods),
        DemoLine("output_vat", -tax),
        reference=number,
    )
    due = working_day(day + timedelta(days=customer.days + luck.choice((-2, 0, 1, 3, 5, 12))))
    if due > last:
        return
    fee = 0 if customer.country == "TH" else 350_00
    diary.enter(
        due,
        "receipts",
        f"Payment received for {number}" if english else f"รับชำระหนี้ตาม {number} โอนเข้าธนาคาร",
        DemoLine("bank", net + tax - fee),
        DemoLine("bank_fees", fee),
        DemoLine("receivables", -(net + tax), number, customer.code),
        reference=f"RC{series(due)}-{number[-7:]}",
    )


def _basket(luck: Random, customer: DemoParty) -> tuple[int, list[tuple[int, str]]]:
    """The net amount of one to three products, and each with its text."""
    goods = []
    for product in luck.sample(PRODUCTS, luck.choice((1, 1, 2, 3))):
        quantity = luck.randrange(7, 26) * 40
        text = product.name if customer.address.isascii() else product.local_name
        goods.append((quantity * product.price, f"{text} × {quantity}"))
    return sum(amount for amount, _ in goods), goods


def buy(diary: Diary, luck: Random, month: Date, last: Date) -> None:
    """A month's purchases, so many that the store is full again, paid when they are due."""
    in_store = diary.balance("inventory", month - timedelta(days=1))
    expected = share(1_600_000_00 * BUSY[month.month] // 100, 68)
    wanted = max(expected + (STOCK_WANTED - in_store) // 2, 300_000_00)
    sources = (*GOODS_SUPPLIERS[:4], COOPERATIVE, GOODS_SUPPLIERS[4], COOPERATIVE)
    for number, source in enumerate(sources, start=1):
        part = share(wanted, 4 if source is GOODS_SUPPLIERS[4] else 16)
        product = luck.choice(PRODUCTS)
        quantity = max(part * luck.randrange(85, 116) // 100 // product.cost, 1)
        day = _some_day(luck, month)
        _purchase(diary, day, source, product, quantity, f"PU{series(month)}-{number:02}", last)


def _purchase(
    diary: Diary,
    day: Date,
    source: DemoParty,
    product: DemoProduct,
    quantity: int,
    number: str,
    last: Date,
) -> None:
    net = quantity * product.cost
    tax = vat(net) if source.tax_id else 0  # fresh produce from growers bears none
    what = f"{product.local_name} × {quantity}"
    if source is COOPERATIVE:
        what = f"ผลผลิตสด (ยกเว้นภาษี) สำหรับ {product.local_name}"
    if source.code == "S005":
        what = "บรรจุภัณฑ์และฉลาก Packaging and labels"
    diary.enter(
        day,
        "purchases",
        f"ซื้อสินค้า {source.local_name}",
        DemoLine("inventory", net, what),
        DemoLine("input_vat", tax),
        DemoLine("payables", -(net + tax), "", source.code),
        reference=number,
    )
    due = working_day(day + timedelta(days=source.days))
    if due <= last:
        diary.enter(
            due,
            "payments",
            f"จ่ายชำระหนี้ {number} {source.local_name}",
            DemoLine("payables", net + tax, number, source.code),
            DemoLine("bank", -(net + tax)),
            reference=f"PV{series(due)}-{number[-7:]}",
        )


def cost_of_sales(diary: Diary, luck: Random, month: Date) -> None:
    """What the goods sold in a month had cost, by the stock count at its end."""
    end = month_end(month)
    cost = -diary.moves("sales", month, end) * luck.randrange(662, 695) // 1000
    diary.enter(
        end,
        "general",
        f"ต้นทุนสินค้าที่ขาย ตามการตรวจนับ {thai_month(month)}",
        DemoLine("cost_of_sales", cost),
        DemoLine("inventory", -cost),
        reference=f"ST{series(month)}",
    )


def _some_day(luck: Random, month: Date) -> Date:
    """A working day of a month."""
    while True:
        day = month + timedelta(days=luck.randrange(month_end(month).day))
        if day.weekday() < 5:
            return day
