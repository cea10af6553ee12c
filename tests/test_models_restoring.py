"""Companies restored from backups and from files that somebody offers: the books are whole, and the catalogue knows."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from peewee import IntegrityError

from ledgers import balances, books, customer, everything, post_sale, rows
from models import backing_up, new_books, people
from models.check import check_company
from models.companies import COMPANY_MODELS, Company
from models.people import Activity
from models.restorations import Restoration
from tenants import BackupManager, RefusedFile, Router, current_store, sqlite
from tenants.backups.rebuilding import rebuild
from tenants.confined import Template

TEMPLATE = Template(new_books.template_name(""), COMPANY_MODELS, partial(new_books.prepare, None))

TRIGGERS = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"


def manager_of(router: Router, place: Path) -> BackupManager:
    """A manager whose backups hold what the books want of them."""
    return BackupManager(router, place, checks=[backing_up.faults], describe=backing_up.facts)


@pytest.fixture
def manager(router: Router, tmp_path: Path) -> BackupManager:
    """One with a backup of `acme`, which has three vouchers and a customer; a fourth came later."""
    router.universal.create_tables(people.MODELS)
    with books(router):
        customer()
        for amount in (100, 200, 300):
            post_sale(amount=amount)
    manager = manager_of(router, tmp_path / "backups")
    manager.backup_now().require_good()
    with router.using("acme"):
        post_sale(amount=4000)
    return manager


def sound(router: Router, slug: str = "acme") -> tuple[int, dict[str, int]]:
    """Check a company's books, and return how many vouchers there are, and the balances."""
    assert check_company(router, slug) == []
    with router.using(slug):
        return rows("SELECT count(*) FROM vouchers")[0][0], balances()


def test_restored_books_are_whole(router: Router, manager: BackupManager) -> None:
    """Trial balance and chain are those of the backup, the catalogue goes back with them, and says what was lost."""
    done = manager.restore("acme", register=backing_up.restored)
    assert sound(router) == (3, {"1110": 600, "4100": -600})
    company = Company.get_by_id(done.tenant.id)
    assert (company.chain_count, company.chain_head) == (3, done.facts["chain_head"])
    assert "vouchers 4 to 4 of the chain were lost" in Activity.get().subject
    with router.using("acme"):
        post_sale(amount=5)
    assert sound(router)[0] == 4
    manager.drill(9, backing_up.differences).require_good()
    kept = {one.role: one.generation for one in router.kept("acme")}
    manager.go_back("acme", kept, register=backing_up.restored)
    assert sound(router) == (4, {"1110": 4600, "4100": -4600})
    assert Restoration.select().count() == 2


def test_a_new_company_of_a_backup(router: Router, manager: BackupManager) -> None:
    """It has a row of its own in the catalogue, and the old one goes on."""
    manager.restore("acme", into="acme-then", register=backing_up.adopted)
    assert sound(router, "acme-then") == (3, {"1110": 600, "4100": -600})
    assert sound(router)[0] == 4


def test_a_drill_of_books(router: Router, manager: BackupManager) -> None:
    """What was posted since doesn't count; a voucher that was changed behind our back does."""
    manager.drill(9, backing_up.differences).require_good()
    with router.tenant("acme").store("books").get_connection() as connection:
        triggers = connection.execute(TRIGGERS).fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE lines SET amount = amount * 2 WHERE voucher_id = 1")
    (failed,) = manager.drill(9, backing_up.differences).failed
    assert failed.slug == "acme"
    assert "trial balance" in " ".join(failed.faults)


def test_rows_of_offered_books(router: Router, manager: BackupManager, tmp_path: Path) -> None:
    """Every row comes in as it was, our triggers are there, and static ids go on from where they were."""
    fetched = manager.fetch(manager.latest("acme"), tmp_path / "fetched")
    done = manager.restore_file(
        None, fetched, TEMPLATE, into="offered", register=backing_up.adopted
    )
    assert not any(done.left_out.values())
    assert sound(router, "offered") == (3, {"1110": 600, "4100": -600})
    manager.restore("acme", into="trusted", register=backing_up.adopted)
    with router.using("trusted"):
        expected = json.dumps(everything(), default=repr)
    with router.using("offered"):
        found = json.dumps(everything(), default=repr)
        with pytest.raises(IntegrityError):
            current_store("books").execute_write_with_retry("DELETE FROM vouchers")
        assert customer("C2") == 2
    for ours in ("store_identity", "schema_migration"):
        expected, found = (_without(text, ours) for text in (expected, found))
    assert found == expected


def _without(text: str, table: str) -> str:
    told: dict[str, Any] = json.loads(text)
    told.pop(table, None)
    return json.dumps(told)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("UPDATE lines SET amount = amount + 1 WHERE voucher_id = 1 AND n = 1", "isn't sound"),
        ("DELETE FROM vouchers WHERE id = 2", "isn't there|isn't sound"),
        ("UPDATE ledger_state SET count = 2", "isn't sound"),
        ("UPDATE vouchers SET text = 'forged' WHERE id = 1", "isn't sound"),
    ],
)
def test_forged_books_are_refused(
    router: Router, manager: BackupManager, tmp_path: Path, script: str, said: str
) -> None:
    """Whoever offers books whose sums or chain aren't right is told so, and nothing changes."""
    path = manager.fetch(manager.latest("acme"), tmp_path / "fetched")["books"]
    connection = sqlite.driver.connect(str(path), isolation_level=None)
    for (name,) in connection.execute(TRIGGERS).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(script)
    connection.close()
    with pytest.raises(RefusedFile, match=said):
        manager.restore_file("acme", {"books": path}, TEMPLATE, register=backing_up.restored)
    assert sound(router)[0] == 4


def test_a_whole_installation(router: Router, manager: BackupManager, tmp_path: Path) -> None:
    """On a new machine the companies and their books are those of the backups, and the catalogue fits them."""
    manager.backup_now("universal").require_good()
    rebuilt = rebuild(
        tmp_path / "backups", tmp_path / "new", trusting=True, checks=[backing_up.faults],
        describe=backing_up.facts, register=backing_up.restored, enlist=backing_up.adopted,
    )  # fmt: skip
    assert rebuilt.missing == {}
    new = Router(tmp_path / "new")
    try:
        assert check_company(new, "acme") == []
        with new.using("acme"):
            assert balances() == {"1110": 600, "4100": -600}
            assert Company.get().chain_count == 3
    finally:
        new.close()
