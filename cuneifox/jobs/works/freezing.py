"""Months are frozen once they are over."""

from __future__ import annotations

from datetime import timedelta

from cuneifox.i18n import _, _l
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.work import Work
from models.dates import first_of_month
from models.months import freeze_month, month_state


@kind(
    "freeze_month",
    lambda given: str(_l("Freezing the month that is over")),
    needs=(("ledger", "read"),),
    may_freeze=True,
)
def freeze(work: Work) -> str:
    """Freeze the month before the one in which the job's slot is, unless it is frozen or closed already."""
    slot = work.arguments.get("slot", work.services.now())
    day = first_of_month(work.services.local(slot).date()) - timedelta(days=1)
    month = day.year * 100 + day.month
    if month_state(month) != "open":
        return _("%(month)s was no longer open.", month=f"{day:%Y-%m}")
    freeze_month(month, by=work.actor, reason="month-end")
    return _("%(month)s is frozen.", month=f"{day:%Y-%m}")
