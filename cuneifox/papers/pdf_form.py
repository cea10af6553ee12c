"""Tables as PDF, a part of some thousand rows at a time, so that memory doesn't grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from cuneifox import formats
from cuneifox.i18n import _, current_language
from cuneifox.papers.harmless import IN_COLUMN, ON_LINE, wrapping
from cuneifox.papers.table import Amount, Cell, Row, Table
from cuneifox.papers.typesetting import Numbering, merge_parts, prepare_part, set_parts
from models.money import format_amount

ROWS_OF_PART = 2_000

ASK_EVERY = 100
"""Rows after which it is asked whether the paper is still wanted, as they are read."""

WIDEST = 10
"""Columns wider than that together are set across."""

FOOT_MM = 12.0
"""Of a table's page: the lower margin without the footer's lines."""

CHARACTERS_OF_LINE = {False: 120, True: 178}
"""About how many stand side by side on a page, upright and across."""

SHORTEST_BREAK = 6
"""Characters that are never parted, however narrow their column."""

ZERO = "–"
"""What stands for no amount, so that those that are catch the eye."""


def write_pdf(
    table: Table, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    """Write the table to a new file at `path`, in the current language, working in the file's folder.

    All rows are read, and laid down beside it, before any page is set. `tick` is told how many rows are set, also
    several times a second while pages are; it may raise. `read` is called between the two.
    """
    sizes: list[int] = []
    landscape = any(_landscape(each) for each in table.all)  # all pages alike
    parts = _parts_of_all(table, tick)
    part = next(parts, None)
    while part is not None:
        following = next(parts, None)
        name, whole = part_name(len(sizes)), not sizes and following is None
        data = _data(*part, whole=whole, landscape=landscape)
        prepare_part(path.parent, name, "table", data)
        sizes.append(len(part[1]))
        part = following
    read()
    look = numbers_look(len(table.footer), FOOT_MM, landscape=landscape)
    names = [part_name(number) for number in range(len(sizes))]
    set_document(path, sizes, table.title, Numbering([names], look), tick)


def set_document(
    path: Path,
    sizes: Sequence[int],
    title: str,
    numbering: Numbering | None,
    tick: Callable[[int], None],
) -> None:
    """Set parts that lie in the folder of `path` under their `part_name`, and put them together there.

    Args:
        sizes: of each part, in what `tick` counts.
        numbering: None where each part's pages have numbers already.
    """
    folder, names = path.parent, [part_name(number) for number in range(len(sizes))]
    set_parts_of(folder, [[name] for name in names], sizes, tick)
    if len(names) == 1:
        (folder / names[0] / "out.pdf").rename(path)
        return
    merge_parts(folder, names, wrapping(title), numbering, lambda: tick(sum(sizes)))
    (folder / "out.pdf").rename(path)


def part_name(number: int) -> str:
    """Return what a document's part is called, by its number from 0."""
    return f"part{number}"


def numbers_look(footer_lines: int, foot_mm: float, *, landscape: bool = False) -> dict[str, Any]:
    """Return what numbers.typ wants, to set page numbers where a template of ours does.

    Args:
        footer_lines: how many lines stand beside the number.
        foot_mm: the template's lower margin, without the footer's lines.
    """
    return {
        "page-text": page_text(),
        "lang": current_language(),
        "landscape": landscape,
        "footer-lines": footer_lines,
        "foot-mm": foot_mm,
    }


def set_parts_of(
    folder: Path,
    batches: Sequence[Sequence[str]],
    sizes: Sequence[int],
    tick: Callable[[int], None],
) -> None:
    """Set parts, and tell `tick` how much of them is done, each batch counted with its size."""
    done = 0

    def one_more(number: int) -> None:
        nonlocal done
        done += sizes[number]
        tick(done)

    set_parts(folder, batches, lambda: tick(done), one_more)


def _ticking(rows: Iterable[Row], tick: Callable[[int], None]) -> Iterator[Row]:
    """The rows; while they are read, none is set."""
    for number, row in enumerate(rows):
        if not number % ASK_EVERY:
            tick(0)
        yield row


def page_text() -> str:
    """How pages are numbered, with {page} and {pages} to be filled in."""
    return _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}")


def _parts_of_all(
    table: Table, tick: Callable[[int], None]
) -> Iterator[tuple[Table, list[Row], bool]]:
    """A part at a time: the table that it is of, its rows, and whether it is that table's first one."""
    for each in table.all:
        parts = _parts(_ticking(each.rows, tick))
        yield each, next(parts, []), True
        for rows in parts:
            yield each, rows, False


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


def _data(
    table: Table, rows: list[Row], first: bool, *, whole: bool, landscape: bool
) -> dict[str, Any]:
    """What the typesetter is given for a part; `whole`, where it is the only one."""
    room = _room(table, landscape)
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
            [
                row.style,
                row.indent,
                [
                    shown(cell, table.parentheses, n)
                    for cell, n in zip(row.cells, room, strict=True)
                ],
            ]
            for row in rows
        ],
        "footer": [wrapping(line, ON_LINE) for line in table.footer],
        "parentheses": table.parentheses,
        "landscape": landscape,
        "lang": current_language(),
        "page-text": page_text(),
        "first": first,
        "whole": whole,
    }


def _landscape(table: Table) -> bool:
    return sum(column.width for column in table.columns) > WIDEST


def _room(table: Table, landscape: bool) -> list[int]:
    """How many characters stand side by side in each column before a word has to be parted."""
    line = CHARACTERS_OF_LINE[landscape] / sum(column.width for column in table.columns)
    room = (int(column.width * line) - 2 for column in table.columns)  # for its margins
    return [max(SHORTEST_BREAK, min(each, IN_COLUMN)) for each in room]


def shown(value: Cell, parentheses: bool = False, room: int = IN_COLUMN) -> str:
    """Return a cell's text as people read it on paper, in the current language.

    Args:
        value: what is in the cell.
        parentheses: negative amounts stand in parentheses.
        room: how long a word may be that isn't to be parted, in characters.
    """
    if value is None:
        return ""
    if isinstance(value, Amount):
        return shown_amount(int(value), value.decimals, parentheses)
    if isinstance(value, date):
        return formats.date(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return wrapping(value, room) if isinstance(value, str) else f"{value:,}"


def shown_amount(minor: int, decimals: int, parentheses: bool) -> str:
    """Return an amount with a true minus sign, or in parentheses, where it is negative."""
    if not minor:
        return ZERO
    text = format_amount(abs(minor), decimals)
    if minor > 0:
        return text
    return f"({text})" if parentheses else f"\u2212{text}"
