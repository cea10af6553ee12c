"""A clone is the source's books to the last row, or what they began with; either way both are sound and apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledgers import BY, TODAY, customer, everything, post_sale, rows, sale
from models.accounts import add_account, change_account, find_account
from models.attachments import Attachment
from models.check import check_company
from models.cloning import clone_company
from models.companies import Company, create_company
from models.company_life import archive_company, purge_company, suspend_company
from models.drafts import Draft, get_draft, save_draft
from models.errors import BadInput
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.months import close_month, freeze_month
from models.people import MODELS as PEOPLE
from models.posting import post_input
from models.registers import Customer
from models.settings import books_settings
from models.verification import verify_chain
from models.years import close_year
from tenants import BadSlug, Router, SlugTaken, TenantSuspended, UnknownTenant

CANARY = "only in the documents"


@pytest.fixture
def source(router: Router) -> Company:
    """acme: three vouchers in two years, one of them closed, two months locked, a draft, a paper, a customer."""
    router.universal.create_tables(PEOPLE)
    company = create_company(
        router, slug="acme", name="Acme", template="general", fiscal_start_month=4
    )
    with router.using("acme"):
        buyer = customer()
        post_input(sale("2025-02-03", text=CANARY), by=BY, key="first")
        lines = [
            LineInput(find_account("1110").stid, 500),
            LineInput(find_account("4100").stid, -500, register="customer", register_stid=buyer),
        ]
        given = VoucherInput(find_book("GJ").stid, sale("2026-02-03").date, CANARY, lines)
        post_input(given, by=BY)
        close_month(202502, by=BY, today=TODAY)
        freeze_month(202602, by=BY)
        draft = save_draft(sale("2026-05-01", text=CANARY), by=BY, key="draft")
        Attachment.attach(draft.id, "a.txt", "text/plain", CANARY.encode())
    return company


def names(company: Company) -> tuple[str, str, str, int]:
    return (company.name, company.local_name, company.currency, company.decimals)


def test_a_whole_clone_has_every_row_and_a_chain_that_verifies(
    router: Router, source: Company
) -> None:
    """Only the names differ; the catalogue knows the chain's head from the start."""
    made = clone_company(
        router, "acme", slug="copy", name="Copy", local_name="สำเนา", with_documents=True
    )
    with router.using("acme"):
        before = everything()
    with router.using("copy"):
        after = everything()
        assert list(verify_chain()) == []
        assert (books_settings().name, books_settings().local_name) == ("Copy", "สำเนา")
        assert [bytes(row.content) for row in Attachment.select()] == [CANARY.encode()]
        assert [row.code for row in Customer.select()] == ["C1"]
        state = rows("SELECT count, head FROM ledger_state")[0]
    settings = before.pop("settings"), after.pop("settings")
    for table in ("store_identity", "seals", "seal_state"):
        assert before.pop(table) != after.pop(table)
    assert check_company(router, "copy") == []
    assert after == before
    assert len(settings[0]) == len(settings[1]) == 1
    assert names(made) == ("Copy", "สำเนา", "THB", 2)
    assert (made.chain_count, made.chain_head) == state
    assert made.chain_count == 2
    assert check_company(router, "copy") == []


def test_a_clone_and_its_source_go_their_own_ways(router: Router, source: Company) -> None:
    """What is posted in one isn't in the other, and each goes on with its own numbers and chain."""
    clone_company(router, "acme", slug="copy", name="Copy", with_documents=True)
    with router.using("copy"):
        mine = post_sale("2026-03-05")
        get_draft(3).delete_instance()
        Customer.change(1, name="Another")
    with router.using("acme"):
        theirs = post_sale("2026-03-06")
        assert get_draft(3).text == CANARY
        assert Customer.find(1).name == "Customer C1"
        assert rows("SELECT count(*) FROM vouchers") == [(3,)]
    assert mine.number == theirs.number
    assert check_company(router, "acme") == check_company(router, "copy") == []


def test_what_was_asked_for_once_is_not_done_again_in_the_clone(
    router: Router, source: Company
) -> None:
    """Keys of vouchers and drafts come along with them."""
    clone_company(router, "acme", slug="copy", name="Copy", with_documents=True)
    with router.using("copy"):
        again = post_input(sale("2025-02-03", text=CANARY), by=BY, key="first")
        assert rows("SELECT count(*), min(id) FROM vouchers") == [(2, again.id)]
        save_draft(sale("2026-05-01", text=CANARY), by=BY, key="draft")
        assert Draft.select().count() == 1


def test_without_documents_it_begins_like_its_source(router: Router, source: Company) -> None:
    """The same accounts, books, settings and registers; no documents, no months, and number 1 comes first."""
    made = clone_company(router, "acme", slug="copy", name="Copy", with_documents=False)
    with router.using("acme"):
        before = everything()
        registers = [row.__data__ for row in Customer.select()]
    with router.using("copy"):
        after = everything()
        assert [row.__data__ for row in Customer.select()] == registers
        assert not Attachment.select().exists()
        assert books_settings().fiscal_start_month == 4
    assert names(made) == ("Copy", "", "THB", 2)
    for table, kept in after.items():
        if table in ("accounts", "journal_books"):
            assert kept == before[table]
        elif table not in ("settings", "ledger_state", "store_identity", "seals", "seal_state"):
            assert kept == [], table
    assert len(after["ledger_state"]) == len(after["settings"]) == 1
    assert check_company(router, "copy") == []
    with router.using("copy"):
        posted = post_sale("2025-02-04")  # in a month that is closed in the source
    assert (posted.id, posted.number) == (1, "GJ-2025-000001")
    assert check_company(router, "copy") == []


def test_nothing_of_the_documents_is_in_the_files(router: Router, source: Company) -> None:
    """Not even where a file keeps what was deleted: who gets the chart alone gets the chart alone."""
    clone_company(router, "acme", slug="copy", name="Copy", with_documents=False)
    clone_company(router, "acme", slug="whole", name="Whole", with_documents=True)
    paths = {
        slug: [store.path for store in router.tenant(slug).stores.values()]
        for slug in ("copy", "whole")
    }
    router.pool.close()  # so that the files may be read

    def told(slug: str) -> bool:
        return any(CANARY.encode() in Path(path).read_bytes() for path in paths[slug])

    assert told("whole")
    assert not told("copy")


def test_its_triggers_guard_the_clone(router: Router, source: Company) -> None:
    """Both kinds refuse what the source's books refuse."""
    triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
    with router.using("acme"):
        wanted = rows(triggers)
    assert len(wanted) > 10
    for slug, whole in (("copy", False), ("whole", True)):
        clone_company(router, "acme", slug=slug, name=slug, with_documents=whole)
        with router.using(slug):
            assert rows(triggers) == wanted


def test_accounts_below_later_ones_are_copied(router: Router, source: Company) -> None:
    """A group may be younger than what was moved below it."""
    with router.using("acme"):
        cash = find_account("1110")
        group = add_account("1199", "Vaults", by=BY, parent=cash.parent.stid, is_group=True)
        change_account(cash.stid, by=BY, parent=group.stid)
    clone_company(router, "acme", slug="copy", name="Copy", with_documents=False)
    with router.using("copy"):
        assert find_account("1110").parent.code == "1199"


@pytest.mark.parametrize("whole", [True, False])
def test_registers_of_another_company_stay_that_one_s(
    router: Router, source: Company, whole: bool
) -> None:
    """What the source shares the clone shares too; what others share of the source it copies."""
    create_company(router, slug="sister", name="Sister", share_registers_with="acme")
    clone_company(router, "sister", slug="copy", name="Copy", with_documents=whole)
    assert router.tenant("copy").store("registers") is router.tenant("acme").store("registers")
    clone_company(router, "acme", slug="other", name="Other", with_documents=whole)
    assert router.tenant("other").store("registers").owner == router.tenant("other").id


@pytest.mark.parametrize("whole", [True, False])
def test_registers_outlive_their_owner(router: Router, source: Company, whole: bool) -> None:
    """Purging the owner leaves them with those who share them, and with their clones."""
    create_company(router, slug="sister", name="Sister", share_registers_with="acme")
    archive_company(router, "acme")
    purge_company(router, "acme", confirmed="acme")
    clone_company(router, "sister", slug="copy", name="Copy", with_documents=whole)
    with router.using("copy"):
        assert [row.code for row in Customer.select()] == ["C1"]
    assert check_company(router, "copy") == check_company(router, "sister") == []


@pytest.mark.parametrize("whole", [True, False])
def test_an_archived_company_s_clone_is_at_work(
    router: Router, source: Company, whole: bool
) -> None:
    """Which is how one goes on from what is closed for good; a closed year stays closed in a whole clone."""
    with router.using("acme"):
        close_year(2025, by=BY)
    archive_company(router, "acme")
    clone_company(router, "acme", slug="copy", name="Copy", with_documents=whole)
    assert router.tenant("copy").state == "active"
    with router.using("copy"):
        post_sale("2026-03-05")
    assert check_company(router, "copy") == []


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("error", "different"),
    [
        (SlugTaken, {"slug": "acme"}),
        (BadSlug, {"slug": "../x"}),
        (BadInput, {"name": " "}),
        (BadInput, {"name": "x" * 201}),
        (BadInput, {"local_name": "a\nb"}),
        (UnknownTenant, {"source": "nobody"}),
    ],
)
def test_bad_input_makes_no_clone(
    router: Router, source: Company, whole: bool, error: type[Exception], different: dict[str, Any]
) -> None:
    """Each is refused, and no file, tenant or row is left behind."""
    folders = sorted(router.folder.glob("tenants/*"))
    given = {"source": "acme", "slug": "copy", "name": "Copy"} | different
    with pytest.raises(error):
        clone_company(router, given.pop("source"), with_documents=whole, **given)
    assert sorted(router.folder.glob("tenants/*")) == folders
    assert [company.name for company in Company.select()] == ["Acme"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_suspended_company_is_not_cloned(router: Router, source: Company, whole: bool) -> None:
    """Nobody gets at its books that way."""
    suspend_company(router, "acme", "Unpaid")
    with pytest.raises(TenantSuspended):
        clone_company(router, "acme", slug="copy", name="Copy", with_documents=whole)
    assert len(router.tenants()) == 1
