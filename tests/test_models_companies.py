"""A company comes whole or not at all; its settings are what its books and the catalogue both say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledgers import BY, books, post_sale, rows, sale
from models import new_books
from models.accounts import find_account
from models.actors import Actor
from models.companies import Company, change_settings, create_company
from models.drafts import delete_draft, save_draft
from models.errors import BadInput, NotAllowed
from models.registers import Customer
from models.settings import GENESIS, books_settings
from tenants import BadSlug, Router, SlugTaken, TenantError, UnknownTenant


def files(router: Router) -> list[Path]:
    return sorted(router.folder.rglob("*.db"))


def test_a_company_is_made_with_stores_chart_and_settings(router: Router) -> None:
    """Three stores, the chosen chart, and one row in the catalogue that lists can be made of."""
    company = create_company(
        router, slug="baan", name="Baan Suan", local_name="บ้านสวน", fiscal_start_month=4
    )
    tenant = router.tenant("baan")
    assert set(tenant.stores) == {"books", "registers", "attachments"}
    assert (company.tenant_id, company.name, company.local_name) == (
        tenant.id,
        "Baan Suan",
        "บ้านสวน",
    )
    assert (company.currency, company.decimals) == ("THB", 2)
    assert (company.chain_count, company.chain_head) == (0, GENESIS)
    with router.using("baan"):
        settings = books_settings()
        assert (settings.name, settings.currency, settings.fiscal_start_month, settings.era) == (
            "Baan Suan",
            "THB",
            4,
            "buddhist",
        )
        assert settings.retained_earnings == find_account("3210")
        assert settings.rounding == find_account("5390")
        assert find_account("1111").local_name == "เงินสดในมือ"


BAD: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "no name": (BadInput, {"name": "  "}),
    "a name over two lines": (BadInput, {"name": "a\nb"}),
    "a name of 300": (BadInput, {"name": "x" * 300}),
    "no currency": (BadInput, {"currency": ""}),
    "a currency with a blank": (BadInput, {"currency": "US D"}),
    "negative decimals": (BadInput, {"decimals": -1}),
    "decimals as text": (BadInput, {"decimals": "2"}),
    "a 13th month": (BadInput, {"fiscal_start_month": 13}),
    "month 0": (BadInput, {"fiscal_start_month": 0}),
    "an unknown template": (BadInput, {"template": "../thai"}),
    "an empty slug": (BadSlug, {"slug": ""}),
    "a slug that climbs": (BadSlug, {"slug": "../x"}),
    "a slug of 300": (BadSlug, {"slug": "x" * 300}),
    "a taken slug": (SlugTaken, {"slug": "acme"}),
    "registers of nobody": (UnknownTenant, {"share_registers_with": "nobody"}),
}


@pytest.mark.parametrize(("error", "different"), BAD.values(), ids=BAD.keys())
def test_bad_input_makes_no_company(
    router: Router, error: type[Exception], different: dict[str, Any]
) -> None:
    """Each is refused, and no file, tenant or row is left behind."""
    create_company(router, slug="acme", name="Acme")
    before = files(router)
    with pytest.raises(error):
        create_company(router, **{"slug": "globex", "name": "Globex"} | different)
    assert files(router) == before
    assert [tenant.slug for tenant in router.tenants()] == ["acme"]
    assert [company.name for company in Company.select()] == ["Acme"]


def test_a_failure_half_way_leaves_nothing(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the last step fails, files, tenant and catalogue row are gone, and the slug is free."""
    create_company(router, slug="acme", name="Acme")
    before = files(router)
    with monkeypatch.context() as patch:
        patch.setattr("models.new_books.set_up", lambda chart, settings: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            create_company(router, slug="globex", name="Globex")
    assert files(router) == before
    assert [company.name for company in Company.select()] == ["Acme"]
    create_company(router, slug="globex", name="Globex")


def test_a_template_that_fails_leaves_nothing(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the company nor a half-made template is there; the next try makes both."""
    with monkeypatch.context() as patch:
        patch.setattr("models.new_books.install", lambda store: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            create_company(router, slug="acme", name="Acme")
    assert [path.name for path in files(router)] == ["universal.db"]
    create_company(router, slug="acme", name="Acme")
    with router.using("acme"):
        assert rows("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") != [(0,)]


def test_another_chart_or_trigger_makes_another_template(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What companies begin with after an upgrade is what the new program says."""
    first = new_books.template_name.__wrapped__("thai")
    assert first != new_books.template_name.__wrapped__("general")
    monkeypatch.setattr("models.new_books.scripts", lambda: ["another"])
    assert first != new_books.template_name.__wrapped__("thai")


def test_affiliates_share_registers_and_nothing_else(router: Router) -> None:
    """A customer of one is the other's too; vouchers aren't."""
    create_company(router, slug="acme", name="Acme", template="general")
    create_company(
        router, slug="sister", name="Sister", template="general", share_registers_with="acme"
    )
    create_company(router, slug="globex", name="Globex", template="general")
    with router.using("acme"):
        Customer.add(code="C1", name="Somchai")
        post_sale()
    with router.using("sister"):
        assert [customer.name for customer in Customer.select()] == ["Somchai"]
        assert rows("SELECT count(*) FROM vouchers") == [(0,)]
        assert post_sale().number == "GJ-2026-000001"
    with router.using("globex"):
        assert list(Customer.select()) == []


def test_settings_change_in_books_and_catalogue(router: Router) -> None:
    """A company's new name is what its books and the list of companies say."""
    with books(router):
        post_sale()
        change_settings(
            by=BY, name="Acme Ltd", era="buddhist", retained_earnings=find_account("3300").stid
        )
        assert books_settings().retained_earnings_stid == find_account("3300").stid
        assert post_sale().number == "GJ-2569-000002"
    assert Company.get().name == "Acme Ltd"


@pytest.mark.parametrize(
    "different",
    [
        {"currency": "USD"},
        {"decimals": 3},
        {"fiscal_start_month": 4},
        {"era": "martian"},
        {"name": ""},
        {"retained_earnings": 1},
        {"rounding": 99999},
        {"rounding": "5"},
        {"id": 2},
    ],
)
def test_settings_that_would_change_what_is_posted_are_refused(
    router: Router, different: dict[str, Any]
) -> None:
    """Money and fiscal year are fixed with the first voucher; the rest must be sound."""
    with books(router):
        post_sale()
        before = rows("SELECT * FROM settings")
        with pytest.raises(BadInput):
            change_settings(by=BY, **different)
        with pytest.raises(NotAllowed):
            change_settings(by=Actor("u", "U", {"ledger": "delete"}), name="Mine")
        assert rows("SELECT * FROM settings") == before


def test_money_may_be_chosen_until_something_is_posted(router: Router) -> None:
    """An empty company may still turn to another currency."""
    with books(router):
        change_settings(by=BY, currency="jpy", decimals=0, fiscal_start_month=4)
        assert (books_settings().currency, books_settings().decimals) == ("JPY", 0)
    assert Company.get().currency == "JPY"


@pytest.mark.parametrize("different", [{"currency": "USD"}, {"decimals": 0}])
def test_drafts_keep_what_their_amounts_are_in(router: Router, different: dict[str, Any]) -> None:
    """A draft of 1,000.00 doesn't become one of 100,000; what its amounts don't hang on may change."""
    with books(router):
        draft = save_draft(sale(), by=BY)
        with pytest.raises(BadInput, match="while there are drafts"):
            change_settings(by=BY, **different)
        change_settings(by=BY, fiscal_start_month=4, currency="THB", decimals=2)
        delete_draft(draft.id, by=BY)
        change_settings(by=BY, **different)


def test_nothing_of_a_company_works_outside_an_entry(router: Router) -> None:
    """Without an entry posting raises instead of guessing a company."""
    create_company(router, slug="acme", name="Acme", template="general")
    with pytest.raises(TenantError):
        post_sale()
