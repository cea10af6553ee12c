"""The voucher of a recurring voucher's slot is made, once, however often it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import date as Date
from typing import Any

from peewee import PeeweeException

from cuneifox.i18n import _
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.work import Work
from cuneifox.recurring_words import told_of
from models.errors import BooksError
from models.people import Activity
from models.recurring.runs import Made, make_voucher
from models.recurring.scheduling import KIND, open_before, slot_day

log = logging.getLogger("cuneifox.jobs")


def _title(given: Mapping[str, Any]) -> str:
    return _("Recurring voucher %(name)s", name=given["name"])


@kind(KIND, _title, needs=(("ledger", "add"),))
def make(work: Work) -> str:
    """Post the voucher of the slot, or leave it as a draft, as its template says.

    Earlier slots that are still to be made come first, for amounts may go by the voucher before; should one of them
    fail, its own job tells.
    """
    given = work.arguments
    stid, slot = int(given["template"]), slot_day(given["slot"], given["zone"])
    for earlier in open_before(work.job.tenant_id, stid, slot):
        work.check()
        with suppress(BooksError):
            _make(work, stid, earlier)
    return told_of(_make(work, stid, slot))


def _make(work: Work, stid: int, slot: Date) -> Made:
    made = make_voucher(stid, slot, by=work.actor)
    if not made.repeated:
        _tell_log(work, made)
    return made


def _tell_log(work: Work, made: Made) -> None:
    """Leave a line in the activity log; what was made is made, whether or not it can be written."""
    company, actor = work.company, work.actor
    try:
        Activity.note(
            "recurring.make",
            made.number or str(made.voucher_id),
            now=work.services.now(),
            user_id=actor.user_id,
            user_name=actor.name,
            company_id=company.tenant_id if company is not None else "",
            company_name=company.name if company is not None else "",
        )
    except PeeweeException:
        log.exception("What a recurring voucher came to isn't in the activity log")
