"""Books with customers who owe something."""

from __future__ import annotations

from datetime import date

from ledger_site import CASH, SALES, SYSTEM, LedgerSite
from models.accounts import find_account
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.posting import Posted, post_input
from models.registers import Customer

OWED = "1121"
"""Trade receivables of the Thai chart."""


def customer(ledger: LedgerSite, code: str, name: str, **given: str) -> int:
    """Add a customer, and return its stid."""
    with ledger.books():
        return int(Customer.add(code=code, name=name, **given).stid)


def sell(
    ledger: LedgerSite, stid: int, day: str, minor: int, text: str = "", ref: str = ""
) -> Posted:
    """Post a sale on credit, whose both lines name the customer."""
    return _post(ledger, day, stid, (OWED, minor), (SALES, -minor), text, ref)


def receive(ledger: LedgerSite, stid: int, day: str, minor: int) -> Posted:
    """Post a payment of the customer's; the line of the cash names nobody."""
    return _post(ledger, day, stid, (OWED, -minor), (CASH, minor), "รับชำระหนี้", "")


def _post(
    ledger: LedgerSite,
    day: str,
    stid: int,
    owed: tuple[str, int],
    other: tuple[str, int],
    text: str,
    ref: str,
) -> Posted:
    with ledger.books():
        lines = [
            LineInput(find_account(code).stid, minor, text, None, None, *whose)
            for (code, minor), whose in (
                (owed, ("customer", stid)),
                (other, ("customer", stid) if other[0] == SALES else (None, None)),
            )
        ]
        book = find_book("GJ").stid
        given = VoucherInput(book, date.fromisoformat(day), "Of a customer", lines, ref)
        return post_input(given, by=SYSTEM)
