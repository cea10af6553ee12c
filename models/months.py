"""Months are open, frozen (for those with the freeze right alone) or closed (for nobody, for good).

Closing goes in order of time: a closed month closes all before it, since what were posted there would
change what is carried into it.
"""

from __future__ import annotations

import datetime
import time
from typing import Any

from peewee import AutoField, BigIntegerField, CharField, Check, IntegerField, TextField

from models.actors import Actor
from models.errors import BadInput, PeriodClosed, PeriodFrozen, PeriodNotReady
from models.fiscal import (
    fiscal_year_days,
    last_year_ended,
    month_days,
    month_name,
    month_of,
)
from models.results import earliest_result
from models.seals import SealedModel, kept
from models.settings import books_settings
from models.texts import clean_line
from tenants import current_store

OPEN, FROZEN, CLOSED = "open", "frozen", "closed"


class Month(SealedModel):
    """A month that is, or was, not open. Months before the last closed one are closed without a row."""

    month = IntegerField(primary_key=True)
    state = CharField(constraints=[Check(f"state IN {(OPEN, FROZEN, CLOSED)}")])

    class Meta:
        store = "books"
        table_name = "months"
        indexes = ((("state", "month"), False),)


class MonthChange(SealedModel):
    """Who changed a month's state, when (microseconds since 1970, UTC) and why; never changed."""

    id = AutoField()
    month = IntegerField(index=True)
    state = CharField()
    reason = TextField(default="")
    changed_by = CharField()
    changed_by_name = CharField()
    changed_at = BigIntegerField()

    class Meta:
        store = "books"
        table_name = "month_changes"


def closed_through() -> int:
    """Return the last closed month, or 0: it and all months before it are closed."""
    found = current_store("books").execute_sql(_CLOSED_THROUGH).fetchone()
    return (found and found[0]) or 0


def month_state(month: int) -> str:
    """Return a month's state."""
    if month <= closed_through():
        return CLOSED
    row = Month.get_or_none(Month.month == _checked(month))
    return row.state if row is not None else OPEN


def month_states(first: int, last: int) -> dict[int, str]:
    """Return the state of every month from ``first`` to ``last``, with two queries."""
    closed = closed_through()
    kept = {row.month: row.state for row in Month.select().where(Month.month.between(first, last))}
    states = {}
    month = _checked(first)
    while month <= last:
        states[month] = CLOSED if month <= closed else kept.get(month, OPEN)
        month = month + 1 if month % 100 < 12 else month + 89
    return states


def freeze_month(month: int, *, by: Actor, reason: str = "") -> None:
    """Freeze a month. Raises NotAllowed, PeriodClosed."""
    by.demand_freeze()
    _set_state(month, FROZEN, by, reason)


def open_month(month: int, *, by: Actor, reason: str = "") -> None:
    """Open a frozen month again. Raises NotAllowed, PeriodClosed."""
    by.demand_freeze()
    _set_state(month, OPEN, by, reason)


def close_month(
    month: int, *, by: Actor, reason: str = "", today: datetime.date | None = None
) -> None:
    """Close a month for good, and with it all before it. ``today`` is the clock's unless given.

    Raises NotAllowed, and PeriodNotReady while the month isn't over, drafts are dated in it or earlier,
    an earlier month holds vouchers and isn't closed, or a fiscal year that it ends isn't closed.
    """
    by.demand_close()
    first, last = month_days(_checked(month))
    if last >= (today or datetime.datetime.now().astimezone().date()):
        raise PeriodNotReady(
            "The month %(month)s isn't over; what is closed stays closed, so wait until it is.",
            month=month_name(month),
        )

    def write() -> None:
        closed = closed_through()
        if month > closed:
            _demand_no_drafts(last)
            _demand_months_before(first, closed)
            _demand_years_before(month)
            _record(month, CLOSED, by, reason)

    current_store("books").write(write)


def demand_month(date: datetime.date, by: Actor) -> None:
    """Raise PeriodClosed or PeriodFrozen unless the actor may work in the month of ``date``."""
    month = month_of(date)
    found = current_store("books").execute_sql(_MONTH, (month,)).fetchone()
    refuse_month(month, found[0], found[1], by)


def refuse_month(month: int, state: str | None, closed: int | None, by: Actor) -> None:
    """Raise PeriodClosed or PeriodFrozen if that state, or the last closed month, keeps the actor out."""
    if closed and month <= closed:
        raise PeriodClosed(
            "The month %(month)s is closed for good; use a date after %(closed)s.",
            month=month_name(month),
            closed=month_name(closed),
        )
    if state == FROZEN and not by.may_freeze:
        raise PeriodFrozen(
            "The month %(month)s is frozen; use another date, or ask someone with the freeze right.",
            month=month_name(month),
        )


_CLOSED_THROUGH = "SELECT max(month) FROM months WHERE state = 'closed'"
_MONTH = (
    "SELECT (SELECT state FROM months WHERE month = ?),"
    " (SELECT max(month) FROM months WHERE state = 'closed')"
)


def _checked(month: Any) -> int:
    try:
        month_days(month)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput("%(month)s is no month.", field="month", month=str(month)[:40]) from error
    return month


def _set_state(month: int, state: str, by: Actor, reason: str) -> None:
    _checked(month)

    def write() -> None:
        refuse_month(month, None, closed_through(), by)
        if month_state(month) != state:
            _record(month, state, by, reason)

    current_store("books").write(write)


def _record(month: int, state: str, by: Actor, reason: str) -> None:
    store = current_store("books")
    with kept(store, Month, month):
        store.execute_sql(
            "INSERT INTO months (month, state) VALUES (?, ?)"
            " ON CONFLICT (month) DO UPDATE SET state = excluded.state",
            (month, state),
        )
    MonthChange.create(
        month=month,
        state=state,
        reason=clean_line(reason, "reason", longest=500),
        changed_by=by.user_id,
        changed_by_name=by.name,
        changed_at=time.time_ns() // 1000,
    )


def _demand_no_drafts(last: datetime.date) -> None:
    found = current_store("books").execute_sql(
        "SELECT count(*) FROM drafts WHERE date <= ?", (last.isoformat(),)
    )
    if count := found.fetchone()[0]:
        raise PeriodNotReady(
            "%(count)d drafts are dated %(last)s or earlier; post, delete or date them anew first.",
            count=count,
            last=last.isoformat(),
        )


def _demand_months_before(first: datetime.date, closed: int) -> None:
    after = month_days(closed)[1].isoformat() if closed else ""
    found = current_store("books").execute_sql(
        "SELECT min(date) FROM vouchers WHERE date > ? AND date < ?", (after, first.isoformat())
    )
    if earliest := found.fetchone()[0]:
        raise PeriodNotReady(
            "The month %(month)s holds vouchers and isn't closed; close it first.",
            month=earliest[:7],
        )


def _demand_years_before(month: int) -> None:
    """A year's closing voucher is dated on its last day, which can't be had once that is closed."""
    start_month = books_settings().fiscal_start_month
    over = last_year_ended(month, start_month)
    unclosed = earliest_result(month_of(fiscal_year_days(over, start_month)[1]), start_month)
    if unclosed is not None:
        raise PeriodNotReady(
            "The fiscal year %(year)d ends in or before this month and isn't closed; close it first.",
            year=unclosed,
        )
