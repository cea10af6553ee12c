"""Vouchers on paper: each on pages of its own, with its lines, its sums and the sum in Thai words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cuneifox.i18n import speaking
from cuneifox.papers import VoucherLine, VoucherPaper, VoucherPapers, vouchers, write_vouchers
from paper_tables import HOSTILE
from pdf_text import needs_poppler, pages_of

pytestmark = needs_poppler


def quiet(done: int) -> None:
    """Nobody asks how far it is."""


def some(count: int, long: int = -1) -> Iterator[VoucherPaper]:
    """Vouchers of two lines; the one at `long` has 120."""
    for n in range(count):
        lines = [
            VoucherLine("1111", "เงินสด", 12150 + n, ["C1 ลูกค้า"]),
            VoucherLine("4110", "ขายสินค้า", -12150 - n),
        ]
        times = 60 if n == long else 1
        yield VoucherPaper(
            f"GJ-2569-{n:06}", "สมุดรายวันทั่วไป", date(2026, 2, 28), "Sale", f"R{n}", lines * times
        )


def papers(given: Iterator[VoucherPaper], currency: str = "THB") -> VoucherPapers:
    return VoucherPapers(
        "vouchers", "Vouchers", "บ้านสวน", currency, 2, given, ["Baan Suan"], ["Whose", "When"]
    )


def test_a_voucher_is_whole_on_its_page(tmp_path: Path) -> None:
    """Company, book, number, date, text, reference, lines, sums, the sum in words, marks, and where to sign."""
    marked = (replace(each, marks=["Reversed"], evidence="By Ploy") for each in some(1))
    write_vouchers(papers(marked), tmp_path / "v.pdf", quiet)
    (page,) = pages_of(tmp_path / "v.pdf")
    for text in (
        "บ้านสวน", "Baan Suan", "สมุดรายวันทั่วไป", "GJ-2569-000000", "28 February 2026", "Sale", "R0", "C1 ลูกค้า",
        "Prepared by", "Checked by", "Approved by", "Reversed", "By Ploy", "Page 1 of 1", "Whose",
        "(หนึ่งร้อยยี่สิบเอ็ดบาทห้าสิบสตางค์)",
    ):  # fmt: skip
        assert text in page, text
    assert re.search(r"1111 +เงินสด +121\.50\n", page)
    assert re.search(r"4110 +ขายสินค้า +121\.50\n", page)
    assert re.search(r"Total +121\.50 +121\.50\n", page)


def test_other_currencies_have_no_thai_words(tmp_path: Path) -> None:
    """Only baht are written out."""
    write_vouchers(papers(some(1), "USD"), tmp_path / "v.pdf", quiet)
    assert "บาท" not in pages_of(tmp_path / "v.pdf")[0]


@pytest.mark.parametrize("lines", [vouchers.LINES_OF_PART, 30])
def test_each_has_pages_and_numbers_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    """A long voucher goes on on pages with headings, numbered within it; set in one part or in several."""
    monkeypatch.setattr(vouchers, "LINES_OF_PART", lines)
    told: list[int] = []
    write_vouchers(papers(some(7, long=2)), tmp_path / "v.pdf", told.append)
    pages = pages_of(tmp_path / "v.pdf")
    numbers = [re.search(r"Page (\d+) of (\d+)", page).groups() for page in pages]
    long = len(pages) - 6
    assert long > 1
    assert numbers == [
        *[("1", "1")] * 2,
        *((str(n), str(long)) for n in range(1, long + 1)),
        *[("1", "1")] * 4,
    ]
    assert all("Debit" in page for page in pages)
    assert [n for page in pages for n in re.findall(r"GJ-2569-(\d+)", page)] == [
        f"{n:06}" for n in range(7)
    ]
    assert told[-1] == 7


def test_nothing_typed_is_markup(tmp_path: Path) -> None:
    """Names and texts are printed as they were typed, very long ones wrapped; in Thai as in English."""
    lines = [VoucherLine("1", text, 100, [text]) for text in HOSTILE]
    lines.append(VoucherLine("W" * 10_000, "W" * 10_000, -100 * len(lines)))
    voucher = VoucherPaper("#1", "*book*", date(2026, 1, 1), "#panic() " * 50, "$x$", lines)
    with speaking("th"):
        write_vouchers(papers(iter([voucher])), tmp_path / "v.pdf", quiet)
    text = "".join(pages_of(tmp_path / "v.pdf"))
    for typed in ("#1", "*book*", "#panic()", "$x$", "#strong[x]", "=cmd|'/C"):
        assert typed in text, typed
    assert len(re.findall("W(?!h)", text)) == 20_000  # the footer has more, as in When
    assert re.search(r"10\.00 +10\.00", text)


def test_nothing_is_left_of_what_is_given_up(tmp_path: Path) -> None:
    """Where the one who is told raises, there is no file."""

    def tick(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_vouchers(papers(some(3)), tmp_path / "v.pdf", tick)
    assert not list(tmp_path.iterdir())
