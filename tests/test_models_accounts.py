"""The chart is a tree of five types; its stids never change and never come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from ledgers import BY, books, everything, post_sale, sale
from models.accounts import (
    Account,
    account_tree,
    add_account,
    change_account,
    delete_account,
    find_account,
    get_account,
)
from models.actors import Actor
from models.drafts import delete_draft, save_draft
from models.errors import BadInput, BooksError, Conflict, NotAllowed, NotFound
from models.inputs import LineInput
from tenants import Router


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def stid(code: str) -> int:
    return find_account(code).stid


def test_an_account_is_added_below_a_group_and_takes_its_type(acme: None) -> None:
    """What is left out is what the parent is."""
    account = add_account(
        " 1125 ", "Bank, USD", by=BY, parent=stid("1100"), local_name="ธนาคาร", commodity="USD"
    )
    found = get_account(account.stid)
    assert (found.code, found.type, found.local_name, found.commodity) == (
        "1125",
        "asset",
        "ธนาคาร",
        "USD",
    )
    assert (found.is_group, found.active) == (False, True)


def test_the_tree_lists_groups_before_what_is_below_them(acme: None) -> None:
    """Every account stands behind its parent, one deeper, siblings by code, types in order."""
    add_account("1105", "Petty cash", by=BY, parent=stid("1100"))
    add_account("0500", "Other income", "income", by=BY)
    nodes = account_tree()
    seen: dict[int | None, Any] = {}
    for node in nodes:
        if node.parent_stid is None:
            assert node.depth == 0
        else:
            assert node.depth == seen[node.parent_stid].depth + 1
        seen[node.stid] = node
    codes = [node.code for node in nodes]
    assert codes[:5] == ["1000", "1100", "1105", "1110", "1120"]
    assert codes.index("0500") == codes.index("4000") - 1


def test_a_code_may_change_and_the_stid_stays(acme: None) -> None:
    """Lines keep pointing at the account, whatever it is called."""
    posted = post_sale()
    before = stid("4100")
    change_account(before, by=BY, code="4101", name="Sales", local_name="ขาย")
    assert stid("4101") == before
    assert posted.number
    with pytest.raises(NotFound, match="no account 4100"):
        find_account("4100")


def test_a_stid_never_comes_back(acme: None) -> None:
    """The stid of a deleted account isn't given again, though it was the last."""
    gone = add_account("6999", "Mistake", by=BY, parent=stid("6000")).stid
    delete_account(gone, by=BY)
    assert add_account("6999", "Another", by=BY, parent=stid("6000")).stid > gone


def test_an_account_that_a_draft_names_is_kept(acme: None) -> None:
    """It can go once the draft is gone; one whose number only begins alike can go at once."""
    ten, hundred = (
        Account.create(stid=stid, code=str(stid), name="X", type="expense") for stid in (100, 1001)
    )
    line = LineInput(hundred.stid, 5, f'"account_stid":{ten.stid},')
    draft = save_draft(replace(sale(), lines=[line]), by=BY)
    with pytest.raises(Conflict, match="1001 is in a draft"):
        delete_account(hundred.stid, by=BY)
    delete_account(ten.stid, by=BY)
    delete_draft(draft.id, by=BY)
    delete_account(hundred.stid, by=BY)


REFUSED: dict[str, tuple[type[BooksError], Any]] = {
    "an empty code": (BadInput, lambda: add_account("", "X", "asset", by=BY)),
    "an empty name": (BadInput, lambda: add_account("9", " ", "asset", by=BY)),
    "a long code": (BadInput, lambda: add_account("9" * 41, "X", "asset", by=BY)),
    "no type": (BadInput, lambda: add_account("9", "X", by=BY)),
    "an unknown type": (BadInput, lambda: add_account("9", "X", "wealth", by=BY)),
    "another type than the group's": (
        BadInput,
        lambda: add_account("9", "X", "income", by=BY, parent=stid("1000")),
    ),
    "below an account that is no group": (
        BadInput,
        lambda: add_account("9", "X", by=BY, parent=stid("1110")),
    ),
    "below nothing": (NotFound, lambda: add_account("9", "X", by=BY, parent=9999)),
    "a taken code": (Conflict, lambda: add_account("1110", "X", "asset", by=BY)),
    "a change to a taken code": (
        Conflict,
        lambda: change_account(stid("1110"), by=BY, code="1120"),
    ),
    "below itself": (
        BadInput,
        lambda: change_account(stid("1000"), by=BY, parent=stid("1100")),
    ),
    "moved under another type": (
        BadInput,
        lambda: change_account(stid("1110"), by=BY, parent=stid("4000")),
    ),
    "a group that has accounts made none": (
        BadInput,
        lambda: change_account(stid("1100"), by=BY, is_group=False),
    ),
    "a group's type changed over its accounts": (
        BadInput,
        lambda: change_account(stid("4000"), by=BY, type="expense"),
    ),
    "a posted account made a group": (
        BadInput,
        lambda: change_account(stid("4100"), by=BY, is_group=True),
    ),
    "a posted account's type changed": (
        BadInput,
        lambda: change_account(stid("4100"), by=BY, parent=None, type="expense"),
    ),
    "an unknown field": (BadInput, lambda: change_account(stid("1110"), by=BY, stid=5)),
    "an unknown account": (NotFound, lambda: change_account(9999, by=BY, name="X")),
    "a posted account deleted": (Conflict, lambda: delete_account(stid("4100"), by=BY)),
    "a group with accounts deleted": (Conflict, lambda: delete_account(stid("1100"), by=BY)),
    "the retained earnings deleted": (Conflict, lambda: delete_account(stid("3200"), by=BY)),
}


@pytest.mark.parametrize(("error", "act"), REFUSED.values(), ids=REFUSED.keys())
def test_what_breaks_the_tree_is_refused(acme: None, error: type[BooksError], act: Any) -> None:
    """Each gets its error and changes nothing."""
    post_sale()
    before = everything()
    with pytest.raises(error):
        act()
    assert everything() == before


def test_each_change_takes_its_right(acme: None) -> None:
    """Adding, changing and deleting accounts take the levels of those names."""
    account = add_account("6999", "X", by=Actor("u", "U", {"ledger": "add"}), parent=stid("6000"))
    for level, act in (
        ("read", lambda by: add_account("6998", "X", by=by, parent=stid("6000"))),
        ("add", lambda by: change_account(account.stid, by=by, name="Y")),
        ("edit", lambda by: delete_account(account.stid, by=by)),
    ):
        with pytest.raises(NotAllowed):
            act(Actor("u", "U", {"ledger": level}))  # type: ignore[dict-item, no-untyped-call]
    delete_account(account.stid, by=Actor("u", "U", {"ledger": "delete"}))
