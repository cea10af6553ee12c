"""What was made of templates: one row for each slot, so that nothing is made of one twice."""

from __future__ import annotations

import datetime

from peewee import BigIntegerField, BooleanField, CharField, DateField

from models.seals import SealedModel


class RecurringRun(SealedModel):
    """That the voucher of one slot was made; written in the transaction that makes it.

    Attributes:
        key: of template and slot, and the idempotency key of the voucher.
        template_stid: the template's, which may have been deleted since.
        slot: the day on which its schedule was due, in the schedule's time zone.
        voucher_id: the voucher's, or the draft's.
        posted: whether it was posted at once.
        made_by: the actor's id, and ``made_by_name`` its name at the time.
        made_at: microseconds since 1970, UTC.
    """

    key = CharField(primary_key=True)
    template_stid = BigIntegerField()
    slot = DateField()
    voucher_id = BigIntegerField()
    posted = BooleanField()
    made_by = CharField()
    made_by_name = CharField()
    made_at = BigIntegerField()

    class Meta:
        store = "books"
        table_name = "recurring_runs"
        indexes = ((("template_stid", "slot"), False),)


def key_of(template: int, slot: datetime.date) -> str:
    """Return the key of what is made of a template for the slot of a day."""
    return f"recurring:{template}:{slot.isoformat()}"
