"""Where the diary's accounts and books are in the Thai chart of accounts."""

from __future__ import annotations

from models.accounts import find_account
from models.journals import list_books

CODES = {
    "cash": "1111",
    "petty_cash": "1112",
    "bank": "1113",
    "receivables": "1121",
    "inventory": "1131",
    "input_vat": "1141",
    "vat_credit": "1143",
    "prepaid_tax": "1145",
    "vehicles": "1214",
    "vehicles_written_off": "1215",
    "equipment": "1216",
    "equipment_written_off": "1217",
    "payables": "2111",
    "social_security": "2116",
    "output_vat": "2121",
    "vat_owed": "2123",
    "withheld_1": "2124",
    "withheld_3": "2125",
    "withheld_53": "2126",
    "income_tax_owed": "2127",
    "loan": "2211",
    "capital": "3110",
    "retained_earnings": "3210",
    "sales": "4110",
    "other_income": "4210",
    "cost_of_sales": "5110",
    "advertising": "5210",
    "freight": "5220",
    "wages": "5310",
    "social_security_cost": "5311",
    "rent": "5320",
    "electricity": "5321",
    "telephone": "5323",
    "office": "5330",
    "vehicle_costs": "5332",
    "professional_fees": "5342",
    "depreciation": "5350",
    "interest": "5410",
    "bank_fees": "5420",
    "income_tax": "5500",
}


def accounts_by_role() -> dict[str, int]:
    """The stid of each account that the diary names, in the current books."""
    return {role: find_account(code).stid for role, code in CODES.items()}


def books_by_kind() -> dict[str, int]:
    """The stid of the first journal book of each kind."""
    found: dict[str, int] = {}
    for book in list_books():
        found.setdefault(book.kind, book.stid)
    return found
