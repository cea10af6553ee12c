"""Old installations and new ones have the same tables: what was recorded, plus all migrations, is what models make."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from models import migrations, people
from models.check import check_company
from models.companies import CATALOGUE_MODELS, create_company
from models.reports.journal_sql import OF_BOOK, TO_DAY, VOUCHERS, compose
from random_books import fill
from schemas_of import Shape, shape_of
from tenants import Router, current_store, sqlite
from tenants.schemas.fleet import Fleet

BASELINES = Path(__file__).parent / "schemas"
"""Each role's schema at version 0, before there were migrations; it stays as it is."""

OURS = {"table schema_migration", "index schema_migration_name"}


def routed(folder: Path, **options: Any) -> Router:
    router = Router(folder, **options)
    router.check_migrated = migrations.unguarded
    return router


def shapes(router: Router) -> dict[str, Shape]:
    """The shape of every file of the company `acme`, and of the shared database."""
    files = {role: store.path for role, store in router.tenant("acme").stores.items()}
    files["universal"] = router.universal_store.path
    found = {}
    for role, path in files.items():
        with closing(sqlite.driver.connect(path)) as connection:
            found[role] = {k: v for k, v in shape_of(connection).items() if k not in OURS}
    return found


def set_back(path: str, role: str, kept: set[str]) -> None:
    """Give a file the tables that were recorded, empty, in place of those that it has; `kept` ones stay."""
    with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall():
            if f"table {name}" not in kept:
                connection.execute(f'DROP TABLE "{name}"')
        connection.executescript((BASELINES / f"{role}.sql").read_text(encoding="utf-8"))


def rows_of(path: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with closing(sqlite.driver.connect(path)) as connection:
        tables = [name[6:] for name in shape_of(connection) if name.startswith("table ")]
        return {t: connection.execute(f'SELECT * FROM "{t}"').fetchall() for t in tables}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An installation as it was before there were migrations, with one company."""
    with closing(Router(tmp_path / "old")) as router:
        files = {"universal": router.universal_store.path}
        with closing(sqlite.driver.connect(files["universal"])) as connection:
            kept = {"universal": set(shape_of(connection))}
        router.universal.create_tables([*people.MODELS, *CATALOGUE_MODELS])
        create_company(router, slug="acme", name="Acme")
        files |= {role: store.path for role, store in router.tenant("acme").stores.items()}
    for role, path in files.items():
        set_back(path, role, kept.get(role, {"table store_identity"}))
    return tmp_path / "old"


@pytest.mark.parametrize("role", migrations.FOLDERS)
def test_a_baseline_is_recorded(role: str) -> None:
    """Each role has one, and a folder for what comes after it."""
    assert (BASELINES / f"{role}.sql").read_text(encoding="utf-8").startswith("CREATE TABLE")
    assert migrations.FOLDERS[role].is_dir()


def test_migrations_lead_to_what_the_models_make(tmp_path: Path, old: Path) -> None:
    """Whoever changes a model without a migration, or the other way round, sees here what differs."""
    with closing(routed(tmp_path / "new", migrations=migrations.FOLDERS)) as new:
        new.universal.create_tables([*people.MODELS, *CATALOGUE_MODELS])
        create_company(new, slug="acme", name="Acme")
        wanted = shapes(new)
    with closing(routed(old, migrations=migrations.FOLDERS)) as before:
        report = Fleet(before).run()
        assert report.is_well, [result.reason for result in report.failed]
        found = shapes(before)
    for role in migrations.FOLDERS:
        assert found[role] == wanted[role], f"add a migration to models/migrations/{role}"


def test_the_comparison_sees_what_differs(tmp_path: Path, old: Path) -> None:
    """Without the migrations the two aren't the same."""
    with closing(routed(tmp_path / "new")) as new:
        create_company(new, slug="acme", name="Acme")
        wanted = shapes(new)
    with closing(routed(old)) as before:
        found = shapes(before)
    assert set(wanted["books"]) - set(found["books"]) == {
        "index voucher_book_stid_date_id",
        "table seals",
        "table seal_state",
        "table recurring_vouchers",
        "table recurring_runs",
        "index recurringrun_template_stid_slot",
    }


def test_books_keep_what_they_hold(tmp_path: Path) -> None:
    """Books with vouchers of three years hold the same rows after it, and pass the audit."""
    folder = tmp_path / "data"
    with closing(routed(folder)) as router:
        fill(router, "random", seed=5)
        stores = router.tenant("random").stores
        path = stores["books"].path
    for store in stores.values():
        with closing(sqlite.driver.connect(store.path, isolation_level=None)) as connection:
            connection.executescript("DROP TABLE seals; DROP TABLE seal_state;")
    with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP INDEX voucher_book_stid_date_id")
        connection.executescript("DROP TABLE recurring_vouchers; DROP TABLE recurring_runs;")
    before = rows_of(path)
    assert len(before["vouchers"]) > 50
    name = next(row[2] for row in before["accounts"] if row[0] == 3)
    with closing(routed(folder, migrations=migrations.FOLDERS)) as router:
        report = Fleet(router).run()
        assert check_company(router, router.tenant("random")) == []
        with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE accounts SET name = 'x' WHERE stid = 3")
        assert [found.code for found in check_company(router, "random")] == ["seal"]
        with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE accounts SET name = ? WHERE stid = 3", (name,))
    assert [r.names for r in report.results if r.role == "books"] == [
        ("0001_vouchers_by_book", "0002_seals", "0003_recurring")
    ]
    assert report.is_well
    assert {table: rows for table, rows in rows_of(path).items() if table in before} == before


def test_a_store_without_its_guards_is_not_committed(tmp_path: Path, old: Path) -> None:
    """A migration of the books after which a trigger is missing fails, whatever it did to it."""
    folder = tmp_path / "books"
    folder.mkdir()
    code = "def up(m, db): db.execute_sql('DROP TRIGGER {0}')\n"
    with closing(sqlite.driver.connect(":memory:")) as connection:
        connection.executescript((BASELINES / "books.sql").read_text(encoding="utf-8"))
        trigger = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchone()[0]
    (folder / "0001_unguard.py").write_text(code.format(trigger))
    with closing(routed(old, migrations={"books": folder})) as router:
        report = Fleet(router).run()
    assert f"the trigger {trigger} is missing" in report.results[0].reason


def test_the_journal_of_one_book_is_read_by_its_index(router: Router) -> None:
    """Narrowed to a book, a page is entered by book and date, newest first, without sorting."""
    create_company(router, slug="acme", name="Acme")
    with router.using("acme"):
        for conditions in ([OF_BOOK], [TO_DAY, OF_BOOK]):
            sql = compose(VOUCHERS, conditions, newest_first=True)
            rows = current_store("books").execute_sql(
                f"EXPLAIN QUERY PLAN {sql}", (1,) * sql.count("?")
            )
            plan = " / ".join(row[3] for row in rows.fetchall())
            assert "SEARCH v USING INDEX voucher_book_stid_date_id" in plan
            assert "TEMP B-TREE" not in plan


def test_the_first_company_is_made_where_opening_migrates(tmp_path: Path) -> None:
    """What is being made isn't in the catalogue yet, and has nothing to be migrated."""
    router = Router(tmp_path / "data", migrations=migrations.FOLDERS, migrate_on_open=True)
    try:
        router.universal.create_tables([*people.MODELS, *CATALOGUE_MODELS])
        create_company(router, slug="acme", name="Acme", template="general")
        with router.using("acme"):
            assert current_store("books").execute_sql("SELECT 1 FROM accounts LIMIT 1").fetchone()
        router.universal.release()
    finally:
        router.close()
