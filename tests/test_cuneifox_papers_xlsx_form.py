"""What is written as XLSX is read back by openpyxl as the same numbers, dates and texts."""

from __future__ import annotations

import datetime
import errno
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from cuneifox.papers import Amount, Column, Row, Table, write, xlsx_form, xlsx_rows
from paper_tables import HOSTILE, accounts_table

HEADING = 4
"""The row of a sheet that holds the headings of `accounts_table`, counted from 1."""


def quiet(done: int) -> None:
    """Nobody asks how far it is."""


def sheets(table: Table, path: Path, values: bool = True) -> list[Any]:
    """The sheets of a table's workbook, formulas as their stored values or as they are."""
    write("xlsx", table, path, quiet)
    return list(load_workbook(path, data_only=values).worksheets)


def test_figures_are_numbers_and_totals_are_sums(tmp_path: Path) -> None:
    """Each amount is a number; the total is a SUM over just the rows above, and holds their sum already."""
    table = accounts_table(25)
    (shown,), (formulas,) = (
        sheets(table, tmp_path / "t.xlsx", values=values) for values in (True, False)
    )
    last = HEADING + 25 + 3 + 1
    for column in "CDE":
        figures = [shown[f"{column}{n}"].value for n in range(HEADING + 1, last)]
        numbers = [each for each in figures if each is not None]
        assert len(numbers) == 25
        formula = formulas[f"{column}{last}"].value
        first, end = re.fullmatch(rf"=SUM\({column}(\d+):{column}(\d+)\)", formula).groups()
        assert (int(first), int(end)) == (HEADING + 2, last - 1)
        assert shown[f"{column}{last}"].value == pytest.approx(sum(numbers), abs=0.001)
    assert shown[f"C{HEADING + 3}"].value == 123.45
    assert shown[f"C{HEADING + 3}"].number_format == "#,##0.00"
    assert shown.freeze_panes == f"A{HEADING + 1}"
    assert shown.print_title_rows == f"${HEADING}:${HEADING}"
    assert shown.page_setup.fitToHeight == 0
    assert "บ้านสวน" in shown.oddFooter.left.text


def test_sums_of_parts_take_their_own_rows(tmp_path: Path) -> None:
    """A total names the parts that it sums and those that it takes off, across headings and other totals."""
    rows = [
        Row(["Sales", Amount(1000, 2)], part="income"),
        Row(["Heading", None], "group"),
        Row(["Rent", Amount(250, 2)], part="income"),
        Row(["Total income", Amount(1250, 2)], "total", sums={"income": 1}),
        Row(["Late sales", Amount(100, 2)], part="income"),
        Row(["Wages", Amount(300, 2)], part="expense"),
        Row(["Result", Amount(1050, 2)], "total", sums={"income": 1, "expense": -1}),
    ]
    table = Table("t", "T", [Column("Name"), Column("Amount", "amount", summed=True)], rows)
    (shown,) = sheets(table, tmp_path / "t.xlsx", values=False)
    assert shown["B7"].value == "=SUM(B4:B6)"
    assert shown["B10"].value == "=SUM(B4:B6)+SUM(B8:B8)-SUM(B9:B9)"


def test_texts_stay_texts(tmp_path: Path) -> None:
    """Nothing that somebody typed becomes a formula, a link, a number or another text; what XML forbids is shown."""
    (shown,) = sheets(
        accounts_table(len(HOSTILE), names=HOSTILE), tmp_path / "t.xlsx", values=False
    )
    cells = {shown[f"A{n}"].value: shown[f"B{n}"] for n in range(HEADING + 1, HEADING + 12)}
    for n, text in enumerate(HOSTILE):
        cell = cells[f"A{n}"]
        assert cell.data_type == "s"
        assert cell.hyperlink is None
        wanted = re.sub("[\x00\x07\x1b\u202e\u202c\u2067\u2069]", "\ufffd", text)
        # openpyxl leaves the escape of an underscore (ECMA-376, ST_Xstring) as it stands in the file
        assert cell.value.replace("_x005F_", "_") == wanted


def test_long_texts_are_cut_with_a_mark(tmp_path: Path) -> None:
    """A cell takes 32,767 UTF-16 units: a longer text ends in an ellipsis, whole characters before it."""
    names = ["x" * 40_000, "😀" * 20_000, "y" * 32_767]
    (shown,) = sheets(accounts_table(3, names=names), tmp_path / "t.xlsx")
    long, faces, fits = (shown[f"B{HEADING + 2 + n}"].value for n in range(3))
    assert long == "x" * 32_766 + "…"
    assert faces == "😀" * 16_383 + "…"
    assert fits == names[2]


def test_dates_are_dates_and_decimals_are_the_currencys(tmp_path: Path) -> None:
    """A date is one to the spreadsheet; yen have no decimals, dinars three; parentheses are a format."""
    row = Row([datetime.date(2026, 2, 28), Amount(-5, 0), Amount(-1234567, 3), Amount(10**16, 2)])
    columns = [Column("D", "date"), *(Column(each, "amount") for each in "ABC")]
    (shown,) = sheets(Table("t", "T", columns, [row], parentheses=True), tmp_path / "t.xlsx")
    assert shown["A4"].value == datetime.datetime(2026, 2, 28)  # noqa: DTZ001  as a sheet has it
    assert (shown["B4"].value, shown["C4"].value) == (-5, -1234.567)
    assert shown["C4"].number_format == "#,##0.000_);(#,##0.000)"
    assert shown["D4"].value == "100,000,000,000,000.00"  # a number would be another one


def test_more_rows_go_on_on_the_next_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a sheet is full the next one begins with the headings; the total sums over all of them."""
    monkeypatch.setattr(xlsx_form, "MOST_ROWS", 20)
    shown = sheets(accounts_table(40), tmp_path / "t.xlsx")
    formulas = load_workbook(tmp_path / "t.xlsx").worksheets
    assert [sheet.title for sheet in shown] == ["Accounts", "Accounts 2", "Accounts 3"]
    assert all(sheet.max_row <= 20 for sheet in shown)
    assert all(sheet["A1"].value == "Code" for sheet in shown[1:])
    figures = [
        sheet[f"C{n}"].value for sheet in shown for n in range(1, 21) if _is_account(sheet, n)
    ]
    assert len(figures) == 40
    total = next(n for n in range(1, 21) if shown[2][f"B{n}"].value == "Total")
    assert shown[2][f"C{total}"].value == pytest.approx(sum(figures), abs=0.001)
    assert formulas[2][f"C{total}"].value == (
        f"=SUM('Accounts'!C6:C20)+SUM('Accounts 2'!C2:C20)+SUM(C2:C{total - 1})"
    )


def _is_account(sheet: Any, n: int) -> bool:
    return str(sheet[f"A{n}"].value).startswith("A") and sheet[f"C{n}"].value is not None


def test_nothing_is_left_of_what_is_given_up(tmp_path: Path) -> None:
    """Where the one who is told of progress raises, there is no file, and none beside it."""

    def tick(done: int) -> None:
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write("xlsx", accounts_table(30), tmp_path / "t.xlsx", tick)
    assert not list(tmp_path.iterdir())


def looked_at(path: Path) -> list[list[tuple[object, ...]]]:
    """Value, format, weight and indent of each cell."""
    sheet = load_workbook(path).active
    return [
        [(_plain(c.value), c.number_format, c.font.b, c.alignment.indent, c.data_type) for c in row]
        for row in sheet.iter_rows()
    ]


def _plain(value: object) -> object:
    """A cell's value, without what XlsxWriter has to be kept from taking for markup; 5.0 is 5."""
    return value.removeprefix("\u200b") if isinstance(value, str) else value


def mixed_table() -> Table:
    """Plain rows of all kinds of cells, some of which need care."""
    names = [*HOSTILE, "<r><t>rich</t></r>", " spaces ", "a\nb", "_x0041_", "W" * 40_000, "", "–"]
    rows = [
        Row(
            [
                datetime.date(2026, 1, 1 + n),
                name,
                Amount((-1) ** n * (n * 1234 + 5), n % 4),
                n if n % 7 == 2 else None,
                None,
            ]
        )
        for n, name in enumerate(names)
    ]
    rows[2:2] = [
        Row([datetime.date(1899, 1, 1), "old", Amount(10**16, 2), None, Decimal("1.5")]),
        Row([datetime.date(1900, 3, 1), "first", Amount(-(10**15) + 1, 2), None, None]),
    ]
    columns = [
        Column("Date", "date"), Column("Text"), Column("Amount", "amount"), Column("n", "number"),
        Column("More", "number"),
    ]  # fmt: skip
    return Table("mixed", "Mixed", columns, rows)


def test_plain_rows_are_as_xlsxwriter_would_write_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick way writes the same values in the same formats as a cell at a time."""
    quickly: list[bool] = []
    plainly = xlsx_rows.PlainRows.write

    def noted(*given: Any) -> bool:
        quickly.append(plainly(*given))
        return quickly[-1]

    monkeypatch.setattr(xlsx_rows.PlainRows, "write", noted)
    write("xlsx", mixed_table(), tmp_path / "quick.xlsx", quiet)
    assert (quickly.count(True), quickly.count(False)) == (14, 5)
    monkeypatch.setattr(xlsx_rows.PlainRows, "write", lambda *given: False)
    write("xlsx", mixed_table(), tmp_path / "slow.xlsx", quiet)
    quick, slow = looked_at(tmp_path / "quick.xlsx"), looked_at(tmp_path / "slow.xlsx")
    assert len(quick) == len(slow) > 15
    assert quick == slow


def test_what_looks_like_markup_stays_text(tmp_path: Path) -> None:
    """Also in headings, which are written a cell at a time: XlsxWriter takes such text for its own."""
    rows = [Row(["<r><t>Evil</t></r>", "</t></is></c>"], "group")]
    columns = [Column("<r><t>Evil</t></r>"), Column("B")]
    write("xlsx", Table("t", "T", columns, rows), tmp_path / "t.xlsx", quiet)
    sheet = load_workbook(tmp_path / "t.xlsx").active
    found = {str(cell).replace("\u200b", "") for row in sheet.values for cell in row if cell}
    assert {"<r><t>Evil</t></r>", "</t></is></c>"} <= found


def test_cancelled_while_it_is_packed(tmp_path: Path) -> None:
    """Once all rows are read and the file is put together, it can still be given up; nothing is left."""
    read: list[bool] = []

    def tick(done: int) -> None:
        if read:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(
            "xlsx", accounts_table(100), tmp_path / "t.xlsx", tick, read=lambda: read.append(True)
        )
    assert read == [True]
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_as_it_is_packed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system says comes through, and not XlsxWriter's own error, which has no number for it."""

    def full(file: object, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xlsx_form.Watched, "write", full)
    with pytest.raises(OSError, match="No space") as failed:
        write("xlsx", accounts_table(3), tmp_path / "t.xlsx", quiet)
    assert failed.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


def test_further_tables_have_sheets_of_their_own(tmp_path: Path) -> None:
    """Each with its title, columns, sums and footer, under a name that no other sheet has."""
    table = replace(accounts_table(25), further=[accounts_table(4), accounts_table(6)])
    found = sheets(table, tmp_path / "t.xlsx", values=False)
    assert [sheet.title for sheet in found] == ["Accounts", "Accounts 2", "Accounts 3"]
    for sheet, count in zip(found, (25, 4, 6), strict=True):
        assert sheet["A1"].value == "Accounts"
        last = HEADING + count + (count + 9) // 10 + 1
        assert sheet[f"C{last}"].value == f"=SUM(C{HEADING + 2}:C{last - 1})"
        assert sheet[f"A{last + 3}"].value == "Made by Ploy"


def test_a_column_adds_others_up(tmp_path: Path) -> None:
    """As a formula beside each row's figures; what is text as a spreadsheet can't count it makes a number of it."""
    columns = [Column("Name"), *(Column(each, "amount") for each in "AB")]
    columns.append(Column("Total", "amount", summed=True, adds=(1, 2)))
    rows = [
        Row(["both", Amount(100, 2), Amount(250, 2), Amount(350, 2)]),
        Row(["one", None, Amount(250, 2), Amount(250, 2)]),
        Row(["large", Amount(10**15, 2), Amount(-(10**15) + 5, 2), Amount(5, 2)]),
        Row(["sums of sides", Amount(1, 2), Amount(1, 2), Amount(7, 2)], "total"),
        Row(["all", None, None, Amount(605, 2)], "foot", sums={"": 1}),
    ]
    table = Table("t", "T", columns, rows)
    (shown,), (formulas,) = (sheets(table, tmp_path / "t.xlsx", values=v) for v in (True, False))
    assert [formulas[f"D{n}"].value for n in range(4, 9)] == [
        "=SUM(B4:C4)",
        "=SUM(B5:C5)",
        0.05,
        0.07,
        "=SUM(D4:D6)",
    ]
    assert [shown[f"D{n}"].value for n in range(4, 9)] == [3.5, 2.5, 0.05, 0.07, 6.05]
