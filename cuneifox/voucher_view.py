"""A voucher as its page shows it, posted or draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal

from cuneifox.lookups import Chart
from models.accounts import AccountNode
from models.drafts import Draft
from models.inputs import LineInput, VoucherInput, unscaled
from models.journals import JournalBook
from models.posted import Line, Voucher
from models.resolver import Shown, resolve


@dataclass(frozen=True)
class ShownLine:
    """One line; `amount` in minor units, debit positive."""

    account: AccountNode | None
    amount: int
    text: str
    quantity: Decimal | None
    commodity: str | None
    party: Shown | None


@dataclass(frozen=True)
class VoucherView:
    """What is shown; of `draft` and `voucher` one is None."""

    id: int
    date: Date
    book: JournalBook | None
    text: str
    reference: str
    lines: list[ShownLine]
    draft: Draft | None = None
    voucher: Voucher | None = None
    reverses: Voucher | None = None
    reversed_by: Voucher | None = None

    @property
    def debit(self) -> int:
        """The sum of the debits."""
        return sum(line.amount for line in self.lines if line.amount > 0)

    @property
    def credit(self) -> int:
        """The sum of the credits, not negative."""
        return -sum(line.amount for line in self.lines if line.amount < 0)


def view_draft(draft: Draft, chart: Chart) -> VoucherView:
    """Return a draft as its page shows it."""
    given = draft.as_input()
    return _view(draft.id, given, chart, draft=draft)


def view_posted(voucher: Voucher, chart: Chart) -> VoucherView:
    """Return a posted voucher as its page shows it, with what it is linked to."""
    reverses = Voucher.get_or_none(Voucher.id == voucher.reverses_id)
    return _view(
        voucher.id,
        posted_input(voucher),
        chart,
        voucher=voucher,
        reverses=reverses,
        reversed_by=Voucher.get_or_none(Voucher.reverses == voucher),
    )


def posted_input(voucher: Voucher) -> VoucherInput:
    """Return a posted voucher as what would post the same again."""
    rows = Line.select().where(Line.voucher == voucher).order_by(Line.n)
    lines = [
        LineInput(
            line.account_stid,
            line.amount,
            line.text,
            None if line.quantity is None else unscaled(line.quantity, line.quantity_decimals),
            line.commodity,
            line.register,
            line.register_stid,
        )
        for line in rows
    ]
    return VoucherInput(voucher.book_stid, voucher.date, voucher.text, lines, voucher.reference)


def _view(id: int, given: VoucherInput, chart: Chart, **linked: object) -> VoucherView:
    wanted = [(line.register, line.register_stid) for line in given.lines]
    parties = resolve([(kind, stid) for kind, stid in wanted if kind and stid])
    lines = [
        ShownLine(
            chart.by_stid.get(line.account_stid),
            line.amount,
            line.text,
            line.quantity,
            line.commodity,
            parties.get((line.register or "", line.register_stid or 0)),
        )
        for line in given.lines
    ]
    book = JournalBook.get_or_none(JournalBook.stid == given.book)
    return VoucherView(
        id,
        given.date,
        book,
        given.text,
        given.reference,
        lines,
        **linked,  # type: ignore[arg-type]
    )
