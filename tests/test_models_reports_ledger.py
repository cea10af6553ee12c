"""An account's ledger runs on from page to page, in both directions, and ends at its balance."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from models.actors import Actor
from models.companies import create_company
from models.errors import BadInput, NotFound
from models.inputs import LineInput, VoucherInput
from models.posting import post_input
from models.registers import Customer
from models.reports.ledger import ledger
from random_books import FIRST, LAST, fill
from tenants import Router, current_store

RANGES = [
    (None, LAST),
    (FIRST, LAST),
    (date(2024, 3, 10), date(2025, 7, 19)),
    (date(2024, 12, 31), date(2024, 12, 31)),
    (date(2027, 1, 1), date(2027, 12, 31)),
]


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    """A router with the random company on it, and its books."""
    router = Router(tmp_path_factory.mktemp("ledger"))
    yield router, fill(router, "random", seed=3)
    router.close()


def pages(account, first, last, *, limit, backward=False):
    """Every page of a ledger, in the order of its lines."""
    found = [ledger(account, first, last, limit=limit, from_end=backward)]
    while key := (found[-1].before if backward else found[-1].after):
        found.append(
            ledger(account, first, last, limit=limit, **{"before" if backward else "after": key})
        )
    return found[::-1] if backward else found


@pytest.mark.parametrize(("first", "last"), RANGES)
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("limit", [1, 4, 500])
def test_pages_hold_every_line_once(routed, first, last, backward, limit):
    """However it is paged, the ledger is all lines of the range in order, with the running balance."""
    router, books = routed
    for account in list(books.accounts)[2:24:5]:
        mine = [p for p in books.postings if p.account == account and p.date <= last]
        mine.sort(key=lambda p: (p.date, p.voucher, p.line))
        balance = sum(p.amount for p in mine if first and p.date < first)
        expected = []
        for posting in mine:
            if first is None or posting.date >= first:
                balance += posting.amount
                expected.append((posting.date, posting.voucher, posting.line, balance))
        with router.using("random"):
            found = pages(account, first, last, limit=limit, backward=backward)
        rows = [row for page in found for row in page.rows]
        assert [(r.date, r.voucher_id, r.line, r.balance) for r in rows] == expected
        assert found[0].carried == found[0].figures.opening
        for page, following in pairwise(found):
            assert following.carried == page.rows[-1].balance
        if rows:
            assert rows[-1].balance == found[0].figures.closing
        assert sum(r.debit for r in rows) == found[0].figures.debit
        assert sum(r.credit for r in rows) == found[0].figures.credit


def test_neighbours_know_each_other(routed):
    """A page in the middle leads to both neighbours, the ends only inward."""
    router, books = routed
    account = max(books.accounts, key=lambda a: sum(p.account == a for p in books.postings))
    with router.using("random"):
        one = ledger(account, None, LAST, limit=3)
        two = ledger(account, None, LAST, limit=3, after=one.after)
        back = ledger(account, None, LAST, limit=3, before=two.before)
    assert one.before is None
    assert two.before == two.rows[0].key
    assert [row.key for row in back.rows] == [row.key for row in one.rows]
    assert back.carried == one.carried


def test_a_page_reads_a_page_of_lines(routed):
    """SQLite enters the index at the key; nothing is sorted or scanned."""
    router, books = routed
    account = next(iter(p.account for p in books.postings))
    with router.using("random"):
        after = ledger(account, None, LAST, limit=2).after
        store = current_store("books")
        connection = store.database.connection()
        asked = []
        connection.set_trace_callback(asked.append)
        ledger(account, None, LAST, limit=2, after=after)
        connection.set_trace_callback(None)
        page = next(sql for sql in asked if "ORDER BY l.date, l.voucher_id" in sql)
        plan = [row[3] for row in store.execute_sql("EXPLAIN QUERY PLAN " + page)]
    assert plan[0].startswith("SEARCH l USING INDEX")
    assert "date>" in plan[0]
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN") for step in plan)


@pytest.fixture(scope="module")
def small(routed):
    """The slug of a company without vouchers, on the same router."""
    create_company(routed[0], slug="acme", name="Acme", template="general", currency="USD")
    return "acme"


@pytest.fixture
def acme(routed, small):
    """The stids of the small company's accounts by code, in an entry of it."""
    with routed[0].using(small):
        found = current_store("books").execute_sql("SELECT code, stid FROM accounts").fetchall()
        yield dict(found)


def test_a_row_tells_the_other_side(acme):
    """Counter accounts are the voucher's others, each once; quantity and register come along."""
    somchai = Customer.add(code="C1", name="Somchai").stid
    lines = [
        LineInput(acme["1110"], 300, "Till", register="customer", register_stid=somchai),
        LineInput(acme["4100"], -100),
        LineInput(acme["4100"], -50),
        LineInput(acme["4200"], -150),
    ]
    given = VoucherInput(1, date(2026, 2, 28), "Sales", lines, "INV-1")
    id = post_input(given, by=Actor.system("test")).id
    found = ledger(acme["1110"], date(2026, 1, 1), date(2026, 12, 31))
    (row,) = found.rows
    assert (row.voucher_id, row.debit, row.credit, row.balance) == (id, 300, 0, 300)
    assert (row.text, row.voucher_text, row.reference) == ("Till", "Sales", "INV-1")
    assert (row.register, row.register_stid) == ("customer", somchai)
    assert [account.code for account in row.counter] == ["4100", "4200"]
    assert (found.account.code, found.kind, found.scope.currency) == ("1110", "asset", "USD")


@pytest.mark.parametrize(
    "key", ["x", "", ".", "2026-02-28", "2026-02-28.1", "2026-02-30.1.1", "2026-02-28.1.-1",
            "2026-02-28.1.1.1", "2026-02-28.1.๑", "2026-02-28.1." + "9" * 30, "9" * 10_000]
)  # fmt: skip
def test_a_key_that_is_none_is_refused(acme, key):
    """Whatever stands in a link, it is a page or a clear answer."""
    if key:
        with pytest.raises(BadInput, match="no page"):
            ledger(acme["1110"], None, date(2026, 1, 1), after=key)
    else:
        assert ledger(acme["1110"], None, date(2026, 1, 1), after=key).rows == []


def test_bad_scopes_are_refused(acme):
    """An unknown account isn't found, a reversed range is bad input."""
    for account in (999, 0, -1, 2**80):
        with pytest.raises(NotFound):
            ledger(account, None, date(2026, 1, 1))
    with pytest.raises(BadInput):
        ledger(acme["1110"], date(2026, 1, 2), date(2026, 1, 1))
