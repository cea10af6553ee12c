"""Brings Baan Suan's diary into the books, by the same calls that people's work goes through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from datetime import timedelta
from itertools import groupby

from cuneifox.demo.baansuan import LAST, baansuan_vouchers
from cuneifox.demo.chart import accounts_by_role, books_by_kind
from cuneifox.demo.diary import DemoVoucher
from cuneifox.demo.parties import CUSTOMERS, PRODUCTS, STAFF, SUPPLIERS, WALK_IN, DemoParty
from models.actors import Actor
from models.companies import create_company
from models.drafts import list_drafts, save_draft
from models.inputs import LineInput, VoucherInput
from models.months import close_month, closed_through, freeze_month
from models.posting import post_many
from models.registers import REGISTERS, Product
from models.reversing import reverse
from models.years import close_year
from tenants import Router, UnknownTenant

SLUG = "baansuan"
CLOSED_YEAR = 2025
CLOSED = (202510, 202511, 202512)
FROZEN = (202601, 202602, 202603, 202604, 202605, 202606)

Progress = Callable[[str, int, int], None]


def make_baansuan(router: Router, progress: Progress) -> bool:
    """Make the company, or what an interrupted start left out; False if it was there already."""
    try:
        router.tenant(SLUG)
    except UnknownTenant:
        create_company(
            router,
            slug=SLUG,
            name="Baan Suan Trading",
            local_name="บ้านสวน เทรดดิ้ง",
            currency="THB",
            decimals=2,
            fiscal_start_month=1,
            template="thai",
        )
    with router.using(SLUG):
        if closed_through() >= CLOSED[-1]:  # the last step of all
            return False
        _Books(progress).fill()
    return True


class _Books:
    """Each step may be repeated: what an earlier start did isn't done twice."""

    def __init__(self, progress: Progress) -> None:
        self.by = Actor.system("demo")
        self.progress = progress

    def fill(self) -> None:
        """Registers, vouchers and drafts; then the periods that are over are closed or frozen."""
        self.parties = self._register()
        self.accounts = accounts_by_role()
        self.books = books_by_kind()
        vouchers = baansuan_vouchers()
        self._post([voucher for voucher in vouchers if not voucher.draft])
        if not list_drafts(limit=1):
            for voucher in vouchers:
                if voucher.draft:
                    save_draft(self._input(voucher), by=self.by)
        close_year(CLOSED_YEAR, by=self.by, text="ปิดบัญชีปี 2568 Closing of 2568", key="demo-year")
        for month in FROZEN:
            freeze_month(month, by=self.by, reason="ยื่นงบครึ่งปีแล้ว")
        after = LAST + timedelta(days=1)
        for month in CLOSED:
            close_month(month, by=self.by, reason="ผู้สอบบัญชีรับรองแล้ว", today=after)

    def _register(self) -> dict[str, tuple[str, int]]:
        """The register and stid of every party, by code."""
        staff = (person.party for person in STAFF)
        found = {}
        for party in (WALK_IN, *CUSTOMERS, *SUPPLIERS, *staff):
            model = REGISTERS[party.kind]
            row = model.get_or_none(model.code == party.code) or model.add(**_values(party))
            found[party.code] = (party.kind, row.stid)
        for product in PRODUCTS:
            if Product.get_or_none(Product.code == product.code) is None:
                Product.add(
                    code=product.code,
                    name=product.name,
                    local_name=product.local_name,
                    unit=product.unit,
                )
        return found

    def _post(self, vouchers: list[DemoVoucher]) -> None:
        """Post in order of days, and take back what was wrong on the day it was found out."""
        numbered = list(enumerate(vouchers))
        waiting: list[tuple[Date, int, int]] = []
        done = 0
        for day, group in groupby(numbered, key=lambda pair: pair[1].day):
            waiting = self._reverse(waiting, day)
            todays = list(group)
            posted = post_many(
                [(self._input(voucher), f"demo-{n}") for n, voucher in todays], by=self.by
            )
            for (n, voucher), outcome in zip(todays, posted, strict=True):
                if voucher.reversed_on:
                    waiting.append((voucher.reversed_on, n, outcome.id))
            done += len(todays)
            self.progress("Baan Suan Trading", done, len(vouchers))
        self._reverse(waiting, Date.max)

    def _reverse(
        self, waiting: list[tuple[Date, int, int]], day: Date
    ) -> list[tuple[Date, int, int]]:
        """Reverse what was due before `day`; return what is still to come."""
        for on, n, voucher_id in waiting:
            if on < day:
                reverse(
                    voucher_id,
                    date=on,
                    reason="ยกเลิกใบกำกับภาษี ออกผิดราย Issued to the wrong customer",
                    by=self.by,
                    key=f"demo-{n}-back",
                )
        return [item for item in waiting if item[0] >= day]

    def _input(self, voucher: DemoVoucher) -> VoucherInput:
        lines = []
        for line in voucher.lines:
            kind, stid = self.parties.get(line.party, (None, None))
            lines.append(
                LineInput(
                    self.accounts[line.account],
                    line.amount,
                    line.text,
                    register=kind,
                    register_stid=stid,
                )
            )
        book = self.books[voucher.book]
        return VoucherInput(book, voucher.day, voucher.text, lines, voucher.reference)


def _values(party: DemoParty) -> dict[str, str]:
    """A party as its register takes it."""
    fields = ("code", "name", "local_name", "country", "tax_id", "branch", "address")
    return {field: getattr(party, field) for field in fields}
