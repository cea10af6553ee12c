"""An import posts a whole batch or nothing, and a second time it adds nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.accounts import account_tree, change_account, find_account
from models.actors import Actor
from models.check import check_company
from models.companies import create_company
from models.errors import NotAllowed
from models.importing import (
    ImportAccount,
    ImportBatch,
    ImportEntry,
    ImportLine,
    ImportRefused,
    import_batch,
)
from models.months import close_month, freeze_month
from models.reports.journal import journal
from models.reports.trial_balance import trial_balance
from models.reversing import reverse
from models.settings import books_settings
from models.vouchers import get_voucher
from models.years import close_year
from tenants import current_store

BY = Actor.system("import")
LAST = date(2099, 12, 31)

KINDS = {"Assets": "asset", "Liabilities": "liability", "Equity": "equity", "Income": "income",
         "Expenses": "expense"}  # fmt: skip


@pytest.fixture
def acme(router):
    """An entry of a company of the general template, in dollars."""
    create_company(router, slug="acme", name="Acme", template="general", currency="USD")
    with router.using("acme"):
        yield


def entry(line, *lines, day=date(2026, 1, 15), text="Text", **more):
    """An entry of pairs or fours: account, amount, quantity, commodity."""
    more.setdefault("fingerprint", f"print {line}")
    made = [ImportLine(account, Decimal(amount), *rest) for account, amount, *rest in lines]
    return ImportEntry(day, line, more.pop("payee", ""), text, lines=made, **more)


def batch(*entries, accounts=(), currency="USD"):
    """A batch that declares the accounts of its entries, and those besides."""
    names = dict.fromkeys([*accounts, *(line.account for e in entries for line in e.lines)])
    declared = [
        ImportAccount(name, KINDS[name.split(":")[0]], date(2020, 1, 1), number)
        for number, name in enumerate(names, 1)
    ]
    return ImportBatch(currency, declared, list(entries))


def pair(line=10, amount="5.00", **more):
    """The plainest entry."""
    return entry(line, ("Expenses:Food", amount), ("Assets:Cash", "-" + amount), **more)


def refused(given, **how):
    """What is wrong with a batch, by line; and that nothing was changed by it."""
    before = dump()
    with pytest.raises(ImportRefused) as caught:
        import_batch(given, **({"by": BY} | how))
    assert dump() == before
    return caught.value.problems


def dump():
    """Everything in the books, row by row."""
    store = current_store("books")
    tables = store.execute_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {
        name: store.execute_sql(f'SELECT * FROM "{name}"').fetchall()
        for (name,) in tables.fetchall()
    }


def balances():
    """Closing balance of each account by its code, zeros left out."""
    rows = trial_balance(None, LAST).rows
    return {row.code: row.own.closing for row in rows if row.own.closing}


def test_entries_become_vouchers(acme):
    """Date, texts and lines are those of the entry, under numbers of the general book."""
    result = import_batch(batch(pair(payee="Café", text="Lunch")), by=BY)
    assert (result.posted, result.first_number) == (1, "GJ-2026-000001")
    view = get_voucher(journal().rows[0].id)
    assert (view.date, view.text, view.by_name) == (date(2026, 1, 15), "Café | Lunch", "import")
    assert [(line.account_code, line.amount) for line in view.lines] == [
        ("Expenses:Food", 500),
        ("Assets:Cash", -500),
    ]


def test_the_same_batch_again_adds_nothing(acme, router):
    """Not even where it was posted in another order, or a voucher was reversed since."""
    import_batch(batch(pair(1), pair(2)), by=BY)
    reverse(1, by=BY, date=date(2026, 2, 1), reason="Mistake")
    before = dump()
    result = import_batch(batch(pair(2), pair(1)), by=BY)
    assert (result.posted, result.present, result.first_number) == (0, 2, "")
    assert dump() == before


def test_a_longer_batch_adds_what_is_new(acme):
    """Only the new entries are posted, into the accounts that are there."""
    import_batch(batch(pair(1)), by=BY)
    result = import_batch(batch(pair(1), pair(2, "7.00")), by=BY)
    assert (result.posted, result.present, result.accounts) == (1, 1, [])
    assert balances() == {"Expenses:Food": 1200, "Assets:Cash": -1200}


def test_a_dry_run_tells_all_and_changes_nothing(acme, router):
    """It gives the same result as the import that follows, and leaves no trace of its own."""
    given = batch(pair(1), pair(2, book="NEW"), entry(3, ("Assets:Cash", "0")))
    before = dump()
    told = import_batch(given, by=BY, dry_run=True)
    assert dump() == before
    done = import_batch(given, by=BY)
    assert told.dry_run
    assert not done.dry_run
    for name in set(done.__struct_fields__) - {"dry_run"}:
        assert getattr(told, name) == getattr(done, name), name
    assert (done.posted, done.empty, done.books) == (2, 1, ["NEW"])


def test_the_catalogue_knows_the_last_voucher(router):
    """The chain's head is anchored as after any posting, so that a cut tail would show."""
    create_company(router, slug="acme", name="Acme", template="general", currency="USD")
    with router.using("acme"):
        import_batch(batch(pair(1), pair(2)), by=BY)
    row = router.universal.execute_sql("SELECT chain_count FROM companies").fetchone()
    assert row == (2,)
    assert check_company(router, "acme") == []


def test_an_account_is_added_below_its_groups(acme):
    """Groups of the chart with that name are used, the others are added; codes are full names."""
    result = import_batch(batch(pair(), accounts=["Assets:US:Bank:Checking"]), by=BY)
    assert sorted(result.accounts) == ["Assets:Cash", "Assets:US:Bank:Checking", "Expenses:Food"]
    nodes = {node.stid: node for node in account_tree()}
    checking = next(node for node in nodes.values() if node.name == "Checking")
    bank = nodes[checking.parent_stid]
    us = nodes[bank.parent_stid]
    assert (checking.code, checking.is_group) == ("Assets:US:Bank:Checking", False)
    assert (bank.code, bank.is_group, us.name) == ("Assets:US:Bank", True, "US")
    assert nodes[us.parent_stid].code == "1000"


def test_accounts_are_found_again_however_they_are_renamed(acme):
    """By the code, or by the names from the top down."""
    import_batch(batch(pair(1)), by=BY)
    change_account(find_account("Expenses:Food").stid, by=BY, name="Meals", parent=None)
    change_account(find_account("Assets:Cash").stid, by=BY, code="1-234")
    assert import_batch(batch(pair(2)), by=BY).accounts == []
    assert balances() == {"Expenses:Food": 1000, "1-234": -1000}


def test_what_is_below_a_posted_account_stands_beside_it(acme):
    """Accounts that take postings are no groups, in the file and in the books."""
    both = entry(1, ("Expenses:Food", "5"), ("Expenses:Food:Out:Lunch", "3"), ("Assets:Cash", "-8"))
    import_batch(batch(both), by=BY)
    names = {node.code: (node.name, node.depth) for node in account_tree()}
    assert names["Expenses:Food"] == ("Food", 1)
    assert names["Expenses:Food:Out"] == ("Food:Out", 1)
    assert names["Expenses:Food:Out:Lunch"] == ("Lunch", 2)
    later = entry(2, ("Expenses:Food:Out:Lunch:Soup", "1"), ("Assets:Cash", "-1"))
    import_batch(batch(later), by=BY)
    assert balances()["Expenses:Food:Out:Lunch:Soup"] == 100


def test_what_is_posted_to_a_group_gets_an_account_in_it(acme):
    """A group of the books stays one; the same account is found the next time."""
    import_batch(batch(entry(1, ("Expenses:Food:Out", "1"), ("Assets:Cash", "-1"))), by=BY)
    onto = [entry(n, ("Expenses:Food", "2"), ("Assets:Cash", "-2")) for n in (2, 3)]
    first = import_batch(batch(onto[0]), by=BY)
    again = import_batch(batch(onto[1]), by=BY)
    assert (first.accounts, again.accounts) == (["Expenses:Food:(itself)"], [])
    assert balances()["Expenses:Food:(itself)"] == 400


def test_names_of_any_length_find_their_accounts(acme):
    """A code holds 40 characters; longer names end in a digest, and no two in the same."""
    names = ["Assets:" + "x" * 60 + tail for tail in ("a", "b")]
    given = [entry(n, (names[0], "1"), (names[1], "-1")) for n in (1, 2)]
    assert import_batch(batch(given[0]), by=BY).accounts == names
    assert import_batch(batch(given[1]), by=BY).accounts == []
    assert sorted(balances().values()) == [-200, 200]
    assert all(len(code) == 40 for code in balances())


def test_lines_are_rounded_half_even_and_the_rest_goes_to_the_rounding_account(acme):
    """Three thirds of ten make 9.99, and the cent that lacks is posted openly."""
    third = "3.3333333333"
    lines = [("Expenses:Food", third)] * 3 + [("Assets:Cash", "-9.9999999999")]
    halves = [("Expenses:Food", "0.125"), ("Expenses:Fun", "0.135"), ("Assets:Cash", "-0.26")]
    result = import_batch(batch(entry(1, *lines), entry(2, *halves)), by=BY)
    rounding = books_settings().rounding
    assert (result.rounded, result.rounding) == (1, 1)
    assert balances() == {
        "Expenses:Food": 999 + 12,
        "Expenses:Fun": 14,
        "Assets:Cash": -1000 - 26,
        rounding.code: 1,
    }


def test_books_without_a_rounding_account_get_one(acme):
    """It is added once, named in the settings, and used from then on."""
    current_store("books").execute_sql("UPDATE settings SET rounding_stid = NULL")
    uneven = [("Expenses:Food", "0.004"), ("Expenses:Food", "0.004"), ("Assets:Cash", "-0.008")]
    import_batch(batch(entry(1, *uneven)), by=BY)
    import_batch(batch(entry(2, *uneven)), by=BY)
    assert books_settings().rounding.code == "ROUNDING"
    assert balances() == {"Assets:Cash": -2, "ROUNDING": 2}


def test_what_lacks_too_much_is_no_rounding(acme):
    """An entry that doesn't balance is told by its line."""
    given = entry(7, ("Expenses:Food", "5"), ("Assets:Cash", "-4.50"))
    assert refused(batch(given)) == [
        (7, "it doesn't balance: its lines sum to 0.50 instead of zero")
    ]


def test_commodities_without_a_value_come_in_with_their_quantity(acme):
    """Hours of vacation are worth nothing and counted exactly."""
    hours = [("Assets:Vacation", "0", Decimal("4.62000"), "VACHR"),
             ("Income:Vacation", "0", Decimal("-4.62000"), "VACHR")]  # fmt: skip
    shares = [("Assets:Shares", "250.125", Decimal("2.2930000000000000000000"), "GLD"),
              ("Assets:Cash", "-250.12")]  # fmt: skip
    import_batch(batch(entry(1, *hours), entry(2, *shares)), by=BY)
    found = [line for id in (1, 2) for line in get_voucher(id).lines]
    assert [(line.amount, line.quantity, line.commodity) for line in found] == [
        (0, Decimal("4.62"), "VACHR"),
        (0, Decimal("-4.62"), "VACHR"),
        (25012, Decimal("2.293"), "GLD"),
        (-25012, None, None),
    ]


def test_all_problems_are_told_by_line(acme):
    """Bad entries, undeclared accounts and wrong types are listed together, in order."""
    given = batch(
        pair(10),
        entry(20, ("Expenses:Food", "5"), ("Assets:Cash", "4")),
        entry(30, ("Expenses:Food", "NaN"), ("Assets:Cash", "1")),
        entry(40, ("Expenses:Food", "1e18"), ("Assets:Cash", "-1e18")),
        pair(50, day=date(2569, 1, 1)),
        pair(60, fingerprint="print 10"),
    )
    wrong = ImportAccount("Assets:Cash", "income", date(2020, 1, 1), 3)
    given.accounts[:] = [wrong]
    import_batch(batch(entry(1, ("Assets:Cash", "1"), ("Assets:Bank", "-1"))), by=BY)
    assert [line for line, _ in refused(given)] == [3, 10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize(
    "name", ["Assets:", "Assets::Cash", ":Assets", "Assets:\x00", "Assets:a\nb", "Assets:" + "x" * 300]
)  # fmt: skip
def test_names_that_no_account_can_have_are_told(acme, name):
    """Empty parts, control characters and overlong names are problems of the line that declares them."""
    given = batch(entry(5, ("Assets:Bank", "1"), ("Assets:Cash", "-1")))
    given.accounts.append(ImportAccount(name, "asset", date(2020, 1, 1), 9))
    assert [line for line, _ in refused(given)] == [9]


@pytest.mark.parametrize("problem", ["frozen", "closed", "year"])
def test_locked_periods_are_told_for_every_entry(acme, problem):
    """Each entry in a locked month or year has its line; nothing is posted, not even the others."""
    by = Actor("u", "User", {"ledger": "add"})
    import_batch(batch(pair(1, day=date(2020, 12, 5))), by=BY)
    close_year(2020, by=BY)
    if problem == "frozen":
        freeze_month(202601, by=BY)
        wrong = date(2026, 1, 5)
    elif problem == "closed":
        close_month(202012, by=BY)
        wrong = date(2020, 12, 31)
    else:
        wrong = date(2020, 3, 3)
    given = batch(
        pair(11, day=wrong), pair(12, day=date(2026, 2, 1)), pair(13, day=wrong.replace(day=2))
    )
    found = refused(given, by=by)
    assert [line for line, _ in found] == [11, 13]
    assert ("frozen" if problem == "frozen" else "closed") in found[0][1]


def test_inactive_accounts_and_books_are_told(acme):
    """What was made inactive takes no imports."""
    import_batch(batch(pair(1, book="OLD")), by=BY)
    change_account(find_account("Assets:Cash").stid, by=BY, active=False)
    current_store("books").execute_sql("UPDATE journal_books SET active = 0 WHERE code = 'OLD'")
    found = refused(batch(pair(2, book="OLD"), pair(3)))
    assert [line for line, _ in found] == [0, 2]
    assert "OLD is inactive" in found[0][1]


def test_another_currency_is_refused(acme):
    """Amounts mean what the books mean."""
    assert refused(batch(pair(), currency="EUR")) == [
        (0, "its amounts are in EUR, the books in USD")
    ]


def test_who_may_not_add_may_not_import(acme):
    """The right to add to the ledger is asked for first."""
    with pytest.raises(NotAllowed):
        import_batch(batch(pair()), by=Actor("u", "User", {"ledger": "read"}))


def test_books_are_chosen_or_added(acme):
    """An entry's own book comes before that of the import; books that lack are added."""
    result = import_batch(batch(pair(1, book="A"), pair(2), pair(3, book="A")), by=BY, book="B")
    assert result.books == ["A", "B"]
    assert [row.number for row in reversed(journal().rows)] == [
        "A-2026-000001",
        "B-2026-000001",
        "A-2026-000002",
    ]


def test_progress_is_told(acme):
    """After each entry, how many of how many."""
    told = []
    import_batch(batch(pair(1), pair(2)), by=BY, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_an_empty_batch_is_fine(acme):
    """Nothing in, nothing out."""
    before = dump()
    result = import_batch(batch(), by=BY)
    assert (result.posted, result.first, result.last) == (0, None, None)
    assert dump() == before


amounts = st.decimals(-1000, 1000, places=5)


@given(st.lists(st.lists(amounts, min_size=1, max_size=5), min_size=1, max_size=4))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_balances_are_sums_of_lines_rounded_one_by_one(acme, entries):
    """Whatever the amounts: each account holds its lines as quantize rounds them, rounding the rest."""
    names = [f"Assets:A{n}" for n in range(5)]
    made = []
    for number, lines in enumerate(entries, 1):
        rows = [(names[n], str(amount)) for n, amount in enumerate(lines)]
        rest = ("Assets:Rest", str(-sum(lines)))
        made.append(entry(number, *rows, rest, fingerprint=uuid.uuid4().hex))
    before = Counter(balances())
    import_batch(batch(*made, accounts=names), by=BY)
    expected = Counter()
    for one in made:
        for line in one.lines:
            cents = int(line.amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN) * 100)
            expected[line.account] += cents
            expected[books_settings().rounding.code] -= cents
    after = Counter(balances())
    after.subtract(before)
    assert {k: v for k, v in after.items() if v} == {k: v for k, v in expected.items() if v}
