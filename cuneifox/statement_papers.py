"""Statements of account as they are printed, from what was asked for, as query strings and jobs have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from cuneifox.colophon import footer_lines, scope_text
from cuneifox.file_names import file_name
from cuneifox.i18n import _
from cuneifox.lookups import Chart
from cuneifox.papers.statement_paper import StatementPaper, StatementPapers, StatementRow
from cuneifox.report_requests import Asked
from cuneifox.words import shown_name
from models.accounts import account_tree
from models.errors import BadInput
from models.registers import Customer
from models.reports.statements import Statement, Statements, statements
from models.settings import books_settings

MOST_STATEMENTS = 20_000
"""In one file."""


def statements_of(arguments: Mapping[str, Any]) -> Statements:
    """Begin to read the statements that were asked for.

    Args:
        arguments: `first`, `last` and `preset` as in a report's query string; `customers`, the stids of those that are
            wanted, as a list or with commas between, all with lines in these days unless given; `account`, the code of
            the account or group that alone counts, else all of what is owed.

    Raises BadInput, whose `field` names what is wrong.
    """
    asked = Asked.typed(
        {name: arguments.get(name) for name in ("first", "last", "preset", "account")}
    )
    first, last = asked.days()
    account = asked.text("account")
    stid = Chart(account_tree()).find(account).stid if account else None
    found = statements(first, last, customers=_stids(arguments.get("customers")), account=stid)
    if len(found.figures) > MOST_STATEMENTS:
        raise BadInput(
            "These are more than %(most)s statements, too many for one file. Choose some customers.",
            field="customers",
            most=f"{MOST_STATEMENTS:,}",
        )
    return found


def printed_statements(found: Statements, made: str, by: str) -> StatementPapers:
    """Return statements of the current company's customers, ordered by the customers' codes.

    Args:
        made: the moment, as people read it.
        by: the name of who asked.
    """
    settings, scope = books_settings(), found.scope
    names = [shown_name(settings)]
    names += [each for each in (settings.name, settings.local_name) if each and each not in names]
    title, days = _("Statement of account"), scope_text(scope.first, scope.last)
    return StatementPapers(
        name=file_name("statements", scope.first, scope.last),
        title=title,
        company=names[0],
        company_facts=names[1:],
        first=scope.first,
        last=scope.last,
        days=days,
        currency=scope.currency,
        decimals=scope.decimals,
        statements=_papers(found),
        footer=footer_lines(title, days, made, by),
    )


def _papers(found: Statements) -> Iterator[StatementPaper]:
    for each in found.each():
        yield _paper(found, each)


def _paper(found: Statements, each: Statement) -> StatementPaper:
    customer = each.customer
    rows = (
        StatementRow(date.fromisoformat(day), number, text, reference, minor)
        for day, _voucher, _n, number, text, reference, minor in found.lines(each)
    )
    return StatementPaper(
        customer.code, shown_name(customer), each.figures.opening, rows, _facts(customer)
    )


def _facts(customer: Customer) -> list[str]:
    """The customer's address, and what the tax office knows it by."""
    facts = [line.strip() for line in customer.address.splitlines() if line.strip()]
    if customer.tax_id:
        facts.append(f"{_('Tax id')} {customer.tax_id}")
        if customer.branch:
            facts[-1] += f" · {_('Branch')} {customer.branch}"
    return facts


def _stids(given: Any) -> tuple[int, ...]:
    """The stids of customers, as JSON or a query string has them; BadInput where they aren't any."""
    parts = given.split(",") if isinstance(given, str) else (given or ())
    try:
        stids = dict.fromkeys(int(part) for part in parts if str(part).strip())
    except (TypeError, ValueError):
        stids = dict.fromkeys([-1])
    if any(not 0 < stid < 2**63 for stid in stids):
        raise BadInput("Choose the customers from the list.", field="customers")
    return tuple(stids)
