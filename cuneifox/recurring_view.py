"""Recurring vouchers as pages show them: rows of the list, and vouchers to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date

from cuneifox import formats
from cuneifox.cron_words import in_words
from cuneifox.i18n import _, error_text
from cuneifox.lookups import Chart
from models.accounts import AccountNode
from models.actors import Actor
from models.inputs import LineInput, VoucherInput
from models.jobs.job import Job
from models.jobs.schedules import COPIED, Schedule
from models.recurring.given import TemplateInput
from models.recurring.runs import made_for
from models.recurring.scheduling import KIND, Timing, days_ahead, days_behind
from models.recurring.template import RecurringVoucher
from models.recurring.working import Preview, previews
from models.resolver import Reference, Shown, resolve

SERVER = Actor(f"system:schedule:{KIND}", f"schedule:{KIND}", {"ledger": "add"})
"""Who makes vouchers that are due, with the rights that it has: what is shown ahead is what it would make."""


@dataclass(frozen=True)
class Row:
    """One line of the list; `next` is the day on which it is due next, `last` its latest job."""

    template: RecurringVoucher
    schedule: Schedule | None
    words: str
    next: Date | None
    last: Job | None

    @property
    def rests_since_copied(self) -> bool:
        """Whether it rests because the books were copied, or set back, and not as somebody wanted that."""
        return self.schedule is not None and self.schedule.paused and COPIED in self.schedule.given


def as_rows(
    templates: Iterable[RecurringVoucher],
    schedules: Mapping[int, Schedule],
    jobs: Mapping[int, Job],
    now: float,
) -> list[Row]:
    """Return what the list shows of each template."""
    return [_row(each, schedules.get(each.stid), jobs.get(each.stid), now) for each in templates]


def _row(
    template: RecurringVoucher, schedule: Schedule | None, last: Job | None, now: float
) -> Row:
    if schedule is None:
        return Row(template, None, "", None, last)
    timing = Timing(schedule.cron, schedule.zone, schedule.missed)
    ahead = [] if schedule.paused else days_ahead(timing, now, 1)
    return Row(template, schedule, in_words(schedule.cron), ahead[0] if ahead else None, last)


@dataclass(frozen=True)
class ShownLine:
    """A line of a voucher to come; `amount` in minor units, debit positive."""

    account: AccountNode | None
    text: str
    party: Shown | None
    amount: int


@dataclass(frozen=True)
class ShownPreview:
    """A voucher to come, or what is in its way."""

    slot: Date
    date: Date
    error: str
    text: str
    reference: str
    lines: list[ShownLine]

    @property
    def debit(self) -> int:
        """The sum of the debits, in minor units."""
        return sum(line.amount for line in self.lines if line.amount > 0)


def shown_previews(
    given: TemplateInput, slots: Sequence[Date], chart: Chart, template: int | None = None
) -> list[ShownPreview]:
    """Return what a template would make for each of these days, as the books are now.

    ``template`` is the stid of one that is kept.
    """
    found = previews(given, slots, by=SERVER, template=template)
    parties = resolve(_parties(found))
    return [_shown(each, chart, parties) for each in found]


def _parties(found: Iterable[Preview]) -> list[Reference]:
    return [
        (line.register, line.register_stid)
        for each in found
        if each.voucher is not None
        for line in each.voucher.lines
        if line.register and line.register_stid
    ]


def _shown(preview: Preview, chart: Chart, parties: Mapping[Reference, Shown]) -> ShownPreview:
    voucher: VoucherInput | None = preview.voucher
    if voucher is None:
        error = error_text(preview.error) if preview.error else ""
        return ShownPreview(preview.slot, preview.date, error, "", "", [])
    lines = [_line(line, chart, parties) for line in voucher.lines]
    return ShownPreview(preview.slot, preview.date, "", voucher.text, voucher.reference, lines)


def _line(line: LineInput, chart: Chart, parties: Mapping[Reference, Shown]) -> ShownLine:
    party = parties.get((line.register or "", line.register_stid or 0))
    return ShownLine(chart.by_stid.get(line.account_stid), line.text, party, line.amount)


def offered_slots(
    stid: int, timing: Timing, ahead: list[Date], now: float
) -> list[tuple[str, str]]:
    """Return the days that may be chosen, the latest first, each with what was made for it."""
    offered = []
    for day in [*reversed(ahead), *days_behind(timing, now)]:
        made, shown = made_for(stid, day), formats.date(day)
        if made is not None and made.is_there:
            done = made.number or _("Draft %(number)s", number=made.voucher_id)
            shown = f"{shown} – {done}"
        offered.append((day.isoformat(), shown))
    return offered


def first_choice(slots: list[tuple[str, str]], ahead: list[Date]) -> str:
    """Return the latest day that has passed, which is the likeliest to be lacking; the next one where none has."""
    behind = slots[len(ahead) :]
    return (behind or slots[len(ahead) - 1 :] or [("", "")])[0][0]
