"""Statements' files are named by codes that may be anything, and nothing that was typed is markup."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cuneifox.papers import (
    StatementPaper,
    StatementPapers,
    StatementRow,
    statement_paper,
    statements,
    write_statements,
)
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


def long_one(count: int, opening: int) -> StatementPaper:
    """A statement whose rows can be told apart, with amounts on both sides."""
    rows = (
        StatementRow(date(2026, 1, 2), f"N-{n:05}", "", "", (n + 1) * (100 if n % 3 else -100))
        for n in range(count)
    )
    return StatementPaper("LONG", "Walk-in customers", opening, rows)


def figures_of(pages: list[str], label: str) -> list[list[str]]:
    """The amounts of all lines with the label."""
    found = [line for page in pages for line in page.splitlines() if label in line]
    return [line.partition(label)[2].split() for line in found]


@needs_poppler
@pytest.mark.parametrize("form", ["pdf", "zip"])
def test_a_long_one_is_carried_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Each row is there once, in order; sums go from piece to piece, and page numbers over all of them alone."""
    monkeypatch.setattr(statement_paper, "ROWS_OF_PIECE", 60)
    short = StatementPaper("S1", "Somebody", 5, []), StatementPaper("S2", "Another", 5, [])
    told: list[int] = []
    made = papers(short[0], long_one(150, 7_00), short[1])
    write_statements(form, made, tmp_path / "s", told.append)
    if form == "zip":
        with zipfile.ZipFile(tmp_path / "s") as whole:
            assert whole.namelist() == ["S1.pdf", "LONG.pdf", "S2.pdf"]
            whole.extract("LONG.pdf", tmp_path)
        long = pages_of(tmp_path / "LONG.pdf")
    else:
        first, *long, last = pages_of(tmp_path / "s")
        assert "Page 1 of 1" in first
        assert "Page 1 of 1" in last
    text = "\n".join(long)
    assert re.findall(r"N-\d{5}", text) == [f"N-{n:05}" for n in range(150)]
    assert [page.count("Walk-in customers") for page in long] == [2] + [1] * (len(long) - 1)
    numbers = [f"Page {n} of {len(long)}" for n in range(1, len(long) + 1)]
    assert re.findall(r"Page \d+ of \d+", text) == numbers
    amounts = [(n + 1) * (100 if n % 3 else -100) for n in range(150)]
    debits = [sum(a for a in amounts[:end] if a > 0) for end in (60, 120, 150)]
    credits = [-sum(a for a in amounts[:end] if a < 0) for end in (60, 120, 150)]
    sums = [
        [f"{each / 100:,.2f}" for each in (debit, credit, 7_00 + debit - credit)]
        for debit, credit in zip(debits, credits, strict=True)
    ]
    assert figures_of(long, "Opening balance") == [["7.00"]]
    assert figures_of(long, "Carried forward") == sums[:2]
    assert figures_of(long, "Brought forward") == [each[2:] for each in sums[:2]]
    assert figures_of(long, "Closing balance") == [sums[2]]
    assert told[-1] == 153
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_rows_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement is read piece by piece: no more rows wait in memory than two pieces have."""
    monkeypatch.setattr(statement_paper, "ROWS_OF_PIECE", 10)
    written: list[int] = []
    monkeypatch.setattr(
        statements,
        "prepare_part",
        lambda *given: written.append(len(given[3]["statements"][0]["rows"])),
    )
    ahead: list[int] = []

    def rows() -> Iterator[StatementRow]:
        for n in range(100):
            ahead.append(n - sum(written))
            yield StatementRow(date(2026, 1, 2), str(n), "", "", 1)

    class ReadingDone(Exception):
        """All that this is about has happened."""

    def read() -> None:
        raise ReadingDone

    with pytest.raises(ReadingDone):
        write_statements(
            "pdf", papers(StatementPaper("C", "C", 0, rows())), tmp_path / "s", quiet, read
        )
    assert max(ahead) == 19
    assert sum(written) == 100


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
