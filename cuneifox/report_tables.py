"""Reports as tables, from which CSV, XLSX and PDF are written; amounts with one sign throughout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date as Date
from typing import Literal

from cuneifox.file_names import file_name
from cuneifox.i18n import _
from cuneifox.papers import Amount, Column, Row, Table
from cuneifox.words import shown_name
from models.reports.balance_sheet import BalanceSheet
from models.reports.figures import AccountRow, Figures, Section
from models.reports.journal import Journal
from models.reports.profit_loss import ProfitLoss
from models.reports.trial_balance import TrialBalance

Rows = Iterator[Row]
Figure = Literal["moved", "closing"]


def _figure(heading: str, summed: bool = True) -> Column:
    return Column(heading, "amount", 1.4, summed)


def code_column(codes: Iterable[str]) -> Column:
    """Return the column of these codes: narrow for numbers, wider where they are names, as beancount's accounts are."""
    longest = max(map(len, codes), default=0)
    return Column(_("Code"), width=max(0.9, min(0.105 * longest, 2.6)))


def _statement_columns(*sections: Section) -> list[Column]:
    return [
        code_column(row.code for section in sections for row in section.rows),
        Column(_("Account"), width=4, indented=True),
        _figure(_("Amount")),
    ]


def trial_balance_table(report: TrialBalance) -> Table:
    """Return the accounts that were posted to, under headings for their groups."""
    columns = [
        code_column(row.code for row in report.rows),
        Column(_("Account"), width=3, indented=True),
        _figure(_("Opening balance")),
        _figure(_("Debit")),
        _figure(_("Credit")),
        _figure(_("Closing balance")),
    ]
    name = file_name("trial-balance", report.scope.first, report.scope.last)
    return Table(name, _("Trial balance"), columns, _trial_balance_rows(report))


def _trial_balance_rows(report: TrialBalance) -> Rows:
    decimals = report.scope.decimals
    for row in report.rows:
        yield from _account(row, _four(row.own, decimals))
    yield Row(["", _("Total"), *_four(report.total, decimals)], "foot", sums={"": 1})


def _four(figures: Figures, decimals: int) -> list[Amount]:
    four = (figures.opening, figures.debit, figures.credit, figures.closing)
    return [Amount(each, decimals) for each in four]


def _account(row: AccountRow, figures: list[Amount], part: str = "") -> Rows:
    """A heading where there are accounts below, and a line where anything was posted to the account itself."""
    if row.branches:
        yield Row([row.code, shown_name(row), *[None] * len(figures)], "group", row.depth)
    if row.own:
        yield Row([row.code, shown_name(row), *figures], "plain", row.depth + row.branches, part)


def profit_loss_table(report: ProfitLoss) -> Table:
    """Return the accounts of both sections, their sums, and the result."""
    name = file_name("profit-loss", report.scope.first, report.scope.last)
    return Table(
        name,
        _("Profit and loss"),
        _statement_columns(report.income, report.expense),
        _profit_loss_rows(report),
    )


def _profit_loss_rows(report: ProfitLoss) -> Rows:
    decimals = report.scope.decimals
    for section, total in (
        (report.income, _("Total income")),
        (report.expense, _("Total expenses")),
    ):
        yield from _section_rows(section, "moved", decimals)
        yield _sum(total, section.moved, decimals, {section.kind: 1})
    yield _sum(_("Profit (or loss)"), report.result, decimals, {"income": 1, "expense": -1})


def balance_sheet_table(report: BalanceSheet) -> Table:
    """Return assets, liabilities and equity with their sums."""
    name = file_name("balance-sheet", report.scope.last)
    return Table(
        name,
        _("Balance sheet"),
        _statement_columns(report.assets, report.liabilities, report.equity),
        _balance_sheet_rows(report),
    )


def _balance_sheet_rows(report: BalanceSheet) -> Rows:
    decimals = report.scope.decimals
    for section, total in (
        (report.assets, _("Total assets")),
        (report.liabilities, _("Total liabilities")),
    ):
        yield from _section_rows(section, "closing", decimals)
        yield _sum(total, section.closing, decimals, {section.kind: 1})
    yield from _section_rows(report.equity, "closing", decimals)
    open_result = report.open_result
    for label, minor in (
        (_("Result of earlier years, not closed"), open_result.earlier),
        (_("Result of this year, not closed"), open_result.current),
    ):
        yield Row(["", label, Amount(minor, decimals)], part="equity")
    yield _sum(_("Total equity"), report.equity_total, decimals, {"equity": 1})
    both = {"liability": 1, "equity": 1}
    yield _sum(_("Total liabilities and equity"), report.funds_total, decimals, both)


def _section_rows(section: Section, figure: Figure, decimals: int) -> Rows:
    for row in section.rows:
        shown = Amount(section.sign * getattr(row.own, figure), decimals)
        yield from _account(row, [shown], section.kind)


def _sum(label: str, minor: int, decimals: int, sums: dict[str, int]) -> Row:
    return Row(["", label, Amount(minor, decimals)], "total", sums=sums)


def journal_table(pages: Iterable[Journal], first: Date | None, last: Date | None) -> Table:
    """Return vouchers, one a row; they are of these days, None is open."""
    columns = [
        Column(_("Date"), "date", 1.1),
        Column(_("Number"), width=1.6),
        Column(_("Journal book"), width=0.9),
        Column(_("Text"), width=3),
        Column(_("Reference"), width=1.4),
        _figure(_("Amount")),
    ]
    name = file_name("journal", first, last)
    return Table(name, _("Journal"), columns, _journal_rows(pages))


def _journal_rows(pages: Iterable[Journal]) -> Rows:
    total, decimals = 0, 2
    for page in pages:
        decimals = page.decimals
        for row in page.rows:
            amount = Amount(row.total, decimals)
            total += row.total
            yield Row([row.date, row.number, row.book_code, row.text, row.reference, amount])
    yield Row([None, "", "", _("Total"), "", Amount(total, decimals)], "foot", sums={"": 1})
