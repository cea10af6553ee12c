"""What can be said of a template before any voucher is made of it."""

from __future__ import annotations

import datetime

import msgspec

from models.errors import BadInput
from models.inputs import LineInput, VoucherInput, check_input
from models.recurring.amounts import (
    EmptyBooks,
    amounts_of,
    demand_account_code,
    demand_balance,
    is_rest,
)
from models.recurring.days import cleaned_rule
from models.recurring.formulas import REST, read_formula, to_units, worth
from models.recurring.given import TemplateInput, TemplateLine
from models.recurring.texts import LANGUAGES, demand_placeholders
from models.resolver import demand_known
from models.settings import books_settings
from models.texts import clean_line
from tenants import Store, current_store

MOST_LINES = 200
"""Lines of a template."""

_ANY_DAY = datetime.date(2024, 1, 1)


def checked_template(given: TemplateInput) -> TemplateInput:
    """Return the template with its texts cleaned; BadInput for what can never make a voucher.

    That formulas are understood is seen here, and what those come to that ask nothing; whether amounts balance on a day
    is seen on that day, and in previews.
    """
    name = clean_line(given.name, "name", longest=200, required=True)
    cleaned_rule(given.date_rule)
    if given.language not in LANGUAGES:
        raise BadInput("Choose the language of the texts from the list.", field="language")
    if not 2 <= len(given.lines) <= MOST_LINES:
        raise BadInput(
            "A recurring voucher has from 2 to %(most)s lines, and this one has %(count)s.",
            field="lines",
            most=MOST_LINES,
            count=len(given.lines),
        )
    decimals = books_settings().decimals
    lines = [_checked_line(line, n, decimals) for n, line in enumerate(given.lines, 1)]
    _demand_one_rest(lines)
    _demand_fixed_balance(lines)
    plain = check_input(_without_amounts(given, lines))
    demand_known([plain.lines])
    demand_postable(current_store("books"), plain.book, plain.lines)
    for field, text in (("text", plain.text), ("reference", plain.reference)):
        demand_placeholders(text, field)
    for n, line in enumerate(plain.lines, 1):
        demand_placeholders(line.text, f"lines.{n}.text")
    texts = [
        msgspec.structs.replace(line, text=clean.text)
        for line, clean in zip(lines, plain.lines, strict=True)
    ]
    return msgspec.structs.replace(
        given, name=name, text=plain.text, reference=plain.reference, lines=texts
    )


def demand_postable(store: Store, book: int, lines: list[LineInput]) -> None:
    """Raise BadInput unless the book and the accounts of all lines take new vouchers."""
    found = store.execute_sql("SELECT code, active FROM journal_books WHERE stid = ?", (book,))
    row = found.fetchone()
    if row is None:
        raise BadInput("There is no journal book with the id %(stid)d.", field="book", stid=book)
    if not row[1]:
        raise BadInput(
            "The journal book %(code)s is inactive; choose another.", field="book", code=row[0]
        )
    accounts = {
        stid: rest
        for stid, *rest in store.execute_sql("SELECT stid, code, is_group, active FROM accounts")
    }
    for n, line in enumerate(lines, 1):
        _demand_account(accounts.get(line.account_stid), n)


def _demand_account(row: list[object] | None, n: int) -> None:
    field = f"lines.{n}.account"
    if row is None:
        raise BadInput("Line %(n)d names an account that isn't in these books.", field=field, n=n)
    code, is_group, active = row
    if is_group:
        raise BadInput(
            "Line %(n)d names %(code)s, which is a group; post to an account below it.",
            field=field,
            n=n,
            code=code,
        )
    if not active:
        raise BadInput(
            "Line %(n)d names %(code)s, which is inactive; choose another account.",
            field=field,
            n=n,
            code=code,
        )


def _checked_line(line: TemplateLine, n: int, decimals: int) -> TemplateLine:
    if line.side not in ("debit", "credit"):
        raise BadInput("Line %(n)d has no side; choose debit or credit.", field=f"lines.{n}", n=n)
    if is_rest(line):
        return msgspec.structs.replace(line, amount=REST)
    try:
        formula = read_formula(line.amount)
        for code in formula.accounts:
            demand_account_code(code)
        if formula.is_fixed:
            to_units(worth(formula, EmptyBooks(_ANY_DAY)), decimals, line.amount)
    except BadInput as error:
        error.field = f"lines.{n}.amount"
        raise
    return msgspec.structs.replace(line, amount=line.amount.strip())


def _demand_one_rest(lines: list[TemplateLine]) -> None:
    resting = [n for n, line in enumerate(lines, 1) if is_rest(line)]
    if len(resting) > 1:
        raise BadInput(
            "Only one line may have the rest for its amount, and line %(n)d is another.",
            field=f"lines.{resting[1]}.amount",
            n=resting[1],
        )


def _without_amounts(given: TemplateInput, lines: list[TemplateLine]) -> VoucherInput:
    plain = [
        LineInput(line.account_stid, 0, line.text, None, None, line.register, line.register_stid)
        for line in lines
    ]
    return VoucherInput(given.book, _ANY_DAY, given.text, plain, given.reference)


def _demand_fixed_balance(lines: list[TemplateLine]) -> None:
    """Raise where the amounts never change, and don't sum to zero."""
    if any(is_rest(line) for line in lines):
        return
    formulas = [read_formula(line.amount) for line in lines]
    if all(formula.is_fixed for formula in formulas):
        decimals, nothing = books_settings().decimals, EmptyBooks(_ANY_DAY)
        demand_balance(amounts_of(lines, [nothing] * len(lines), decimals), decimals)
