"""What reports are made of: figures, and the accounts that they belong to."""

from __future__ import annotations

from datetime import date as Date

from msgspec import Struct


class Figures(Struct, frozen=True):
    """An account over a range of dates, in minor units; balances count debits as positive.

    Attributes:
        opening: the balance before the range's first day.
        debit: the sum of the range's debits, never negative.
        credit: the sum of the range's credits, never negative.
    """

    opening: int = 0
    debit: int = 0
    credit: int = 0

    @property
    def moved(self) -> int:
        """What the range added: debits less credits."""
        return self.debit - self.credit

    @property
    def closing(self) -> int:
        """The balance at the end of the range's last day."""
        return self.opening + self.debit - self.credit

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.opening + other.opening, self.debit + other.debit, self.credit + other.credit
        )

    def __bool__(self) -> bool:
        return bool(self.opening or self.debit or self.credit)


NOTHING = Figures()


class Scope(Struct, frozen=True):
    """What a report is about: the company's money, and an inclusive range of dates."""

    currency: str
    decimals: int
    first: Date | None
    last: Date


class AccountRow(Struct, frozen=True):
    """An account in its place in the tree. With the report's range it is what a drill-down needs.

    Attributes:
        kind: asset, liability, equity, income or expense.
        parent: stid of the account above, None at the top.
        depth: how many accounts are above.
        branches: whether accounts below are shown too.
        own: what was posted to the account itself.
        total: that and everything below it.
    """

    stid: int
    code: str
    name: str
    local_name: str
    kind: str
    parent: int | None
    depth: int
    branches: bool
    own: Figures
    total: Figures


class Section(Struct, frozen=True):
    """The accounts of one kind, in the order of the chart, with their sums.

    Rows hold debits as positive, like everywhere. ``sign`` is 1 where debits increase (assets,
    expenses) and -1 where credits do; multiplied by it, figures read as statements show them, and
    ``closing`` and ``moved`` already are.
    """

    kind: str
    sign: int
    rows: list[AccountRow]
    closing: int
    moved: int
