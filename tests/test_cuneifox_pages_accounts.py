from __future__ import annotations

import re

import pytest

from cuneifox_site import Browser
from ledger_site import CASH, HOME, SALES, LedgerSite, errors_of, value_of
from models.accounts import Account, find_account

TREE = f"{HOME}/accounts"
NEW = f"{TREE}/new"


def account_form(**given: str) -> dict[str, str]:
    empty = {"code": "1199", "name": "Gold", "local_name": "ทองคำ", "parent": "", "type": "asset"}
    return empty | {"commodity": "", "active": "1"} | given


def stid(ledger: LedgerSite, code: str) -> int:
    with ledger.books():
        return find_account(code).stid


def test_the_tree_shows_every_account_below_its_group(ledger: LedgerSite, keeper: Browser) -> None:
    """In the order of the chart, each deeper than its group; leaves lead to their ledgers."""
    page = keeper.get(TREE).text
    order = [page.index(f">{code}<") for code in ("1000", "1100", "1110", CASH, "2000")]
    assert order == sorted(order)
    depth = re.search(r'depth-(\d)">\s*<span class="code">1111<', page)
    assert depth
    assert depth[1] == "3"
    assert f"/reports/ledger?account={CASH}" in page


def test_an_account_is_added_below_a_group(ledger: LedgerSite, keeper: Browser) -> None:
    """The form offers the group that "add below" was pressed at, and its type."""
    group = stid(ledger, "1100")
    page = keeper.get(f"{NEW}?parent={group}").text
    assert re.search(rf'value="{group}" selected', page)
    sent = keeper.post(NEW, NEW, **account_form(parent=str(group)))
    assert sent.status_code == 303
    with ledger.books():
        account = find_account("1199")
        assert (account.name, account.local_name, account.parent_stid) == ("Gold", "ทองคำ", group)


def test_an_account_is_changed_and_made_inactive(ledger: LedgerSite, keeper: Browser) -> None:
    """An unticked box means inactive; the code may change, the stid doesn't."""
    id = stid(ledger, CASH)
    form = account_form(code="1118", name="Till", parent=str(stid(ledger, "1110")))
    del form["active"]
    assert keeper.post(f"{TREE}/{id}", NEW, **form).status_code == 303
    with ledger.books():
        account = find_account("1118")
        assert (account.stid, account.name, account.active) == (id, "Till", False)


@pytest.mark.parametrize(
    ("given", "status", "place"),
    [
        ({"code": ""}, 422, "code"),
        ({"code": CASH}, 409, "code"),
        ({"name": "x" * 201}, 422, "name"),
        ({"name": "a\nb"}, 422, "name"),
        ({"type": "debt"}, 422, "type"),
        ({"parent": "x"}, 422, "parent"),
        ({"parent": "leaf"}, 422, "parent"),
        ({"parent": "group", "type": "income"}, 422, "type"),
    ],
)
def test_bad_input_is_told_at_its_field_and_kept(
    ledger: LedgerSite, keeper: Browser, given: dict[str, str], status: int, place: str
) -> None:
    """Nothing is stored; what was typed is there to be mended."""
    named = {"leaf": CASH, "group": "1100"}
    if code := named.get(given.get("parent", "")):
        given = given | {"parent": str(stid(ledger, code))}
    page = keeper.post(NEW, NEW, **account_form(local_name="เก็บไว้") | given)
    assert page.status_code == status
    assert errors_of(page)[place]
    assert value_of(page, "local_name") == ["เก็บไว้"]
    with ledger.books():
        assert not Account.select().where(Account.local_name == "เก็บไว้").exists()


def test_an_account_in_use_isn_t_deleted(ledger: LedgerSite, keeper: Browser) -> None:
    """409 with what to do instead; one that nothing refers to goes."""
    ledger.post("2026-01-10", (CASH, 100), (SALES, -100))
    kept = keeper.post(f"{TREE}/{stid(ledger, CASH)}/delete", NEW)
    assert kept.status_code == 409
    assert "inactive" in errors_of(kept)[""]
    keeper.post(NEW, NEW, **account_form())
    gone = stid(ledger, "1199")
    assert keeper.post(f"{TREE}/{gone}/delete", NEW).status_code == 303
    assert keeper.get(f"{TREE}/{gone}").status_code == 404


def test_another_group_s_id_from_elsewhere_is_unknown(ledger: LedgerSite, keeper: Browser) -> None:
    """Ids that this chart doesn't have are 404 in the address and as a parent."""
    assert keeper.get(f"{TREE}/99999").status_code == 404
    assert keeper.get(f"{NEW}?parent=99999").status_code == 404
    assert keeper.post(NEW, NEW, **account_form(parent="99999")).status_code == 404


def test_what_the_level_doesn_t_allow_is_neither_shown_nor_done(ledger: LedgerSite) -> None:
    """read, add and edit each see their buttons alone, and the other routes refuse."""
    id, account = stid(ledger, CASH), "/account"
    for name in ("read", "add", "edit"):
        ledger.grant(name, name)
    reader, adder, editor = (ledger.browser(name) for name in ("read", "add", "edit"))
    assert NEW not in reader.get(TREE).text
    assert reader.post(NEW, account, **account_form()).status_code == 403
    assert NEW in adder.get(TREE).text
    assert f"{TREE}/{id}" not in adder.get(TREE).text
    assert adder.get(f"{TREE}/{id}").status_code == 403
    assert adder.post(f"{TREE}/{id}", account, **account_form()).status_code == 403
    assert f"{TREE}/{id}" in editor.get(TREE).text
    assert "/delete" not in editor.get(f"{TREE}/{id}").text
    assert editor.post(f"{TREE}/{id}/delete", account).status_code == 403
    with ledger.books():
        assert find_account(CASH).name == "Cash on hand"


def test_the_chart_is_searched_by_code_and_both_names(keeper: Browser) -> None:
    """In any case; what isn't found is said."""

    def codes(text: str) -> list[str]:
        page = keeper.get(f"{HOME}/accounts", query_string={"text": text}).text
        return re.findall(r'<span class="code">(\w+)</span>', page)

    assert codes("1111") == ["1111"]
    assert "1111" in codes("CASH")
    assert "1111" in codes("เงินสด")
    assert codes("no such account") == []


def test_a_chart_of_thousands_is_shown_in_part(
    keeper: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and the others are searched for."""
    monkeypatch.setattr("cuneifox.pages.accounts.SHOWN", 5)
    page = keeper.get(f"{HOME}/accounts").text
    assert page.count('<span class="code">') == 5
    assert "the first 5 accounts" in page
    assert '<span class="code">5321</span>' in keeper.get(f"{HOME}/accounts?text=5321").text
