"""What pages and jobs say of recurring vouchers."""

from __future__ import annotations

from cuneifox import formats
from cuneifox.i18n import LazyText, _, _l
from models.recurring.runs import Made

DATE_RULES: dict[str, LazyText] = {
    "same_day": _l("The day on which it is due"),
    "month_start": _l("The first day of that month"),
    "month_end": _l("The last day of that month"),
    "previous_month_end": _l("The last day of the month before"),
    "next_month_start": _l("The first day of the next month"),
    "next_month_end": _l("The last day of the next month"),
}

MISSED: dict[str, LazyText] = {
    "each": _l("Each is made up for"),
    "latest": _l("The latest is made up for"),
    "skip": _l("They are left out"),
}


def told_of(made: Made) -> str:
    """Return what there is of a slot, in the current language."""
    day = formats.date(made.slot)
    if not made.is_there:
        return _(
            "The draft for %(day)s was deleted by somebody, and isn't made again by itself.",
            day=day,
        )
    if made.repeated and made.number:
        return _(
            "The voucher for %(day)s was there already: %(number)s.", day=day, number=made.number
        )
    if made.repeated:
        return _(
            "The draft for %(day)s was there already: draft %(id)s.", day=day, id=made.voucher_id
        )
    if made.number:
        return _("Posted as %(number)s.", number=made.number)
    return _("Draft %(id)s was made.", id=made.voucher_id)
