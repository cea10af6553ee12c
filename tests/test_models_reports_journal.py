"""The journal's pages follow each other by key, newest or oldest first, whatever it is narrowed to."""

from __future__ import annotations

from datetime import date

import pytest

from models.actors import Actor
from models.companies import create_company
from models.errors import BadInput
from models.inputs import LineInput, VoucherInput
from models.reports.journal import STATUSES, journal
from models.vouchers import get_voucher, save_draft
from random_books import LAST, fill
from tenants import Router, current_store


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    """A router with the random company on it, for all tests of this module."""
    router = Router(tmp_path_factory.mktemp("journal"))
    yield router, fill(router, "random", seed=5)
    router.close()


@pytest.fixture
def views(routed):
    """Every posted voucher of the random company, in an entry of it."""
    router, books = routed
    with router.using("random"):
        yield [get_voucher(id) for id in sorted({p.voucher for p in books.postings})]


def walk(limit=7, *, backward=False, **scope):
    """Every page, from the list's start or from its end, in the list's order."""
    found = [journal(limit=limit, **scope)]
    while found[-1].after:
        found.append(journal(limit=limit, after=found[-1].after, **scope))
    if backward:
        again = [found[-1]]
        while again[-1].before:
            again.append(journal(limit=limit, before=again[-1].before, **scope))
        found = again[::-1]
    return [row for page in found for row in page.rows]


SCOPES = [
    ({}, lambda v: True),
    ({"first": date(2024, 5, 1), "last": date(2025, 4, 30)},
     lambda v: date(2024, 5, 1) <= v.date <= date(2025, 4, 30)),
    ({"last": date(2024, 5, 1)}, lambda v: v.date <= date(2024, 5, 1)),
    ({"book": 2}, lambda v: v.book_stid == 2),
    ({"status": "reversed"}, lambda v: v.reversed_by is not None),
    ({"status": "reversal"}, lambda v: v.reverses is not None),
    ({"status": "closing"}, lambda v: v.closing),
    ({"text": "sales 5%"}, lambda v: "Sales 5%" in v.text),
    ({"text": "_"}, lambda v: "_" in v.text),
    ({"text": "เช่า"}, lambda v: "เช่า" in v.text),
    ({"text": "r31", "book": 1}, lambda v: v.reference == "R31" and v.book_stid == 1),
    ({"text": "-2025-0000"}, lambda v: "-2025-0000" in v.number + v.reference),
    ({"first": date(2050, 1, 1)}, lambda v: False),
]  # fmt: skip


@pytest.mark.parametrize(("scope", "wanted"), SCOPES, ids=[str(scope) for scope, _ in SCOPES])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("backward", [False, True])
def test_pages_hold_every_voucher_once(views, scope, wanted, newest_first, backward):
    """All vouchers of the scope, in order, by whichever way the pages are walked."""
    expected = sorted((v.date, v.id) for v in views if wanted(v))
    if newest_first:
        expected.reverse()
    found = walk(backward=backward, newest_first=newest_first, **scope)
    assert [(row.date, row.id) for row in found] == expected


def test_rows_say_what_their_vouchers_say(views):
    """Number, book, text, total, links and who posted are those of the voucher."""
    by_id = {view.id: view for view in views}
    for row in walk(limit=100):
        view = by_id[row.id]
        assert (row.number, row.book, row.text) == (view.number, view.book_stid, view.text)
        assert (row.reverses, row.reversed_by) == (view.reverses, view.reversed_by)
        assert (row.total, row.by, row.book_code) == (view.debit, view.by_name, view.book_code)
        assert (row.status == "reversed") == (view.status == "reversed")


def test_a_page_reads_a_page_of_vouchers(views):
    """SQLite enters the index by date at the key, newest first too; nothing is sorted or scanned."""
    after = journal(limit=3).after
    store = current_store("books")
    connection = store.database.connection()
    for scope in ({}, {"after": after}, {"last": LAST, "after": after}, {"book": 1}):
        asked = []
        connection.set_trace_callback(asked.append)
        journal(limit=3, **scope)
        connection.set_trace_callback(None)
        page = next(sql for sql in asked if "FROM vouchers v" in sql)
        plan = [row[3] for row in store.execute_sql("EXPLAIN QUERY PLAN " + page)]
        assert "USING INDEX voucher" in plan[0], plan
        assert not any("TEMP B-TREE" in step for step in plan), plan
        assert sum(step.startswith("SCAN") for step in plan) <= (not scope or scope == {"book": 1})


def test_drafts_are_listed_apart(routed):
    """Drafts have no number, may be out of balance, and are searched and paged like vouchers."""
    create_company(routed[0], slug="acme", name="Acme", template="general", currency="USD")
    with routed[0].using("acme"):
        by = Actor("u1", "Somchai", {"ledger": "add"})
        for day in range(1, 6):
            lines = [LineInput(3, 100 * day), LineInput(4, -1)]
            save_draft(VoucherInput(1, date(2026, 1, day), f"Draft {day}", lines), by=by)
        found = walk(limit=2, status="draft")
        assert [row.text for row in found] == [f"Draft {day}" for day in (5, 4, 3, 2, 1)]
        assert [row.total for row in found] == [500, 400, 300, 200, 100]
        assert {(row.number, row.status, row.by) for row in found} == {("", "draft", "Somchai")}
        assert [row.text for row in walk(status="draft", text="T 3")] == ["Draft 3"]
        assert walk() == []


def test_bad_scopes_are_refused(routed):
    """A reversed range, an unknown status and a key that is none are bad input."""
    with routed[0].using("random"):
        for scope in (
            {"first": date(2026, 1, 2), "last": date(2026, 1, 1)},
            {"status": "lost"},
            {"after": "x"},
            {"before": "2026-02-30.1"},
        ):
            with pytest.raises(BadInput):
                journal(**scope)
        assert all(journal(status=status, text="nowhere").rows == [] for status in STATUSES)
