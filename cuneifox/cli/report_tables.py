"""Reports as rows: with headings and grouped digits for people, plain for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from models.money import format_amount
from models.reports.balance_sheet import BalanceSheet
from models.reports.figures import AccountRow, Scope, Section
from models.reports.ledger import Ledger
from models.reports.profit_loss import ProfitLoss
from models.reports.trial_balance import TrialBalance


@dataclass
class Shown:
    """A table as the terminal gets it; `strong` are the numbers of rows that are sums."""

    title: str
    columns: list[str]
    figures: list[str]
    rows: list[list[str]] = field(default_factory=list)
    sums: set[int] = field(default_factory=set)

    @property
    def strong(self) -> frozenset[int]:
        """Numbers of the rows to print bold."""
        return frozenset(self.sums)

    def add(self, *cells: str, strong: bool = False) -> None:
        """Add a row."""
        if strong:
            self.sums.add(len(self.rows))
        self.rows.append(list(cells))


@singledispatch
def table(made: Any, local: bool) -> Shown:
    """A report for the terminal; `local` prefers accounts' local names."""
    raise TypeError(type(made))


@singledispatch
def plain(made: Any) -> Iterator[list[Any]]:
    """A report's rows for CSV, headings first; amounts as plain numbers."""
    raise TypeError(type(made))


@table.register
def _(made: TrialBalance, local: bool) -> Shown:
    figures = ["Opening", "Debit", "Credit", "Closing"]
    shown = Shown(_title("Trial balance", made.scope), ["Code", "Account", *figures], figures)
    money = _money(made.scope)
    for row in made.rows:
        sums = row.total
        amounts = (sums.opening, sums.debit, sums.credit, sums.closing)
        shown.add(row.code, _name(row, local), *map(money, amounts), strong=row.branches)
    total = made.total
    amounts = (total.opening, total.debit, total.credit, total.closing)
    shown.add("", "Total", *map(money, amounts), strong=True)
    return shown


@plain.register
def _(made: TrialBalance) -> Iterator[list[Any]]:
    yield ["code", "name", "local_name", "type", "opening", "debit", "credit", "closing"]
    amount = _amount(made.scope)
    for row in made.rows:
        own = row.own  # each account by itself, so that a column can be summed
        if own or not row.branches:
            amounts = (own.opening, own.debit, own.credit, own.closing)
            yield [row.code, row.name, row.local_name, row.kind, *map(amount, amounts)]


@table.register
def _(made: ProfitLoss, local: bool) -> Shown:
    scope = made.scope
    columns = ["Code", "Account", scope.currency]
    shown = Shown(_title("Profit and loss", scope), columns, [scope.currency])
    money = _money(scope)
    for name, section in (("Income", made.income), ("Expenses", made.expense)):
        for row in section.rows:
            shown.add(
                row.code,
                _name(row, local),
                money(section.sign * row.total.moved),
                strong=row.branches,
            )
        shown.add("", f"{name} altogether", money(section.moved), strong=True)
    shown.add("", "Profit" if made.result >= 0 else "Loss", money(made.result), strong=True)
    return shown


@plain.register
def _(made: ProfitLoss) -> Iterator[list[Any]]:
    yield ["code", "name", "local_name", "type", "amount"]
    for section in (made.income, made.expense):
        yield from _section(section, made.scope, "moved")
    yield ["", "result", "", "", _amount(made.scope)(made.result)]


@table.register
def _(made: BalanceSheet, local: bool) -> Shown:
    scope = made.scope
    columns = ["Code", "Account", scope.currency]
    title = f"Balance sheet at {scope.last} in {scope.currency}"
    shown = Shown(title, columns, [scope.currency])
    money = _money(scope)
    named = (("Assets", made.assets), ("Liabilities", made.liabilities), ("Equity", made.equity))
    for name, section in named:
        for row in section.rows:
            shown.add(
                row.code,
                _name(row, local),
                money(section.sign * row.total.closing),
                strong=row.branches,
            )
        if section is not made.equity:
            shown.add("", f"{name} altogether", money(section.closing), strong=True)
    result = made.open_result
    if result.earlier:
        shown.add("", f"Result to {result.earlier_last}, not closed", money(result.earlier))
    shown.add("", f"Result since {result.current_first}", money(result.current))
    shown.add("", "Equity altogether", money(made.equity_total), strong=True)
    shown.add("", "Liabilities and equity", money(made.funds_total), strong=True)
    return shown


@plain.register
def _(made: BalanceSheet) -> Iterator[list[Any]]:
    yield ["code", "name", "local_name", "type", "amount"]
    for section in (made.assets, made.liabilities, made.equity):
        yield from _section(section, made.scope, "closing")
    amount = _amount(made.scope)
    yield ["", "result of earlier years", "", "equity", amount(made.open_result.earlier)]
    yield ["", "result of this year", "", "equity", amount(made.open_result.current)]


@table.register
def _(made: Ledger, local: bool) -> Shown:
    account = made.account
    name = (local and account.local_name) or account.name
    title = _title(f"Ledger of {account.code} {name}", made.scope)
    figures = ["Debit", "Credit", "Balance"]
    shown = Shown(title, ["Date", "Voucher", "Text", *figures], figures)
    money = _money(made.scope)
    shown.add("", "", "Brought forward", "", "", money(made.figures.opening), strong=True)
    for row in made.rows:
        debit, credit = (money(side) if side else "" for side in (row.debit, row.credit))
        text = row.text or row.voucher_text
        shown.add(row.date.isoformat(), row.number, text, debit, credit, money(row.balance))
    total = made.figures
    shown.add("", "", "Total", *map(money, (total.debit, total.credit, total.closing)), strong=True)
    return shown


@plain.register
def _(made: Ledger) -> Iterator[list[Any]]:
    yield [
        *("date", "voucher", "line", "voucher_text", "text", "reference"),
        *("debit", "credit", "balance", "quantity", "commodity"),
    ]
    amount = _amount(made.scope)
    for row in made.rows:
        yield [
            *(row.date, row.number, row.line, row.voucher_text, row.text, row.reference),
            *map(amount, (row.debit, row.credit, row.balance)),
            row.quantity,
            row.commodity,
        ]


def _section(section: Section, scope: Scope, figure: str) -> Iterator[list[Any]]:
    amount = _amount(scope)
    for row in section.rows:
        if row.own or not row.branches:
            value = section.sign * getattr(row.own, figure)
            yield [row.code, row.name, row.local_name, row.kind, amount(value)]


def _title(name: str, scope: Scope) -> str:
    first = scope.first or "the beginning"
    return f"{name} from {first} to {scope.last} in {scope.currency}"


def _name(row: AccountRow, local: bool) -> str:
    return "  " * row.depth + ((local and row.local_name) or row.name)


def _money(scope: Scope) -> Any:
    return lambda minor: format_amount(minor, scope.decimals)


def _amount(scope: Scope) -> Any:
    from cuneifox.papers import Amount

    return lambda minor: Amount(minor, scope.decimals)
