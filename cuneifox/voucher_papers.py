"""Posted vouchers as they are printed, read some hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cuneifox import formats
from cuneifox.colophon import footer_lines
from cuneifox.i18n import _
from cuneifox.lookups import Chart
from cuneifox.papers import VoucherLine, VoucherPaper, VoucherPapers
from cuneifox.services import services
from cuneifox.words import shown_name
from models.accounts import account_tree
from models.inputs import unscaled
from models.journals import list_books
from models.posted import Line, Voucher
from models.resolver import Reference, Shown, resolve
from models.settings import books_settings

AT_ONCE = 200
"""Vouchers of one round of queries."""


def printed(ids: Sequence[int], name: str, made: str, by: str) -> VoucherPapers:
    """Return the current company's posted vouchers of these ids, in their order; unknown ones are left out.

    Args:
        name: of the file, without its ending.
        made: the moment, as people read it.
        by: the name of who asked.
    """
    settings = books_settings()
    names = [shown_name(settings)]
    names += [each for each in (settings.name, settings.local_name) if each and each not in names]
    title = _("Vouchers")
    return VoucherPapers(
        name=name,
        title=title,
        company=names[0],
        company_facts=names[1:],
        currency=settings.currency,
        decimals=settings.decimals,
        vouchers=_papers(ids),
        footer=footer_lines(title, "", made, by),
    )


def _papers(ids: Sequence[int]) -> Iterator[VoucherPaper]:
    chart = Chart(account_tree())
    books = {int(book.stid): shown_name(book) for book in list_books(inactive=True)}
    for start in range(0, len(ids), AT_ONCE):
        yield from _some(ids[start : start + AT_ONCE], chart, books)


def _some(ids: Sequence[int], chart: Chart, books: dict[int, str]) -> Iterator[VoucherPaper]:
    found = {each.id: each for each in Voucher.select().where(Voucher.id.in_(ids))}
    lines: dict[int, list[Line]] = {}
    query = Line.select().where(Line.voucher.in_(ids)).order_by(Line.voucher, Line.n)
    for line in query:
        lines.setdefault(line.voucher_id, []).append(line)
    parties = resolve(
        (line.register, line.register_stid)
        for each in lines.values()
        for line in each
        if line.register and line.register_stid
    )
    marks = _marks(list(found.values()))
    for voucher in (found[id] for id in ids if id in found):
        yield VoucherPaper(
            number=voucher.number,
            book=books.get(voucher.book_stid, ""),
            date=voucher.date,
            text=voucher.text,
            reference=voucher.reference,
            lines=[_line(line, chart, parties) for line in lines.get(voucher.id, [])],
            marks=marks.get(voucher.id, []),
            evidence=_evidence(voucher),
        )


def _marks(vouchers: list[Voucher]) -> dict[int, list[str]]:
    """What each voucher is marked with: which one took it back, which one it takes back."""
    marks: dict[int, list[str]] = {}
    ids = [voucher.id for voucher in vouchers]
    for later in Voucher.select().where(Voucher.reverses.in_(ids)):
        text = _("Reversed by %(number)s", number=later.number)
        marks.setdefault(later.reverses_id or 0, []).append(text)
    reversing = {voucher.reverses_id: voucher for voucher in vouchers if voucher.reverses_id}
    for earlier in Voucher.select().where(Voucher.id.in_(list(reversing))):
        text = _("Reversal of %(number)s", number=earlier.number)
        marks.setdefault(reversing[earlier.id].id, []).append(text)
    return marks


def _line(line: Line, chart: Chart, parties: dict[Reference, Shown]) -> VoucherLine:
    account = chart.by_stid.get(line.account_stid)
    party = parties.get((line.register or "", line.register_stid or 0))
    notes = [f"{party.code} {shown_name(party)}" if party else "", line.text]
    if line.commodity and line.quantity is not None:
        notes.append(f"{unscaled(line.quantity, line.quantity_decimals):f} {line.commodity}")
    return VoucherLine(
        account.code if account else "",
        shown_name(account) if account else "",
        line.amount,
        [note for note in notes if note],
    )


def _evidence(voucher: Voucher) -> str:
    told = _(
        "Posted by %(name)s, as voucher %(count)s of these books.",
        name=voucher.posted_by_name,
        count=voucher.chain_no,
    )
    at = formats.moment(services().local(voucher.posted_at / 1_000_000))
    return f"{told} {at} · {voucher.chain_hash}"
