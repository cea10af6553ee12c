"""The trial balances of several companies side by side, added up where they count the same money.

Pure merging: it reads no books. Accounts are the same where code and type are. Amounts of different
currencies are never added up: there is a block for each. What companies owe each other is not taken
out: a consolidation entry is the reader's to make.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date as Date
from functools import reduce
from operator import add

from msgspec import Struct

from models.accounts import TYPES
from models.reports.figures import NOTHING, AccountRow, Figures
from models.reports.trial_balance import Sides, TrialBalance, sides_of


class Part(Struct, frozen=True):
    """What one company has to say: its trial balance, or a word for why there is none.

    Attributes:
        currency, decimals: its money, as far as is known without opening the books.
        report: its trial balance; None if it couldn't be read.
        failure: why not, as a stable word like "suspended"; empty where it was read.
        vouchers, head: how far its books had come: how many vouchers were posted, and the hash of the last one.
    """

    slug: str
    name: str
    local_name: str
    currency: str
    decimals: int
    report: TrialBalance | None = None
    failure: str = ""
    vouchers: int = 0
    head: str = ""


class Column(Struct, frozen=True):
    """A company's place in a block. Without figures if ``failure`` says why; sums as in a trial balance.

    Attributes:
        vouchers, head: how far its books had come, as in its part.
    """

    slug: str
    name: str
    local_name: str
    failure: str
    vouchers: int
    head: str
    total: Figures
    opening: Sides
    closing: Sides


class AccountName(Struct, frozen=True):
    """One of the names by which companies know an account."""

    name: str
    local_name: str


class ConsolidatedRow(Struct, frozen=True):
    """An account of a code and type, in whichever companies have it.

    Attributes:
        kind: asset, liability, equity, income or expense.
        names: what the companies call it, each name once, the first company's first.
        figures: by column, what was posted to it; None where the company has no such account or
            couldn't be read.
        total: the sum of those that were read.
    """

    code: str
    kind: str
    names: list[AccountName]
    figures: list[Figures | None]
    total: Figures

    @property
    def name(self) -> str:
        """The first company's name for it."""
        return self.names[0].name

    @property
    def local_name(self) -> str:
        """The first company's local name for it."""
        return self.names[0].local_name


class Block(Struct, frozen=True):
    """The companies of one currency; amounts in its minor unit, debits positive.

    Attributes:
        decimals: of the minor unit; where companies differ in that, the finest.
        columns: the companies in the order in which they were asked for.
        rows: by type, then code.
        total: the sum of all accounts of all companies that were read.
        opening, closing: the rows' totals by the side on which they stand.
        complete: False if a company is missing from the sums.
    """

    currency: str
    decimals: int
    columns: list[Column]
    rows: list[ConsolidatedRow]
    total: Figures
    opening: Sides
    closing: Sides
    complete: bool


class Consolidated(Struct, frozen=True):
    """Blocks by currency, for an inclusive range of dates that is the same for all companies."""

    first: Date | None
    last: Date
    blocks: list[Block]

    @property
    def complete(self) -> bool:
        """Whether every company could be read."""
        return all(block.complete for block in self.blocks)


def consolidate(first: Date | None, last: Date, parts: Iterable[Part]) -> Consolidated:
    """Return the parts merged, a block per currency in the order in which currencies first appear."""
    by_currency: dict[str, list[Part]] = {}
    for part in parts:
        scope = part.report.scope if part.report is not None else part
        by_currency.setdefault(scope.currency, []).append(part)
    blocks = [_block(currency, parts) for currency, parts in by_currency.items()]
    return Consolidated(first, last, blocks)


def _block(currency: str, parts: Sequence[Part]) -> Block:
    reports = [part.report for part in parts]
    read = [report.scope.decimals for report in reports if report is not None]
    decimals = max(read or [part.decimals for part in parts])
    scaled = [None if report is None else _scaled(report, decimals) for report in reports]
    rows = _rows(scaled)
    columns = [
        _column(part, [row.figures[number] or NOTHING for row in rows])
        for number, part in enumerate(parts)
    ]
    return Block(
        currency=currency,
        decimals=decimals,
        columns=columns,
        rows=rows,
        total=_sum(row.total for row in rows),
        opening=sides_of(row.total.opening for row in rows),
        closing=sides_of(row.total.closing for row in rows),
        complete=None not in reports,
    )


def _column(part: Part, figures: list[Figures]) -> Column:
    return Column(
        slug=part.slug,
        name=part.name,
        local_name=part.local_name,
        failure=part.failure,
        vouchers=part.vouchers,
        head=part.head,
        total=_sum(figures),
        opening=sides_of(each.opening for each in figures),
        closing=sides_of(each.closing for each in figures),
    )


Scaled = list[tuple[AccountRow, Figures]]


def _scaled(report: TrialBalance, decimals: int) -> Scaled:
    """The accounts themselves (groups only if something was posted to them), in the block's unit."""
    factor = 10 ** (decimals - report.scope.decimals)
    return [
        (row, Figures(row.own.opening * factor, row.own.debit * factor, row.own.credit * factor))
        for row in report.rows
        if row.own or not row.branches
    ]


def _rows(reports: Sequence[Scaled | None]) -> list[ConsolidatedRow]:
    figures: dict[tuple[str, str], list[Figures | None]] = {}
    names: dict[tuple[str, str], dict[AccountName, None]] = {}
    for number, report in enumerate(reports):
        for row, own in report or ():
            key = row.kind, row.code
            figures.setdefault(key, [None] * len(reports))[number] = own
            names.setdefault(key, {})[AccountName(row.name, row.local_name)] = None
    return [
        ConsolidatedRow(
            code=code,
            kind=kind,
            names=list(names[kind, code]),
            figures=figures[kind, code],
            total=_sum(each for each in figures[kind, code] if each is not None),
        )
        for kind, code in sorted(figures, key=lambda key: (TYPES.index(key[0]), key[1]))
    ]


def _sum(figures: Iterable[Figures]) -> Figures:
    return reduce(add, figures, NOTHING)
