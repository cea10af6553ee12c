"""Months are open, frozen for those without the freeze right, or closed for everybody and for good."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from ledgers import BY, TODAY, books, day, everything, post_sale, rows, sale
from models.actors import Actor
from models.drafts import delete_draft, save_draft
from models.errors import BadInput, NotAllowed, PeriodClosed, PeriodFrozen, PeriodNotReady
from models.months import (
    close_month,
    closed_through,
    freeze_month,
    month_state,
    month_states,
    open_month,
)
from models.posting import post, post_input
from models.reversing import reverse
from models.years import close_year
from tenants import Router

PLAIN = Actor("u1", "Somchai", {"ledger": "delete"})


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def close(month: int, by: Actor = BY, today: datetime.date = TODAY) -> None:
    close_month(month, by=by, today=today)


def every_way_in(by: Actor, voucher_id: int, draft_id: int) -> list[Callable[[], Any]]:
    """All that changes what a month holds: the voucher and the draft are dated in February 2026."""
    february, march = sale("2026-02-03"), sale("2026-03-03")
    return [
        lambda: post_input(february, by=by),
        lambda: post(draft_id, by=by),
        lambda: save_draft(february, by=by),
        lambda: save_draft(march, by=by, voucher_id=draft_id, version=1),
        lambda: delete_draft(draft_id, by=by),
        lambda: reverse(voucher_id, date=day("2026-02-28"), by=by, reason="Wrong"),
    ]


def test_only_the_freeze_right_works_in_a_frozen_month(acme: None) -> None:
    """Every way in is shut for the others, and open again once the month is."""
    posted, draft = post_sale(), save_draft(sale(), by=BY)
    freeze_month(202602, by=BY)
    before = everything()
    for act in every_way_in(PLAIN, posted.id, draft.id):
        with pytest.raises(PeriodFrozen, match="2026-02"):
            act()
    assert everything() == before
    freezer = replace(PLAIN, may_freeze=True)
    post_input(sale(), by=freezer)
    save_draft(sale("2026-02-07"), by=freezer, voucher_id=draft.id, version=1)
    open_month(202602, by=freezer)
    post(draft.id, by=PLAIN)


def test_a_draft_cannot_be_moved_into_a_frozen_month(acme: None) -> None:
    """The date that a draft is given counts as much as the one that it had."""
    draft = save_draft(sale("2026-03-03"), by=PLAIN)
    freeze_month(202602, by=BY)
    with pytest.raises(PeriodFrozen):
        save_draft(sale("2026-02-03"), by=PLAIN, voucher_id=draft.id, version=1)


def test_nobody_works_in_a_closed_month_or_before_it(acme: None) -> None:
    """Closing takes all months before along, and not even every right opens them again."""
    posted = post_sale()
    close(202602)
    draft = save_draft(sale("2026-03-03"), by=BY)
    before = everything()
    for act in (
        lambda: post_input(sale("2026-02-03"), by=BY),
        lambda: post_input(sale("1990-01-01"), by=BY),
        lambda: save_draft(sale("2026-02-28"), by=BY),
        lambda: save_draft(sale("2026-02-28"), by=BY, voucher_id=draft.id, version=1),
        lambda: reverse(posted.id, date=day("2026-02-28"), by=BY, reason="Wrong"),
        lambda: open_month(202602, by=BY),
        lambda: freeze_month(202602, by=BY),
        lambda: open_month(202601, by=BY),
    ):
        with pytest.raises(PeriodClosed, match="closed for good"):
            act()
    assert everything() == before
    reverse(posted.id, date=day("2026-03-01"), by=BY, reason="Wrong")


def test_months_close_in_order_and_without_drafts(acme: None) -> None:
    """Earlier months with vouchers and drafts up to its end stand in the way of closing a month."""
    post_sale("2026-01-31")
    post_sale("2026-03-01")
    draft = save_draft(sale("2026-02-28"), by=BY)
    later = save_draft(sale("2026-04-01"), by=BY)
    with pytest.raises(PeriodNotReady, match="1 drafts"):
        close(202603)
    delete_draft(draft.id, by=BY)
    with pytest.raises(PeriodNotReady, match="2026-01 holds vouchers"):
        close(202603)
    assert closed_through() == 0
    close(202601)
    close(202603)
    assert later.version == 1
    assert month_states(202512, 202604) == {
        202512: "closed",
        202601: "closed",
        202602: "closed",
        202603: "closed",
        202604: "open",
    }


def test_a_month_closes_only_when_it_is_over(acme: None) -> None:
    """Nobody shuts the future by a slip of the keyboard."""
    with pytest.raises(PeriodNotReady, match="isn't over"):
        close(202602, today=day("2026-02-28"))
    close(202602, today=day("2026-03-01"))


def test_a_year_end_closes_after_its_fiscal_year(router: Router) -> None:
    """The month that ends a fiscal year waits until that year's result is carried on."""
    with books(router, fiscal_start_month=4):
        post_sale("2026-03-31")
        with pytest.raises(PeriodNotReady, match="fiscal year 2026"):
            close(202603)
        close_year(2026, by=BY)
        close(202603)
        assert closed_through() == 202603


def test_a_later_month_does_not_pass_over_an_unclosed_year(acme: None) -> None:
    """A year without a closing voucher isn't shut in by closing a month of the next one."""
    post_sale("2025-06-01")
    with pytest.raises(PeriodNotReady, match="2025-06 holds vouchers"):
        close(202602)
    close(202506)
    with pytest.raises(PeriodNotReady, match="fiscal year 2025"):
        close(202602)


def test_rights_to_freeze_and_to_close_are_apart(acme: None) -> None:
    """Neither right comes with the other, nor with any level in the ledger."""
    freezer, closer = replace(PLAIN, may_freeze=True), replace(PLAIN, may_close=True)
    for act in (
        lambda: freeze_month(202602, by=closer),
        lambda: open_month(202602, by=closer),
        lambda: close(202602, by=freezer),
    ):
        with pytest.raises(NotAllowed, match="Somchai"):
            act()
    freeze_month(202602, by=freezer)
    close(202602, by=closer)


def test_who_changed_a_month_stays_on_record(acme: None) -> None:
    """Each change is kept with who, and why; what changes nothing isn't."""
    freeze_month(202602, by=BY, reason="VAT is filed")
    freeze_month(202602, by=BY, reason="again")
    open_month(202602, by=BY, reason="Late invoice")
    close_month(202602, by=BY, reason="Audited", today=TODAY)
    close_month(202602, by=BY, today=TODAY)
    assert rows("SELECT month, state, reason, changed_by_name FROM month_changes ORDER BY id") == [
        (202602, "frozen", "VAT is filed", "test"),
        (202602, "open", "Late invoice", "test"),
        (202602, "closed", "Audited", "test"),
    ]
    assert month_state(202602) == "closed"


@pytest.mark.parametrize(
    "month", [0, 13, 202600, 202613, -202602, 10**9, 10**40, "202602", None, 2026.02]
)
def test_what_is_no_month_is_refused(acme: None, month: Any) -> None:
    """Numbers and other things that are no months get BadInput."""
    for act in (freeze_month, open_month, close_month):
        with pytest.raises(BadInput):
            act(month, by=BY)
