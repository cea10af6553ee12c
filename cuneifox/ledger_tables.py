"""Ledgers as tables whose lines are read as they are written: one account's, or the whole ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date

from cuneifox.file_names import file_name
from cuneifox.i18n import _
from cuneifox.papers import Amount, Cell, Column, Row, Table
from cuneifox.report_tables import code_column
from cuneifox.words import shown_name
from models.reports.figures import Figures
from models.reports.whole_ledger import LedgerAccount, WholeLedger

Rows = Iterator[Row]


def ledger_table(report: WholeLedger) -> Table:
    """Return the lines of the report's only account, between its opening and its closing balance."""
    (only,) = report.accounts
    title = f"{_('General ledger')}: {only.account.code} {shown_name(only.account)}"
    rows = (row for row in _account(report, only, whole=False))
    name = file_name("ledger", only.account.code, report.scope.first, report.scope.last)
    return Table(name, title, _columns(), rows, count=only.count + 3)


def whole_ledger_table(report: WholeLedger) -> Table:
    """Return all accounts one after the other, each with its lines, balances and totals, and the sum of all."""
    columns = [code_column(each.account.code for each in report.accounts), *_columns()]
    count = report.count + 4 * len(report.accounts) + 1
    name = file_name("whole-ledger", report.scope.first, report.scope.last)
    return Table(name, _("Whole ledger"), columns, _all(report), count=count)


def _columns() -> list[Column]:
    return [
        Column(_("Date"), "date", 1.1),
        Column(_("Number"), width=1.6),
        Column(_("Text"), width=3),
        Column(_("Reference"), width=1.4),
        Column(_("Debit"), "amount", 1.4, True),
        Column(_("Credit"), "amount", 1.4, True),
        Column(_("Balance"), "amount", 1.4),
    ]


def _all(report: WholeLedger) -> Rows:
    for each in report.accounts:
        heading = [each.account.code, None, "", shown_name(each.account), "", None, None, None]
        yield Row(heading, "group")
        yield from _account(report, each, whole=True)
    decimals, total = report.scope.decimals, report.total
    sums = {_part(each): 1 for each in report.accounts}
    both = Amount(total.debit, decimals), Amount(total.credit, decimals)
    yield Row(["", None, "", _("Total of all accounts"), "", *both, None], "foot", sums=sums)


def _account(report: WholeLedger, each: LedgerAccount, whole: bool) -> Rows:
    """An account's rows; within the whole ledger each begins with its code."""
    scope, figures, part = report.scope, each.figures, _part(each)
    code = [each.account.code] if whole else []
    yield _balance(code, scope.first, _("Opening balance"), figures.opening, scope.decimals)
    yield from _lines(report, each, code, part)
    yield _balance(code, scope.last, _("Closing balance"), figures.closing, scope.decimals)
    yield _total(code, figures, scope.decimals, part)


def _lines(report: WholeLedger, each: LedgerAccount, code: list[str], part: str) -> Rows:
    """The plain lines: a million of them may come, and whatever is done here is done for each."""
    decimals, balance = report.scope.decimals, each.figures.opening
    nothing, day_of = Amount(0, decimals), Date.fromisoformat
    text_of_day, day = "", Date.min
    for lines in report.lines(each):
        for date, _voucher, _n, number, text, reference, minor in lines:
            if date != text_of_day:
                text_of_day, day = date, day_of(date)
            balance += minor
            amount = Amount(abs(minor), decimals)
            sides = (amount, nothing) if minor >= 0 else (nothing, amount)
            cells: list[Cell] = [
                *code,
                day,
                number,
                text,
                reference,
                *sides,
                Amount(balance, decimals),
            ]
            yield Row(cells, "plain", 0, part)


def _balance(code: list[str], day: Date | None, label: str, minor: int, decimals: int) -> Row:
    return Row([*code, day, "", label, "", None, None, Amount(minor, decimals)], "opening")


def _total(code: list[str], figures: Figures, decimals: int, part: str) -> Row:
    both = Amount(figures.debit, decimals), Amount(figures.credit, decimals)
    return Row([*code, None, "", _("Total"), "", *both, None], "foot", sums={part: 1})


def _part(each: LedgerAccount) -> str:
    return str(each.account.stid)
