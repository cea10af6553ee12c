"""One load for different ways to route: threads that serve requests of several companies, each row saying whose it is.

A program is one way to route. Whatever it does, a read is counted as wrong if its row is another company's, and a write
if it is found in another company's file afterwards.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peewee import Metadata, Model, SqliteDatabase, TextField
from playhouse.shortcuts import ThreadSafeDatabaseMetadata as StockMetadata

from tenants import NoTenant, RoutedModel, Router
from tenants.sqlite import BUSY_TIMEOUT_MS, driver

COMPANIES = [f"company-{i}" for i in range(8)]
ROWS = 20
THREADS = 4
#: Between entering and the query, as where a request waits for its form, a file or another service.
PAUSE = 0.0005
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "busy_timeout": BUSY_TIMEOUT_MS,
    "foreign_keys": "on",
    "trusted_schema": "off",
    "cell_size_check": "on",
    "mmap_size": 0,
}


@dataclass
class Program:
    """One way to route.

    Attributes:
        request: enters a company for the length of a request.
        model: the model that requests read and write; its rows have `whose`.
        files: each company's file.
    """

    request: Callable[[str], AbstractContextManager[object]]
    model: type[Any]
    files: dict[str, str]


@dataclass
class Outcome:
    """What a load came to; wrong are those that met another company's file, refused those that raised NoTenant."""

    requests: int = 0
    wrong_reads: int = 0
    wrong_writes: int = 0
    refused: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        failed = sum(self.errors.values())
        parts = [f"{self.wrong_reads:,} wrong reads", f"{self.wrong_writes:,} wrong writes"]
        parts += [f"{self.refused:,} refused"] * bool(self.refused)
        parts += [f"{failed:,} error{'s' * (failed > 1)}"] * bool(failed)
        return ", ".join(parts)


class RoutedNote(RoutedModel):
    """A row of a company's books."""

    whose = TextField()

    class Meta:
        store = "books"


@contextmanager
def ours() -> Iterator[Program]:
    """`router.using` per request."""
    with tempfile.TemporaryDirectory() as folder:
        router = Router(folder)
        for company in COMPANIES:
            router.create(company, models=[RoutedNote])
            with router.using(company):
                RoutedNote.insert_many([{"whose": company}] * ROWS).execute()
        files = {company: router.tenant(company).store("books").path for company in COMPANIES}
        yield Program(router.using, RoutedNote, files)
        router.close()


@contextmanager
def bind_ctx(metadata: type[Metadata] = Metadata, more: int = 0) -> Iterator[Program]:
    """`database.bind_ctx` per request, on a database for each company that stays open, as many do it.

    Args:
        metadata: playhouse's `ThreadSafeDatabaseMetadata`, where that is tried.
        more: how many models are bound beside the one that is used.
    """

    class Base(Model):
        class Meta:
            model_metadata_class = metadata

    class Note(Base):
        whose = TextField()

    models = [Note, *(type(f"Model{i}", (Base,), {"text": TextField()}) for i in range(more))]
    with tempfile.TemporaryDirectory() as folder:
        files = {company: f"{folder}/{company}.db" for company in COMPANIES}
        databases = {company: SqliteDatabase(files[company], PRAGMAS) for company in COMPANIES}
        for company, database in databases.items():
            with database.bind_ctx(models):
                database.create_tables([Note])
                Note.insert_many([{"whose": company}] * ROWS).execute()
        yield Program(lambda company: databases[company].bind_ctx(models), Note, files)
        for database in databases.values():
            database.close()


def stock() -> AbstractContextManager[Program]:
    """`bind_ctx` per request on models with playhouse's metadata."""
    return bind_ctx(StockMetadata)


def load(program: Program, requests: int, pause: float = 0.0, elsewhere: bool = False) -> Outcome:
    """Serve requests on several threads, each of which reads a row and writes one, and count.

    Args:
        program: how they are routed.
        requests: how many, for all threads together.
        pause: seconds between entering, reading and writing.
        elsewhere: read and write in a thread that the request starts, as with a thread pool that knows of no tenants.
    """
    outcome, mutex, start = Outcome(), threading.Lock(), threading.Barrier(THREADS)

    def wait() -> None:
        if pause:  # sleeping for no time at all would let the next thread run, too
            time.sleep(pause)

    def work(company: str, number: int) -> None:
        try:
            wrong = program.model.get_by_id(number).whose != company
            with mutex:
                outcome.wrong_reads += wrong
            wait()
            program.model.create(whose=company)
        except NoTenant:
            with mutex:
                outcome.refused += 1
        except Exception as error:  # noqa: BLE001 - what the race makes of it is what is counted
            with mutex:
                outcome.errors[type(error).__name__] += 1

    def serve(seed: int) -> None:
        dice = random.Random(seed)
        start.wait()
        for _ in range(requests // THREADS):
            company = dice.choice(COMPANIES)
            with program.request(company):
                wait()
                if elsewhere:
                    in_a_thread(work, company, dice.randint(1, ROWS))
                else:
                    work(company, dice.randint(1, ROWS))

    threads = [threading.Thread(target=serve, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome.requests = requests // THREADS * THREADS
    outcome.wrong_writes = sum(strays(path, whose) for whose, path in program.files.items())
    return outcome


def in_a_thread(work: Callable[..., None], *args: Any) -> None:
    """Run something in a plain thread and wait for it."""
    thread = threading.Thread(target=work, args=args)
    thread.start()
    thread.join()


def strays(path: str, whose: str) -> int:
    """Return how many rows in a company's file are another's, as the bare driver finds them."""
    connection = driver.connect(f"file:{Path(path)}?mode=ro", uri=True)
    try:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%note'"
        (table,) = connection.execute(tables).fetchone()
        sql = f'SELECT count(*) FROM "{table}" WHERE whose != ?'
        return int(connection.execute(sql, (whose,)).fetchone()[0])
    finally:
        connection.close()
