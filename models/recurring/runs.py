"""Making the voucher of a slot, once."""

from __future__ import annotations

import datetime
import time
from typing import Any

import msgspec

from models.actors import Actor
from models.drafts import Draft, save_draft
from models.inputs import VoucherInput
from models.keys import checked_key
from models.posted import Voucher
from models.posting import anchored, find_posted
from models.recording import Posted, record
from models.recurring.made import RecurringRun, key_of
from models.recurring.template import get_template
from models.recurring.working import worked_out
from tenants import Store, current_store


class Made(msgspec.Struct, frozen=True):
    """What there is of a slot.

    Attributes:
        slot: its day.
        voucher_id: the voucher's, or the draft's.
        number: the voucher's; "" as long as it is a draft, and of a draft that was deleted.
        is_there: whether the voucher or draft is there still.
        repeated: whether it had been made before.
    """

    slot: datetime.date
    voucher_id: int
    number: str
    is_there: bool = True
    repeated: bool = False


def make_voucher(stid: int, slot: datetime.date, *, by: Actor, anew: bool = False) -> Made:
    """Make the voucher of a template's slot, posted or as a draft as the template says, unless it was made before.

    Args:
        stid: the template's.
        slot: the day on which its schedule is due.
        by: who makes it; needs the right to add to the ledger, and no other.
        anew: whether a draft that somebody deleted is made again.

    Raises NotAllowed, NotFound, and what `worked_out` and posting do; then nothing was changed.
    """
    by.demand("ledger", "add")
    store = current_store("books")

    def write() -> tuple[Made, Posted | None]:
        template = get_template(stid)
        run = RecurringRun.get_or_none(RecurringRun.key == key_of(stid, slot))
        if run is not None:
            made = _made(run)
            if made.is_there or not anew:
                return msgspec.structs.replace(made, repeated=True), None
        given = worked_out(template.as_input(), slot, by=by, template=stid)
        key = key_of(stid, slot)
        if not template.posts:
            draft = save_draft(given, by=by, key=key)
            _note(run, key, stid, slot, draft.id, False, by)
            return Made(slot, draft.id, ""), None
        posted = _post(store, given, by, key)
        _note(run, key, stid, slot, posted.id, True, by)
        return Made(slot, posted.id, posted.number), posted

    made, posted = store.write(write)
    if posted is not None:
        anchored(store, posted)
    return made


def runs_of(stid: int, *, limit: int = 12) -> list[tuple[RecurringRun, Made]]:
    """Return the latest slots for which something was made of a template, the latest first."""
    rows = (
        RecurringRun.select()
        .where(RecurringRun.template_stid == stid)
        .order_by(RecurringRun.slot.desc())
        .limit(limit)
    )
    return [(run, _made(run)) for run in rows]


def made_for(stid: int, slot: datetime.date) -> Made | None:
    """Return what was made for a slot; None where nothing was."""
    run = RecurringRun.get_or_none(RecurringRun.key == key_of(stid, slot))
    return None if run is None else _made(run)


def _post(store: Store, given: VoucherInput, by: Actor, key: str) -> Posted:
    # What was made is known by its slot alone: the amounts may be others by now.
    _, digest = checked_key(key, "recurring", key)
    earlier = find_posted(store, key, digest)  # Conflict, where a form was sent under this key
    return earlier or record(store, given, by, key=key, digest=digest)


def _made(run: RecurringRun) -> Made:
    voucher = Voucher.get_or_none(Voucher.id == run.voucher_id)
    if voucher is not None:
        return Made(run.slot, run.voucher_id, voucher.number)
    return Made(
        run.slot, run.voucher_id, "", Draft.select().where(Draft.id == run.voucher_id).exists()
    )


def _note(
    run: RecurringRun | None,
    key: str,
    stid: int,
    slot: datetime.date,
    voucher_id: int,
    posted: bool,
    by: Actor,
) -> None:
    values: dict[str, Any] = {
        "voucher_id": voucher_id,
        "posted": posted,
        "made_by": by.user_id,
        "made_by_name": by.name,
        "made_at": time.time_ns() // 1000,
    }
    if run is None:
        RecurringRun.create(key=key, template_stid=stid, slot=slot, **values)
        return
    for field, value in values.items():
        setattr(run, field, value)
    run.save()
