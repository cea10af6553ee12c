"""The journal's queries, made of constant parts; what people typed comes in as parameters."""

from __future__ import annotations

from collections.abc import Iterable

VOUCHERS = """
SELECT v.id, v.date, v.number, v.book_stid, b.code, v.text, v.reference, v.posted_by_name,
       v.closing, v.reverses_id, r.id,
       (SELECT SUM(l.amount) FROM lines l WHERE l.voucher_id = v.id AND l.amount > 0)
FROM vouchers v
LEFT JOIN journal_books b ON b.stid = v.book_stid
LEFT JOIN vouchers r ON r.reverses_id = v.id
"""
"""LEFT JOINs keep the vouchers' index by date outermost, so that a page reads a page's rows."""

DRAFTS = """
SELECT v.id, v.date, '' AS number, v.book_stid, b.code, v.text, v.reference, v.changed_by_name,
       v.lines
FROM drafts v
LEFT JOIN journal_books b ON b.stid = v.book_stid
"""

FROM_DAY = "v.date >= ?"
TO_DAY = "v.date <= ?"
OF_BOOK = "v.book_stid = ?"

AFTER_KEY = "(v.date, v.id) > (?, ?)"
BEFORE_KEY = "(v.date, v.id) < (?, ?)"
CONTAINS = (
    r"(v.number LIKE ? ESCAPE '\' OR v.text LIKE ? ESCAPE '\' OR v.reference LIKE ? ESCAPE '\')"
)
DRAFT_CONTAINS = r"(v.text LIKE ? ESCAPE '\' OR v.reference LIKE ? ESCAPE '\')"

OF_STATUS = {
    "reversed": "v.id IN (SELECT reverses_id FROM vouchers WHERE reverses_id IS NOT NULL)",
    "reversal": "v.reverses_id IS NOT NULL",
    "closing": "v.closing",
}

_ORDERS = {
    True: "\nORDER BY v.date DESC, v.id DESC LIMIT ?",
    False: "\nORDER BY v.date, v.id LIMIT ?",
}


def compose(source: str, conditions: Iterable[str], newest_first: bool) -> str:
    """Return the query of one page; its last parameter is the limit."""
    where = " AND ".join(conditions)
    return source + (f"WHERE {where}" if where else "") + _ORDERS[newest_first]
