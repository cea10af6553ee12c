"""What formulas ask of the books: where accounts stand, and what a line's amount was the last time."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from models.dates import first_of_month
from models.drafts import Draft
from models.inputs import LineInput, read_lines
from models.money import to_decimal
from models.recurring.amounts import demand_account_code
from models.recurring.given import TemplateLine
from models.recurring.made import RecurringRun
from models.reports.sums import account_sums
from tenants import current_store

MOST_LOOKED_AT = 50
"""Earlier vouchers that are looked for; of those that people deleted as drafts nothing is known."""


class Books:
    """The current company's books, as formulas of one voucher see them.

    Args:
        day: the voucher's date.
        decimals: of the currency.
    """

    def __init__(self, day: datetime.date, decimals: int) -> None:
        self.day, self.decimals = day, decimals
        self._stands: dict[int, int] | None = None
        self._moved: dict[int, int] | None = None

    def balance(self, code: str) -> Decimal:
        """What the account, or those below the group, stand at on the voucher's date."""
        if self._stands is None:
            sums = account_sums(None, self.day)
            self._stands = {
                stid: each.opening + each.debit - each.credit for stid, each in sums.items()
            }
        return self._of(code, self._stands)

    def movement(self, code: str) -> Decimal:
        """What they took from the first of the voucher's month to its date."""
        if self._moved is None:
            sums = account_sums(first_of_month(self.day), self.day)
            self._moved = {stid: each.debit - each.credit for stid, each in sums.items()}
        return self._of(code, self._moved)

    def _of(self, code: str, sums: dict[int, int]) -> Decimal:
        below = current_store("books").execute_sql(_BELOW, (demand_account_code(code),))
        return to_decimal(sum(sums.get(stid, 0) for (stid,) in below), self.decimals)


_BELOW = """WITH RECURSIVE tree (stid) AS (
    SELECT ? UNION ALL SELECT a.stid FROM accounts a JOIN tree t ON a.parent_stid = t.stid
) SELECT stid FROM tree"""


class LineOfBooks:
    """The same, for the formula of one line, which may ask for its amount the last time."""

    def __init__(
        self, books: Books, line: TemplateLine, place: int, earlier: Sequence[LineInput] | None
    ) -> None:
        self.books, self.line, self.place, self.earlier = books, line, place, earlier

    @property
    def day(self) -> datetime.date:
        """The voucher's date."""
        return self.books.day

    def balance(self, code: str) -> Decimal:
        """What the account stands at on the voucher's date."""
        return self.books.balance(code)

    def movement(self, code: str) -> Decimal:
        """What it took in the voucher's month."""
        return self.books.movement(code)

    def previous(self) -> Decimal | None:
        """This line's amount the last time, on its side; a line is known again by account and party."""
        if self.earlier is None:
            return None
        alike = [line.amount for line in self.earlier if _about(line) == _about(self.line)]
        if not alike:
            return None
        amount = alike[min(self.place, len(alike) - 1)]
        return to_decimal(amount if self.line.side == "debit" else -amount, self.books.decimals)


def known_of(
    lines: Sequence[TemplateLine], template: int | None, slot: datetime.date, books: Books
) -> list[LineOfBooks]:
    """Return what each line's formula may ask; `template` is None for one that isn't kept yet."""
    earlier = None if template is None else _lines_before(template, slot)
    seen: dict[tuple[object, ...], int] = {}
    known = []
    for line in lines:
        place = seen.get(_about(line), 0)
        seen[_about(line)] = place + 1
        known.append(LineOfBooks(books, line, place, earlier))
    return known


def _about(line: TemplateLine | LineInput) -> tuple[object, ...]:
    return line.account_stid, line.register, line.register_stid


def _lines_before(template: int, slot: datetime.date) -> list[LineInput] | None:
    """Return the lines of the template's voucher before a slot, as people may have changed it while it was a draft."""
    runs = (
        RecurringRun.select()
        .where(RecurringRun.template_stid == template, RecurringRun.slot < slot)
        .order_by(RecurringRun.slot.desc())
        .limit(MOST_LOOKED_AT)
    )
    for run in runs:
        lines = _lines_of(run.voucher_id)
        if lines is not None:
            return lines
    return None


def _lines_of(voucher_id: int) -> list[LineInput] | None:
    rows = current_store("books").execute_sql(_POSTED, (voucher_id,)).fetchall()
    if rows:
        return [LineInput(row[0], row[1], "", None, None, row[2], row[3]) for row in rows]
    draft = Draft.get_or_none(Draft.id == voucher_id)
    return None if draft is None else read_lines(draft.lines)


_POSTED = "SELECT account_stid, amount, register, register_stid FROM lines WHERE voucher_id = ? ORDER BY n"
