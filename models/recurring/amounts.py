"""What the formulas of a template's lines come to: rounded line by line, the rest on the line that takes it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from models.errors import BadInput, NotBalanced
from models.money import LIMIT, format_amount
from models.recurring.formulas import REST, Known, read_formula, to_units, worth
from models.recurring.given import TemplateLine
from tenants import current_store


class EmptyBooks:
    """Books in which there is nothing, for formulas that ask nothing of them.

    Args:
        day: the voucher's date.
    """

    def __init__(self, day: datetime.date) -> None:
        self.day = day

    def balance(self, code: str) -> Decimal:
        """Nothing."""
        return Decimal(0)

    def movement(self, code: str) -> Decimal:
        """Nothing."""
        return Decimal(0)

    def previous(self) -> Decimal | None:
        """None."""
        return None


def amounts_of(lines: Sequence[TemplateLine], known: Sequence[Known], decimals: int) -> list[int]:
    """Return each line's amount in minor units, debit positive; `known` is what each line's formula may ask.

    Raises BadInput, which names the line, where a formula comes to nothing that books can hold.
    """
    found: list[int | None] = []
    for n, (line, about) in enumerate(zip(lines, known, strict=True), 1):
        if is_rest(line):
            found.append(None)
            continue
        try:
            minor = to_units(worth(read_formula(line.amount), about), decimals, line.amount)
        except BadInput as error:
            error.field = f"lines.{n}.amount"
            raise
        found.append(minor if line.side == "debit" else -minor)
    rest = -sum(amount for amount in found if amount is not None)
    if abs(rest) >= LIMIT:
        raise BadInput("The rest comes to more than books can hold.", field="lines")
    return [rest if amount is None else amount for amount in found]


def demand_balance(amounts: Sequence[int], decimals: int) -> None:
    """Raise unless amounts sum to zero."""
    total = sum(amounts)
    if total > 0:
        raise NotBalanced(
            "Debits are %(amount)s more than credits; they must be equal.",
            field="lines",
            amount=format_amount(total, decimals),
        )
    if total < 0:
        raise NotBalanced(
            "Credits are %(amount)s more than debits; they must be equal.",
            field="lines",
            amount=format_amount(-total, decimals),
        )


def is_rest(line: TemplateLine) -> bool:
    """Tell whether a line is the one that takes what the voucher lacks to zero."""
    return line.amount.strip().casefold() == REST


def demand_account_code(code: str) -> int:
    """Return the stid of the account or group of a code, of which a formula speaks; BadInput where there is none."""
    found = current_store("books").execute_sql("SELECT stid FROM accounts WHERE code = ?", (code,))
    row = found.fetchone()
    if row is None:
        raise BadInput(
            "The formula names an account %(code)s, and there is none.", field="amount", code=code
        )
    stid: int = row[0]
    return stid
