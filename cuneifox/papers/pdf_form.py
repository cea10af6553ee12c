"""Tables as PDF, a part of some thousand rows at a time, so that memory doesn't grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from cuneifox import formats
from cuneifox.i18n import _, current_language
from cuneifox.papers.harmless import ON_LINE, wrapping
from cuneifox.papers.table import Amount, Cell, Row, Table
from cuneifox.papers.typesetting import merge_parts, prepare_part, set_part
from models.money import format_amount

ROWS_OF_PART = 2_000

WIDEST = 10
"""Columns wider than that together are set across."""

ZERO = "–"
"""What stands for no amount, so that those that are catch the eye."""


def write_pdf(table: Table, path: Path, tick: Callable[[int], None]) -> None:
    """Write the table to a new file at `path`, in the current language, working in the file's folder.

    `tick` is told how many rows are done, also several times a second while pages are set; it may raise.
    """
    folder, names, done = path.parent, list[str](), 0
    parts = _parts(table.rows)
    rows = next(parts, [])
    while True:
        following = next(parts, None)
        name = f"part{len(names)}"
        whole = not names and following is None
        prepare_part(folder, name, "table", _part(table, rows, first=not names, whole=whole))
        done += len(rows)
        set_part(folder, name, lambda done=done: tick(done))  # type: ignore[misc]
        names.append(name)
        tick(done)
        if following is None:
            break
        rows = following
    if len(names) == 1:
        (folder / names[0] / "out.pdf").rename(path)
        return
    numbers = {
        "page-text": page_text(),
        "lang": current_language(),
        "landscape": _landscape(table),
        "footer-lines": len(table.footer),
    }
    merge_parts(folder, names, wrapping(table.title), numbers, lambda: tick(done))
    (folder / "out.pdf").rename(path)


def page_text() -> str:
    """How pages are numbered, with {page} and {pages} to be filled in."""
    return _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}")


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut the rows into parts; what sums up the rows above it stays with some of them."""
    left = iter(rows)
    part = list(islice(left, ROWS_OF_PART))
    while part:
        following: list[Row] = []
        for row in left:
            if row.style not in ("total", "foot"):
                following = [row, *islice(left, ROWS_OF_PART - 1)]
                break
            part.append(row)
        yield part
        part = following


def _part(table: Table, rows: list[Row], *, first: bool, whole: bool) -> dict[str, Any]:
    columns = [
        {
            "heading": wrapping(column.heading),
            "width": column.width,
            "figure": column.kind in ("amount", "number"),
            "indented": column.indented,
        }
        for column in table.columns
    ]
    return {
        "title": wrapping(table.title),
        "facts": [[wrapping(label), wrapping(text)] for label, text in table.facts],
        "columns": columns,
        "rows": [
            [row.style, row.indent, [shown(each, table.parentheses) for each in row.cells]]
            for row in rows
        ],
        "footer": [wrapping(line, ON_LINE) for line in table.footer],
        "parentheses": table.parentheses,
        "landscape": _landscape(table),
        "lang": current_language(),
        "page-text": page_text(),
        "first": first,
        "whole": whole,
    }


def _landscape(table: Table) -> bool:
    return sum(column.width for column in table.columns) > WIDEST


def shown(value: Cell, parentheses: bool = False) -> str:
    """Return a cell's text as people read it on paper, in the current language."""
    if value is None:
        return ""
    if isinstance(value, Amount):
        return shown_amount(int(value), value.decimals, parentheses)
    if isinstance(value, date):
        return formats.date(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return wrapping(value) if isinstance(value, str) else str(value)


def shown_amount(minor: int, decimals: int, parentheses: bool) -> str:
    """Return an amount with a true minus sign, or in parentheses, where it is negative."""
    if not minor:
        return ZERO
    text = format_amount(abs(minor), decimals)
    if minor > 0:
        return text
    return f"({text})" if parentheses else f"\u2212{text}"
