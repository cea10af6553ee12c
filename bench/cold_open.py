"""Opening a company that nobody has touched, to its first row, against the bare driver on the same file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from peewee import TextField

from models.companies import CATALOGUE_MODELS, create_company
from tenants import RoutedModel, Router, current_entry, current_store
from tenants.sqlite import BUSY_TIMEOUT_MS, driver

from .figures import Figure, main, number, quartiles, ratio, seconds, timed

COMPANIES = 100
SMALLEST = "SELECT id, text FROM note WHERE id = ?"
FIRST_ACCOUNT = "SELECT stid, name FROM accounts WHERE stid = ?"
PRAGMAS = f"""
    PRAGMA synchronous = FULL; PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
"""


class Note(RoutedModel):
    """A row to read."""

    text = TextField()

    class Meta:
        store = "books"


def measure() -> list[Figure]:
    """Measure a pair on each of 100 companies as they are made for books, and on tenants of a single table."""
    by_row = opened(make_companies, FIRST_ACCOUNT)
    smallest = opened(make_tenants, SMALLEST)
    as_instance = [own for own, _ in opened(make_tenants, SMALLEST, lambda: Note.get_by_id(1))]
    least, low, high = quartiles([own / other for own, other in smallest])
    note = (
        "Companies with all tables of the books; from the slug to the row, the look-up in the catalogue and the check "
        "of the file's identity included. A tenant of a single table: "
        f"{number(least)} × ({number(low)}–{number(high)}), "
        f"{seconds(quartiles([own for own, _ in smallest])[0])}; its row as an instance "
        f"{seconds(quartiles(as_instance)[0])}"
    )
    return [ratio("Cold open of a company to the first row ÷ bare driver", by_row, 1.5, 1, note)]


def opened(
    make: Callable[[Router], dict[str, str]], sql: str, read: Callable[[], object] | None = None
) -> list[tuple[float, float]]:
    """Open each tenant once in a router that knows of none, and its file by the bare driver.

    Args:
        make: makes the tenants and returns the file of each.
        sql: reads the row 1.
        read: what reads it in an entry; the same SQL unless given.
    """
    read = read or (lambda: current_store("books").execute_sql(sql, (1,)).fetchone())
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        router = Router(folder)
        paths = make(router)
        router.close()
        router = Router(folder)
        router.universal.connect(reuse_if_open=True)
        for slug, path in paths.items():
            own = timed(lambda slug=slug: enter_and_read(router, slug, read), sweep=False)
            router.leave(current_entry())
            router.pool.close(router.tenant(slug).store("books"))  # so that both find it closed
            held: list[Any] = []
            other = timed(lambda path=path, held=held: held.append(bare(path, sql)), sweep=False)
            held.pop().close()
            measured.append((own, other))
        router.universal.close()
        router.close()
    return measured[1:]  # the first one warmed both up


def make_companies(router: Router) -> dict[str, str]:
    """Make companies as users do."""
    router.universal.create_tables(CATALOGUE_MODELS)
    for i in range(COMPANIES):
        create_company(router, slug=f"c{i}", name="Company", template="general")
    return {tenant.slug: tenant.store("books").path for tenant in router.tenants()}


def make_tenants(router: Router) -> dict[str, str]:
    """Make tenants with a single table of a single row."""
    for i in range(COMPANIES):
        router.create(f"t{i}", models=[Note], setup=lambda: Note.create(text="first"))
    return {tenant.slug: tenant.store("books").path for tenant in router.tenants()}


def enter_and_read(router: Router, slug: str, read: Callable[[], object]) -> None:
    """Enter a company and read its first row; the caller leaves."""
    router.enter_here(slug)
    read()


def bare(path: str, sql: str) -> Any:
    """Connect, set the same, read the same row; the caller closes."""
    connection = driver.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.executescript(PRAGMAS)
    connection.execute(sql, (1,)).fetchone()
    return connection


if __name__ == "__main__":
    main(measure)
