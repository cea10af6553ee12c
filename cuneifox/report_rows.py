"""Reports as rows for CSV, headings first; amounts as plain numbers, one sign throughout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cuneifox.csv_out import Amount, Cell
from cuneifox.i18n import _
from cuneifox.words import shown_name
from models.reports.balance_sheet import BalanceSheet
from models.reports.figures import Section
from models.reports.journal import Journal
from models.reports.ledger import Ledger, LedgerRow
from models.reports.profit_loss import ProfitLoss
from models.reports.trial_balance import TrialBalance

Rows = Iterator[list[Cell]]


def trial_balance_rows(report: TrialBalance) -> Rows:
    """Yield the accounts that were posted to, without groups, so that columns can be summed."""
    decimals = report.scope.decimals
    yield [
        _("Code"), _("Account"), _("Opening balance"), _("Debit"), _("Credit"), _("Closing balance"),
    ]  # fmt: skip
    for row in report.rows:
        if row.own:
            own = row.own
            figures = (own.opening, own.debit, own.credit, own.closing)
            yield [row.code, shown_name(row), *(Amount(each, decimals) for each in figures)]


def ledger_rows(pages: Iterable[Ledger]) -> Rows:
    """Yield an account's lines from all its pages, between its opening and closing balance."""
    yield [
        _("Date"), _("Number"), _("Text"), _("Reference"), _("Debit"), _("Credit"), _("Balance"),
    ]  # fmt: skip
    page = None
    for page in pages:
        decimals = page.scope.decimals
        if page.before is None:
            opening = Amount(page.figures.opening, decimals)
            yield [page.scope.first, "", _("Opening balance"), "", "", "", opening]
        for row in page.rows:
            yield _ledger_row(row, decimals)
    if page is not None:
        closing = Amount(page.figures.closing, page.scope.decimals)
        yield [page.scope.last, "", _("Closing balance"), "", "", "", closing]


def _ledger_row(row: LedgerRow, decimals: int) -> list[Cell]:
    figures = (Amount(each, decimals) for each in (row.debit, row.credit, row.balance))
    return [row.date, row.number, row.text or row.voucher_text, row.reference, *figures]


def profit_loss_rows(report: ProfitLoss) -> Rows:
    """Yield the accounts of both sections, their sums, and the result."""
    decimals = report.scope.decimals
    yield [_("Code"), _("Account"), _("Amount")]
    for section, total in (
        (report.income, _("Total income")),
        (report.expense, _("Total expenses")),
    ):
        yield from _section_rows(section, "moved", decimals)
        yield ["", total, Amount(section.moved, decimals)]
    yield ["", _("Profit (or loss)"), Amount(report.result, decimals)]


def balance_sheet_rows(report: BalanceSheet) -> Rows:
    """Yield assets, liabilities and equity with their sums."""
    decimals = report.scope.decimals
    yield [_("Code"), _("Account"), _("Amount")]
    yield from _section_rows(report.assets, "closing", decimals)
    yield ["", _("Total assets"), Amount(report.assets.closing, decimals)]
    yield from _section_rows(report.liabilities, "closing", decimals)
    yield ["", _("Total liabilities"), Amount(report.liabilities.closing, decimals)]
    yield from _section_rows(report.equity, "closing", decimals)
    result = report.open_result
    yield ["", _("Result of earlier years, not closed"), Amount(result.earlier, decimals)]
    yield ["", _("Result of this year, not closed"), Amount(result.current, decimals)]
    yield ["", _("Total equity"), Amount(report.equity_total, decimals)]
    yield ["", _("Total liabilities and equity"), Amount(report.funds_total, decimals)]


def _section_rows(section: Section, figure: str, decimals: int) -> Rows:
    for row in section.rows:
        if row.own:
            amount = section.sign * getattr(row.own, figure)
            yield [row.code, shown_name(row), Amount(amount, decimals)]


def journal_rows(pages: Iterable[Journal]) -> Rows:
    """Yield vouchers, one a row."""
    yield [_("Date"), _("Number"), _("Journal book"), _("Text"), _("Reference"), _("Amount")]
    for page in pages:
        for row in page.rows:
            amount = Amount(row.total, page.decimals)
            yield [row.date, row.number, row.book_code, row.text, row.reference, amount]
