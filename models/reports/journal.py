"""The journal: the company's vouchers, newest first or oldest first, a page at a time."""

from __future__ import annotations

from datetime import date as Date
from typing import Any, Literal

from msgspec import Struct

from models.dates import check_range
from models.errors import BadInput
from models.inputs import read_lines
from models.reports import journal_sql
from models.reports.paging import decode_key, encode_key, page_limit, window
from models.reports.scope import money
from models.texts import like_pattern
from tenants import current_store

Status = Literal["posted", "reversed", "reversal", "closing", "draft"]

STATUSES: tuple[Status, ...] = ("posted", "reversed", "reversal", "closing", "draft")
"""What a journal can be narrowed to; all but drafts are posted too."""


class JournalRow(Struct, frozen=True):
    """One voucher. ``total`` is the sum of its debits; ``number`` is empty for drafts.

    ``reverses`` and ``reversed_by`` are ids of vouchers; ``by`` posted it, or changed the draft.
    """

    key: str
    id: int
    date: Date
    number: str
    book: int
    book_code: str
    text: str
    reference: str
    total: int
    status: Status
    reverses: int | None
    reversed_by: int | None
    by: str


class Journal(Struct, frozen=True):
    """A page of vouchers; ``before`` and ``after`` are keys of its neighbours, None at the ends."""

    currency: str
    decimals: int
    rows: list[JournalRow]
    before: str | None
    after: str | None


def journal(
    first: Date | None = None,
    last: Date | None = None,
    *,
    book: int | None = None,
    status: Status = "posted",
    text: str = "",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    newest_first: bool = True,
) -> Journal:
    """Return a page of the current company's vouchers, by date and then id.

    Args:
        first, last: the inclusive range of dates; None for no bound.
        book: stid of the journal book.
        status: "posted" for all that is posted, a part of that, or "draft".
        text: what number, text or reference contain; in ASCII, case doesn't count.
        after, before: key of the row that precedes or follows the page in the list's own order.

    Raises BadInput for a reversed range, an unknown status or a key that is none.
    """
    if first is not None and last is not None:
        check_range(first, last)
    if status not in STATUSES:
        raise BadInput(
            "%(status)s is no status of vouchers.", field="status", status=str(status)[:40]
        )
    limit = page_limit(limit)
    keyed = bool(after or before)
    backward = keyed and not after
    key = decode_key(after or before or "", 1) if keyed else None
    downward = newest_first != backward
    conditions, params = _conditions(first, last, book, status, text, key, downward)
    source = journal_sql.DRAFTS if status == "draft" else journal_sql.VOUCHERS
    sql = journal_sql.compose(source, conditions, downward)
    store = current_store("books")
    with store.reading():
        currency, decimals = money()
        found = store.execute_sql(sql, (*params, limit + 1)).fetchall()
    page, earlier, later = window(found, limit, backward, keyed)
    rows = [_draft(row) if status == "draft" else _posted(row) for row in page]
    return Journal(
        currency=currency,
        decimals=decimals,
        rows=rows,
        before=rows[0].key if rows and earlier else None,
        after=rows[-1].key if rows and later else None,
    )


def _conditions(
    first: Date | None,
    last: Date | None,
    book: int | None,
    status: Status,
    text: str,
    key: tuple[Any, ...] | None,
    downward: bool,
) -> tuple[list[str], list[Any]]:
    """Return the conditions of a page and their parameters, in the same order.

    The key's date narrows the range too, so that the index is entered at the key, not its end.
    """
    begin, end = (day.isoformat() if day else None for day in (first, last))
    if key and downward:
        end = min(end or key[0], key[0])
    elif key:
        begin = max(begin or key[0], key[0])
    pattern = like_pattern(text.strip())
    contains = (
        (journal_sql.DRAFT_CONTAINS, (pattern, pattern))
        if status == "draft"
        else (journal_sql.CONTAINS, (pattern, pattern, pattern))
    )
    parts: list[tuple[bool, str, tuple[Any, ...]]] = [
        (begin is not None, journal_sql.FROM_DAY, (begin,)),
        (end is not None, journal_sql.TO_DAY, (end,)),
        (book is not None, journal_sql.OF_BOOK, (book,)),
        (status in journal_sql.OF_STATUS, journal_sql.OF_STATUS.get(status, ""), ()),
        (bool(text.strip()), *contains),
        (key is not None, journal_sql.BEFORE_KEY if downward else journal_sql.AFTER_KEY, key or ()),
    ]
    chosen = [(sql, params) for wanted, sql, params in parts if wanted]
    return [sql for sql, _ in chosen], [value for _, params in chosen for value in params]


def _posted(row: tuple) -> JournalRow:
    id, day, number, book, code, text, reference, by, closing, reverses, reversed_by, total = row
    if reversed_by is not None:
        status: Status = "reversed"
    elif reverses is not None:
        status = "reversal"
    else:
        status = "closing" if closing else "posted"
    return JournalRow(
        key=encode_key(day, id),
        id=id,
        date=Date.fromisoformat(day),
        number=number,
        book=book,
        book_code=code or "",
        text=text,
        reference=reference,
        total=total or 0,
        status=status,
        reverses=reverses,
        reversed_by=reversed_by,
        by=by,
    )


def _draft(row: tuple) -> JournalRow:
    id, day, number, book, code, text, reference, by, lines = row
    amounts = [line.amount for line in read_lines(lines)]
    return JournalRow(
        key=encode_key(day, id),
        id=id,
        date=Date.fromisoformat(day),
        number=number,
        book=book,
        book_code=code or "",
        text=text,
        reference=reference,
        total=sum(amount for amount in amounts if amount > 0),
        status="draft",
        reverses=None,
        reversed_by=None,
        by=by,
    )
