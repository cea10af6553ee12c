"""A voucher is shown whole, whatever its status, by two queries however many lines it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from ledgers import BY, books, day, post_sale, sale
from models.accounts import change_account, find_account
from models.drafts import save_draft
from models.inputs import LineInput
from models.posting import post, post_input
from models.reversing import reverse
from models.vouchers import get_voucher
from tenants import Router, current_store


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def test_a_voucher_keeps_its_id_from_draft_to_reversed(acme: None) -> None:
    """Its status says where it stands, and its lines are the same all the way."""
    draft = save_draft(sale(amount=700), by=BY)
    seen = [get_voucher(draft.id)]
    post(draft.id, by=BY)
    seen.append(get_voucher(draft.id))
    reverse(draft.id, date=day("2026-02-10"), by=BY, reason="Wrong customer")
    seen.append(get_voucher(draft.id))
    assert [view.status for view in seen] == ["draft", "posted", "reversed"]
    assert [view.number for view in seen] == ["", "GJ-2026-000001", "GJ-2026-000001"]
    assert {(view.debit, view.difference) for view in seen} == {(700, 0)}
    assert seen[0].lines == seen[1].lines == seen[2].lines


def test_it_shows_accounts_as_they_are_called_now(acme: None) -> None:
    """Codes and names are looked up by stid, so that a renamed account isn't shown by two names."""
    posted = post_sale()
    change_account(find_account("4100").stid, by=BY, code="4150", name="Shop", local_name="ร้าน")
    line = get_voucher(posted.id).lines[1]
    assert (line.account_code, line.account_name, line.account_local_name) == (
        "4150",
        "Shop",
        "ร้าน",
    )


@pytest.mark.parametrize("posted", [True, False])
def test_two_queries_show_a_voucher_of_many_lines(
    acme: None, monkeypatch: pytest.MonkeyPatch, posted: bool
) -> None:
    """One for the head and one for the lines (a draft's for the accounts, after none was found posted)."""
    cash, sales = find_account("1110").stid, find_account("4100").stid
    lines = [LineInput(cash, 1)] * 200 + [LineInput(sales, -200)]
    given = replace(sale(), lines=lines)
    made = post_input(given, by=BY) if posted else save_draft(given, by=BY)
    store = current_store("books")
    execute, asked = store.execute_sql, []

    def count(sql: str, params: Any = ()) -> Any:
        asked.append(sql)
        return execute(sql, params)

    monkeypatch.setattr(store, "execute_sql", count)
    assert len(get_voucher(made.id).lines) == 201
    assert len(asked) == (2 if posted else 3)
