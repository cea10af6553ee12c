"""A reversal takes a voucher back exactly, is linked to it, and happens once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from ledgers import BY, balances, books, customer, day, everything, post_sale, rows, sale
from models.accounts import change_account, find_account
from models.actors import Actor
from models.drafts import save_draft
from models.errors import BadInput, Conflict, NotAllowed, NotFound
from models.inputs import LineInput
from models.posting import post_input
from models.reversing import reverse
from models.vouchers import get_voucher
from tenants import Router


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def undo(voucher_id: int, date: str = "2026-02-10", by: Actor = BY, **more: Any) -> Any:
    return reverse(voucher_id, date=day(date), by=by, reason="Wrong customer", **more)


def test_a_reversal_mirrors_every_line_and_both_name_each_other(acme: None) -> None:
    """Amounts and quantities change sign, all else of the lines stays; the accounts are as before."""
    dollars = LineInput(find_account("1120").stid, 3512, "at 35.12", Decimal("-1.00"), "USD")
    named = LineInput(find_account("4100").stid, -3512, "", None, None, "customer", customer())
    given = replace(sale(), lines=[dollars, named], reference="INV 7")
    posted = post_input(given, by=BY)
    reversal = undo(posted.id)
    assert balances() == {}
    old, new = get_voucher(posted.id), get_voucher(reversal.id)
    assert (old.status, old.reversed_by, old.reversed_by_number) == (
        "reversed",
        new.id,
        new.number,
    )
    assert (new.status, new.reverses, new.reverses_number) == ("posted", old.id, old.number)
    assert (new.text, new.reference, new.date) == ("Wrong customer", old.number, day("2026-02-10"))
    assert [replace(line, amount=-line.amount, quantity=None) for line in new.lines] == [
        replace(line, quantity=None) for line in old.lines
    ]
    assert [line.quantity for line in new.lines] == [Decimal("1.00"), None]
    assert rows("SELECT account_stid, sum(debit) - sum(credit) FROM balances GROUP BY 1") == [
        (dollars.account_stid, 0),
        (named.account_stid, 0),
    ]


def test_a_voucher_is_reversed_once(acme: None) -> None:
    """A second reversal, and a reversal of the reversal, are refused and change nothing."""
    posted = post_sale()
    reversal = undo(posted.id)
    before = everything()
    with pytest.raises(Conflict, match="reversed already, by GJ-2026-000002"):
        undo(posted.id)
    with pytest.raises(Conflict, match="is a reversal itself"):
        undo(reversal.id)
    assert everything() == before


def test_of_reversals_at_once_one_wins(router: Router) -> None:
    """Eight threads reverse the same voucher: one does, seven are told so."""
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def work() -> None:
        start.wait(timeout=30)
        try:
            outcomes.append(undo(1).number)
        except Conflict as error:
            outcomes.append(error.code)

    with books(router):
        post_sale()
        threads = [router.start_thread(work, tenant="acme") for _ in range(8)]
        for thread in threads:
            thread.join(timeout=60)
    assert sorted(outcomes) == ["GJ-2026-000002"] + ["conflict"] * 7


def test_the_same_key_gives_the_earlier_reversal(acme: None) -> None:
    """A double submit of a reversal answers with the first; the key for another is a conflict."""
    first, second = post_sale(), post_sale()
    reversal = undo(first.id, key="k")
    assert undo(first.id, key="k").id == reversal.id
    with pytest.raises(Conflict):
        undo(second.id, key="k")


def test_accounts_that_were_made_inactive_can_be_reversed(acme: None) -> None:
    """What was posted can be taken back, whatever became of the account."""
    posted = post_sale()
    change_account(find_account("4100").stid, by=BY, active=False)
    undo(posted.id)
    assert balances() == {}


def test_what_cannot_be_reversed_is_said(acme: None) -> None:
    """Dates before the voucher's, drafts, unknown ids, no reason, and no right: each has its error."""
    posted = post_sale()
    draft = save_draft(sale(), by=BY)
    before = everything()
    with pytest.raises(BadInput, match="2026-02-03"):
        undo(posted.id, date="2026-02-02")
    for unknown in (draft.id, 999, 0, -1, 2**70):
        with pytest.raises(NotFound):
            undo(unknown)
    with pytest.raises(BadInput, match="reason"):
        reverse(posted.id, date=day("2026-02-10"), by=BY, reason="  ")
    with pytest.raises(NotAllowed):
        undo(posted.id, by=Actor("u1", "Somchai", {"ledger": "add"}))
    assert everything() == before
