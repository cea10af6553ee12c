"""What a demo company wrote down: vouchers in satang, before they become anybody's books."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta

VAT_PERCENT = 7


@dataclass(frozen=True)
class DemoLine:
    """A line: the account by its role in the demo chart, debit positive; the party by its code."""

    account: str
    amount: int
    text: str = ""
    party: str = ""


@dataclass(frozen=True)
class DemoVoucher:
    """One voucher; `reversed_on` is when it was taken back. Drafts were never posted."""

    day: Date
    book: str
    text: str
    reference: str
    lines: tuple[DemoLine, ...]
    draft: bool = False
    reversed_on: Date | None = None


@dataclass
class Diary:
    """Vouchers as they come, and what accounts stand at."""

    vouchers: list[DemoVoucher] = field(default_factory=list)

    def enter(
        self,
        day: Date,
        book: str,
        text: str,
        *lines: DemoLine,
        reference: str = "",
        draft: bool = False,
        reversed_on: Date | None = None,
    ) -> None:
        """Write a voucher down; lines of nothing are left out, and the rest must sum to zero."""
        kept = tuple(line for line in lines if line.amount)
        assert sum(line.amount for line in kept) == 0, (day, text)
        self.vouchers.append(DemoVoucher(day, book, text, reference, kept, draft, reversed_on))

    def moves(self, account: str, first: Date, last: Date) -> int:
        """What an account moved by from `first` to `last`, both included."""
        return sum(
            line.amount for _, line in self._lines(last) if line.account == account and _ >= first
        )

    def balance(self, account: str, last: Date) -> int:
        """What an account stood at, at the end of a day."""
        return self.moves(account, Date.min, last)

    def _lines(self, last: Date) -> Iterator[tuple[Date, DemoLine]]:
        """Every posted line to the end of a day, those of reversals included."""
        for voucher in self.vouchers:
            if voucher.draft:
                continue
            for line in voucher.lines:
                if voucher.day <= last:
                    yield voucher.day, line
                if voucher.reversed_on and voucher.reversed_on <= last:
                    yield voucher.reversed_on, DemoLine(line.account, -line.amount)


def vat(net: int) -> int:
    """VAT on a document's net amount, in satang, half a satang up."""
    return (net * VAT_PERCENT + 50) // 100


def share(amount: int, percent: int) -> int:
    """`percent` of an amount, in satang, half a satang up."""
    return (amount * percent + 50) // 100


def month_end(day: Date) -> Date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def working_day(day: Date) -> Date:
    """The day itself, or the Monday after if it is a Saturday or a Sunday."""
    return day + timedelta(days=(7 - day.weekday()) if day.weekday() >= 5 else 0)


def months(first: Date, last: Date) -> Iterator[Date]:
    """The first day of each month from `first`'s to `last`'s."""
    day = first.replace(day=1)
    while day <= last:
        yield day
        day = month_end(day) + timedelta(days=1)


THAI_MONTHS = (
    *("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย."),
    *("ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."),
)


def thai_month(day: Date) -> str:
    """A month as Thai papers have it: ต.ค. 2568."""
    return f"{THAI_MONTHS[day.month - 1]} {day.year + 543}"


def series(day: Date) -> str:
    """The part of a document's number that tells its month: 6810 for October 2568."""
    return f"{(day.year + 543) % 100:02}{day.month:02}"
