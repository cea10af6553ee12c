"""Statements' files are named by codes that may be anything, and nothing that was typed is markup."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cuneifox.papers import StatementPaper, StatementPapers, StatementRow, write_statements
from paper_tables import HOSTILE
from pdf_text import bands_of, needs_poppler, pages_of


def quiet(done: int) -> None:
    """Nobody asks how far it is."""


def papers(*statements: StatementPaper) -> StatementPapers:
    first, last = date(2026, 1, 1), date(2026, 1, 31)
    return StatementPapers(
        "statements", "Statement of account", "The company", first, last, "January", "THB", 2, statements,
        footer=["Footer"],
    )  # fmt: skip


def test_codes_become_names_of_files(tmp_path: Path) -> None:
    """Whatever they are: no folders, no hidden files, no doubles, also where case doesn't count."""
    codes = ["C1", "c1", "a/b", "a:b", "..", ".hidden", "ลูกค้าที่ 1", "x" * 40, "con*"]
    statements = [StatementPaper(code, "Somebody", n, []) for n, code in enumerate(codes)]
    write_statements("zip", papers(*statements), tmp_path / "s.zip", quiet)
    with zipfile.ZipFile(tmp_path / "s.zip") as made:
        assert made.namelist() == [
            "C1.pdf", "c1-2.pdf", "a-b.pdf", "a-b-2.pdf", "customer.pdf", "hidden.pdf", "ลูกค้าที่-1.pdf",
            "x" * 40 + ".pdf", "con.pdf",
        ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["s.zip"]


@needs_poppler
def test_nothing_typed_is_markup(tmp_path: Path) -> None:
    """Names, addresses, texts and references are printed as they were typed."""
    rows = [
        StatementRow(date(2026, 1, 2), f"N-{n}", text, text, (-1) ** n * 100)
        for n, text in enumerate(HOSTILE)
    ]
    paper = StatementPaper('#read("/etc/passwd")', "#panic() *x*", 5, rows, ["$a$ @ref"])
    write_statements("pdf", papers(paper), tmp_path / "s.pdf", quiet)
    text = "".join(pages_of(tmp_path / "s.pdf"))
    for typed in ('#read("/etc/passwd")', "#panic() *x*", "$a$ @ref", "007"):
        assert typed in text, typed
    assert "root:" not in text


@needs_poppler
def test_thai_letters_leave_the_line_below_them_alone(tmp_path: Path) -> None:
    """The title's ญ reaches far down, and what stands below it far up: there is white between them."""
    made = replace(papers(StatementPaper("C002", "บริษัท", 5, [])), title="ใบแจ้งยอดบญช")
    write_statements("pdf", made, tmp_path / "s.pdf", quiet)
    assert (
        bands_of(tmp_path / "s.pdf", (150, 10, 45, 18)) == 3
    )  # its lower part is a line by itself


def test_none_are_nothing_to_write(tmp_path: Path) -> None:
    """Who asks for none has made a slip; no file is left."""
    for form in ("pdf", "zip"):
        with pytest.raises(ValueError, match="no statement"):
            write_statements(form, papers(), tmp_path / "s", quiet)
    assert not list(tmp_path.iterdir())
