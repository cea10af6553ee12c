"""Tables as XLSX, in memory that doesn't grow with them: real numbers and dates, totals as formulas."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_col_to_name

from cuneifox.papers.harmless import harmless
from cuneifox.papers.table import Amount, Cell, Column, Row, Table
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
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def write_xlsx(
    table: Table, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    """Write the table to a new file at `path`; `tick` is told how many rows are done, also while the file is packed."""
    with path.open("w+b") as file:
        watched = _Watched(file)
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
                sheet.row_data_fh = _Asking(sheet.row_data_fh, watched.wanted)
            book.close()
        except FileCreateError as error:
            _forget(book, watched)
            raise error.args[0] from None  # what the system said, which names the cause
        except BaseException:
            _forget(book, watched)
            raise


def _forget(book: Any, file: _Watched) -> None:
    """Close what is open of a workbook that won't be; its rows so far lie in files of their own."""
    file.lose()
    for sheet in book.worksheets():
        for rows in (sheet.row_data_fh, sheet.fh):
            with suppress(OSError):  # what is left to write of them finds no room either
                rows.close()
    book.fileclosed = True


class _Watched:
    """A file; whoever wants it is asked while it is written.

    Attributes:
        wanted: raises if it isn't wanted any more.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file: Any = file
        self.wanted: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> int:
        """Write some."""
        try:
            self.wanted()
            return int(self._file.write(data))
        except BaseException:
            self.lose()
            raise

    def lose(self) -> None:
        """It won't be: whatever still comes goes nowhere, as the archive in it ends itself whatever has happened."""
        self.wanted = lambda: None
        self._file = _Nowhere()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Asking:
    """A file of a sheet's rows; whoever wants the workbook is asked while they are read again."""

    def __init__(self, file: IO[str], wanted: Callable[[], None]) -> None:
        self._file = file
        self._wanted = wanted

    def read(self, size: int) -> str:
        """Read some."""
        self._wanted()
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing but its place."""

    def __init__(self) -> None:
        self._at = 0

    def write(self, data: Any) -> int:
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at


class _Writing:
    """One workbook as it is written."""

    def __init__(self, book: Any, table: Table, tick: Callable[[int], None]) -> None:
        self.book, self.table, self.tick = book, table, tick
        self.formats: dict[tuple[object, ...], Any] = {}
        self.sums = Sums()
        self.sheets = 0
        self.at = 0
        self.sheet: Any = None
        self.plain: PlainRows

    def write(self) -> int:
        """Write all of it, and return how many rows those were."""
        self._begin_sheet()
        done = 0
        for done, row in enumerate(self.table.rows, 1):
            if self.at >= MOST_ROWS:
                self._begin_sheet()
            self._row(row)
            self.tick(done)
        if self.at + len(self.table.footer) + 1 > MOST_ROWS:
            self._begin_sheet()
        self.at += 1
        for line in self.table.footer:
            self._text(self.at, 0, line, self._format("note"))
            self.at += 1
        return done

    def _begin_sheet(self) -> None:
        self.sheets += 1
        self.at = 0
        self.name = _sheet_name(self.table.title, self.sheets)
        self.sheet = self.book.add_worksheet(self.name)
        self._paper()
        for n, column in enumerate(self.table.columns):
            self.sheet.set_column(n, n, 11 * column.width)
        if self.sheets == 1:
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
            if row.sums is None and not row.indent and self.plain.write(self.at, row.cells):
                self.at += 1
                return
        strong = row.style in _STRONG
        for n, (column, value) in enumerate(zip(self.table.columns, row.cells, strict=True)):
            if row.sums is not None and column.summed and isinstance(value, Amount):
                formula = self.sums.formula(xl_col_to_name(n), row.sums, self.name)
                if formula and abs(value) < EXACT:
                    shown = self._amount(value.decimals, strong)
                    result = int(value) / 10**value.decimals
                    self.sheet.write_formula(self.at, n, formula, shown, result)
                    continue
            indent = min(row.indent, 15) if column.indented else 0
            self._cell(n, value, strong, indent)
        if row.sums is not None or row.style == "opening":  # has figures, which no range may hold
            self.sums.end()
        self.at += 1

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


def _sheet_name(title: str, number: int) -> str:
    ending = f" {number}" if number > 1 else ""
    name = _FORBIDDEN.sub(" ", harmless(title)).strip(" '")[: 31 - len(ending)]
    return (name or "CuneiFox") + ending
