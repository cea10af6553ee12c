"""Registers are shared only where every static id in use goes on meaning what it meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledgers import BY, customer, rows, sale
from models import sharing
from models.accounts import find_account
from models.check import check_company
from models.companies import create_company
from models.company_life import archive_company
from models.drafts import save_draft
from models.errors import Conflict
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.posting import post_input
from models.registers import Customer
from models.resolver import resolve
from models.sharing import share_registers, sharers, unshare_registers
from tenants import LockTimeout, Router, UnknownTenant


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    """acme and globex, each with registers of its own; who waits for maintenance gives up at once."""
    router = Router(tmp_path / "data", patience=0.05)
    for slug in ("acme", "globex"):
        create_company(router, slug=slug, name=slug.title(), template="general")
    yield router
    router.close()


def naming(stid: int) -> VoucherInput:
    """A sale to that customer."""
    given = sale()
    lines = [
        LineInput(find_account("1110").stid, 1000),
        LineInput(find_account("4100").stid, -1000, register="customer", register_stid=stid),
    ]
    return VoucherInput(find_book("GJ").stid, given.date, given.text, lines)


def registers(router: Router, slug: str) -> Any:
    return router.tenant(slug).store("registers")


def test_unused_registers_are_exchanged(router: Router) -> None:
    """A company that named none of its own uses the other's from now on; its own are kept, unused."""
    with router.using("acme"):
        customer("MINE")
    with router.using("globex"):
        theirs = customer("THEIRS")
    own = registers(router, "acme")
    share_registers(router, "acme", "globex")
    assert registers(router, "acme") is registers(router, "globex")
    with router.using("acme"):
        assert [row.code for row in Customer.select()] == ["THEIRS"]
        post_input(naming(theirs), by=BY)
    assert [tenant.slug for tenant in sharers(router, router.tenant("globex"))] == ["acme"]
    assert [store.id for store in router.unused_stores()] == [own.id]
    assert check_company(router, "acme") == []


@pytest.mark.parametrize("posted", [True, False])
@pytest.mark.parametrize("there", [None, "Somebody else"])
def test_a_static_id_never_comes_to_mean_somebody_else(
    router: Router, posted: bool, there: str | None
) -> None:
    """A voucher or a draft that names a row which isn't the same in the other's registers refuses it."""
    with router.using("acme"):
        given = naming(customer())
        if posted:
            post_input(given, by=BY)
        else:
            save_draft(given, by=BY)
    if there:
        with router.using("globex"):
            Customer.add(code="C1", name=there)
    before = registers(router, "acme")
    with pytest.raises(Conflict, match="C1 Customer C1"):
        share_registers(router, "acme", "globex")
    assert registers(router, "acme") is before
    assert check_company(router, "acme") == []


def test_the_same_rows_in_both_may_be_shared(router: Router) -> None:
    """As where both began as copies of one: same static id, code and name."""
    for slug in ("acme", "globex"):
        with router.using(slug):
            stid = customer()
    with router.using("acme"):
        post_input(naming(stid), by=BY)
    share_registers(router, "acme", "globex")
    assert check_company(router, "acme") == []


def test_every_stid_resolves_after_unsharing(router: Router) -> None:
    """The company gets a copy of what it used; the other's stay as they are, and apart."""
    with router.using("globex"):
        stid = customer()
    share_registers(router, "acme", "globex")
    with router.using("acme"):
        post_input(naming(stid), by=BY)
    unshare_registers(router, "acme")
    assert registers(router, "acme").owner == router.tenant("acme").id
    with router.using("acme"):
        assert resolve([("customer", stid)])[("customer", stid)].name == "Customer C1"
        Customer.change(stid, name="Changed")
        assert customer("C2") == stid + 1
    with router.using("globex"):
        assert [row.name for row in Customer.select()] == ["Customer C1"]
    assert check_company(router, "acme") == []
    assert sharers(router, router.tenant("globex")) == []


def test_nobody_posts_between_the_check_and_the_exchange(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is looked at what the books name, nobody gets at them: else a voucher could slip through."""
    refused: list[str] = []
    check = sharing._demand_same_meaning

    def post() -> None:
        try:
            rows("SELECT 1 FROM vouchers")
        except LockTimeout as error:
            refused.append(str(error))

    def meanwhile(*given: Any) -> None:
        check(*given)
        try:
            router.start_thread(post, tenant="acme").join()
        except LockTimeout as error:
            refused.append(str(error))

    monkeypatch.setattr(sharing, "_demand_same_meaning", meanwhile)
    share_registers(router, "acme", "globex")
    assert len(refused) == 1


def test_what_makes_no_sense_is_refused(router: Router) -> None:
    """With itself, twice, with nobody, back where nothing is shared, and in an archived company."""
    with pytest.raises(Conflict, match="with itself"):
        share_registers(router, "acme", "acme")
    with pytest.raises(UnknownTenant):
        share_registers(router, "acme", "nobody")
    with pytest.raises(Conflict, match="of its own already"):
        unshare_registers(router, "acme")
    share_registers(router, "acme", "globex")
    for one, other in (("acme", "globex"), ("globex", "acme")):
        with pytest.raises(Conflict, match="share their registers already"):
            share_registers(router, one, other)
    archive_company(router, "acme")
    with pytest.raises(Conflict, match="resume it"):
        unshare_registers(router, "acme")
    assert registers(router, "acme") is registers(router, "globex")
