"""The voucher form: what was typed, kept as it was typed, and what it means for the books."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from itertools import islice, zip_longest
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from cuneifox.i18n import _, error_text
from cuneifox.lookups import Chart, Parties
from cuneifox.quantities import read_quantity, shown_quantity
from models.accounts import AccountNode
from models.dates import parse_date
from models.errors import BadInput, NotBalanced
from models.inputs import LineInput, VoucherInput
from models.money import format_amount, parse_amount
from models.resolver import Reference, resolve

T = TypeVar("T")

FEWEST_LINES = 4
"""Lines that the form shows at least."""

MORE_LINES = 4
"""Lines that "Add lines" adds."""

MOST_LINES = 1_500
"""Lines of one voucher that the form takes; longer ones come in by import."""


@dataclass
class FormLine:
    """One line as typed. A `quantity` without a sign goes the way of its line: out, on a credit."""

    account: str = ""
    text: str = ""
    debit: str = ""
    credit: str = ""
    party: str = ""
    quantity: str = ""
    commodity: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self))


@dataclass
class VoucherForm:
    """The form as typed; `errors` holds texts by field, lines counted from 1: lines.2.debit."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    version: int = 0
    date: str = ""
    book: str = ""
    reference: str = ""
    text: str = ""
    lines: list[FormLine] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def typed(cls, given: MultiDict[str, str]) -> VoucherForm:
        """Return the form that was sent, without its empty lines."""
        columns = [given.getlist(f"line-{part.name}") for part in fields(FormLine)]
        rows = zip_longest(*columns, fillvalue="")
        lines = (FormLine(*(cell.strip() for cell in row)) for row in rows)
        # One more than may be is kept, to be refused; thousands aren't worth sending back.
        kept = islice((line for line in lines if line), MOST_LINES + 1)
        version = given.get("version", "")
        return cls(
            key=given.get("key", "")[:100],
            version=int(version) if version.isascii() and version.isdigit() else 0,
            date=given.get("date", ""),
            book=given.get("book", ""),
            reference=given.get("reference", ""),
            text=given.get("text", ""),
            lines=list(kept),
        )

    @classmethod
    def of(cls, given: VoucherInput, chart: Chart, decimals: int, version: int = 0) -> VoucherForm:
        """Return the form that shows a voucher as it is stored."""
        wanted = [(line.register, line.register_stid) for line in given.lines]
        shown = resolve([(kind, stid) for kind, stid in wanted if kind and stid])
        lines = []
        for line in given.lines:
            party = shown.get((line.register or "", line.register_stid or 0))
            amount = format_amount(abs(line.amount), decimals) if line.amount else ""
            lines.append(
                FormLine(
                    account=chart.label(line.account_stid),
                    text=line.text,
                    debit=amount if line.amount > 0 else "",
                    credit=amount if line.amount < 0 else "",
                    party=f"{party.kind}:{party.code}" if party else "",
                    quantity=shown_quantity(line.quantity, line.amount),
                    commodity=line.commodity or "",
                )
            )
        return cls(
            version=version,
            date=given.date.isoformat(),
            book=str(given.book),
            reference=given.reference,
            text=given.text,
            lines=lines,
        )

    @property
    def has_quantities(self) -> bool:
        """Whether a line says something of quantities, so that their fields have to be seen."""
        return any(line.quantity or line.commodity for line in self.lines)

    def padded(self, more: int = 0) -> list[FormLine]:
        """Return the lines to show: those typed, and empty ones below them."""
        empty = max(FEWEST_LINES - len(self.lines), 1) + more
        return self.lines + [FormLine() for _n in range(empty)]

    def read(
        self, chart: Chart, parties: Parties, decimals: int, *, posting: bool
    ) -> VoucherInput | None:
        """Return what the form means, or None with `errors` filled where it means nothing."""
        self.errors.clear()
        date = self._try("date", parse_date, self.date) if self.date.strip() else None
        if date is None:
            self.errors.setdefault("date", _("Give the date, like 2026-02-28 or 28/2/2569."))
        if not (self.book.isascii() and self.book.isdigit() and len(self.book) < 19):
            self.errors["book"] = _("Choose the journal book from the list.")
        if len(self.lines) > MOST_LINES:
            self.errors["lines"] = _(
                "The form takes %(most)s lines at most; bring longer vouchers in by import.",
                most=MOST_LINES,
            )
            return None
        meant = parties.find({line.party for line in self.lines if line.party})
        lines = [
            self._line(n, line, chart, meant, decimals, posting)
            for n, line in enumerate(self.lines, 1)
        ]
        if self.errors or date is None:
            return None
        return VoucherInput(int(self.book), date, self.text, lines, self.reference)

    def totals(self, decimals: int) -> tuple[int, int]:
        """Return the sums of both columns, leaving out what is no amount."""
        sums = []
        for name in ("debit", "credit"):
            amounts = [getattr(line, name) for line in self.lines if getattr(line, name)]
            sums.append(sum(_amount_or_zero(text, decimals) for text in amounts))
        return sums[0], sums[1]

    def tell(self, error: BadInput, decimals: int) -> None:
        """Put an error of the books where the form shows it."""
        where = error.field
        if isinstance(error, NotBalanced) and isinstance(total := error.params.get("total"), int):
            amount = format_amount(abs(total), decimals)
            self.errors["lines"] = (
                _("Debits are %(amount)s more than credits; they must be equal.", amount=amount)
                if total > 0
                else _(
                    "Credits are %(amount)s more than debits; they must be equal.", amount=amount
                )
            )
            return
        where = where.replace(".amount", ".debit")
        where = where.replace(".register", ".party")
        known = where in ("date", "book", "reference", "text", "lines") or where.startswith(
            "lines."
        )
        self.errors[where if known else ""] = error_text(error)

    def _line(
        self,
        n: int,
        line: FormLine,
        chart: Chart,
        meant: dict[str, Reference | BadInput],
        decimals: int,
        posting: bool,
    ) -> LineInput:
        at = f"lines.{n}"
        account = self._try(f"{at}.account", chart.find, line.account) if line.account else None
        if account is None:
            self.errors.setdefault(f"{at}.account", _("Choose the account, by code or name."))
        amount = self._amount(at, line, decimals)
        quantity = self._quantity(at, line, amount)
        commodity = self._commodity(at, line, account)
        told = f"{at}.debit" in self.errors or f"{at}.credit" in self.errors
        if posting and not (amount or line.quantity or line.commodity or told):
            self.errors[f"{at}.debit"] = _("Give a debit or a credit, or empty the line.")
        party = meant.get(line.party)
        if isinstance(party, BadInput):
            self.errors[f"{at}.party"] = error_text(party)
            party = None
        kind, stid = party or (None, None)
        return LineInput(
            account.stid if account else 0, amount, line.text, quantity, commodity, kind, stid
        )

    def _amount(self, at: str, line: FormLine, decimals: int) -> int:
        sides = {}
        for name in ("debit", "credit"):
            typed = getattr(line, name)
            amount = self._try(f"{at}.{name}", parse_amount, typed, decimals) if typed else 0
            if amount is not None and amount < 0:
                self.errors[f"{at}.{name}"] = _(
                    "Write the amount without a sign; what is negative goes to the other column."
                )
            sides[name] = amount or 0
        if sides["debit"] and sides["credit"]:
            self.errors[f"{at}.credit"] = _("Give a debit or a credit, not both.")
        return sides["debit"] - sides["credit"]

    def _quantity(self, at: str, line: FormLine, amount: int) -> Decimal | None:
        if not line.quantity:
            if line.commodity:
                self.errors[f"{at}.quantity"] = _("Give the quantity of this commodity.")
            return None
        return self._try(f"{at}.quantity", read_quantity, line.quantity, amount)

    def _commodity(self, at: str, line: FormLine, account: AccountNode | None) -> str | None:
        """Return the line's commodity: that of its account, unless another is named."""
        named = line.commodity or (account.commodity if account else None)
        if line.quantity and not named:
            self.errors[f"{at}.commodity"] = _("Give the commodity, like USD, shares or hours.")
        return named if line.quantity else None

    def _try(self, where: str, read: Callable[..., T], *args: object) -> T | None:
        try:
            return read(*args)
        except BadInput as error:
            self.errors[where] = error_text(error)
            return None


def _amount_or_zero(text: str, decimals: int) -> int:
    try:
        return parse_amount(text, decimals)
    except BadInput:
        return 0
