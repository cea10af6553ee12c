"""What things are called on the pages: fields, kinds and states that the models know by code."""

from __future__ import annotations

from datetime import date as Date
from typing import Any

from cuneifox import formats
from cuneifox.i18n import LazyText, _l, current_language

FIELDS: dict[str, LazyText] = {
    "account": _l("Account"),
    "active": _l("Active"),
    "address": _l("Address"),
    "amount": _l("Amount"),
    "book": _l("Journal book"),
    "branch": _l("Branch"),
    "code": _l("Code"),
    "commodity": _l("Commodity"),
    "content": _l("Content"),
    "country": _l("Country"),
    "credit": _l("Credit"),
    "currency": _l("Currency"),
    "date": _l("Date"),
    "debit": _l("Debit"),
    "decimals": _l("Decimals"),
    "display_name": _l("Name as others see it"),
    "email": _l("E-mail"),
    "era": _l("Era of voucher numbers"),
    "file_name": _l("File name"),
    "first": _l("From date"),
    "fiscal_start_month": _l("The fiscal year begins in"),
    "is_group": _l("Group of accounts"),
    "kind": _l("Kind"),
    "last": _l("To date"),
    "local_name": _l("Local name"),
    "name": _l("Name"),
    "party": _l("Party"),
    "parent": _l("Parent account"),
    "phone": _l("Telephone"),
    "quantity": _l("Quantity"),
    "reason": _l("Reason"),
    "reference": _l("Reference"),
    "retained_earnings": _l("Retained earnings"),
    "rounding": _l("Rounding account"),
    "tax_id": _l("Tax id"),
    "text": _l("Text"),
    "type": _l("Type"),
    "unit": _l("Unit"),
    "vat": _l("VAT"),
}
"""Labels of fields, which errors name too."""

KINDS: dict[str, LazyText] = {
    "account": _l("account"),
    "customer": _l("customer"),
    "employee": _l("employee"),
    "product": _l("product"),
    "supplier": _l("supplier"),
    "voucher": _l("voucher"),
}
"""Kinds of things within a sentence."""

ACCOUNT_TYPES: dict[str, LazyText] = {
    "asset": _l("Asset"),
    "liability": _l("Liability"),
    "equity": _l("Equity"),
    "income": _l("Income"),
    "expense": _l("Expense"),
}

MONTH_STATES: dict[str, LazyText] = {
    "open": _l("Open"),
    "frozen": _l("Frozen"),
    "closed": _l("Closed"),
}

LEVELS: dict[str, LazyText] = {
    "none": _l("none"),
    "read": _l("read"),
    "add": _l("add"),
    "edit": _l("edit"),
    "delete": _l("delete"),
}

MODULES: dict[str, LazyText] = {
    "ledger": _l("Ledger"),
    "receivables": _l("Receivables and payables"),
    "inventory": _l("Inventory"),
    "assets": _l("Assets"),
    "wages": _l("Wages"),
}

BOOK_KINDS: dict[str, LazyText] = {
    "general": _l("General"),
    "sales": _l("Sales"),
    "purchases": _l("Purchases"),
    "receipts": _l("Receipts"),
    "payments": _l("Payments"),
}

VAT_KINDS: dict[str, LazyText] = {
    "none": _l("No VAT"),
    "input": _l("Input VAT"),
    "output": _l("Output VAT"),
}

CRON_FIELDS: dict[str, LazyText] = {
    "minute": _l("minute"),
    "hour": _l("hour"),
    "day": _l("day of the month"),
    "month": _l("month"),
    "weekday": _l("day of the week"),
}
"""The fields of a cron line, as errors call them."""

CRON_VALUES: dict[str, LazyText] = {
    "minute": _l("numbers from 0 to 59"),
    "hour": _l("numbers from 0 to 23"),
    "day": _l("numbers from 1 to 31, L for the last day, LW for the last working day"),
    "month": _l("numbers from 1 to 12, or JAN to DEC"),
    "weekday": _l(
        "numbers from 0 to 7, where 0 and 7 are Sunday, or SUN to SAT; 5L for the last Friday, "
        "1#2 for the second Monday"
    ),
}
"""What each may hold."""

_TABLES: dict[str, dict[str, LazyText]] = {
    "cron_field": CRON_FIELDS,
    "cron_values": CRON_VALUES,
    "field": FIELDS,
    "kind": KINDS,
    "level": LEVELS,
    "module": MODULES,
    "state": MONTH_STATES,
    "type": ACCOUNT_TYPES,
}
"""What errors name by code, by the name of the parameter that holds it."""

_DAYS = ("date", "first", "last")
"""Parameters that hold a day as the models write it: 2026-02-28."""

_MONTHS = ("month", "closed")
"""Parameters that hold a month as the models write it: 2026-02."""


def named(params: dict[str, Any]) -> dict[str, Any]:
    """Return an error's parameters as the reader calls them: fields, kinds, states, days, years.

    What a person typed stays as it was typed.
    """
    return {name: _named(name, value) for name, value in params.items()}


def _named(name: str, value: Any) -> Any:
    if name == "year" and isinstance(value, int):
        return formats.year(value)
    if not isinstance(value, str):
        return value
    if name == "types":
        return ", ".join(str(ACCOUNT_TYPES.get(type, type)) for type in value.split(", "))
    if name in _TABLES:
        return _TABLES[name].get(value.rpartition(".")[2], value)
    try:
        if name in _DAYS:
            return formats.date(Date.fromisoformat(value))
        if name in _MONTHS:
            return formats.month_of(Date.fromisoformat(f"{value}-01"))
    except ValueError:
        pass  # what somebody took for a day or a month is shown as it is
    return value


def shown_name(row: Any) -> str:
    """Return a row's name for the reader: in Thai its local name, where it has one."""
    if current_language() == "th" and row.local_name:
        return str(row.local_name)
    return str(row.name)


def field_label(field: str) -> LazyText | str:
    """Return what a field is called on forms."""
    return FIELDS.get(field, field)
