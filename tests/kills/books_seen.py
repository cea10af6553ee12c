"""Looking at one company's books with bare SQL: are they sound, and is in them what has to be?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from kills.journal import Deed
from kills.truth import Known

UNSOUND = {
    "lines that don't sum to zero": "SELECT voucher_id, sum(amount) FROM lines GROUP BY 1 HAVING sum(amount) <> 0",
    "lines without a voucher": "SELECT voucher_id FROM lines WHERE voucher_id NOT IN (SELECT id FROM vouchers)",
    "a voucher with fewer than two lines": "SELECT v.id FROM vouchers v LEFT JOIN lines l ON l.voucher_id = v.id"
    " GROUP BY v.id HAVING count(l.n) < 2",
    "a voucher that is a draft, too": "SELECT id FROM drafts WHERE id IN (SELECT id FROM vouchers)",
    "vouchers that aren't counted": "SELECT s.count, v.many FROM ledger_state s,"
    " (SELECT count(*) many, coalesce(max(chain_no), 0) last FROM vouchers) v"
    " WHERE s.count <> v.many OR v.many <> v.last",
    "a balance that isn't its lines' sum": "SELECT account_stid, sum(a) FROM (SELECT account_stid, amount a FROM lines"
    " UNION ALL SELECT account_stid, credit - debit FROM balances) GROUP BY 1 HAVING sum(a) <> 0",
    "a key that is there twice": "SELECT key FROM vouchers GROUP BY key HAVING count(*) > 1 AND key IS NOT NULL",
}
"""Queries that find nothing in sound books."""


def unsound(books: Any, label: str) -> Iterator[str]:
    """Yield what is wrong with books, whatever was written to them."""
    for what, query in UNSOUND.items():
        for row in books.execute(query).fetchmany(3):
            yield f"{label}: {what}: {row}"
    yield from _misnumbered(books, label)
    yield from _half_migrated(books, label)


def unkept(books: Any, known: Known, open_deeds: Iterable[Deed], label: str) -> Iterator[str]:
    """Yield what was acknowledged and isn't there, or was refused and is."""
    found = dict(books.execute("SELECT key, id FROM vouchers WHERE key IS NOT NULL"))
    for key, id in known.kept.items():
        if found.get(key) is None or id not in (None, found[key]):
            yield f"{label}: LOST: {key} was acknowledged as {id}, and is {found.get(key)}"
    for key in known.refused & found.keys():
        yield f"{label}: {key} was refused, and is posted as {found[key]}"
    drafts = {row[0] for row in books.execute("SELECT id FROM drafts")}
    for id in known.drafts - drafts:
        yield f"{label}: LOST: the draft {id}"
    texts = dict(books.execute("SELECT text, count(*) FROM vouchers GROUP BY text"))
    for text in known.texts:
        if texts.get(text) != 1:
            yield f"{label}: LOST: {text} was imported, and is there {texts.get(text, 0)} times"
    for deed in open_deeds:
        if deed.what.get("company") == known.id:
            yield from _halved(deed, found, texts, label)


def _halved(deed: Deed, found: dict[str, int], texts: dict[str, int], label: str) -> Iterator[str]:
    """Of a batch that was cut short all is there, or nothing."""
    there = [key in found for key in deed.what.get("keys", ())]
    there += [text in texts for text in deed.what.get("texts", ())]
    if any(there) and not all(there):
        yield f"{label}: of an import {sum(there)} of {len(there)} are there"


def _misnumbered(books: Any, label: str) -> Iterator[str]:
    rows = books.execute("SELECT book_stid, fiscal_year, last FROM number_series")
    series = {(book, year): last for book, year, last in rows}
    for book, year, count, least, most in books.execute(
        "SELECT book_stid, fiscal_year, count(DISTINCT serial), min(serial), max(serial)"
        " FROM vouchers GROUP BY 1, 2"
    ):
        given = series.pop((book, year), 0)
        if (least, most, given) != (1, count, count):
            yield f"{label}: {count} numbers from {least} to {most}, of {given} given"
    if any(series.values()):
        yield f"{label}: numbers were given for vouchers that aren't there: {series}"


def _half_migrated(books: Any, label: str) -> Iterator[str]:
    """Each migration was applied once, or not at all."""
    tables = {row[0] for row in books.execute("SELECT name FROM sqlite_schema")}
    if "grown" in tables:
        times = books.execute("SELECT times FROM grown").fetchone()[0]
        noted = books.execute(
            "SELECT count(*) FROM schema_migration WHERE name LIKE '%grow'"
        ).fetchone()[0]
        made = sum(re.fullmatch(r"grown_\d+", name) is not None for name in tables)
        if not times == noted == made:
            yield f"{label}: {noted} migrations noted, {made} made, counted {times}"
