"""Drafts may be anything that isn't senseless, and two editors never overwrite each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from peewee import IntegrityError, OperationalError

from ledgers import BY, Undo, books, customer, everything, post_sale, rows, sale, voucher
from models.actors import Actor
from models.attachments import Attachment
from models.check import check_company
from models.drafts import delete_draft, get_draft, list_drafts, save_draft
from models.errors import BadInput, Conflict, NotAllowed, NotFound
from models.inputs import LineInput
from models.posting import post, post_input
from models.vouchers import get_voucher
from tenants import Router, current_store


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def test_a_draft_reads_back_as_it_was_given(acme: None) -> None:
    """Unbalanced, with Thai, quantities and registers; no number, no balance, no place in the chain."""
    line = LineInput(4, -(10**18) + 1, "น้ำปลา", Decimal("1.50"), "USD", "customer", customer())
    given = replace(sale(), lines=[line], reference="INV 7", text="ร่าง\nsecond line")
    draft = save_draft(given, by=BY)
    view = get_voucher(draft.id)
    assert (view.status, view.version, view.number, view.chain_no) == ("draft", 1, "", 0)
    assert (view.text, view.reference) == (given.text, "INV 7")
    (shown,) = view.lines
    assert (shown.amount, shown.quantity, shown.commodity) == (line.amount, Decimal("1.50"), "USD")
    assert (shown.register, shown.register_stid, shown.text) == (
        "customer",
        line.register_stid,
        "น้ำปลา",
    )
    assert view.difference == line.amount
    assert get_draft(draft.id).as_input() == given
    assert rows("SELECT count(*) FROM balances") == [(0,)]


def test_a_draft_may_be_empty(acme: None) -> None:
    """People save what they have."""
    assert get_voucher(save_draft(voucher("2026-02-03"), by=BY).id).lines == []


def test_the_second_of_two_editors_is_told(acme: None) -> None:
    """A change takes the version that was read; whoever comes later with it gets a conflict."""
    draft = save_draft(sale(), by=BY)
    anna, bert = Actor("a", "Anna", {"ledger": "edit"}), Actor("b", "Bert", {"ledger": "edit"})
    changed = save_draft(sale(amount=5), by=anna, voucher_id=draft.id, version=1)
    assert (changed.id, changed.version) == (draft.id, 2)
    before = everything()
    with pytest.raises(Conflict, match="changed by Anna"):
        save_draft(sale(amount=7), by=bert, voucher_id=draft.id, version=1)
    with pytest.raises(Conflict, match="changed by Anna"):
        delete_draft(draft.id, by=BY, version=1)
    with pytest.raises(Conflict, match="changed by Anna"):
        post(draft.id, by=BY, version=1)
    with pytest.raises(BadInput, match="version"):
        save_draft(sale(), by=bert, voucher_id=draft.id)
    assert everything() == before


def test_of_editors_at_once_one_wins(router: Router) -> None:
    """Eight threads save version 1 of one draft: one does, seven get a conflict."""
    start = threading.Barrier(8)
    outcomes: list[Any] = []

    def work(amount: int) -> None:
        start.wait(timeout=30)
        try:
            outcomes.append(save_draft(sale(amount=amount), by=BY, voucher_id=1, version=1).version)
        except Conflict:
            outcomes.append("conflict")

    with books(router):
        save_draft(sale(), by=BY)
        threads = [router.start_thread(work, n, tenant="acme") for n in range(1, 9)]
        for thread in threads:
            thread.join(timeout=60)
    assert sorted(outcomes, key=str) == [2] + ["conflict"] * 7


def test_ids_of_deleted_drafts_do_not_come_back(acme: None) -> None:
    """A link to a draft that is gone never shows another voucher."""
    gone = save_draft(sale(), by=BY).id
    delete_draft(gone, by=BY)
    with pytest.raises(NotFound):
        get_voucher(gone)
    assert save_draft(sale(), by=BY).id > gone
    assert post_input(sale(), by=BY).id > gone + 1


def test_posted_vouchers_are_not_drafts_any_more(acme: None) -> None:
    """Saving or deleting a posted voucher is a conflict that names its number."""
    posted = post_sale()
    before = everything()
    for act in (
        lambda: save_draft(sale(), by=BY, voucher_id=posted.id, version=1),
        lambda: delete_draft(posted.id, by=BY),
    ):
        with pytest.raises(Conflict, match="GJ-2026-000001"):
            act()
    assert everything() == before


@pytest.mark.parametrize("voucher_id", [0, -1, 999, 2**63, 2**70])
def test_unknown_ids_are_not_found(acme: None, voucher_id: int) -> None:
    """Ids that these books don't have are told as such, however large."""
    for act in (
        lambda: get_voucher(voucher_id),
        lambda: delete_draft(voucher_id, by=BY),
        lambda: save_draft(sale(), by=BY, voucher_id=voucher_id, version=1),
        lambda: post(voucher_id, by=BY),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    "different",
    [
        {"lines": [LineInput(9999, 5)]},
        {"lines": [LineInput(4, 10**18)]},
        {"lines": [LineInput(4, 1.5)]},  # type: ignore[arg-type]
        {"lines": [LineInput(4, 5, register="customer", register_stid=99)]},
        {"lines": [LineInput(4, 5, register="ghost", register_stid=1)]},
        {"book": 99},
        {"text": "a\0b"},
        {"date": "2026-02-30"},
    ],
)
def test_senseless_drafts_are_refused(acme: None, different: dict[str, Any]) -> None:
    """What could never post, whoever mends the balance, isn't saved either."""
    before = everything()
    with pytest.raises(BadInput):
        save_draft(replace(sale(), **different), by=BY)
    assert everything() == before


def test_each_step_takes_its_right(acme: None) -> None:
    """Add to save, edit to change, delete to delete."""
    draft = save_draft(sale(), by=Actor("u", "U", {"ledger": "add"}))
    with pytest.raises(NotAllowed):
        save_draft(sale(), by=Actor("u", "U", {"ledger": "read"}))
    with pytest.raises(NotAllowed):
        save_draft(sale(), by=Actor("u", "U", {"ledger": "add"}), voucher_id=draft.id, version=1)
    with pytest.raises(NotAllowed):
        delete_draft(draft.id, by=Actor("u", "U", {"ledger": "edit"}))
    assert get_draft(draft.id).version == 1


def test_drafts_page_by_id(acme: None) -> None:
    """The next page begins behind the last id of the one before."""
    ids = [save_draft(sale(), by=BY).id for _ in range(5)]
    first = list_drafts(limit=3)
    assert [draft.id for draft in first] == ids[:3]
    assert [draft.id for draft in list_drafts(after=first[-1].id, limit=3)] == ids[3:]


def test_a_draft_sent_twice_under_one_key_is_one_draft(acme: None) -> None:
    """The second sending gets the first one's draft, also once that was changed; other keys, others."""
    first = save_draft(sale(), by=BY, key="k")
    assert save_draft(sale(), by=BY, key=" k ").id == first.id
    save_draft(sale(amount=5), by=BY, voucher_id=first.id, version=1)
    again = save_draft(sale(), by=BY, key="k")
    assert (again.id, again.version) == (first.id, 2)
    assert save_draft(sale(), by=BY, key="other").id != first.id
    assert len({save_draft(sale(), by=BY).id for _ in range(2)}) == 2
    assert len(list_drafts()) == 4


def test_a_draft_s_key_with_other_content_is_a_conflict(acme: None) -> None:
    """What differs under the same key is neither saved nor dropped in silence."""
    first = save_draft(sale(), by=BY, key="k")
    before = everything()
    with pytest.raises(Conflict, match=f"draft {first.id};"):
        save_draft(sale(amount=7), by=BY, key="k")
    for key in ("", " ", "a\0b", "x" * 201):
        with pytest.raises(BadInput):
            save_draft(sale(), by=BY, key=key)
    with pytest.raises(ValueError, match="new draft"):
        save_draft(sale(), by=BY, voucher_id=first.id, version=1, key="k")
    assert everything() == before


def test_a_draft_sent_at_once_under_one_key_is_one_draft(router: Router) -> None:
    """Eight threads save the same draft under the same key: one row, and all are told its id."""
    start = threading.Barrier(8)
    ids: list[int] = []

    def work() -> None:
        start.wait(timeout=30)
        ids.append(save_draft(sale(), by=BY, key="k").id)

    with books(router):
        threads = [router.start_thread(work, tenant="acme") for _ in range(8)]
        for thread in threads:
            thread.join(timeout=60)
        assert len(list_drafts()) == 1
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_the_database_itself_keeps_one_draft_to_a_key(acme: None) -> None:
    """Even code that asks for no earlier draft can't make a second one."""
    save_draft(sale(), by=BY, key="k")
    other = save_draft(sale(), by=BY)
    other.key = "k"
    with pytest.raises(IntegrityError):
        other.save()


def papers(*voucher_ids: int) -> list[int]:
    """Which of these vouchers have attachments."""
    return [row.voucher_id for row in Attachment.of(list(voucher_ids))]


def test_what_is_attached_to_a_draft_goes_with_it(acme: None) -> None:
    """Deleting takes that draft's papers and no other's; posting keeps them, as the id stays."""
    gone, kept, posted = (save_draft(sale(), by=BY).id for _ in range(3))
    for id in (gone, kept, posted):
        Attachment.attach(id, "a.txt", "text/plain", b"abc")
    post(posted, by=BY)
    with pytest.raises(Conflict):
        delete_draft(posted, by=BY)
    with pytest.raises(Conflict):
        delete_draft(gone, by=BY, version=2)
    delete_draft(gone, by=BY)
    assert papers(gone, kept, posted) == [kept, posted]


def test_attachments_stay_with_a_draft_whose_deletion_is_undone(acme: None) -> None:
    """They are in another store: nothing is deleted there before the draft is gone for good."""
    draft = save_draft(sale(), by=BY).id
    Attachment.attach(draft, "a.txt", "text/plain", b"abc")

    def delete_and_undo() -> None:
        with current_store("books").writing():
            delete_draft(draft, by=BY)
            assert papers(draft) == [draft]
            raise Undo

    with pytest.raises(Undo):
        delete_and_undo()
    assert papers(draft) == [draft]
    with current_store("books").writing():
        delete_draft(draft, by=BY)
    assert papers(draft) == []


def test_a_crash_between_the_stores_leaves_what_a_check_bears(
    acme: None, router: Router, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The draft is gone whatever becomes of its papers, which then are nobody's and no fault."""

    def fail(voucher_id: int) -> None:
        raise OperationalError("disk I/O error")

    draft = save_draft(sale(), by=BY).id
    Attachment.attach(draft, "a.txt", "text/plain", b"abc")
    monkeypatch.setattr(Attachment, "discard", fail)
    delete_draft(draft, by=BY)
    assert "left over" in caplog.text
    with pytest.raises(NotFound):
        get_draft(draft)
    assert papers(draft) == [draft]
    assert check_company(router, "acme") == []
