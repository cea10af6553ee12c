"""What a template comes to on a day."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import msgspec

from models.actors import Actor
from models.errors import BadInput, BooksError
from models.inputs import LineInput, VoucherInput, check_input
from models.months import demand_month
from models.recurring.amounts import amounts_of, demand_balance
from models.recurring.checking import demand_postable
from models.recurring.days import voucher_date
from models.recurring.figures import Books, known_of
from models.recurring.given import TemplateInput
from models.recurring.texts import filled
from models.resolver import demand_known
from models.settings import books_settings
from tenants import current_store


class Preview(msgspec.Struct, frozen=True):
    """What would be made for a slot as the books are now: a voucher, or the error that is in its way."""

    slot: datetime.date
    date: datetime.date
    voucher: VoucherInput | None = None
    error: BooksError | None = None


def worked_out(
    given: TemplateInput, slot: datetime.date, *, by: Actor, template: int | None = None
) -> VoucherInput:
    """Return the voucher that a template comes to for the slot of a day, ready to be posted.

    Lines that come to zero are left out. ``template`` is the stid of one that is kept.

    Raises BadInput where a formula, an account or the book won't do, NotBalanced, and PeriodLocked.
    """
    day = voucher_date(given.date_rule, slot)
    demand_month(day, by)
    decimals = books_settings().decimals
    known = known_of(given.lines, template, slot, Books(day, decimals))
    amounts = amounts_of(given.lines, known, decimals)
    demand_balance(amounts, decimals)
    lines = [
        LineInput(
            line.account_stid, amount, filled(line.text, day, given.language), None, None,
            line.register, line.register_stid,
        )
        for line, amount in zip(given.lines, amounts, strict=True)
    ]  # fmt: skip
    demand_postable(current_store("books"), given.book, lines)
    demand_known([lines])
    kept = [line for line in lines if line.amount]
    if not kept:
        raise BadInput(
            "All amounts come to zero for the voucher of %(date)s, so that there is nothing to make.",
            field="lines",
            date=day.isoformat(),
        )
    text, reference = (filled(each, day, given.language) for each in (given.text, given.reference))
    return check_input(VoucherInput(given.book, day, text, kept, reference))


def previews(
    given: TemplateInput,
    slots: Iterable[datetime.date],
    *,
    by: Actor,
    template: int | None = None,
) -> list[Preview]:
    """Return what would be made for each of these slots, all of it as the books are now."""
    with current_store("books").reading():
        return [_preview(given, slot, by, template) for slot in slots]


def _preview(given: TemplateInput, slot: datetime.date, by: Actor, template: int | None) -> Preview:
    day = voucher_date(given.date_rule, slot)
    try:
        return Preview(slot, day, worked_out(given, slot, by=by, template=template))
    except BooksError as error:
        return Preview(slot, day, error=error)
