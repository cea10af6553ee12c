"""Each step of a company's life is taken whole, from where it may be, or refused in words."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledgers import post_sale
from models.companies import Company, create_company, in_states
from models.company_life import (
    archive_company,
    purge_company,
    rename_company,
    resume_company,
    standing_of,
    suspend_company,
    turn,
)
from models.errors import BadInput, Conflict
from models.people import MODELS as PEOPLE
from models.people import Activity, Membership, Passwords, User
from tenants import BadSlug, ReadOnlyStore, Router, SlugTaken, TenantSuspended, UnknownTenant


@pytest.fixture
def user(router: Router) -> User:
    """A member of acme and of globex."""
    router.universal.create_tables(PEOPLE)
    cheap = Passwords(time_cost=1, memory_kib=8, parallelism=1)
    user = User.add("malee", "a fox in the clay", passwords=cheap)
    for slug in ("acme", "globex"):
        company = create_company(router, slug=slug, name=slug.title(), template="general")
        Membership.grant(user, company.tenant_id)
    return user


def test_states_follow_one_another(router: Router, user: User) -> None:
    """Suspended nobody enters; archived nothing is written; resumed all is as before."""
    suspend_company(router, "acme", " Unpaid ")
    assert router.tenant("acme").reason == "Unpaid"
    with pytest.raises(TenantSuspended, match="Unpaid"), router.using("acme"):
        pass
    archive_company(router, "acme")
    with router.using("acme"), pytest.raises(ReadOnlyStore):
        post_sale()
    suspend_company(router, "acme", "Again")
    resume_company(router, "acme")
    with router.using("acme"):
        assert post_sale().number == "GJ-2026-000001"
    assert router.tenant("acme").reason == ""


def test_a_step_that_is_taken_already_is_refused(router: Router, user: User) -> None:
    """And says so, by the company's short name."""
    with pytest.raises(Conflict, match="acme is active"):
        resume_company(router, "acme")
    with pytest.raises(Conflict, match="suspend or archive it before"):
        purge_company(router, "acme", confirmed="acme")
    suspend_company(router, "acme", "x")
    with pytest.raises(Conflict, match="suspended already"):
        suspend_company(router, "acme", "y")
    archive_company(router, "acme")
    with pytest.raises(Conflict, match="archived already"):
        archive_company(router, "acme")


@pytest.mark.parametrize("reason", ["", " ", "a\nb", "a\x00b", "x" * 301, "\ud800", None])
def test_a_suspension_gives_a_reason_that_can_be_shown(
    router: Router, user: User, reason: str | None
) -> None:
    """One line of text; without it nothing changes."""
    with pytest.raises(BadInput) as caught:
        suspend_company(router, "acme", reason)  # type: ignore[arg-type]
    assert caught.value.field == "reason"
    assert router.tenant("acme").state == "active"


def test_a_company_is_renamed_to_a_free_slug(router: Router, user: User) -> None:
    """The old one leads nowhere."""
    with pytest.raises(SlugTaken):
        rename_company(router, "acme", "globex")
    with pytest.raises(BadSlug):
        rename_company(router, "acme", "A B")
    with pytest.raises(Conflict, match="already"):
        rename_company(router, "acme", "acme")
    assert rename_company(router, "acme", "baan").slug == "baan"
    with pytest.raises(UnknownTenant):
        router.tenant("acme")


def test_a_form_is_out_of_date_after_any_step(router: Router, user: User) -> None:
    """Every step changes what a company's standing is; taking it back to the same words does too."""
    tenant = router.tenant("acme")
    seen = standing_of(tenant)
    with turn(tenant, seen):
        pass
    suspend_company(router, "acme", "x")
    assert standing_of(router.tenant("acme")) != seen
    for stale in (seen, "", "x" * 999):
        with pytest.raises(Conflict, match="meanwhile"), turn(router.tenant("acme"), stale):
            pytest.fail("it was let in")
    rename_company(router, "acme", "baan")
    resume_company(router, "baan")
    with pytest.raises(Conflict), turn(router.tenant("baan"), seen):
        pytest.fail("it was let in")


def test_of_two_who_saw_the_same_one_goes_first(router: Router, user: User) -> None:
    """While one is at its step the other is refused, and afterwards too, for what it saw is over."""
    acme, globex = router.tenant("acme"), router.tenant("globex")
    seen = standing_of(acme)
    with turn(acme, seen):
        with pytest.raises(Conflict, match="acme at this moment"), turn(acme, seen):
            pytest.fail("it was let in")
        with turn(globex, standing_of(globex)):  # others go on
            rename_company(router, acme, "baan")
    with pytest.raises(Conflict, match="meanwhile"), turn(acme, seen):
        pytest.fail("it was let in")
    with turn(acme, standing_of(acme)):  # nobody is left at it
        pass


def test_a_purged_company_leaves_its_backup_and_its_history(router: Router, user: User) -> None:
    """Memberships and its row go, the log's lines stay; the other company is as it was."""
    tenant = router.tenant("acme")
    with router.using("acme"):
        post_sale()
    Activity.note("x", now=1, user_name="malee", company_id=tenant.id, company_name="Acme")
    archive_company(router, "acme")
    for wrong in ("", "globex", "Acme", tenant.id):
        with pytest.raises(BadInput) as caught:
            purge_company(router, "acme", confirmed=wrong)
        assert caught.value.field == "confirmed"
    backup = purge_company(router, "acme", confirmed="acme")
    stores = json.loads((backup / "manifest.json").read_text())["stores"]
    assert sorted(store["role"] for store in stores) == ["attachments", "books", "registers"]
    assert [m.tenant_id for m in Membership.of(user)] == [router.tenant("globex").id]
    assert [company.name for company in Company.select()] == ["Globex"]
    assert Activity.page(company_id=tenant.id)[0].company_name == "Acme"
    assert not Path(tenant.store("books").path).exists()
    with pytest.raises(UnknownTenant):
        purge_company(router, tenant.id, confirmed="acme")


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (None, lambda router: suspend_company(router, "acme", "x")),
        (None, lambda router: archive_company(router, "acme")),
        (archive_company, lambda router: resume_company(router, "acme")),
        (archive_company, lambda router: purge_company(router, "acme", confirmed="acme")),
    ],
    ids=["suspend", "archive", "resume", "purge"],
)
def test_of_two_at_once_one_takes_the_step(
    router: Router, user: User, before: Any, step: Callable[[Router], object]
) -> None:
    """The other is told that it is taken, or that the company is gone; nothing is done twice."""
    if before is not None:
        before(router, "acme")
    together, ended = threading.Barrier(2), []

    def take() -> None:
        try:
            together.wait()
            step(router)
            ended.append("done")
        except (Conflict, UnknownTenant) as error:
            ended.append(type(error).__name__)
        finally:
            router.universal.release(wholly=True)

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 2
    assert ended.count("done") == 1


def test_companies_are_found_by_state(router: Router, user: User) -> None:
    """By what the catalogue says at the moment."""
    archive_company(router, "acme")

    def found(*states: str) -> list[str]:
        return [company.name for company in Company.select().where(in_states(states))]

    assert found("archived") == ["Acme"]
    assert found("active", "suspended") == ["Globex"]
    assert found() == []
