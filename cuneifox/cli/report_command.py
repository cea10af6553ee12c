"""`cuneifox report`: a company's reports, and one across companies, in the terminal, as JSON, as CSV and as files."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click

from cuneifox.cli import report_files, report_tables
from cuneifox.cli.exits import Refused
from cuneifox.cli.opening import find_company, installation, today
from cuneifox.cli.printing import print_json, print_table

REPORTS = ("trial-balance", "ledger", "profit-loss", "balance-sheet", "whole-ledger")

CONSOLIDATED = "consolidated"
"""What stands in a company's place for the report across companies; a company may be called so too."""


class Day(click.ParamType):
    """A date as people write it: 2026-02-28, 28/2/2026, 28/2/2569."""

    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime.date:
        from models.dates import parse_date
        from models.errors import BadInput

        try:
            return value if isinstance(value, datetime.date) else parse_date(value)
        except BadInput as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("company")
@click.argument("report", type=click.Choice(REPORTS), required=False)
@click.option(
    "--from",
    "first",
    type=Day(),
    help="First day; else the first of the fiscal year of --to (consolidated: the calendar's).",
)
@click.option("--to", "last", type=Day(), help="Last day; else today.")
@click.option("--account", metavar="CODE", help="The account of a ledger (and only there).")
@click.option(
    "--company",
    "companies",
    metavar="SLUG",
    multiple=True,
    help="A company of a consolidated report (and only there); once for each.",
)
@click.option(
    "--show",
    type=click.Choice(["closing", "moved", "opening"]),
    help="What a consolidated report shows (and only there); closing balances unless given.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print it. In JSON amounts are whole numbers of minor units.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to a file, as its name ends: .pdf, .xlsx or .csv, in the language that is set.",
)
@click.option(
    "--parentheses", is_flag=True, help="Negative amounts in parentheses, in PDF and XLSX."
)
def command(
    company: str,
    report: str,
    first: datetime.date | None,
    last: datetime.date | None,
    account: str | None,
    companies: tuple[str, ...],
    show: str | None,
    form: str,
    as_json: bool,
    output: Path | None,
    parentheses: bool,
) -> None:
    """Print a REPORT on a COMPANY's books: trial-balance, ledger, profit-loss or balance-sheet.

    With --output it is written to a file instead, and so is the whole-ledger: the ledgers of all accounts.

    `cuneifox report consolidated --company A --company B` prints the trial balances of several side
    by side, added up by currency. Whoever can't be read is named; the exit code is 1 then.

    Days are written like 2026-02-28, 28/2/2026 or 28/2/2569.
    """
    form = "json" if as_json else form
    if output is not None and form != "table":
        raise click.UsageError("A file is what its name ends in: leave --format out.")
    if parentheses and output is None:
        raise click.UsageError("--parentheses is for files: name one with --output.")
    if report is None:
        if company != CONSOLIDATED:
            raise click.UsageError(f"Name the report: {', '.join(REPORTS)}.")
        if not companies or account:
            raise click.UsageError("A consolidated report takes --company SLUG, once for each.")
        from cuneifox.cli import consolidated_report

        wanted = consolidated_report.Wanted(list(companies), first, last, show or "closing")
        if output is not None:
            consolidated_report.write(wanted, output, parentheses)
        else:
            consolidated_report.report(wanted, form)
        return
    if companies or show:
        raise click.UsageError("--company and --show are for `cuneifox report consolidated`.")
    _demand_fitting(report, first, account)
    if output is not None:
        report_files.write_report(
            output, company, report, lambda: _given(report, first, last, account), parentheses
        )
        return
    if report == "whole-ledger":
        raise click.UsageError("A whole ledger goes to a file: name one with --output.")
    with (
        installation() as (config, router),
        find_company(router, company).snapshot(roles=("books",)),
    ):
        made = _made(report, first, last or today(config), account)
    _print(made, form, local=config.language == "th")


def _demand_fitting(report: str, first: datetime.date | None, account: str | None) -> None:
    """Raise UsageError for options that a company's report doesn't have, or lacks."""
    if report == "ledger" and not account:
        raise click.UsageError("A ledger is an account's: name it with --account CODE.")
    if report != "ledger" and account:
        raise click.UsageError(f"--account is for a ledger; a {report} has all accounts.")
    if report == "balance-sheet" and first:
        raise click.UsageError("A balance sheet stands on one day: leave --from out.")


def _print(made: Any, form: str, *, local: bool) -> None:
    if form == "json":
        from cuneifox.report_json import plain

        print_json(plain(made))
    elif form == "csv":
        _print_csv(report_tables.plain(made))
    else:
        shown = report_tables.table(made, local=local)
        print_table(
            shown.columns, shown.rows, right=shown.figures, title=shown.title, strong=shown.strong
        )


def _made(
    report: str, first: datetime.date | None, last: datetime.date, account: str | None
) -> Any:
    from models.reports.balance_sheet import balance_sheet
    from models.reports.profit_loss import profit_loss
    from models.reports.scope import fiscal_year_start
    from models.reports.trial_balance import trial_balance

    if report == "balance-sheet":
        return balance_sheet(last)
    first = first or fiscal_year_start(last)
    if report == "trial-balance":
        return trial_balance(first, last)
    if report == "profit-loss":
        return profit_loss(first, last)
    return _whole_ledger(int(_account(account or "").stid), first, last)


def _given(
    report: str, first: datetime.date | None, last: datetime.date | None, account: str | None
) -> dict[str, Any]:
    """What is wanted, as pages have it; in the books."""
    from cuneifox.clock import today as day_of_application
    from models.reports.scope import fiscal_year_start

    last = last or day_of_application()
    given = {"last": last.isoformat()}
    if report != "balance-sheet":
        given["first"] = (first or fiscal_year_start(last)).isoformat()
    if account:
        given["account"] = _account(account).code
    return given


def _account(named: str) -> Any:
    """The account of that code, or of the full name that a beancount file gives it."""
    from models.accounts import find_account
    from models.errors import NotFound
    from models.importing.chart import account_code

    try:
        account = find_account(named)
    except NotFound as unknown:
        try:
            account = find_account(account_code(named))
        except NotFound:
            raise unknown from None
    if account.is_group:
        raise Refused(f"{account.code} is a group; the ledger shows one account at a time.")
    return account


def _whole_ledger(account: int, first: datetime.date, last: datetime.date) -> Any:
    """All pages of a ledger as one; the caller reads one snapshot."""
    import msgspec

    from models.reports.ledger import ledger
    from models.reports.paging import MOST_ROWS

    page = whole = ledger(account, first, last, limit=MOST_ROWS)
    rows = list(page.rows)
    while page.after:
        page = ledger(account, first, last, after=page.after, limit=MOST_ROWS)
        rows += page.rows
    return msgspec.structs.replace(whole, rows=rows, after=None)


def _print_csv(rows: Any) -> None:
    from cuneifox.papers.csv_form import lines

    for line in lines(rows, bom=False):
        click.echo(line, nl=False)
