"""Which vouchers of the journal are meant by a filter as typed; what its page, its files and its print-outs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date as Date
from itertools import chain, islice
from typing import Any

from models.dates import check_range, parse_date
from models.errors import BadInput
from models.reports.journal import Journal, journal
from models.reports.paging import MOST_ROWS

FILTERS = ("first", "last", "book", "status", "text")


def asked_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the filter as typed: each of FILTERS, "" where it isn't given."""
    return {name: str(given.get(name) or "").strip() for name in FILTERS}


def wanted_of(asked: dict[str, str]) -> dict[str, Any]:
    """Return what the journal is asked for by a filter as typed, whose days it shows from now on. Raises BadInput."""
    first, last = _day(asked, "first"), _day(asked, "last")
    if first and last:
        check_range(first, last)
    book = asked["book"]
    if book and not (book.isascii() and book.isdigit() and len(book) < 19):
        raise BadInput("Choose the journal book from the list.", field="book")
    status = asked["status"] or "posted"
    if len(asked["text"]) > 200:
        raise BadInput("Search for 200 characters at most.", field="text")
    return {
        "first": first,
        "last": last,
        "book": int(book) if book else None,
        "status": status,
        "text": asked["text"],
    }


def _day(asked: dict[str, str], name: str) -> Date | None:
    try:
        day = parse_date(asked[name]) if asked[name] else None
    except BadInput as error:
        error.field = name
        raise
    asked[name] = day.isoformat() if day else ""
    return day


def all_pages(wanted: dict[str, Any]) -> Iterator[Journal]:
    """Yield every page, oldest vouchers first."""
    after = None
    while True:
        page = journal(**wanted, after=after, limit=MOST_ROWS, newest_first=False)
        yield page
        after = page.after
        if after is None:
            return


def ids_to_print(wanted: dict[str, Any], most: int, *, waiting: bool = False) -> list[int]:
    """Return the ids of the vouchers to print, oldest first, of which there must be some, and `most` at most.

    Raises BadInput; where they are more, it says what to do to somebody who is `waiting` for them.
    """
    if wanted["status"] == "draft":
        raise BadInput("Drafts aren't printed; post them first.", field="status")
    rows = chain.from_iterable(page.rows for page in all_pages(wanted))
    ids = [row.id for row in islice(rows, most + 1)]
    if not ids:
        raise BadInput("No voucher is like that, so there is nothing to print.", field="status")
    if len(ids) > most:
        raise _too_many(most, waiting)
    return ids


def _too_many(most: int, waiting: bool) -> BadInput:
    if waiting:
        return BadInput(
            "These are more than %(most)s vouchers, too many to wait for. Have them made beside the page, or choose "
            "fewer days.",
            field="last",
            most=f"{most:,}",
        )
    return BadInput(
        "These are more than %(most)s vouchers, too many for one PDF. Choose fewer days.",
        field="last",
        most=f"{most:,}",
    )
