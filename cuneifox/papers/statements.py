"""Statements of account on paper, each customer's on pages of its own: all in one PDF, or a PDF each in one zip."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cuneifox import formats
from cuneifox.i18n import _, current_language
from cuneifox.papers.harmless import ON_LINE, wrapping
from cuneifox.papers.pdf_form import page_text, set_document, set_parts_of, shown_amount
from cuneifox.papers.thai_words import baht_words
from cuneifox.papers.typesetting import prepare_part
from cuneifox.papers.writing import nobody, whole_or_nothing
from models.money import format_amount

LINES_OF_PART = 1_500
"""Lines that are set at a time, a statement's heading counted as ten."""

FORMS: dict[str, str] = {"pdf": "application/pdf", "zip": "application/zip"}
"""What statements can be written as, and the file's media type."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One line; `amount` in minor units, debit positive: what the customer owes more."""

    date: date
    number: str
    text: str
    reference: str
    amount: int


@dataclass(frozen=True, slots=True)
class StatementPaper:
    """One customer's statement.

    Attributes:
        facts: what stands under the customer's name: address, tax id.
        opening: the balance before the first line, in minor units.
    """

    code: str
    name: str
    opening: int
    rows: Sequence[StatementRow]
    facts: Sequence[str] = ()


@dataclass(frozen=True)
class StatementPapers:
    """Statements of one company's customers; they are read once.

    Attributes:
        name: of the file, without its ending.
        company: its name, `company_facts` what else stands under it.
        first: the first day, None for the beginning of the books; `last`, the last one.
        days: both in words.
        currency: of all amounts; closing balances in THB are repeated in Thai words.
        footer: on each page, a line each.
    """

    name: str
    title: str
    company: str
    first: date | None
    last: date
    days: str
    currency: str
    decimals: int
    statements: Iterable[StatementPaper]
    company_facts: Sequence[str] = field(default=())
    footer: Sequence[str] = field(default=())


def write_statements(
    form: str,
    papers: StatementPapers,
    path: Path,
    tick: Callable[[int], None],
    read: Callable[[], None] = nobody,
) -> None:
    """Write statements as one of FORMS to `path`, in the current language.

    All are read, and laid down beside it, before any page is set; `read` is called between the two. `tick` is told how
    many statements are set, also several times a second while pages are. It may raise: then nothing is left at `path`.
    Raises PaperFailed if a PDF can't be made, OSError if it can't be written.
    """
    make = _write_zip if form == "zip" else _write_pdf
    whole_or_nothing(path, lambda working: make(papers, working, tick, read))


def _write_pdf(
    papers: StatementPapers, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    sizes: list[int] = []
    part: list[StatementPaper] = []
    lines = 0

    def lay_down() -> None:
        prepare_part(path.parent, f"part{len(sizes)}", "statements", _data(papers, part))
        sizes.append(len(part))

    for paper in papers.statements:
        tick(0)
        part.append(paper)
        lines += 10 + len(paper.rows)
        if lines >= LINES_OF_PART:
            lay_down()
            part, lines = [], 0
    if part:
        lay_down()
    read()
    if not sizes:
        raise ValueError("There is no statement to print.")
    set_document(path, sizes, papers.title, None, tick)


def _write_zip(
    papers: StatementPapers, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    batches: list[list[str]] = [[]]
    names: dict[str, str] = {}
    taken: set[str] = set()
    lines = 0
    for paper in papers.statements:
        tick(0)
        name = f"part{len(names)}"
        prepare_part(path.parent, name, "statements", _data(papers, [paper]))
        names[name] = _file_name(paper.code, taken)
        batches[-1].append(name)
        lines += 10 + len(paper.rows)
        if lines >= LINES_OF_PART:
            batches.append([])
            lines = 0
    read()
    if not names:
        raise ValueError("There is no statement to print.")
    filled = [batch for batch in batches if batch]
    set_parts_of(path.parent, filled, [len(batch) for batch in filled], tick)
    with zipfile.ZipFile(path, "w") as whole:  # what is in a PDF is compressed already
        for name, file_name in names.items():
            tick(len(names))
            made = path.parent / name / "out.pdf"
            whole.write(made, file_name)
            made.unlink()


def _file_name(code: str, taken: set[str]) -> str:
    """A name that any system's folders take, by a customer's code, which may be anything; it is `taken` from now on."""
    kept = "".join(c if c in "._-" or unicodedata.category(c)[0] in "LMN" else "-" for c in code)
    stem = re.sub(r"^[.\-]+|[.\-]+$", "", kept) or "customer"
    name, number = f"{stem}.pdf", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}.pdf"
    taken.add(name.casefold())
    return name


def _data(papers: StatementPapers, statements: list[StatementPaper]) -> dict[str, Any]:
    headings = [
        _("Date"),
        _("Number"),
        _("Text"),
        _("Reference"),
        _("Debit"),
        _("Credit"),
        _("Balance"),
    ]
    return {
        "title": wrapping(papers.title),
        "company": wrapping(papers.company),
        "company-facts": [wrapping(each) for each in papers.company_facts],
        "facts": [[_("Period"), papers.days], [_("Currency"), papers.currency]],
        "headings": headings,
        "footer": [wrapping(line, ON_LINE) for line in papers.footer],
        "page-text": page_text(),
        "lang": current_language(),
        "statements": [_statement(papers, each) for each in statements],
    }


def _statement(papers: StatementPapers, paper: StatementPaper) -> dict[str, Any]:
    balance, debit, credit, rows = paper.opening, 0, 0, []
    for row in paper.rows:
        balance += row.amount
        debit += max(row.amount, 0)
        credit += max(-row.amount, 0)
        rows.append(_row(papers, row, balance))
    in_baht = papers.currency == "THB" and papers.decimals == 2
    return {
        "code": wrapping(paper.code),
        "name": wrapping(paper.name),
        "facts": [wrapping(fact, ON_LINE) for fact in paper.facts],
        "opening": [
            _day(papers.first),
            _("Opening balance"),
            shown_amount(paper.opening, papers.decimals, False),
        ],
        "rows": rows,
        "closing": [
            _day(papers.last),
            _("Closing balance"),
            format_amount(debit, papers.decimals),
            format_amount(credit, papers.decimals),
            shown_amount(balance, papers.decimals, False),
        ],
        "words": baht_words(balance) if in_baht else "",
    }


def _row(papers: StatementPapers, row: StatementRow, balance: int) -> list[str]:
    amount = format_amount(abs(row.amount), papers.decimals)
    sides = (amount, "") if row.amount >= 0 else ("", amount)
    return [
        formats.date(row.date),
        *(wrapping(text) for text in (row.number, row.text, row.reference)),
        *sides,
        shown_amount(balance, papers.decimals, False),
    ]


def _day(day: date | None) -> str:
    return formats.date(day) if day is not None else ""
