"""Recurring vouchers: templates, what they come to on a day, and one voucher for each slot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from ledgers import BY, TODAY, books, customer, post_sale, rows, voucher
from models.accounts import change_account, delete_account, find_account
from models.actors import Actor
from models.check import check_company
from models.drafts import delete_draft, get_draft, save_draft
from models.errors import (
    BadInput,
    BooksError,
    Conflict,
    NotAllowed,
    NotBalanced,
    NotFound,
    PeriodClosed,
    PeriodFrozen,
)
from models.inputs import VoucherInput
from models.journals import change_book, find_book
from models.months import close_month, freeze_month
from models.posted import Voucher
from models.posting import post, post_input
from models.recurring.days import voucher_date
from models.recurring.figures import Books
from models.recurring.runs import make_voucher, runs_of
from models.recurring.template import (
    add_template,
    change_template,
    delete_template,
    get_template,
    list_templates,
)
from models.recurring.texts import filled
from models.recurring.working import previews, worked_out
from models.reversing import reverse
from recurring import SERVER, day, given, line, template
from tenants import Router

CASH, BANK, SALES, RENT, POWER, PHONE = "1110", "1120", "4100", "6200", "6210", "6220"


@pytest.fixture(autouse=True)
def acme(router: Router) -> Iterator[None]:
    """The books of a company of the general template, in dollars and cents."""
    with books(router):
        yield


def rent(**more: Any) -> Any:
    """One thousand a month, from the bank."""
    return template(line(RENT, "1000"), line(BANK, "rest", "credit"), **more)


def amounts(made: VoucherInput) -> list[int]:
    return [each.amount for each in made.lines]


# What is kept


def test_a_template_is_kept_changed_and_deleted() -> None:
    """Its number isn't given again, and its version grows."""
    kept = rent(reference="R-{month}", language="th")
    assert get_template(kept.stid).as_input() == given(
        line(RENT, "1000"), line(BANK, "rest", "credit"), reference="R-{month}", language="th"
    )
    changed = msgspec.structs.replace(kept.as_input(), name="Lease", posts=False)
    assert change_template(kept.stid, changed, by=BY, version=1).version == 2
    assert get_template(kept.stid).as_input() == changed
    with pytest.raises(Conflict, match="changed by test meanwhile"):
        change_template(kept.stid, changed, by=BY, version=1)
    delete_template(kept.stid, by=BY)
    assert list_templates() == []
    with pytest.raises(NotFound):
        get_template(kept.stid)
    assert rent().stid == kept.stid + 1


def test_templates_are_made_by_who_may_post() -> None:
    """Reading isn't enough to make one, adding not to change one, editing not to delete one."""
    reader, adder, editor = (
        Actor("u", "u", {"ledger": level}) for level in ("read", "add", "edit")
    )
    plain = given(line(RENT, "1"), line(BANK, "rest", "credit"))
    with pytest.raises(NotAllowed):
        add_template(plain, by=reader)
    kept = add_template(plain, by=adder)
    with pytest.raises(NotAllowed):
        change_template(kept.stid, plain, by=adder, version=1)
    change_template(kept.stid, plain, by=editor, version=1)
    with pytest.raises(NotAllowed):
        delete_template(kept.stid, by=editor)
    with pytest.raises(NotAllowed):
        make_voucher(kept.stid, day("2026-02-01"), by=reader)


def wrong(field: str, said: str, **how: Any) -> Any:
    return pytest.param(how, field, said, id=f"{field}: {said}")


BAD = [
    wrong("name", "missing", name="  "),
    wrong("name", "longer", name="x" * 201),
    wrong("date_rule", "which date", date_rule="tomorrow"),
    wrong("language", "language", language="xx"),
    wrong("text", "longer", text="x" * 2001),
    wrong("text", "no placeholder", text="{moonth}"),
    wrong("text", "no placeholder", text="{0.__class__}"),
    wrong("text", "no placeholder", text="{year:>1000000000}"),
    wrong("reference", "no placeholder", reference="{}"),
    wrong("lines.1.text", "no placeholder", lines=[(RENT, "1", "debit", {"text": "{x}"}), (BANK, "rest", "credit")]),
    wrong("lines", "from 2 to 200", lines=[(RENT, "1", "debit")]),
    wrong("lines", "from 2 to 200", lines=[(RENT, "1", "debit")] * 201),
    wrong("lines", "20.00 more than credits", lines=[(RENT, "100", "debit"), (BANK, "80", "credit")]),
    wrong("lines", "0.01 more than debits", lines=[(RENT, "100", "debit"), (BANK, "300 / 3 + .01", "credit")]),
    wrong("lines.2.amount", "Only one line", lines=[(RENT, "rest", "debit"), (BANK, "Rest", "credit")]),
    wrong("lines.1.amount", "1 / 0 divides by zero", lines=[(RENT, "1 / 0", "debit"), (BANK, "rest", "credit")]),
    wrong("lines.1.amount", "more than books", lines=[(RENT, "1" + "0" * 18, "debit"), (BANK, "rest", "credit")]),
    wrong("lines.1.amount", "ends where", lines=[(RENT, "1 +", "debit"), (BANK, "rest", "credit")]),
    wrong("lines.2.amount", "account 9999", lines=[(RENT, "rest", "debit"), (BANK, 'balance("9999")', "credit")]),
    wrong("lines.1.account", "is a group", lines=[("1000", "1", "debit"), (BANK, "rest", "credit")]),
    wrong("lines.1.register", "isn't in the registers",
          lines=[(RENT, "1", "debit", {"register": "customer", "register_stid": 9}), (BANK, "rest", "credit")]),
]  # fmt: skip


@pytest.mark.parametrize(("how", "field", "said"), BAD)
def test_what_can_never_make_a_voucher_is_refused(how: Any, field: str, said: str) -> None:
    """With the field that it is about, and nothing is kept."""
    wanted = how.pop("lines", [(RENT, "1", "debit"), (BANK, "rest", "credit")])
    lines = [line(*each[:3], **(each[3] if len(each) > 3 else {})) for each in wanted]
    with pytest.raises(BadInput, match=said) as caught:
        template(*lines, **how)
    assert caught.value.field == field
    assert list_templates() == []


# What it comes to


@pytest.mark.parametrize(
    ("rule", "slot", "date"),
    [
        ("same_day", "2026-01-31", "2026-01-31"),
        ("month_start", "2026-01-31", "2026-01-01"),
        ("month_end", "2024-02-01", "2024-02-29"),
        ("month_end", "2026-02-28", "2026-02-28"),
        ("previous_month_end", "2024-03-31", "2024-02-29"),
        ("previous_month_end", "2026-01-01", "2025-12-31"),
        ("next_month_start", "2025-12-05", "2026-01-01"),
        ("next_month_end", "2026-01-31", "2026-02-28"),
        ("next_month_end", "2025-12-31", "2026-01-31"),
    ],
)
def test_dates_follow_the_calendar(rule: str, slot: str, date: str) -> None:
    """Over ends of months, of years, and leap days."""
    assert voucher_date(rule, day(slot)) == day(date)


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Rent for {month_name} {year}", "en", "Rent for February 2026"),
        ("ค่าเช่าเดือน{month_name} {year}", "th", "ค่าเช่าเดือนกุมภาพันธ์ 2569"),
        ("{date}", "en", "5 February 2026"),
        ("{date}", "th", "5 กุมภาพันธ์ 2569"),
        ("R-{year}{month}-{day}", "en", "R-202602-05"),
        ("R-{year_be}/{month}, {year_ce}", "en", "R-2569/02, 2026"),
        ("{month_short}", "th", "ก.พ."),
        ("{ {year} } 100 % {", "en", "{ 2026 } 100 % {"),
    ],
)
def test_placeholders_are_filled_in_by_the_date(text: str, language: str, said: str) -> None:
    """In the template's language, with the era that goes with it."""
    assert filled(text, day("2026-02-05"), language) == said


def test_amounts_are_worked_out_and_the_rest_balances() -> None:
    """1,000 / 3 is 333.33 twice, and 333.34 is what is left."""
    made = worked_out(
        given(
            line(RENT, "1000 / 3"),
            line(POWER, "1000 / 3"),
            line(PHONE, "rest", "debit"),
            line(BANK, "1000", "credit"),
        ),
        day("2026-02-01"),
        by=SERVER,
    )
    assert amounts(made) == [33333, 33333, 33334, -100000]


def test_what_is_negative_goes_to_the_other_side_and_nothing_is_left_out() -> None:
    """-5 on the debit side is a credit; a line of 0.00 isn't there."""
    made = worked_out(
        given(line(RENT, "-5"), line(POWER, "0.001"), line(BANK, "rest", "credit")),
        day("2026-02-01"),
        by=SERVER,
    )
    assert amounts(made) == [-500, 500]


def test_balances_are_those_of_the_vouchers_date() -> None:
    """300.00 by 28 February, 700.00 by 31 March; of March alone 400.00, and by the 15th nothing of it."""
    post_sale("2026-02-10", 30000)
    post_sale("2026-03-20", 40000)
    for date, balance, movement in (
        ("2026-02-09", "0", "0"),
        ("2026-02-28", "300", "300"),
        ("2026-03-15", "300", "0"),
        ("2026-03-20", "700", "400"),
        ("2026-04-01", "700", "0"),
    ):
        found = Books(day(date), 2)
        assert (found.balance(CASH), found.movement(CASH)) == (int(balance), int(movement)), date
        assert found.balance("4000") == -int(balance)  # the group above SALES


def test_a_balance_is_carried_over() -> None:
    """All that the till holds at the month's end goes to the bank."""
    post_sale("2026-02-10", 12345)
    made = worked_out(
        given(
            line(BANK, "rest"), line(CASH, f'balance("{CASH}")', "credit"), date_rule="month_end"
        ),
        day("2026-02-05"),
        by=SERVER,
    )
    assert (amounts(made), made.date) == ([12345, -12345], day("2026-02-28"))


def test_previous_is_the_amount_of_the_voucher_before() -> None:
    """1,000.00, then 5 % more each month: 1,050.00, 1,102.50, 1,157.63 (of 1,157.625)."""
    kept = template(line(RENT, "previous(1000 / 1.05) * 1.05"), line(BANK, "rest", "credit"))
    for month in (2, 3, 4, 5):
        make_voucher(kept.stid, day(f"2026-0{month}-01"), by=SERVER)
    found = rows("SELECT amount FROM lines WHERE amount > 0 ORDER BY voucher_id")
    assert found == [(100000,), (105000,), (110250,), (115763,)]


def test_previous_never_is_the_slots_own_voucher() -> None:
    """Looked at again once it is made, the first month is what it was: 1,000.00; the next one 1,050.00."""
    kept = template(line(RENT, "previous(1000 / 1.05) * 1.05"), line(BANK, "rest", "credit"))
    make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    slots = [day("2026-02-01"), day("2026-03-01")]
    found = previews(kept.as_input(), slots, by=SERVER, template=kept.stid)
    assert [each.voucher and amounts(each.voucher)[0] for each in found] == [100000, 105000]


def test_previous_is_what_a_person_made_of_the_draft() -> None:
    """Somebody corrects the draft to 80.00, whose half is 40.00; a draft that is deleted doesn't count."""
    kept = template(line(RENT, "previous(100) / 2"), line(BANK, "rest", "credit"), posts=False)
    first = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    corrected = voucher("2026-02-01", (BANK, -8000), (RENT, 8000))
    save_draft(corrected, by=BY, voucher_id=first.voucher_id, version=1)
    for slot in ("2026-03-01", "2026-04-01"):
        made = make_voucher(kept.stid, day(slot), by=SERVER)
        assert amounts(get_draft(made.voucher_id).as_input()) == [4000, -4000]
        delete_draft(made.voucher_id, by=BY)


def test_previous_tells_lines_of_one_account_apart_by_their_place_and_party() -> None:
    """Two lines on one account, and one on it for a customer, each go on from their own amount."""
    of_customer = {"register": "customer", "register_stid": customer()}
    kept = template(
        line(RENT, "previous(10) + 1"),
        line(RENT, "previous(20) + 1"),
        line(RENT, "previous(30) + 1", **of_customer),
        line(BANK, "rest", "credit"),
    )
    make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    second = make_voucher(kept.stid, day("2026-03-01"), by=SERVER)
    found = rows("SELECT amount FROM lines WHERE voucher_id = ? ORDER BY n", second.voucher_id)
    assert found == [
        (1200,),
        (2200,),
        (3200,),
        (-6600,),
    ]  # 10, 20 and 30 the first time; 11, 21, 31; 12, 22, 32


# Made once


def test_a_voucher_is_posted_as_the_server() -> None:
    """With its texts filled in, under the server's own name, and the books are sound."""
    kept = rent(text="Rent for {month_name}", reference="R{month}", date_rule="month_end")
    made = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    found = Voucher.get_by_id(made.voucher_id)
    assert (found.date, found.text, found.reference) == (
        day("2026-02-28"),
        "Rent for February",
        "R02",
    )
    assert (found.posted_by, found.posted_by_name) == (
        "system:schedule:recurring",
        "schedule:recurring",
    )
    assert found.key == f"recurring:{kept.stid}:2026-02-01"
    ((run, again),) = runs_of(kept.stid)
    assert (run.made_by, run.posted, again.number) == (
        "system:schedule:recurring",
        True,
        found.number,
    )


def test_a_draft_is_left_where_the_template_says_so() -> None:
    """It waits for somebody to post it, and nothing is in the books yet."""
    kept = rent(posts=False)
    made = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    assert made.number == ""
    assert get_draft(made.voucher_id).created_by == "system:schedule:recurring"
    assert Voucher.select().count() == 0


@pytest.mark.parametrize("posts", [True, False])
def test_a_slot_is_made_once_though_the_amounts_are_others_by_then(posts: bool) -> None:
    """By the server, by a person, before and after the template was changed: the first outcome is told."""
    kept = rent(posts=posts)
    first = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    dearer = given(line(RENT, "2000"), line(BANK, "rest", "credit"), posts=not posts)
    change_template(kept.stid, dearer, by=BY, version=1)
    again = make_voucher(kept.stid, day("2026-02-01"), by=BY, anew=True)
    assert (again.voucher_id, again.number, again.repeated) == (
        first.voucher_id,
        first.number,
        True,
    )
    assert rows("SELECT (SELECT count(*) FROM vouchers) + (SELECT count(*) FROM drafts)") == [(1,)]
    assert make_voucher(kept.stid, day("2026-03-01"), by=SERVER).voucher_id != first.voucher_id


def test_a_draft_that_was_posted_or_reversed_is_not_made_again() -> None:
    """What became of the voucher is people's business."""
    kept = rent(posts=False)
    made = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    posted = post(made.voucher_id, by=BY, key="form")
    reverse(posted.id, date=day("2026-02-02"), by=BY, reason="Moved out")
    again = make_voucher(kept.stid, day("2026-02-01"), by=SERVER, anew=True)
    assert (again.voucher_id, again.number, again.repeated) == (posted.id, posted.number, True)


def test_a_draft_that_was_deleted_is_made_again_by_a_person_alone() -> None:
    """The server leaves it at that; who asks for it by hand gets it, once."""
    kept = rent(posts=False)
    made = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    delete_draft(made.voucher_id, by=BY)
    told = make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    assert (told.is_there, told.repeated, rows("SELECT count(*) FROM drafts")) == (
        False,
        True,
        [(0,)],
    )
    anew = make_voucher(kept.stid, day("2026-02-01"), by=BY, anew=True)
    assert (anew.is_there, anew.repeated) == (True, False)
    assert (
        make_voucher(kept.stid, day("2026-02-01"), by=BY, anew=True).voucher_id == anew.voucher_id
    )
    assert [run.made_by for run, _ in runs_of(kept.stid)] == [BY.user_id]


@pytest.mark.parametrize("posts", [True, False])
def test_threads_that_make_one_slot_at_once_make_one_voucher(router: Router, posts: bool) -> None:
    """Each of eight is told of the same voucher, and one of them made it."""
    kept = rent(posts=posts)
    barrier, told, errors = threading.Barrier(8), [], []

    def make() -> None:
        try:
            with router.using("acme"):
                barrier.wait(10)
                told.append(make_voucher(kept.stid, day("2026-02-01"), by=SERVER))
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({made.voucher_id for made in told}) == 1
    assert sorted(made.repeated for made in told) == [False] + [True] * 7
    assert rows("SELECT (SELECT count(*) FROM vouchers) + (SELECT count(*) FROM drafts)") == [(1,)]


def test_a_template_that_was_deleted_makes_nothing() -> None:
    """And what was made of it stays."""
    kept = rent()
    make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    delete_template(kept.stid, by=BY)
    with pytest.raises(NotFound, match="no longer there"):
        make_voucher(kept.stid, day("2026-03-01"), by=SERVER)
    assert Voucher.select().count() == 1


def test_a_key_that_somebody_else_used_is_told() -> None:
    """Who posts under the key of a slot to come keeps its voucher from being made, and the server says so."""
    kept = rent()
    squatter = voucher("2026-02-01", (CASH, 1), (SALES, -1))
    post_input(squatter, by=BY, key=f"recurring:{kept.stid}:2026-02-01")
    save_draft(squatter, by=BY, key=f"recurring:{kept.stid}:2026-03-01")
    with pytest.raises(Conflict, match="sent before with other content"):
        make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    assert make_voucher(kept.stid, day("2026-03-01"), by=SERVER).number
    assert make_voucher(kept.stid, day("2026-04-01"), by=SERVER).number


# What is in the way


def _close_rent() -> None:
    change_account(find_account(RENT).stid, by=BY, active=False)


def _delete_rent() -> None:
    delete_account(find_account(RENT).stid, by=BY)


def _close_book() -> None:
    change_book(find_book("GJ").stid, by=BY, active=False)


def _close_month() -> None:
    close_month(202602, by=BY, today=TODAY)


IN_THE_WAY: dict[str, tuple[Any, type[BooksError], str]] = {
    "an account that is inactive": (_close_rent, BadInput, f"names {RENT}, which is inactive"),
    "an account that is gone": (_delete_rent, BadInput, "isn't in these books"),
    "a book that is inactive": (_close_book, BadInput, "GJ is inactive"),
    "a month that is frozen": (lambda: freeze_month(202602, by=BY), PeriodFrozen, "2026-02 is frozen"),
    "a month that is closed": (_close_month, PeriodClosed, "2026-02 is closed"),
}  # fmt: skip


@pytest.mark.parametrize("posts", [True, False])
@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_in_the_way_is_said_and_changes_nothing(what: str, posts: bool) -> None:
    """For drafts as for vouchers; once it is out of the way, the same slot is made."""
    kept = rent(posts=posts)
    do, error, said = IN_THE_WAY[what]
    do()
    before = rows("SELECT count(*) FROM recurring_runs"), rows("SELECT * FROM ledger_state")
    with pytest.raises(error, match=said):
        make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    assert before == (
        rows("SELECT count(*) FROM recurring_runs"),
        rows("SELECT * FROM ledger_state"),
    )
    assert rows("SELECT count(*) FROM drafts") == [(0,)]


FORMULAS = {
    "a division by zero": ("1 / (day - 1)", "divides by zero for the voucher of 2026-02-01"),
    "too much": ("999999999999999999 * year", "more than books can hold"),
    "an account that is gone": (f'balance("{SALES}")', f"names an account {SALES}, and there is none"),
    "nothing before": ("previous", "no voucher before"),
}  # fmt: skip


@pytest.mark.parametrize("what", FORMULAS)
def test_formulas_that_come_to_nothing_fail(what: str) -> None:
    """With what is wrong in words, and nothing made."""
    formula, said = FORMULAS[what]
    kept = template(line(RENT, formula), line(BANK, "rest", "credit"))
    if SALES in formula:
        change_account(find_account(SALES).stid, by=BY, code="4109")
    with pytest.raises(BadInput, match=said):
        make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    assert runs_of(kept.stid) == []


def test_what_does_not_balance_fails() -> None:
    """28 against 31 days: 3.00 are lacking."""
    kept = template(line(RENT, "31"), line(BANK, "days_in_month", "credit"))
    with pytest.raises(NotBalanced, match=r"Debits are 3\.00 more"):
        make_voucher(kept.stid, day("2026-02-01"), by=SERVER)
    assert make_voucher(kept.stid, day("2026-03-01"), by=SERVER).number


def test_nothing_but_zeros_fails() -> None:
    """A till that is empty has nothing to be carried over."""
    kept = template(line(BANK, "rest"), line(CASH, f'balance("{CASH}")', "credit"))
    with pytest.raises(BadInput, match="All amounts come to zero for the voucher of 2026-02-01"):
        make_voucher(kept.stid, day("2026-02-01"), by=SERVER)


# Previews and checks


def test_previews_show_what_would_be_made_and_what_is_in_the_way() -> None:
    """As the books are now, and without writing to them."""
    kept = rent(text="Rent {month}")
    freeze_month(202603, by=BY)
    found = previews(
        kept.as_input(), [day("2026-02-01"), day("2026-03-01")], by=SERVER, template=kept.stid
    )
    assert found[0].voucher is not None
    assert (found[0].voucher.text, amounts(found[0].voucher)) == ("Rent 02", [100000, -100000])
    assert isinstance(found[1].error, PeriodFrozen)
    assert rows("SELECT count(*) FROM vouchers") == [(0,)]


def test_books_with_recurring_vouchers_pass_the_audit(router: Router) -> None:
    """Templates made, changed and deleted, vouchers and drafts made of them: all of it is under seal."""
    kept, drafted = rent(), rent(posts=False)
    change_template(kept.stid, kept.as_input(), by=BY, version=1)
    for slot in ("2026-02-01", "2026-03-01"):
        make_voucher(kept.stid, day(slot), by=SERVER)
        delete_draft(make_voucher(drafted.stid, day(slot), by=SERVER).voucher_id, by=BY)
    make_voucher(drafted.stid, day("2026-03-01"), by=BY, anew=True)
    delete_template(drafted.stid, by=BY)
    post_input(voucher("2026-03-02", (CASH, 1), (SALES, -1)), by=BY)
    assert check_company(router, "acme") == []
