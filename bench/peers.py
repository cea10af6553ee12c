"""The same rows twice: behind a routed model in a company's store, and behind a plain Peewee model in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import IntegerField, Model, SqliteDatabase, TextField

from tenants import RoutedModel, Router
from tenants.sqlite import BUSY_TIMEOUT_MS

ROWS = 1000

plain_database = SqliteDatabase(None)


class RoutedInvoice(RoutedModel):
    """An invoice in a company's books."""

    number = TextField(unique=True)
    customer = IntegerField(index=True)
    date = TextField()
    amount = IntegerField()
    text = TextField(default="")

    class Meta:
        store = "books"


class PlainInvoice(Model):
    """The same in a database that Peewee is simply given."""

    number = TextField(unique=True)
    customer = IntegerField(index=True)
    date = TextField()
    amount = IntegerField()
    text = TextField(default="")

    class Meta:
        database = plain_database


def rows() -> list[dict[str, object]]:
    """Rows like those of a small company's invoices."""
    return [
        {
            "number": f"SI2026-{i:05}",
            "customer": i % 97,
            "date": f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}",
            "amount": i * 1037 % 999_983,
            "text": f"Delivery of goods as ordered, {i}",
        }
        for i in range(ROWS)
    ]


@contextmanager
def both() -> Iterator[None]:
    """Enter a company that has the rows, with a plain database of the same rows and settings open beside it."""
    with tempfile.TemporaryDirectory() as folder:
        router = Router(Path(folder) / "data")
        router.create("acme", models=[RoutedInvoice])
        plain_database.init(
            Path(folder) / "plain.db",
            pragmas={
                "journal_mode": "wal",
                "synchronous": "full",
                "busy_timeout": BUSY_TIMEOUT_MS,
                "foreign_keys": "on",
                "trusted_schema": "off",
                "cell_size_check": "on",
                "mmap_size": 0,
            },
        )
        plain_database.connect()
        plain_database.create_tables([PlainInvoice])
        PlainInvoice.insert_many(rows()).execute()
        with router.using("acme"):
            RoutedInvoice.insert_many(rows()).execute()
            yield
        plain_database.close()
        router.close()
