"""Tables as CSV (RFC 4180) that spreadsheets open without running anything in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from cuneifox.papers.table import Amount, Cell, Table
from models.money import format_plain

BOM = "\ufeff"
"""What Excel needs in front to take the file for UTF-8."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


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
    """Yield the rows' lines, each ended by CR LF, the first behind a byte-order mark if `bom`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if bom:
        buffer.write(BOM)
    for row in rows:
        writer.writerow([cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def table_lines(table: Table, bom: bool = True) -> Iterator[str]:
    """Yield a table's lines: headings, and the rows but for groups and foot."""
    return lines(_rows(table), bom)


def _rows(table: Table) -> Iterator[Iterable[Cell]]:
    yield [column.heading for column in table.columns]
    for row in table.rows:
        if row.style not in ("group", "foot"):
            yield row.cells


def write_csv(
    table: Table, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    """Write the table to a new file at `path`; `tick` is told how many lines are done."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for done, line in enumerate(table_lines(table)):
            file.write(line)
            tick(done)
        read()
