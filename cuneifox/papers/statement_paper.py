"""A statement of account as its template wants it: whole, or cut into pieces where it is long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from cuneifox import formats
from cuneifox.i18n import _, current_language
from cuneifox.papers.harmless import ON_LINE, wrapping
from cuneifox.papers.pdf_form import page_text, shown_amount
from cuneifox.papers.thai_words import baht_words
from models.money import format_amount

ROWS_OF_PIECE = 1_500
"""Of a statement with more, the sums are carried forward from piece to piece."""

HEADING = 10
"""Rows of which a statement's heading takes the time."""


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
        opening: the balance before the first line, in minor units.
        rows: read once.
        facts: what stands under the customer's name: address, tax id.
    """

    code: str
    name: str
    opening: int
    rows: Iterable[StatementRow]
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


class Piece(NamedTuple):
    """What is set at a time of one statement.

    Attributes:
        size: how many rows, the heading counted as one more.
        whole: whether it is all of the statement.
        data: what the template wants.
    """

    size: int
    whole: bool
    data: dict[str, Any]


def part_data(papers: StatementPapers, pieces: Iterable[Piece]) -> dict[str, Any]:
    """Return what the template wants for these pieces, in the current language."""
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
        "statements": [piece.data for piece in pieces],
    }


def pieces_of(papers: StatementPapers, paper: StatementPaper) -> Iterator[Piece]:
    """Cut one statement into pieces of ROWS_OF_PIECE rows, of which there is at least one."""
    balance, debit, credit = paper.opening, 0, 0
    opening = [_day(papers.first), _("Opening balance"), _balance(papers, balance)]
    left = iter(paper.rows)
    rows, begins = list(islice(left, ROWS_OF_PIECE)), True
    while True:
        following = list(islice(left, ROWS_OF_PIECE))
        shown = []
        for row in rows:
            balance += row.amount
            debit += max(row.amount, 0)
            credit += max(-row.amount, 0)
            shown.append(_row(papers, row, balance))
        day, text = (
            ("", _("Carried forward")) if following else (_day(papers.last), _("Closing balance"))
        )
        sums = [format_amount(each, papers.decimals) for each in (debit, credit)]
        whole = begins and not following
        in_baht = papers.currency == "THB" and papers.decimals == 2
        data = {
            "whole": whole,
            "begins": begins,
            "code": wrapping(paper.code),
            "name": wrapping(paper.name),
            "facts": [wrapping(fact, ON_LINE) for fact in paper.facts],
            "opening": opening,
            "rows": shown,
            "closing": [day, text, *sums, _balance(papers, balance)],
            "words": baht_words(balance) if in_baht and not following else "",
        }
        yield Piece(len(rows) + begins, whole, data)
        if not following:
            return
        opening = ["", _("Brought forward"), _balance(papers, balance)]
        rows, begins = following, False


def _row(papers: StatementPapers, row: StatementRow, balance: int) -> list[str]:
    amount = format_amount(abs(row.amount), papers.decimals)
    sides = (amount, "") if row.amount >= 0 else ("", amount)
    return [
        formats.date(row.date),
        *(wrapping(text) for text in (row.number, row.text, row.reference)),
        *sides,
        _balance(papers, balance),
    ]


def _balance(papers: StatementPapers, minor: int) -> str:
    return shown_amount(minor, papers.decimals, False)


def _day(day: date | None) -> str:
    return formats.date(day) if day is not None else ""
