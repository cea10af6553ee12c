"""Rows of a sheet, as many as they are, written straight into the file in which XlsxWriter keeps a sheet's rows.

XlsxWriter takes a cell at a time and looks at each in turn, which takes two thirds of a long table's time. The rows
that a table has by the hundred thousand are alike, so what is the same in each is put together once. It relies on how
XlsxWriter, in constant memory, passes from one row to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from cuneifox.papers.harmless import harmless
from cuneifox.papers.table import Amount, Cell, Column

DAY_ZERO = 693_594
"""The ordinal of 1899-12-30, from which spreadsheets count days."""

FIRST_DAY = 61
"""1900-03-01. Spreadsheets take the day before for the 29th of February; earlier ones are left to XlsxWriter."""

SHORT = 16_000
"""Characters of a text that fits into a cell for sure."""

_ESCAPE = re.compile(r"(_x[0-9A-Fa-f]{4}_)")
"""What spreadsheets take for a character's number, within a text."""

Shown = Callable[[str, int], Any]
"""Returns XlsxWriter's format for a kind of column, and so many decimals."""


class PlainRows:
    """Writes plain rows into one sheet.

    Args:
        sheet: of XlsxWriter's, in constant memory.
        columns: of the table.
        shown: how cells look.
        exact: minor units from which on an amount isn't a number of a spreadsheet's.
    """

    def __init__(self, sheet: Any, columns: Sequence[Column], shown: Shown, exact: int) -> None:
        self._sheet = sheet
        self._shown = shown
        self._exact = exact
        self._letters = [xl_col_to_name(n) for n in range(len(columns))]
        self._styles: dict[tuple[str, int], int] = {}

    def write(self, at: int, cells: Sequence[Cell]) -> bool:
        """Write a row, counted from 0, below all others. False, with nothing written, where a cell needs more care."""
        number, parts = str(at + 1), []
        for letter, value in zip(self._letters, cells, strict=True):
            if value is None or value == "":
                continue
            text = self._cell(f'<c r="{letter}{number}" s="', value)
            if not text:
                return False
            parts.append(text)
        sheet = self._sheet
        if sheet.table:
            sheet._write_single_row(at)  # what XlsxWriter still holds of the row before
        sheet.row_data_fh.write(f'<row r="{number}">{"".join(parts)}</row>')
        sheet.dim_rowmax = at
        return True

    def _cell(self, begin: str, value: Cell) -> str:
        if isinstance(value, Amount):
            if not -self._exact < value < self._exact:
                return ""
            style = self._style("amount", value.decimals)
            return f'{begin}{style}"><v>{value / 10**value.decimals}</v></c>'
        if isinstance(value, str):
            return self._text(f'{begin}{self._style("text", 0)}"', value)
        if isinstance(value, date):
            day = value.toordinal() - DAY_ZERO
            return f'{begin}{self._style("date", 0)}"><v>{day}</v></c>' if day >= FIRST_DAY else ""
        return ""

    def _text(self, begin: str, text: str) -> str:
        if len(text) > SHORT:
            return ""
        if not (text.isascii() and text.isprintable()):
            text = harmless(text)
        if "_x" in text:
            text = _ESCAPE.sub(r"_x005F\1", text)
        if "&" in text or "<" in text or ">" in text:
            text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        keep = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        return f'{begin} t="inlineStr"><is><t{keep}>{text}</t></is></c>'

    def _style(self, kind: str, decimals: int) -> int:
        found = self._styles.get((kind, decimals))
        if found is None:
            found = self._styles[kind, decimals] = self._shown(kind, decimals)._get_xf_index()
        return found
