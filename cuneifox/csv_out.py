"""Tables as CSV (RFC 4180) that spreadsheets open without running anything in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from flask import Response

from models.money import format_plain

BOM = "\ufeff"
"""What Excel needs in front to take the file for UTF-8."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | Decimal | date | None


class Amount(int):
    """An amount in minor units that knows its decimals, and is written as a plain number."""

    decimals: int

    def __new__(cls, minor: int, decimals: int) -> Amount:
        amount = super().__new__(cls, minor)
        amount.decimals = decimals
        return amount


def cell(value: Cell) -> str:
    """Return a cell's text. Text that a spreadsheet would run as a formula gets an apostrophe in front.

    Numbers and dates are ours and need none: -1234.56 stays a number.
    """
    if value is None:
        return ""
    if isinstance(value, Amount):
        return format_plain(int(value), value.decimals)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def lines(rows: Iterable[Iterable[Cell]], bom: bool = True) -> Iterator[str]:
    """Yield the table's lines, each ended by CR LF, the first behind a byte-order mark if `bom`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if bom:
        buffer.write(BOM)
    for row in rows:
        writer.writerow([cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def csv_response(rows: Iterable[Iterable[Cell]], name: str, bom: bool = True) -> Response:
    """Return the table as a download called `name`.csv; `name` is made of ASCII letters, - and digits."""
    response = Response("".join(lines(rows, bom)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
