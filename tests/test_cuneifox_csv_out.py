"""CSV that goes out holds plain numbers and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from cuneifox.csv_out import Amount, cell, csv_response, lines


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
    """With `bom` the body begins with UTF-8's byte-order mark, once; without it, with the data."""
    with_mark = csv_response([["ก"], ["ข"]], "t", bom=True).get_data()
    assert with_mark.startswith(b"\xef\xbb\xbf")
    assert with_mark.count(b"\xef\xbb\xbf") == 1
    assert csv_response([["ก"]], "t", bom=False).get_data() == "ก\r\n".encode()
