from __future__ import annotations

import re

import pytest

from cuneifox_site import Browser
from ledger_site import CASH, HOME, NEW, SALES, LedgerSite, balanced, errors_of, value_of
from models.journals import find_book, list_books

BOOKS = f"{HOME}/books"


def book_form(**given: str) -> dict[str, str]:
    return {
        "code": "XJ",
        "name": "Extra",
        "local_name": "",
        "kind": "sales",
        "vat": "output",
    } | given


def test_a_book_is_added_used_and_made_inactive(ledger: LedgerSite, keeper: Browser) -> None:
    """Its code begins its vouchers' numbers; inactive, it is offered no more."""
    assert keeper.post(f"{BOOKS}/new", NEW, **book_form()).status_code == 303
    posted = keeper.post(NEW, NEW, **balanced(ledger.book("XJ"))).location
    assert "XJ-2569-000001" in keeper.get(posted).text
    path = f"{BOOKS}/{ledger.book('XJ')}"
    assert keeper.post(path, NEW, **book_form(name="Extra journal")).status_code == 303
    with ledger.books():
        assert (find_book("XJ").name, find_book("XJ").active) == ("Extra journal", False)
    assert "XJ Extra" not in keeper.get(NEW).text
    assert "Extra journal" in keeper.get(BOOKS).text


@pytest.mark.parametrize(
    ("given", "status", "place"),
    [
        ({"code": ""}, 422, "code"),
        ({"code": "GJ"}, 409, "code"),
        ({"name": ""}, 422, "name"),
        ({"kind": "diary"}, 422, "kind"),
        ({"vat": "some"}, 422, "vat"),
    ],
)
def test_bad_input_is_told_at_its_field_and_kept(
    ledger: LedgerSite, keeper: Browser, given: dict[str, str], status: int, place: str
) -> None:
    """Nothing is stored, and what was typed is there to be mended."""
    page = keeper.post(f"{BOOKS}/new", NEW, **book_form(local_name="เก็บไว้") | given)
    assert page.status_code == status
    assert errors_of(page)[place]
    assert value_of(page, "local_name") == ["เก็บไว้"]
    with ledger.books():
        assert "เก็บไว้" not in [book.local_name for book in list_books(inactive=True)]


def test_a_book_with_vouchers_isn_t_deleted(ledger: LedgerSite, keeper: Browser) -> None:
    """409 with what to do instead; an empty one goes."""
    ledger.post("2026-01-10", (CASH, 100), (SALES, -100))
    kept = keeper.post(f"{BOOKS}/{ledger.book('GJ')}/delete", NEW)
    assert kept.status_code == 409
    assert "inactive" in errors_of(kept)[""]
    gone = ledger.book("SJ")
    assert keeper.post(f"{BOOKS}/{gone}/delete", NEW).status_code == 303
    assert keeper.get(f"{BOOKS}/{gone}").status_code == 404


def test_what_the_level_doesn_t_allow_is_neither_shown_nor_done(ledger: LedgerSite) -> None:
    """read, add and edit each see their buttons alone, and the other routes refuse."""
    path, account = f"{BOOKS}/{ledger.book('SJ')}", "/account"
    for name in ("read", "add", "edit"):
        ledger.grant(name, name)
    reader, adder, editor = (ledger.browser(name) for name in ("read", "add", "edit"))
    assert not re.search(rf'href="{BOOKS}/', reader.get(BOOKS).text)
    assert reader.post(f"{BOOKS}/new", account, **book_form()).status_code == 403
    assert path not in adder.get(BOOKS).text
    assert adder.get(path).status_code == 403
    assert adder.post(path, account, **book_form()).status_code == 403
    assert "/delete" not in editor.get(path).text
    assert editor.post(f"{path}/delete", account).status_code == 403
