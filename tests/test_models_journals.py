"""Journal books have codes that never give one number twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledgers import BY, books, everything, post_sale
from models.actors import Actor
from models.errors import BadInput, BooksError, Conflict, NotAllowed, NotFound
from models.journals import add_book, change_book, delete_book, find_book, get_book, list_books
from tenants import Router


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def test_books_are_added_changed_and_listed(acme: None) -> None:
    """A new book takes vouchers; an inactive one is listed only if asked for."""
    book = add_book("MC", "Petty cash", "payments", by=BY, local_name="เงินสดย่อย", vat="input")
    assert (get_book(book.stid).local_name, book.vat) == ("เงินสดย่อย", "input")
    assert post_sale(book="MC").number == "MC-2026-000001"
    change_book(book.stid, by=BY, active=False)
    assert [b.code for b in list_books()] == ["GJ", "SJ", "PJ", "CR", "CP"]
    assert [b.code for b in list_books(inactive=True)][-1] == "MC"


def test_a_code_that_numbered_vouchers_is_never_another_books(acme: None) -> None:
    """Two books that change codes would give GJ-2026-000001 twice; the second change is refused."""
    post_sale()
    change_book(find_book("GJ").stid, by=BY, code="GX")
    for act in (
        lambda: change_book(find_book("SJ").stid, by=BY, code="GJ"),
        lambda: add_book("GJ", "Another", "general", by=BY),
    ):
        with pytest.raises(Conflict, match="GJ is, or was, another book's"):
            act()
    change_book(find_book("GX").stid, by=BY, code="GJ")


REFUSED: dict[str, tuple[type[BooksError], Any]] = {
    "an empty code": (BadInput, lambda: add_book("", "X", "sales", by=BY)),
    "a long code": (BadInput, lambda: add_book("X" * 21, "X", "sales", by=BY)),
    "an unknown kind": (BadInput, lambda: add_book("X", "X", "gossip", by=BY)),
    "an unknown VAT": (BadInput, lambda: add_book("X", "X", "sales", by=BY, vat="both")),
    "a taken code": (Conflict, lambda: add_book("SJ", "X", "sales", by=BY)),
    "an unknown field": (BadInput, lambda: change_book(1, by=BY, stid=9)),
    "an unknown book": (NotFound, lambda: change_book(999, by=BY, name="X")),
    "a book with vouchers deleted": (Conflict, lambda: delete_book(find_book("GJ").stid, by=BY)),
    "adding without the right": (
        NotAllowed,
        lambda: add_book("X", "X", "sales", by=Actor("u", "U", {"ledger": "read"})),
    ),
    "changing without the right": (
        NotAllowed,
        lambda: change_book(1, by=Actor("u", "U", {"ledger": "add"}), name="X"),
    ),
    "deleting without the right": (
        NotAllowed,
        lambda: delete_book(2, by=Actor("u", "U", {"ledger": "edit"})),
    ),
}


@pytest.mark.parametrize(("error", "act"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_books_are_refused(acme: None, error: type[BooksError], act: Any) -> None:
    """Each gets its error and changes nothing."""
    post_sale()
    before = everything()
    with pytest.raises(error):
        act()
    assert everything() == before


def test_an_unused_book_is_deleted(acme: None) -> None:
    """Until something is posted, a book can go."""
    delete_book(find_book("CP").stid, by=BY)
    with pytest.raises(NotFound):
        find_book("CP")
