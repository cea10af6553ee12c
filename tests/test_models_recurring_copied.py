"""Recurring vouchers of books that were copied or set back: they rest, and nobody's are lost or made twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledgers import BY, books, post_sale
from models import backing_up, people
from models.actors import Actor
from models.cloning import clone_company
from models.companies import CATALOGUE_MODELS
from models.company_life import purge_company, suspend_company
from models.errors import NotAllowed
from models.jobs.schedules import COPIED, Schedule, take_due
from models.recurring.copied import resting, resume_copied, template_numbers
from models.recurring.scheduling import Timing, end_schedule, schedules_of, set_schedule
from models.recurring.template import RecurringVoucher, delete_template, get_template
from models.restoring import company_of_backup, go_back_company, restore_company
from recurring import line, template, utc
from tenants import BackupManager, Router, current_entry

NOW = utc("2026-01-10T12:00+07:00")
LATER = utc("2026-03-10T12:00+07:00")
MONTHLY = Timing("0 8 1 * *", "Asia/Bangkok")


@pytest.fixture
def manager(router: Router, tmp_path: Path) -> BackupManager:
    """Of `acme`, with two templates, the second one paused by somebody."""
    router.universal.create_tables([*CATALOGUE_MODELS, *people.MODELS])
    with books(router):
        post_sale(amount=100)
        add("Rent")
        schedule_of_fees = add("Fees")
        schedule_of_fees.set_pause(True, now=NOW)
    manager = BackupManager(
        router, tmp_path / "backups", checks=[backing_up.faults], describe=backing_up.facts
    )
    manager.backup_now().require_good()
    return manager


def add(name: str) -> Schedule:
    made = template(line("6200", "1000"), line("1120", "rest", "credit"), name=name)
    return set_schedule(schedule_owner(), made, MONTHLY, by=BY, now=NOW)


def schedule_owner() -> str:
    entry = current_entry()
    assert entry is not None
    return str(entry.tenant.id)


def id_of(router: Router, slug: str = "acme") -> str:
    return router.tenant(slug).id


def rests(router: Router, slug: str = "acme") -> dict[int, tuple[bool, bool]]:
    """Whether each schedule of a company is paused, and whether that is for a copy, by its template."""
    found = schedules_of(id_of(router, slug)).items()
    return {stid: (schedule.paused, COPIED in schedule.given) for stid, schedule in found}


def due(router: Router, slug: str) -> int:
    """How many jobs a company's schedules ask for in March."""
    return sum(
        len(take_due(each, now=LATER)) for each in schedules_of(id_of(router, slug)).values()
    )


def demand_resting(router: Router, slug: str) -> None:
    """They are there, at the same times, and ask for nothing until they are let go on; what was paused stays so."""
    assert rests(router, slug) == {1: (True, True), 2: (True, False)}
    assert {each.cron for each in schedules_of(id_of(router, slug)).values()} == {MONTHLY.cron}
    assert due(router, slug) == 0
    with router.using(slug):
        numbers = template_numbers()
        assert list(resting(id_of(router, slug), numbers)) == [1]
        with pytest.raises(NotAllowed):
            resume_copied(
                id_of(router, slug), numbers, by=Actor("u", "Reader", {"ledger": "read"}), now=NOW
            )
        assert resume_copied(id_of(router, slug), numbers, by=BY, now=NOW) == 1
        assert resume_copied(id_of(router, slug), numbers, by=BY, now=NOW) == 0
    assert rests(router, slug) == {1: (False, False), 2: (True, False)}
    assert due(router, slug) == 2


def test_a_clone_has_them_resting(router: Router, manager: BackupManager) -> None:
    """And its source goes on as it did."""
    clone_company(router, "acme", slug="clone", name="Clone", with_documents=True)
    demand_resting(router, "clone")
    assert rests(router) == {1: (False, False), 2: (True, False)}
    assert due(router, "acme") == 2


def test_a_clone_without_documents_has_none(router: Router, manager: BackupManager) -> None:
    """There are no templates in it."""
    clone_company(router, "acme", slug="clone", name="Clone", with_documents=False)
    assert rests(router, "clone") == {}


def test_a_company_made_of_a_backup_has_them_resting(
    router: Router, manager: BackupManager
) -> None:
    """Those of templates that the backup holds, and no newer ones."""
    with router.using("acme"):
        add("Newer")
    company_of_backup(manager, manager.latest("acme"), slug="then", name="Then")
    demand_resting(router, "then")


def test_of_a_company_that_is_gone_none_come_along(router: Router, manager: BackupManager) -> None:
    """When they were due went with it; the templates are there, and say that they have no schedule."""
    backup = manager.latest("acme")
    suspend_company(router, "acme", "Sold")
    purge_company(router, "acme", confirmed="acme")
    company_of_backup(manager, backup, slug="then", name="Then")
    assert rests(router, "then") == {}
    with router.using("then"):
        assert template_numbers() == [1, 2]


def test_one_whose_template_is_gone_rests_until_it_is_back(
    router: Router, manager: BackupManager
) -> None:
    """Books are set back to before a template was made: nothing is asked for it. They go back: it can go on."""
    with router.using("acme"):
        add("Newer")
    acme = router.tenant("acme")
    restore_company(manager, acme, manager.latest("acme"), confirmed="acme")
    assert rests(router) == {1: (False, False), 2: (True, False), 3: (True, True)}
    with router.using("acme"):
        assert template_numbers() == [1, 2]
        assert resting(acme.id, template_numbers()) == {}
        assert resume_copied(acme.id, template_numbers(), by=BY, now=NOW) == 0
    go_back_company(manager, router.tenant("acme"), router.kept("acme")[0].since)
    with router.using("acme"):
        assert list(resting(acme.id, template_numbers())) == [3]


def test_a_new_template_doesnt_rest_for_an_older_one_of_its_number(
    router: Router, manager: BackupManager
) -> None:
    """Set back, the books give the number again: whoever makes a template then has it be due."""
    with router.using("acme"):
        add("Newer")
    restore_company(manager, router.tenant("acme"), manager.latest("acme"), confirmed="acme")
    with router.using("acme"):
        schedule = add("Another")
    assert schedule.given["template"] == 3
    assert rests(router)[3] == (False, False)


def test_a_template_that_came_back_has_no_schedule(router: Router, manager: BackupManager) -> None:
    """It was deleted after the backup, and when it was due with it: nothing is asked for until somebody says when."""
    with router.using("acme"):
        end_schedule(id_of(router), 1, by=BY)
        delete_template(1, by=BY)
    restore_company(manager, router.tenant("acme"), manager.latest("acme"), confirmed="acme")
    with router.using("acme"):
        assert isinstance(get_template(1), RecurringVoucher)
    assert rests(router) == {2: (True, False)}


def test_a_backup_without_their_numbers_changes_no_schedule(
    router: Router, manager: BackupManager
) -> None:
    """One that an older version made: what isn't known is left as it is."""
    with router.using("acme"):
        facts = {name: value for name, value in backing_up.facts().items() if name != "templates"}
    backing_up.restored(router.tenant("acme"), facts=facts)
    assert rests(router) == {1: (False, False), 2: (True, False)}
    backing_up.restored(router.tenant("acme"), facts={**facts, "templates": []})
    assert rests(router) == {1: (True, True), 2: (True, False)}
