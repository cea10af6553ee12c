"""Migrating a fleet: finding that nothing is to be done, and a real migration of every company's books."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from models.companies import CATALOGUE_MODELS, create_company
from models.people import MODELS as PEOPLE
from tenants import Router, sqlite
from tenants.schemas.fleet import Fleet
from tenants.schemas.migrating import apply
from tenants.tenant import new_id

from .big_books import ROOT
from .figures import Figure, absolute, quartiles, seconds, timed
from .fleet import hurried
from .machine import describe

COMPANIES = 10_000
PAIRS = 10
JOBS = 2

MIGRATION = """
from peewee import IntegerField

def up(migrator, db):
    migrator.migrate(
        migrator.add_column("accounts", "rank", IntegerField(default=0)),
        migrator.add_index("accounts", ("rank", "code")),
    )
"""
SETTINGS = (
    "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 5000", "PRAGMA foreign_keys = OFF",
)  # fmt: skip


def measure(companies: int = COMPANIES) -> list[Figure]:
    """Make the fleet twice, and migrate one by ours and one by the bare driver, a part of each at a time."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as folder:
        migrations = Path(folder) / "migrations"
        migrations.mkdir()
        (migrations / "__init__.py").touch()
        with hurried():
            slugs, bare = made(Path(folder), companies)
        with opened(Path(folder) / "data", migrations) as router:
            finding = found(router)
        (migrations / "0001_rank.py").write_text(MIGRATION)
        with opened(Path(folder) / "data", migrations) as router:
            sql = statements(router, slugs[0], Path(folder) / "tried.db")
            return [finding, migrated(router, slugs, bare, sql)]


@contextmanager
def opened(folder: Path, migrations: Path) -> Iterator[Router]:
    """A router that is closed at the end of the block."""
    with closing(Router(folder, migrations={"books": migrations})) as router:
        yield router


def made(folder: Path, companies: int) -> tuple[list[str], list[str]]:
    """Make a data folder of companies at version 0, and their books once more beside it; return slugs and files.

    One is made as people make them. The others are its books with another's name in them, and rows in the catalogue.
    """
    with closing(Router(folder / "data", migrations={"books": folder / "migrations"})) as router:
        router.universal.create_tables([*PEOPLE, *CATALOGUE_MODELS])
        create_company(router, slug="c0", name="Company 0", template="general")
        first = router.tenant("c0").store("books").path
        router.pool.close()
        slugs, bare = ["c0"], []
        with router.universal_store.writing() as database:
            schema = router.fingerprint("books")
            for number in range(1, companies):
                owner, store = new_id(), new_id()
                home = f"{folder}/data/tenants/{owner}"
                os.mkdir(home)
                shutil.copyfile(first, f"{home}/books.1.db")
                _rename(f"{home}/books.1.db", store, owner)
                slugs.append(f"c{number}")
                database.execute_sql(
                    "INSERT INTO tenant (id, slug) VALUES (?, ?)", (owner, slugs[-1])
                )
                for role in ("books", "registers", "attachments"):
                    row = (store if role == "books" else new_id(), owner, role)
                    url = f"sqlite:///tenants/{owner}/{role}.1.db"
                    database.execute_sql(
                        "INSERT INTO store (id, owner, role, generation, url, schema) VALUES (?, ?, ?, 1, ?, ?)",
                        (*row, url, schema),
                    )
                    database.execute_sql(
                        "INSERT INTO tenant_store VALUES (?, ?, ?)", (owner, role, row[0])
                    )
        os.mkdir(folder / "bare")
        for number in range(companies):
            os.mkdir(folder / "bare" / str(number))
            bare.append(f"{folder}/bare/{number}/books.1.db")
            shutil.copyfile(first, bare[-1])
    os.sync()
    return slugs, bare


def _rename(path: str, store: str, owner: str) -> None:
    with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("UPDATE store_identity SET store = ?, owner = ?", (store, owner))


def found(router: Router) -> Figure:
    """How long it takes to find that nothing is to be done."""
    fleet = Fleet(router)
    report = fleet.run()
    assert not report.results
    values = [timed(fleet.run) for _ in range(21)]
    what = f"Finding that {report.stores:,} companies need no migration"
    return absolute(what, values, 1000, 1e3, "ms", "Not one of their files is opened")


def statements(router: Router, slug: str, path: Path) -> list[str]:
    """Return the statements of the migration, as the driver gets them, by running it on a copy."""
    store = router.tenant(slug).store("books")
    shutil.copyfile(store.path, path)
    told: list[str] = []
    with closing(sqlite.driver.connect(str(path), isolation_level=None)) as connection:
        connection.set_trace_callback(told.append)
        apply(connection, store, router.migrations["books"].names, 600)
        connection.set_trace_callback(None)
    return [sql for sql in told if not sql.startswith("--") and '"accounts"' in sql]


def migrated(router: Router, slugs: list[str], bare: list[str], sql: Sequence[str]) -> Figure:
    """Migrate one part after another, ours and the bare driver's taking turns."""
    fleet = Fleet(router)
    size = len(slugs) // PAIRS
    measured = []
    for turn in range(PAIRS):
        part = slice(turn * size, (turn + 1) * size)

        def ours(part: slice = part) -> None:
            report = fleet.run(only=slugs[part], jobs=JOBS)
            assert report.is_well, report.failed[:1]
            assert len(report.results) == size

        def peer(part: slice = part) -> None:
            for path in bare[part]:
                run_bare(path, sql)

        if turn % 2:
            other = timed(peer)
            measured.append((timed(ours), other))
        else:
            own = timed(ours)
            measured.append((own, timed(peer)))
    assert tables(router.tenant(slugs[0]).store("books").path) == tables(bare[0])
    median, low, high = quartiles([own / other for own, other in measured])
    own, other = (quartiles([pair[side] for pair in measured])[0] / size for side in (0, 1))
    what = f"Migrating the books of {len(slugs):,} companies, {JOBS} jobs ÷ the same SQL on the bare driver"
    note = (
        f"{seconds(own)} against {seconds(other)} for each; {PAIRS} pairs of {size:,} companies. A column is added and "
        f"an index built, WAL and FULL on both sides; ours takes a snapshot first and waits until that is on the disk"
    )
    return Figure(what, "≤ 3", median <= 3, median, low, high, "×", note)


def tables(path: str) -> list[tuple]:
    """The tables and indexes of a file, but for the history of its migrations."""
    with closing(sqlite.driver.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE tbl_name <> 'schema_migration'"
        )
        return [version, *sorted(rows.fetchall(), key=str)]


def run_bare(path: str, sql: Sequence[str]) -> None:
    """Run the statements in one transaction, as somebody would who writes a script for it."""
    with closing(sqlite.driver.connect(path, isolation_level=None)) as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        connection.execute("BEGIN IMMEDIATE")
        for statement in sql:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute("COMMIT")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--companies", type=int, default=COMPANIES)
    given = arguments.parse_args()
    figures = measure(given.companies)
    if given.json:
        sys.stdout.buffer.write(msgspec.json.encode(figures))
    else:
        print(*describe(), *figures, sep="\n")
