"""Voucher numbers without gaps, per journal book and fiscal year, given as vouchers are posted."""

from __future__ import annotations

from peewee import BigIntegerField, CharField, CompositeKey, ForeignKeyField, IntegerField

from models.dates import BUDDHIST_OFFSET
from models.journals import JournalBook
from tenants import RoutedModel

NEXT_NUMBER = (
    "INSERT INTO number_series (book_stid, fiscal_year, prefix, last) VALUES (?, ?, ?, 1)"
    " ON CONFLICT (book_stid, fiscal_year) DO UPDATE SET last = number_series.last + 1"
    " RETURNING last, prefix"
)
"""Takes (book, fiscal year, code) and gives (serial, prefix); undone with its transaction."""


class NumberSeries(RoutedModel):
    """The numbers of one book in one fiscal year: ``last`` was given last, all before it too.

    ``prefix`` is the book's code when the series began; it stays through the year, so that a renamed
    book doesn't change the look of its numbers half-way.
    """

    book = ForeignKeyField(JournalBook, column_name="book_stid", index=False)
    fiscal_year = IntegerField()
    prefix = CharField()
    last = BigIntegerField()

    class Meta:
        store = "books"
        table_name = "number_series"
        primary_key = CompositeKey("book", "fiscal_year")
        without_rowid = True
        indexes = ((("prefix", "fiscal_year"), True),)


def format_number(prefix: str, fiscal_year: int, serial: int, era: str) -> str:
    """Return a voucher's number as people read it: GJ-2569-000001, with the year in ``era``."""
    year = fiscal_year + BUDDHIST_OFFSET if era == "buddhist" else fiscal_year
    return f"{prefix}-{year}-{serial:06d}"
