"""A check tells of tables, columns, views and indexes that were taken out, added or changed behind our back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from models import migrations
from models.check import check_company
from models.companies import create_company
from tenants import Router, Tenant
from tenants.sqlite import driver


@pytest.fixture
def acme(router: Router) -> Tenant:
    create_company(router, slug="acme", name="Acme", template="general", currency="USD")
    return router.tenant("acme")


def told(router: Router, acme: Tenant, role: str, statement: str, sound: bool = True) -> list[str]:
    """What a check says after that was done to the file of a store."""
    assert (check_company(router, "acme") == []) is sound
    router.pool.close(acme.store(role))
    with closing(driver.connect(acme.store(role).path, isolation_level=None)) as connection:
        connection.execute(statement)
    return [found.message for found in check_company(router, "acme") if found.code == "shape"]


@pytest.mark.parametrize(
    ("role", "statement", "said"),
    [
        ("books", "DROP INDEX voucher_book_stid_date_id", "is missing"),
        ("books", "CREATE INDEX mine ON lines (amount)", "the index mine was added"),
        ("books", "CREATE TABLE mine (a)", "the table mine was added"),
        ("books", "CREATE VIEW mine AS SELECT * FROM lines", "the view mine was added"),
        ("books", "ALTER TABLE lines ADD COLUMN mine TEXT", "other columns than it was made with: mine"),
        ("registers", "ALTER TABLE customer RENAME COLUMN name TO called", "called, name"),
        ("registers", "CREATE VIRTUAL TABLE mine USING fts5(a)", "the virtual table mine was added"),
        ("attachments", "CREATE TABLE mine (a)", "the table mine was added"),
    ],
)  # fmt: skip
def test_each_change_is_told(
    router: Router, acme: Tenant, role: str, statement: str, said: str
) -> None:
    """By kind and name."""
    assert any(said in line for line in told(router, acme, role, statement))


def test_what_the_file_says_of_its_migrations_silences_nothing(tmp_path: Path) -> None:
    """A row that was added to their table is told, and so is what else was done."""
    router = Router(tmp_path / "data", migrations=migrations.FOLDERS)
    try:
        create_company(router, slug="acme", name="Acme", template="general", currency="USD")
        acme = router.tenant("acme")
        add = "INSERT INTO schema_migration SELECT max(id) + 1, 'x', applied FROM schema_migration"
        router.pool.close(acme.store("books"))
        with closing(driver.connect(acme.store("books").path, isolation_level=None)) as connection:
            connection.execute(add)
        assert told(router, acme, "books", "CREATE TABLE mine (a)", sound=False)
        assert any(finding.code == "origin" for finding in check_company(router, "acme"))
    finally:
        router.close()
