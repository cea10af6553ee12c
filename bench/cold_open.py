"""Opening a company that nobody has touched, to its first row, against the bare driver on the same file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peewee import TextField

from tenants import RoutedModel, Router, current_entry, current_store
from tenants.sqlite import BUSY_TIMEOUT_MS, driver

from .figures import Figure, main, quartiles, ratio, seconds, timed

COMPANIES = 200
FIRST_ROW = "SELECT id, text FROM note WHERE id = ?"
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
    """Measure a pair on each of 200 companies, whose row is read as SQL gives it; then likewise as an instance."""
    by_row = opened(lambda: current_store("books").execute_sql(FIRST_ROW, (1,)).fetchone())
    as_instance = [own for own, _ in opened(lambda: Note.get_by_id(1))]
    note = (
        "From the slug to the row, the look-up in the catalogue and the check of the file's identity included; "
        f"as a model instance {seconds(quartiles(as_instance)[0])}"
    )
    return [ratio("Cold open to the first row ÷ bare driver", by_row, 1.5, 1, note)]


def opened(read: Callable[[], object]) -> list[tuple[float, float]]:
    """Open each company once in a router that knows of none, and its file by the bare driver."""
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        paths = make_companies(Path(folder))
        router = Router(folder)
        router.universal.connect(reuse_if_open=True)
        for slug, path in paths.items():
            own = timed(lambda slug=slug: enter_and_read(router, slug, read), sweep=False)
            router.leave(current_entry())
            router.pool.close(router.tenant(slug).store("books"))  # so that both find it closed
            held: list[Any] = []
            other = timed(lambda path=path, held=held: held.append(bare(path)), sweep=False)
            held.pop().close()
            measured.append((own, other))
        router.universal.close()
        router.close()
    return measured[1:]  # the first one warmed both up


def make_companies(folder: Path) -> dict[str, Path]:
    """Make the companies, each with one row, and return the file of each."""
    router = Router(folder)
    paths = {}
    for i in range(COMPANIES):
        tenant = router.create(f"c{i}", models=[Note], setup=lambda: Note.create(text="first"))
        paths[tenant.slug] = tenant.store("books").path
    router.close()
    return paths


def enter_and_read(router: Router, slug: str, read: Callable[[], object]) -> None:
    """Enter a company and read its first row; the caller leaves."""
    router.enter_here(slug)
    read()


def bare(path: Path) -> Any:
    """Connect, set the same, read the same row; the caller closes."""
    connection = driver.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.executescript(PRAGMAS)
    connection.execute(FIRST_ROW, (1,)).fetchone()
    return connection


if __name__ == "__main__":
    main(measure)
