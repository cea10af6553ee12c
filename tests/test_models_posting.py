"""Posting takes whole, balanced vouchers of accounts that are fit for it, once per key; else it changes nothing."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from ledgers import (
    BY,
    Undo,
    balances,
    books,
    customer,
    day,
    everything,
    post_and_undo,
    post_sale,
    rows,
    sale,
    voucher,
)
from models.accounts import add_account, change_account, find_account
from models.actors import Actor
from models.drafts import save_draft
from models.errors import BadInput, BooksError, Conflict, NotAllowed, NotBalanced, NotFound
from models.inputs import LineInput, VoucherInput
from models.journals import change_book, find_book
from models.posting import post, post_input, post_many
from models.registers import Customer, Supplier
from models.vouchers import get_voucher
from tenants import Router, current_store

LIMIT = 10**18


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    with books(router):
        yield


def test_a_voucher_is_posted_with_number_lines_balances_and_chain(acme: None) -> None:
    """One call makes a posted voucher that reads back as it was given."""
    posted = post_input(sale("2026-02-03", 123_45, text="Fish sauce"), by=BY)
    view = get_voucher(posted.id)
    assert (view.status, view.number, view.text) == ("posted", "GJ-2026-000001", "Fish sauce")
    assert [(line.account_code, line.amount) for line in view.lines] == [
        ("1110", 123_45),
        ("4100", -123_45),
    ]
    assert (posted.chain_no, posted.chain_hash) == (view.chain_no, view.chain_hash)
    assert rows("SELECT month, closing, sum(debit), sum(credit) FROM balances GROUP BY 1, 2") == [
        (202602, 0, 123_45, 123_45)
    ]


def line(code: str = "1110", amount: Any = 100, **more: Any) -> LineInput:
    return LineInput(find_account(code).stid, amount, **more)


@dataclass
class Bad:
    """An input that must be refused, where it differs from a good one, and what is said of it."""

    lines: Any = None
    field: str = ""
    error: type[BooksError] = BadInput
    more: Any = None


BAD: dict[str, Bad] = {
    "unbalanced": Bad(lambda: [line(), line("4100", -99)], "lines", NotBalanced),
    "empty": Bad(list, "lines"),
    "one line": Bad(lambda: [line()], "lines"),
    "one line of zero": Bad(lambda: [line(amount=0)], "lines"),
    "nothing but zeros": Bad(lambda: [line(amount=0), line("4100", 0)], "lines"),
    "10**18": Bad(lambda: [line(amount=LIMIT), line("4100", -LIMIT)], "lines.1.amount"),
    "-10**18": Bad(lambda: [line(amount=-LIMIT), line("4100", LIMIT)], "lines.1.amount"),
    "a sum beyond 64 bits that wraps to zero": Bad(
        lambda: [line(amount=LIMIT - 1)] * 18 + [line(amount=446744073709551634)],
        "lines",
        NotBalanced,
    ),
    "a float": Bad(lambda: [line(amount=100.0), line("4100", -100)], "lines.1.amount"),
    "NaN": Bad(lambda: [line(amount=float("nan")), line("4100", -100)], "lines.1.amount"),
    "a Decimal": Bad(lambda: [line(amount=Decimal(1)), line("4100", -1)], "lines.1.amount"),
    "a boolean": Bad(lambda: [line(amount=True), line("4100", -1)], "lines.1.amount"),
    "text": Bad(lambda: [line(amount="100"), line("4100", -100)], "lines.1.amount"),
    "unknown account": Bad(lambda: [line(), LineInput(9999, -100)], "lines.2.account"),
    "account as text": Bad(lambda: [line(), LineInput("71", -100)], "lines.2.account"),
    "account 2**63": Bad(lambda: [line(), LineInput(2**63, -100)], "lines.2.account"),
    "group": Bad(lambda: [line("1000"), line("4100", -100)], "lines.1.account"),
    "quantity without commodity": Bad(
        lambda: [line(quantity=Decimal(1)), line("4100", -100)], "lines.1.quantity"
    ),
    "commodity without quantity": Bad(
        lambda: [line(commodity="USD"), line("4100", -100)], "lines.1.quantity"
    ),
    "quantity NaN": Bad(
        lambda: [line(quantity=Decimal("NaN"), commodity="USD"), line("4100", -100)],
        "lines.1.quantity",
    ),
    "quantity of 19 decimals": Bad(
        lambda: [line(quantity=Decimal("1e-19"), commodity="X"), line("4100", -100)],
        "lines.1.quantity",
    ),
    "quantity of 1e400": Bad(
        lambda: [line(quantity=Decimal("1e400"), commodity="X"), line("4100", -100)],
        "lines.1.quantity",
    ),
    "quantity as float": Bad(
        lambda: [line(quantity=1.5, commodity="X"), line("4100", -100)], "lines.1.quantity"
    ),
    "register without row": Bad(
        lambda: [line(register="customer"), line("4100", -100)], "lines.1.register"
    ),
    "a customer that isn't there": Bad(
        lambda: [line(), line("4100", -100, register="customer", register_stid=99)],
        "lines.2.register",
    ),
    "a register that isn't there": Bad(
        lambda: [line(register="ghost", register_stid=1), line("4100", -100)], "lines.1.register"
    ),
    "line text with NUL": Bad(lambda: [line(text="a\0b"), line("4100", -100)], "lines.1.text"),
    "half a surrogate": Bad(lambda: [line(text="\ud800"), line("4100", -100)], "lines.1.text"),
    "text of 10,000": Bad(more={"text": "x" * 10_000}, field="text"),
    "text that isn't": Bad(more={"text": 5}, field="text"),
    "reference over two lines": Bad(more={"reference": "a\nb"}, field="reference"),
    "unknown book": Bad(more={"book": 999}, field="book"),
    "book as text": Bad(more={"book": "GJ"}, field="book"),
    "no date": Bad(more={"date": None}, field="date"),
    "date as text": Bad(more={"date": "2026-02-28"}, field="date"),
    "date and time": Bad(more={"date": datetime.datetime(2026, 2, 28)}, field="date"),  # noqa: DTZ001
    "Buddhist year as it is": Bad(more={"date": datetime.date(2569, 2, 28)}, field="date"),
    "year 1": Bad(more={"date": datetime.date(1, 1, 1)}, field="date"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_by_name_and_changes_nothing(acme: None, case: Bad) -> None:
    """Each bad voucher gets an error that names the field, and not one row of the books differs."""
    post_sale()
    before = everything()
    given = sale()
    if case.lines is not None:
        given = replace(given, lines=case.lines())
    given = replace(given, **(case.more or {}))
    with pytest.raises(case.error) as caught:
        post_input(given, by=BY)
    assert isinstance(caught.value, BadInput)
    assert caught.value.field == case.field
    assert str(caught.value).startswith("acme: ")
    assert everything() == before
    assert post_sale().number == "GJ-2026-000002"


def test_inactive_accounts_and_books_take_nothing(acme: None) -> None:
    """What was made inactive takes no new postings; what else there is does."""
    change_account(find_account("4100").stid, by=BY, active=False)
    with pytest.raises(BadInput, match="4100, which is inactive"):
        post_sale()
    change_account(find_account("4100").stid, by=BY, active=True)
    change_book(find_book("GJ").stid, by=BY, active=False)
    with pytest.raises(BadInput, match="GJ is inactive"):
        post_sale()
    assert post_sale(book="SJ").number == "SJ-2026-000001"


def about(kind: str, stid: int) -> VoucherInput:
    """A sale whose first line names a register row."""
    first, second = sale().lines
    return replace(sale(), lines=[replace(first, register=kind, register_stid=stid), second])


def test_rows_of_registers_are_asked_for_wherever_lines_come_in(acme: None) -> None:
    """Batches name the voucher; a draft whose row isn't there (any more) stays a draft."""
    good, bad = about("customer", customer()), about("supplier", 1)
    draft = save_draft(good, by=BY)
    rows("UPDATE drafts SET lines = replace(lines, 'stid\":1}', 'stid\":9}')")
    before = everything()
    with pytest.raises(BadInput, match="supplier 1, which isn't in the registers") as caught:
        post_many([(good, None), (good, None), (bad, None)], by=BY)
    assert (caught.value.index, caught.value.field) == (2, "lines.1.register")
    with pytest.raises(BadInput, match="customer 9"):
        post(draft.id, by=BY)
    assert everything() == before


def test_an_inactive_customer_s_vouchers_post(acme: None) -> None:
    """Who isn't traded with any more still pays what is open; accounts and books are otherwise."""
    stid = customer()
    draft = save_draft(about("customer", stid), by=BY)
    Customer.change(stid, active=False)
    assert post(draft.id, by=BY).number == "GJ-2026-000001"
    assert post_input(about("customer", stid), by=BY).number == "GJ-2026-000002"


def test_registers_are_asked_once_a_call_and_only_where_lines_name_one(
    acme: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred vouchers about two registers are two queries; those about none are none."""
    kinds = [("customer", customer()), ("supplier", int(Supplier.add(code="S", name="S").stid))]
    registers = current_store("registers")
    execute, asked = registers.execute_sql, []

    def count(sql: str, params: Any = ()) -> Any:
        asked.append(sql)
        return execute(sql, params)

    monkeypatch.setattr(registers, "execute_sql", count)
    post_many([(about(*kinds[n % 2]), None) for n in range(100)], by=BY)
    assert len(asked) == 2
    post_many([(sale(), None)] * 3, by=BY)
    post(save_draft(sale(), by=BY).id, by=BY)
    assert len(asked) == 2


def test_an_account_of_one_commodity_takes_no_other(acme: None) -> None:
    """An account in dollars takes dollars, and amounts alone for their revaluation."""
    account = add_account(
        "1125", "Bank, USD", by=BY, parent=find_account("1100").stid, commodity="USD"
    )
    dollars = LineInput(account.stid, 3500, quantity=Decimal("100.00"), commodity="USD")
    good = voucher("2026-02-03", ("1110", -3500), ("1110", 0))
    post_input(replace(good, lines=[dollars, good.lines[0]]), by=BY)
    post_input(replace(good, lines=[LineInput(account.stid, 50), line("4900", -50)]), by=BY)
    euros = replace(dollars, commodity="EUR")
    with pytest.raises(BadInput, match="takes USD alone"):
        post_input(replace(good, lines=[euros, good.lines[0]]), by=BY)


@pytest.mark.parametrize(
    "quantity", ["0.000000000000000001", "-12.50", "999999999999999999", "1e3"]
)
def test_quantities_stay_exact(acme: None, quantity: str) -> None:
    """A quantity comes back as the same number, whatever its scale."""
    given = replace(
        sale(),
        lines=[
            line(amount=0, quantity=Decimal(quantity), commodity="VACHR"),
            line("4100", 0),
        ],
    )
    view = get_voucher(post_input(given, by=BY).id)
    assert view.lines[0].quantity == Decimal(quantity)


def test_the_greatest_amounts_post_and_turnover_has_an_end(acme: None) -> None:
    """999,999,999,999,999,999 posts; past 4·10^18 of debits altogether nothing does, so no sum overflows."""
    greatest = LIMIT - 1
    for _ in range(4):
        post_sale(amount=greatest)
    before = everything()
    with pytest.raises(BadInput, match="exceed"):
        post_sale(amount=greatest)
    assert everything() == before
    post_sale(amount=4)
    assert rows("SELECT sum(debit), sum(credit) FROM balances") == [(4 * LIMIT, 4 * LIMIT)]


def test_a_voucher_may_have_thousands_of_lines(acme: None) -> None:
    """More lines than one statement takes are all there, in order."""
    lines = [line(amount=n) for n in range(1, 3001)]
    lines.append(line("4100", -sum(one.amount for one in lines)))
    view = get_voucher(post_input(replace(sale(), lines=lines), by=BY).id)
    assert [one.amount for one in view.lines[:-1]] == list(range(1, 3001))
    assert [one.n for one in view.lines] == list(range(1, 3002))


def test_the_same_key_gives_the_earlier_outcome(acme: None) -> None:
    """A double submit posts once; the second answer is the first, and says so."""
    first = post_input(sale(), by=BY, key="form-1")
    before = everything()
    again = post_input(sale(), by=BY, key="form-1")
    assert (again.id, again.number, again.chain_hash) == (first.id, first.number, first.chain_hash)
    assert (first.repeated, again.repeated) == (False, True)
    assert everything() == before


def at_once(router: Router, work: Callable[[], Any], threads: int = 8) -> list[Any]:
    """What ``work`` gives, or the code of its error, in so many threads that start together."""
    start = threading.Barrier(threads)
    outcomes: list[Any] = []

    def run() -> None:
        start.wait(timeout=30)
        try:
            outcomes.append(work())
        except BooksError as error:
            outcomes.append(error.code)

    running = [router.start_thread(run, tenant="acme") for _ in range(threads)]
    for thread in running:
        thread.join(timeout=60)
    return outcomes


def test_of_the_same_key_at_once_one_posts(acme: None, router: Router) -> None:
    """Eight submits of one form at the same moment: one voucher, and all eight get its number."""
    outcomes = at_once(router, lambda: post_input(sale(), by=BY, key="form-1"))
    assert {one.number for one in outcomes} == {"GJ-2026-000001"}
    assert sorted(one.repeated for one in outcomes) == [False] + [True] * 7
    assert rows("SELECT count(*) FROM vouchers") == [(1,)]


def test_of_postings_of_a_draft_at_once_one_wins(acme: None, router: Router) -> None:
    """Without a key the others are told that it is posted."""
    draft = save_draft(sale(), by=BY)
    outcomes = at_once(router, lambda: post(draft.id, by=BY).number)
    assert sorted(outcomes) == ["GJ-2026-000001"] + ["conflict"] * 7
    assert rows("SELECT count(*) FROM vouchers") == [(1,)]


def test_the_same_key_for_something_else_is_a_conflict(acme: None) -> None:
    """A key that was used with other content is refused, whatever asks."""
    post_input(sale(amount=1), by=BY, key="form-1")
    draft = save_draft(sale(), by=BY)
    before = everything()
    with pytest.raises(Conflict, match="GJ-2026-000001"):
        post_input(sale(amount=2), by=BY, key="form-1")
    with pytest.raises(Conflict, match="GJ-2026-000001"):
        post(draft.id, by=BY, key="form-1")
    assert everything() == before


@pytest.mark.parametrize("key", ["", "  ", "x" * 300, "a\nb", 7])
def test_bad_keys_are_refused(acme: None, key: Any) -> None:
    """An empty, overlong or unprintable key isn't taken for none."""
    with pytest.raises(BadInput):
        post_input(sale(), by=BY, key=key)
    assert rows("SELECT count(*) FROM vouchers") == [(0,)]


def test_a_draft_posts_under_its_id_and_is_gone_as_a_draft(acme: None) -> None:
    """A voucher has one id all its life."""
    draft = save_draft(sale(text="Fish sauce"), by=BY)
    posted = post(draft.id, by=BY, key="k")
    assert (posted.id, posted.text, posted.date) == (draft.id, "Fish sauce", day("2026-02-03"))
    assert rows("SELECT count(*) FROM drafts") == [(0,)]
    assert post(draft.id, by=BY, key="k").number == posted.number
    with pytest.raises(Conflict, match="posted as GJ-2026-000001"):
        post(draft.id, by=BY)
    with pytest.raises(NotFound):
        post(999, by=BY)


def test_a_draft_that_may_not_post_stays_a_draft(acme: None) -> None:
    """An unbalanced draft is kept as it is, and uses no number."""
    draft = save_draft(voucher("2026-02-03", ("1110", 5)), by=BY)
    before = everything()
    with pytest.raises(BadInput):
        post(draft.id, by=BY)
    assert everything() == before
    with pytest.raises(Conflict, match="changed by test"):
        post(draft.id, by=BY, version=7)


def test_many_vouchers_post_together_or_not_at_all(acme: None) -> None:
    """One bad voucher among many undoes the rest, and the error says which one it was."""
    before = everything()
    many: list[tuple[VoucherInput, str | None]] = [(sale(amount=n), f"k{n}") for n in range(1, 6)]
    bad = replace(sale(), lines=[line(), line("1000", -100)])
    with pytest.raises(BadInput) as caught:
        post_many([*many, (bad, None)], by=BY)
    assert caught.value.index == 5
    assert everything() == before
    done: list[int] = []
    outcomes = post_many(many, by=BY, progress=done.append)
    assert done == [1, 2, 3, 4, 5]
    assert [one.number for one in outcomes] == [f"GJ-2026-{n:06d}" for n in range(1, 6)]
    again = post_many([*many, (sale(amount=9), "k9")], by=BY)
    assert [one.repeated for one in again] == [True] * 5 + [False]
    assert post_many([], by=BY) == []


@pytest.mark.parametrize("level", ["none", "read"])
def test_posting_takes_the_right_to_add(acme: None, level: Any) -> None:
    """Who may not add, posts nothing by any way in."""
    by = Actor(
        "u1", "Somchai", {"ledger": level}, may_freeze=True, may_close=True, administers=True
    )
    draft = save_draft(sale(), by=BY)
    before = everything()
    for act in (
        lambda: post(draft.id, by=by),
        lambda: post_input(sale(), by=by),
        lambda: post_many([(sale(), None)], by=by),
    ):
        with pytest.raises(NotAllowed, match="Somchai"):
            act()
    assert everything() == before
    adder = replace(by, levels={"ledger": "add"})
    post(draft.id, by=adder)
    assert get_voucher(draft.id).by_name == "Somchai"


def test_a_posting_inside_a_transaction_that_fails_is_undone_with_it(acme: None) -> None:
    """Posting joins the caller's transaction, number and balances included."""
    before = everything()

    with pytest.raises(Undo):
        post_and_undo()
    assert everything() == before
    assert balances() == {}
