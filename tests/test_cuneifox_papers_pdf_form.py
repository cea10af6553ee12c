"""What is set as PDF says the table's figures and texts, on numbered pages, and takes nothing for markup."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cuneifox.i18n import speaking
from cuneifox.papers import PaperFailed, Row, pdf_form, typesetting, write
from cuneifox.report_tables import code_column
from paper_tables import HOSTILE, accounts_table
from pdf_text import boxes_of, needs_poppler, pages_of, sizes_of

pytestmark = needs_poppler


def quiet(done: int) -> None:
    """Nobody asks how far it is."""


def test_every_figure_is_on_paper(tmp_path: Path) -> None:
    """Each account's line holds its figures; headings stand on each page, and so does whose and what state it is."""
    write("pdf", accounts_table(100), tmp_path / "t.pdf", quiet)
    pages = pages_of(tmp_path / "t.pdf")
    text = "\n".join(pages)
    for n in range(1, 100):
        debit, credit = n * 12345 / 100, n * 23456 / 100
        wanted = f"{debit:,.2f} {credit:,.2f} \u2212{credit - debit:,.2f}"
        assert re.search(rf"A{n} +บัญชี Account {n} +{wanted}\n".replace(" ", " +"), text), n
    assert "611,077.50" in text  # what the debits of 0 to 99 times 123.45 sum to
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert re.search(r"Code +Name +Debit +Credit +Balance", page)
        assert f"Page {number} of {len(pages)}" in page
        assert "บ้านสวน · Accounts" in page
        assert "0123456789abcdef" * 4 in page


def test_thai_pages_speak_thai(tmp_path: Path) -> None:
    """In Thai pages are numbered in Thai, and vowels and tone marks come back as they went in."""
    with speaking("th"):
        write("pdf", accounts_table(1, names=["ปั๊มน้ำมัน ผู้ให้กู้ ค่าน้ำ"]), tmp_path / "t.pdf", quiet)
    (page,) = pages_of(tmp_path / "t.pdf")
    assert "ปั๊มน้ำมัน ผู้ให้กู้ ค่าน้ำ" in page.replace("\u0e4d\u0e32", "\u0e33")
    assert "หน้า 1 จาก 1" in page


def test_points_stand_in_a_line(tmp_path: Path) -> None:
    """In parentheses or with a minus, negative figures and others end where the column's points align."""
    for parentheses in (False, True):
        write("pdf", accounts_table(9, parentheses), tmp_path / "t.pdf", quiet)
        boxes = boxes_of(tmp_path / "t.pdf")
        shown = [(right, text) for _left, right, text in boxes if re.fullmatch(r"[(−\d.,)]+", text)]
        negative = [right for right, text in shown if text[0] == ("(" if parentheses else "−")]
        assert len(negative) == 9
        assert max(negative) - min(negative) < 0.1
        credits = [right for right, text in shown if text in ("234.56", "1,876.48")]
        assert len(credits) == 2
        assert abs(credits[0] - credits[1]) < 0.1


def test_no_page_ends_with_a_heading(tmp_path: Path) -> None:
    """A group's name, and that of the group above it, stand on the page of the row that follows."""
    table = accounts_table(600)
    rows = []
    for row in table.rows:
        rows += (
            [row, Row(["S", "Below", None, None, None], "group", 1)]
            if row.style == "group"
            else [row]
        )
    write("pdf", replace(table, rows=rows), tmp_path / "t.pdf", quiet)
    pages = pages_of(tmp_path / "t.pdf")
    assert len(pages) > 10
    for page in pages:
        *_, last = re.findall(r"^ *(?:[GA]\d+|S|Total)\b.*$", page, re.MULTILINE)
        assert last.split()[0][0] in "AT", last


@pytest.mark.parametrize("last", ["plain", "total", "foot", "group"])
@pytest.mark.parametrize("headings", [1, 2, 5])
def test_headings_may_follow_each_other(tmp_path: Path, headings: int, last: str) -> None:
    """Groups with nothing in them, at the beginning, within and at the end: all are printed."""
    group, row = (
        Row(["G", "Group", None, None, None], "group"),
        Row(["A", "Account", None, None, None], last),
    )
    rows = [*[group] * headings, row, *[group] * headings, row]
    write("pdf", replace(accounts_table(1), rows=rows), tmp_path / "t.pdf", quiet)
    text = "".join(pages_of(tmp_path / "t.pdf"))
    assert text.count("Group") == 2 * headings
    assert text.count("Account ") + text.count("Account\n") >= 2


def test_a_companys_form_of_law_isnt_parted(tmp_path: Path) -> None:
    """จำกัด is one word, which most Thai companies' names end with; wherever the line ends, it stays together."""
    names = ["x" * n + " บริษัท ไทยแพ็คแอนด์พริ้นท์ จำกัด (มหาชน)" for n in range(24)]
    write("pdf", accounts_table(len(names), names=names), tmp_path / "t.pdf", quiet)
    text = "".join(pages_of(tmp_path / "t.pdf")).replace("\u0e4d\u0e32", "\u0e33")
    assert text.count("จำกัด") == text.count("มหาชน") == len(names)


def test_nothing_typed_is_markup(tmp_path: Path) -> None:
    """Markup, file names and formulas are printed as they were typed; marks of direction are shown, not obeyed."""
    write("pdf", accounts_table(len(HOSTILE), names=HOSTILE), tmp_path / "t.pdf", quiet)
    text = "".join(pages_of(tmp_path / "t.pdf")).replace("\u0e4d\u0e32", "\u0e33")
    for name in HOSTILE:
        printed = re.sub("[\x00\x07\x1b\u202e\u202c\u2067\u2069]", "\ufffd", name)
        for word in printed.split():
            assert word in text, name
    assert "root:" not in text


@pytest.mark.parametrize("name", ["W" * 10_000, "คำ" * 5_000, "a\u0301" * 5_000, "word " * 2_000])
def test_very_long_names_stay_in_their_column(tmp_path: Path, name: str) -> None:
    """A name of 10,000 characters is wrapped, over pages if it must; the figures beside it stay where they are."""
    write("pdf", accounts_table(2, names=[name, "short"]), tmp_path / "t.pdf", quiet)
    text = "".join(pages_of(tmp_path / "t.pdf"))
    assert re.search(r"A1 +short +123\.45 +234\.56 +−111\.11", text)
    if name[0] == "W":
        assert text.count("W") == 10_000
        words = [
            (left, right) for left, right, word in boxes_of(tmp_path / "t.pdf") if "WW" in word
        ]
        figures = min(
            left for left, _right, word in boxes_of(tmp_path / "t.pdf") if word == "Debit"
        )
        assert max(right for _left, right in words) < figures


@pytest.mark.parametrize("longest", [23, 30, 60])
def test_names_for_codes_stay_in_their_column(tmp_path: Path, longest: int) -> None:
    """Codes as beancount has them: in a column that is broad enough, or parted where their parts end."""
    code = ("Assets:US:BofA:Checking:" * 3)[: longest - 1] + "x"
    table = accounts_table(1)
    table = replace(table, columns=[code_column([code]), *table.columns[1:]], rows=[
        Row([code, "Name", *row.cells[2:]]) for row in table.rows
    ])  # fmt: skip
    write("pdf", table, tmp_path / "t.pdf", quiet)
    boxes = boxes_of(tmp_path / "t.pdf")
    begin = min(left for left, _right, text in boxes if text == "Name")
    parts = [box for box in boxes if box[2].replace("\u200b", "") in code and len(box[2]) > 3]
    assert parts
    assert all(right < begin for _left, right, _text in parts)


def test_parts_are_numbered_over_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long table is set in parts, whose pages are numbered as one document's; no row is lost between them."""
    monkeypatch.setattr(pdf_form, "ROWS_OF_PART", 70)
    told: list[int] = []
    write("pdf", accounts_table(200), tmp_path / "t.pdf", told.append)
    pages = pages_of(tmp_path / "t.pdf")
    assert len(pages) > 5
    for number, page in enumerate(pages, 1):
        assert page.count("Page ") == 1
        assert f"Page {number} of {len(pages)}" in page
        assert "Code" in page
    found = re.findall(r"A(\d+) +บัญชี", "".join(pages))
    assert [int(each) for each in found] == list(range(200))
    assert told == sorted(told)
    assert told[-1] == 200 + 20 + 1


def test_what_is_cancelled_ends_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who is told of progress raises while a page is set: the process ends, and no file is left."""
    processes = []
    popen = typesetting.subprocess.Popen

    def noted(*given, **options):  # type: ignore[no-untyped-def]
        processes.append(popen(*given, **options))
        return processes[-1]

    monkeypatch.setattr(typesetting.subprocess, "Popen", noted)
    cancelled: list[float] = []

    def tick(done: int) -> None:
        if processes and not cancelled:
            cancelled.append(time.monotonic())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write("pdf", accounts_table(1500), tmp_path / "t.pdf", tick)
    assert time.monotonic() - cancelled[0] < 1
    assert processes[0].returncode == -9
    assert not list(tmp_path.iterdir())


def test_failures_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF that takes too long, or can't be set, fails with a text that says what to do; nothing is left."""
    with monkeypatch.context() as patched:
        patched.setattr(typesetting, "CPU_SECONDS", 0)
        with pytest.raises(PaperFailed, match="too long"):
            write("pdf", accounts_table(300), tmp_path / "t.pdf", quiet)
    monkeypatch.setattr(pdf_form, "page_text", lambda: None)
    with pytest.raises(PaperFailed, match="Take CSV or XLSX") as failed:
        write("pdf", accounts_table(3), tmp_path / "t.pdf", quiet)
    assert "TypstError" in failed.value.cause
    assert not list(tmp_path.iterdir())


def test_further_tables_stand_on_pages_of_their_own(tmp_path: Path) -> None:
    """Each with its title and its columns; pages are alike, and numbered as one document's."""
    wide = replace(accounts_table(3), title="Wide", columns=accounts_table(3).columns[:2] * 3)
    rows = [Row([f"{n}" for n in range(6)])]
    table = replace(accounts_table(120), further=[replace(wide, rows=rows), accounts_table(2)])
    write("pdf", table, tmp_path / "t.pdf", quiet)
    pages = pages_of(tmp_path / "t.pdf")
    assert [page for page in pages if "Wide" in page] == pages[-2:-1]
    assert "Balance" not in pages[-2]
    assert "Group 0" in pages[-1]
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Made by Ploy" in page
    assert {size[0] > size[1] for size in sizes_of(tmp_path / "t.pdf")} == {True}


def test_more_headings_than_a_page_has_room_for_are_all_there(tmp_path: Path) -> None:
    """What the typesetter keeps together it would leave out where it is longer than a page."""
    table = accounts_table(1)
    groups = [Row([f"G{n}", f"Empty {n}", None, None, None], "group", n % 3) for n in range(300)]
    write("pdf", replace(table, rows=[*groups, *table.rows]), tmp_path / "t.pdf", quiet)
    assert re.findall(r"Empty (\d+)", "".join(pages_of(tmp_path / "t.pdf"))) == [
        str(n) for n in range(300)
    ]


@pytest.mark.parametrize("depths", [[0, 0], [0, 1, 1, 0], [2, 1, 0], [n % 4 for n in range(90)]])
def test_groups_with_nothing_in_them_are_set(tmp_path: Path, depths: list[int]) -> None:
    """However many follow one another, at whatever depth, and at the end too."""
    rows = [
        Row([f"G{n}", f"Group {n}", None, None, None], "group", depth)
        for n, depth in enumerate(depths)
    ]
    total = Row(["", "Total", None, None, None], "total")
    for number, ending in enumerate(([], [total])):
        path = tmp_path / f"{number}.pdf"
        write("pdf", replace(accounts_table(1), rows=[*rows, *ending]), path, quiet)
        text = "".join(pages_of(path))
        assert re.findall(r"Group (\d+)", text) == [str(n) for n in range(len(depths))]
