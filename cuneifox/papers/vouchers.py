"""Vouchers on paper: one a page, or more pages where it is long, any number in one PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cuneifox import formats
from cuneifox.i18n import _, current_language
from cuneifox.papers.harmless import ON_LINE, wrapping
from cuneifox.papers.pdf_form import page_text, part_name, set_document
from cuneifox.papers.thai_words import baht_words
from cuneifox.papers.typesetting import prepare_part
from cuneifox.papers.writing import nobody, whole_or_nothing
from models.money import format_amount

LINES_OF_PART = 1_500
"""Lines that are set at a time, a voucher's heading counted as ten."""


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One line; `amount` in minor units, debit positive, `notes` what else stands under the account's name."""

    code: str
    name: str
    amount: int
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class VoucherPaper:
    """One voucher.

    Attributes:
        book: the journal book's name, the paper's heading.
        marks: what has to catch the eye, such as that it is reversed.
        evidence: who posted it, and its place in the chain.
    """

    number: str
    book: str
    date: date
    text: str
    reference: str
    lines: Sequence[VoucherLine]
    marks: Sequence[str] = ()
    evidence: str = ""


@dataclass(frozen=True)
class VoucherPapers:
    """Vouchers of one company; they are read once.

    Attributes:
        company: its name, `company_facts` what else stands under it.
        currency: of all amounts; those in THB are repeated in Thai words.
        footer: on each page, a line each.
    """

    name: str
    title: str
    company: str
    currency: str
    decimals: int
    vouchers: Iterable[VoucherPaper]
    company_facts: Sequence[str] = field(default=())
    footer: Sequence[str] = field(default=())


def write_vouchers(
    papers: VoucherPapers,
    path: Path,
    tick: Callable[[int], None],
    read: Callable[[], None] = nobody,
) -> None:
    """Write vouchers as one PDF to `path`, in the current language.

    All are read, and laid down beside it, before any page is set; `read` is called between the two. `tick` is told how
    many vouchers are set, also several times a second while pages are. It may raise: then nothing is left at `path`.
    Raises PaperFailed if the PDF can't be made, OSError if it can't be written.
    """
    whole_or_nothing(path, lambda working: _write(papers, working, tick, read))


def _write(
    papers: VoucherPapers, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    sizes: list[int] = []
    for part in _parts(papers.vouchers):
        tick(0)
        prepare_part(path.parent, part_name(len(sizes)), "vouchers", _data(papers, part))
        sizes.append(len(part))
    read()
    if not sizes:
        raise ValueError("There is no voucher to print.")
    set_document(path, sizes, papers.title, None, tick)


def _parts(vouchers: Iterable[VoucherPaper]) -> Iterator[list[VoucherPaper]]:
    part: list[VoucherPaper] = []
    lines = 0
    for voucher in vouchers:
        part.append(voucher)
        lines += 10 + len(voucher.lines)
        if lines >= LINES_OF_PART:
            yield part
            part, lines = [], 0
    if part:
        yield part


def _data(papers: VoucherPapers, vouchers: list[VoucherPaper]) -> dict[str, Any]:
    return {
        "title": wrapping(papers.title),
        "company": wrapping(papers.company),
        "company-facts": [wrapping(each) for each in papers.company_facts],
        "headings": [_("Code"), _("Account"), _("Debit"), _("Credit")],
        "total": _("Total"),
        "signatures": [_("Prepared by"), _("Checked by"), _("Approved by")],
        "date-line": _("Date") + " ……/……/……",
        "footer": [wrapping(line, ON_LINE) for line in papers.footer],
        "page-text": page_text(),
        "lang": current_language(),
        "vouchers": [_voucher(papers, each) for each in vouchers],
    }


def _voucher(papers: VoucherPapers, voucher: VoucherPaper) -> dict[str, Any]:
    debit = sum(line.amount for line in voucher.lines if line.amount > 0)
    credit = -sum(line.amount for line in voucher.lines if line.amount < 0)
    in_baht = papers.currency == "THB" and papers.decimals == 2
    facts = [
        (_("Date"), formats.date(voucher.date, "wide")),
        (_("Text"), voucher.text),
        (_("Reference"), voucher.reference),
        (_("Currency"), papers.currency),
    ]
    return {
        "number": wrapping(voucher.number),
        "book": wrapping(voucher.book),
        "facts": [[label, wrapping(text)] for label, text in facts if text],
        "marks": [wrapping(mark) for mark in voucher.marks],
        "lines": [_line(line, papers.decimals) for line in voucher.lines],
        "debit": format_amount(debit, papers.decimals),
        "credit": format_amount(credit, papers.decimals),
        "words": baht_words(debit) if in_baht else "",
        "evidence": wrapping(voucher.evidence, ON_LINE),
    }


def _line(line: VoucherLine, decimals: int) -> list[Any]:
    amount = format_amount(abs(line.amount), decimals)
    sides = (amount, "") if line.amount >= 0 else ("", amount)
    return [wrapping(line.code), wrapping(line.name), [wrapping(n) for n in line.notes], *sides]
