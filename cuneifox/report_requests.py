"""Reports from what was asked for, as query strings and jobs have it: what pages, downloads and jobs build them with.

`table_of` makes the table of any of them. It reads the books of the current entry: call it within the snapshot in which
its rows are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from functools import partial
from typing import Any

from cuneifox import report_tables
from cuneifox.clock import today
from cuneifox.colophon import footer_lines, scope_text, signed
from cuneifox.i18n import LazyText, _, _l
from cuneifox.journal_scope import all_pages, asked_of, wanted_of
from cuneifox.ledger_tables import ledger_table, whole_ledger_table
from cuneifox.lookups import Chart
from cuneifox.papers import Table
from cuneifox.scope_form import Range, ScopeForm
from cuneifox.words import shown_name
from models.accounts import AccountNode, account_tree
from models.dates import check_range
from models.errors import BadInput
from models.reports.balance_sheet import BalanceSheet, balance_sheet
from models.reports.journal import journal
from models.reports.profit_loss import ProfitLoss, profit_loss
from models.reports.scope import money
from models.reports.trial_balance import TrialBalance, trial_balance
from models.reports.whole_ledger import WholeLedger, whole_ledger
from models.settings import books_settings

MOST_YEARS = 100
"""A range as long as that is a slip of the keyboard: to have all there is, one leaves the first day out."""


@dataclass
class Asked:
    """What was asked for.

    Attributes:
        given: names and values as a query string has them.
        scope: its days as typed; how they were understood, once they are read.
    """

    given: Mapping[str, str]
    scope: ScopeForm

    @classmethod
    def typed(cls, given: Mapping[str, Any]) -> Asked:
        """Take what was sent; what is None isn't given."""
        texts = {name: str(value) for name, value in given.items() if value is not None}
        return cls(texts, ScopeForm.typed(texts))

    def text(self, name: str) -> str:
        """Return a value without the spaces around it, "" where it isn't given."""
        return self.given.get(name, "").strip()

    def days(self) -> Range:
        """Return the range of days. Raises BadInput for one that isn't, is reversed, or a century long."""
        first, last = self.scope.read(today())
        check_days(first, last)
        return first, last

    def account(self) -> AccountNode:
        """Return the account that was asked for. Raises BadInput for groups, and where there is none."""
        account = Chart(account_tree()).find(self.text("account"))
        if account.is_group:
            raise BadInput(
                "%(code)s is a group; the ledger shows one account at a time.",
                field="account",
                code=account.code,
            )
        return account


def check_days(first: Date | None, last: Date | None) -> None:
    """Raise BadInput for a range that is reversed, or MOST_YEARS long."""
    if first is None or last is None:
        return
    check_range(first, last)
    if (last.year - first.year, last.month, last.day) >= (MOST_YEARS, first.month, first.day):
        raise BadInput(
            "From %(first)s to %(last)s is a century or more: look at the years, or leave the first date empty "
            "for all there is.",
            field="first",
            first=first.isoformat(),
            last=last.isoformat(),
        )


@dataclass(frozen=True)
class Report:
    """A kind of report.

    Attributes:
        title: what it is called.
        build: reads the books, or begins to, and returns what the table is made of.
        table: makes the table of what was built.
        sign: adds what stands above a table, and its footer; is given the moment and the name of who asked.
    """

    title: LazyText
    build: Callable[[Asked], Any]
    table: Callable[[Any], Table]
    sign: Callable[[Asked, Any, Table, str, str], Table]


def report_of(name: str) -> Report:
    """Return the report of that name. Raises BadInput where there is none."""
    if name not in REPORTS:
        raise BadInput("There is no report %(report)s.", field="report", report=str(name)[:40])
    return REPORTS[name]


def table_of(name: str, arguments: Mapping[str, Any]) -> Table:
    """Return a report's table. Little is read by now of what has many rows: that is as they are asked for.

    Args:
        name: one of REPORTS.
        arguments: as the report's page has them in its query string.

    Raises BadInput, whose `field` names what is wrong.
    """
    report = report_of(name)
    return report.table(report.build(Asked.typed(arguments)))


def signed_table_of(name: str, arguments: Mapping[str, Any], made: str, by: str) -> Table:
    """Return a report's table with what stands above it, and its footer.

    Args:
        made: the moment, as people read it.
        by: the name of who asked for it.

    Raises BadInput.
    """
    report, asked = report_of(name), Asked.typed(arguments)
    built = report.build(asked)
    return report.sign(asked, built, report.table(built), made, by)


def _trial_balance(asked: Asked) -> TrialBalance:
    part = asked.text("account")
    stid = Chart(account_tree()).find(part).stid if part else None
    with_closing = asked.text("before_closing") != "1"
    empty = asked.text("empty") == "1"
    return trial_balance(*asked.days(), empty=empty, account=stid, with_closing=with_closing)


def _profit_loss(asked: Asked) -> ProfitLoss:
    return profit_loss(*asked.days(), empty=asked.text("empty") == "1")


def _balance_sheet(asked: Asked) -> BalanceSheet:
    asked.scope.first = ""
    return balance_sheet(asked.days()[1], empty=asked.text("empty") == "1")


def _ledger(asked: Asked) -> WholeLedger:
    return whole_ledger(*asked.days(), account=asked.account().stid)


def _whole_ledger(asked: Asked) -> WholeLedger:
    report = whole_ledger(*asked.days())
    if not report.accounts:
        raise BadInput(
            "Nothing was posted in these days or before them, so the ledger is empty.", field="last"
        )
    return report


def _journal(asked: Asked) -> dict[str, Any]:
    wanted = wanted_of(asked_of(asked.given))
    check_days(wanted["first"], wanted["last"])
    if not journal(**wanted, limit=1).rows:
        raise BadInput("No voucher is like that, so there is nothing to print.", field="status")
    return wanted


def _signed(
    asked: Asked, built: Any, table: Table, made: str, by: str, as_of: bool = False
) -> Table:
    parentheses = asked.text("negative") == "parentheses"
    return signed(table, built.scope, made, by, parentheses, as_of)


def _journal_table(wanted: dict[str, Any]) -> Table:
    return report_tables.journal_table(all_pages(wanted), wanted["first"], wanted["last"])


def _signed_journal(
    asked: Asked, wanted: dict[str, Any], table: Table, made: str, by: str
) -> Table:
    days = scope_text(wanted["first"], wanted["last"])
    facts = [
        (_("Company"), shown_name(books_settings())),
        (_("Period"), days),
        (_("Currency"), money()[0]),
        *([(_("Search"), wanted["text"])] if wanted["text"] else []),
    ]
    parentheses = asked.text("negative") == "parentheses"
    footer = footer_lines(table.title, days, made, by)
    return replace(table, facts=facts, footer=footer, parentheses=parentheses)


REPORTS: dict[str, Report] = {
    "trial-balance": Report(
        _l("Trial balance"), _trial_balance, report_tables.trial_balance_table, _signed
    ),
    "profit-loss": Report(
        _l("Profit and loss"), _profit_loss, report_tables.profit_loss_table, _signed
    ),
    "balance-sheet": Report(
        _l("Balance sheet"),
        _balance_sheet,
        report_tables.balance_sheet_table,
        partial(_signed, as_of=True),
    ),
    "ledger": Report(_l("General ledger"), _ledger, ledger_table, _signed),
    "whole-ledger": Report(_l("Whole ledger"), _whole_ledger, whole_ledger_table, _signed),
    "journal": Report(
        _l("Journal"),
        _journal,
        _journal_table,
        _signed_journal,
    ),
}
"""All that can be asked for, by name."""
