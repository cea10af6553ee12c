"""Tables as XLSX, in memory that doesn't grow with them: real numbers and dates, totals as formulas."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_col_to_name, xl_range

from cuneifox.papers.harmless import harmless
from cuneifox.papers.table import Amount, Cell, Column, Row, Table
from cuneifox.papers.watched_files import Asking, Watched
from cuneifox.papers.xlsx_rows import PlainRows
from cuneifox.papers.xlsx_sums import Sums
from models.money import format_amount

MOST_ROWS = 1_048_576
"""What a sheet holds; more go on on the next one."""

LONGEST = 32_767
"""UTF-16 units of a cell's text; longer ones are cut, and end in an ellipsis."""

EXACT = 10**15
"""Minor units from which on a spreadsheet's numbers, of 15 digits, would be others: such amounts are text."""

_STRONG = ("group", "total", "foot")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]\s*")


def write_xlsx(
    table: Table, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    """Write the table to a new file at `path`; `tick` is told how many rows are done, also while the file is packed."""
    with path.open("w+b") as file:
        watched = Watched(file)
        book = xlsxwriter.Workbook(
            watched,
            {
                "constant_memory": True,
                "tmpdir": str(path.parent),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        try:
            done = _Writing(book, table, tick).write()
            read()
            watched.wanted = lambda: tick(done)
            for sheet in book.worksheets():
                sheet.row_data_fh = Asking(sheet.row_data_fh, watched.wanted)
            book.close()
        except FileCreateError as error:
            _forget(book, watched)
            raise error.args[0] from None  # what the system said, which names the cause
        except BaseException:
            _forget(book, watched)
            raise


def _forget(book: Any, file: Watched) -> None:
    """Close what is open of a workbook that won't be; its rows so far lie in files of their own."""
    file.lose()
    for sheet in book.worksheets():
        for rows in (sheet.row_data_fh, sheet.fh):
            with suppress(OSError):  # what is left to write of them finds no room either
                rows.close()
    book.fileclosed = True


class _Writing:
    """One workbook as it is written."""

    def __init__(self, book: Any, table: Table, tick: Callable[[int], None]) -> None:
        self.book, self.whole, self.tick = book, table, tick
        self.formats: dict[tuple[object, ...], Any] = {}
        self.names: set[str] = set()
        self.done = self.at = 0
        self.table = table
        self.sheet: Any = None
        self.plain: PlainRows

    def write(self) -> int:
        """Write all of it, and return how many rows those were."""
        for table in self.whole.all:
            self._write_table(table)
        return self.done

    def _write_table(self, table: Table) -> None:
        self.table, self.sums = table, Sums()
        self.adds = any(column.adds for column in table.columns)
        self._begin_sheet(first=True)
        for row in table.rows:
            if self.at >= MOST_ROWS:
                self._begin_sheet()
            self._row(row)
            self.done += 1
            self.tick(self.done)
        if self.at + len(table.footer) + 1 > MOST_ROWS:
            self._begin_sheet()
        self.at += 1
        for line in table.footer:
            self._text(self.at, 0, line, self._format("note"))
            self.at += 1

    def _begin_sheet(self, first: bool = False) -> None:
        self.at = 0
        self.name = _sheet_name(self.table.title, self.names)
        self.sheet = self.book.add_worksheet(self.name)
        self._paper()
        for n, column in enumerate(self.table.columns):
            self.sheet.set_column(n, n, 11 * column.width)
        if first:
            self._text(0, 0, self.table.title, self._format("title"))
            for at, (label, text) in enumerate(self.table.facts, 1):
                self._text(at, 0, f"{label}: {text}", self._format("note"))
            self.at = len(self.table.facts) + 2
        for n, column in enumerate(self.table.columns):
            self._text(self.at, n, column.heading, self._heading(column))
        self.sheet.freeze_panes(self.at + 1, 0)
        self.sheet.repeat_rows(self.at)
        self.at += 1
        self.plain = PlainRows(self.sheet, self.table.columns, self._plain_format, EXACT)

    def _paper(self) -> None:
        """How it is printed: A4, as wide as the page, whose it is on each page."""
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        if len(self.table.columns) > 5:
            self.sheet.set_landscape()
        whose = harmless(" · ".join(self.table.footer[:2])).replace("&", "&&")[:160]
        self.sheet.set_footer(f"&L&8{' ' if whose[:1].isdigit() else ''}{whose}&R&8&P / &N")

    def _row(self, row: Row) -> None:
        if row.style == "plain":
            self.sums.add(row.part, self.name, self.at)
            alike = row.sums is None and not row.indent and not self.adds
            if alike and self.plain.write(self.at, row.cells):
                self.at += 1
                return
        strong = row.style in _STRONG
        for n, (column, value) in enumerate(zip(self.table.columns, row.cells, strict=True)):
            formula = self._formula(row, column, n)
            if formula and isinstance(value, Amount) and abs(value) < EXACT:
                shown = self._amount(value.decimals, strong)
                result = int(value) / 10**value.decimals
                self.sheet.write_formula(self.at, n, formula, shown, result)
                continue
            indent = min(row.indent, 15) if column.indented else 0
            self._cell(n, value, strong, indent)
        if row.sums is not None or row.style == "opening":  # has figures, which no range may hold
            self.sums.end()
        self.at += 1

    def _formula(self, row: Row, column: Column, n: int) -> str:
        """What sums up the rows above in a cell, or the cells beside it; "" where nothing does."""
        if row.sums is not None:
            if not column.summed:
                return ""
            return self.sums.formula(xl_col_to_name(n), row.sums, self.name)
        if row.style != "plain" or column.adds is None:
            return ""
        first, last = column.adds
        added = [each for each in row.cells[first : last + 1] if isinstance(each, Amount)]
        if any(abs(each) >= EXACT for each in added):  # is text, which no formula counts
            return ""
        return f"=SUM({xl_range(self.at, first, self.at, last)})"

    def _cell(self, n: int, value: Cell, strong: bool, indent: int) -> None:
        at, sheet = self.at, self.sheet
        if isinstance(value, Amount) and abs(value) < EXACT:
            shown = self._amount(value.decimals, strong)
            sheet.write_number(at, n, int(value) / 10**value.decimals, shown)
        elif isinstance(value, Amount):
            self._text(at, n, format_amount(int(value), value.decimals), self._format("right"))
        elif isinstance(value, date):
            sheet.write_datetime(at, n, value, self._format("date", strong))
        elif isinstance(value, int | Decimal):
            sheet.write_number(at, n, float(value), self._format("number", strong))
        elif value:
            self._text(at, n, value, self._format("text", strong, indent))

    def _text(self, at: int, n: int, text: str, shown: Any) -> None:
        text = harmless(text)
        units = text.encode("utf-16-le")
        if len(units) > 2 * LONGEST:
            text = units[: 2 * LONGEST - 2].decode("utf-16-le", "ignore") + "…"
        if text.startswith("<r>"):  # which XlsxWriter would take for markup of its own
            text = "\u200b" + text
        self.sheet.write_string(at, n, text, shown)

    def _amount(self, decimals: int, strong: bool) -> Any:
        return self._format("amount", strong, decimals)

    def _plain_format(self, kind: str, decimals: int) -> Any:
        return self._amount(decimals, False) if kind == "amount" else self._plain(kind)

    def _plain(self, kind: str) -> Any:
        return self._format(kind, False, 0) if kind == "text" else self._format(kind, False)

    def _heading(self, column: Column) -> Any:
        return self._format("heading", column.kind in ("amount", "number"))

    def _format(self, kind: str, *given: Any) -> Any:
        key = (kind, *given)
        if key not in self.formats:
            made = _properties(kind, given, self.table.parentheses)
            self.formats[key] = self.book.add_format({"valign": "top", **made})
        return self.formats[key]


def _properties(kind: str, given: tuple[Any, ...], parentheses: bool) -> dict[str, Any]:
    """What XlsxWriter is told of a cell of a kind."""
    if kind == "title":
        return {"bold": True, "font_size": 14}
    if kind == "note":
        return {"font_color": "#555555"}
    if kind == "heading":
        side = {"align": "right"} if given[0] else {}
        return {"bold": True, "bottom": 1, "text_wrap": True, **side}
    strong = {"bold": True} if given and given[0] else {}
    if kind == "amount":
        digits = "#,##0" + ("." + "0" * given[1] if given[1] else "")
        shown = f"{digits}_);({digits})" if parentheses else digits
        return {"num_format": shown, **strong}
    if kind == "date":
        return {"num_format": "yyyy-mm-dd", "align": "left", **strong}
    if kind == "text":
        return {**strong, **({"indent": given[1]} if given[1] else {})}
    return {"align": "right", **strong}


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name for a sheet that none has yet, whatever their case; it is `taken` from now on."""
    plain = _FORBIDDEN.sub(" ", harmless(title)).strip(" '")
    name, number = plain[:31].rstrip(" '") or "CuneiFox", 1
    while name.casefold() in taken:
        number += 1
        ending = f" {number}"
        name = (plain[: 31 - len(ending)] or "CuneiFox") + ending
    taken.add(name.casefold())
    return name
