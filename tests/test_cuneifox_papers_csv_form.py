"""CSV that goes out holds plain numbers and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from cuneifox.papers import Amount, Column, Row, Table
from cuneifox.papers.csv_form import cell, lines, table_lines


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_could_be_a_formula_is_disarmed(start: str) -> None:
    """Text that begins as a formula does gets an apostrophe in front, whatever follows."""
    assert cell(start + "cmd|' /C calc'!A0") == "'" + start + "cmd|' /C calc'!A0"


def test_numbers_and_dates_stay_what_they_are() -> None:
    """A negative amount is a number to a spreadsheet: no apostrophe, no grouping."""
    assert cell(Amount(-123456789, 2)) == "-1234567.89"
    assert cell(Amount(-5, 0)) == "-5"
    assert cell(-7) == "-7"
    assert cell(Decimal("-350.00")) == "-350.00"
    assert cell(Decimal("1E+3")) == "1000"
    assert cell(date(2026, 2, 28)) == "2026-02-28"
    assert cell(None) == ""


def test_quotes_commas_and_line_breaks_come_back_as_they_went_in() -> None:
    """Any text read back by a CSV reader is the text that went in."""
    awkward = 'He said "5,00"\nและ สวัสดี'
    text = "".join(lines([["a", awkward], [Amount(1, 2), ""]], bom=False))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", awkward], ["0.01", ""]]


def test_the_mark_for_excel_is_a_choice() -> None:
    """With `bom` the first line begins with the byte-order mark, no other does; without it, with the data."""
    assert list(lines([["ก"], ["ข"]], bom=True)) == ["\ufeffก\r\n", "ข\r\n"]
    assert list(lines([["ก"]], bom=False)) == ["ก\r\n"]


def test_a_tables_columns_can_be_summed() -> None:
    """Neither headings among the rows nor what the whole table sums to are in a CSV; balances and sums of parts are."""
    rows = [
        Row(["Assets", None], "group"),
        Row(["Opening", Amount(5, 2)], "opening"),
        Row(["Cash", Amount(100, 2)]),
        Row(["Total assets", Amount(100, 2)], "total", sums={"": 1}),
        Row(["Total", Amount(100, 2)], "foot", sums={"": 1}),
    ]
    table = Table("t", "T", [Column("Name"), Column("Amount", "amount", summed=True)], rows)
    assert [line.rstrip() for line in table_lines(table, bom=False)] == [
        "Name,Amount",
        "Opening,0.05",
        "Cash,1.00",
        "Total assets,1.00",
    ]
