"""Trial balances side by side: by hand where cases are few, by hledger where there are many."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections import defaultdict
from datetime import date, timedelta

import pytest

from models.money import format_plain
from models.reports.consolidated import AccountName, Part, consolidate
from models.reports.figures import NOTHING, AccountRow, Figures, Scope
from models.reports.trial_balance import Sides, TrialBalance, trial_balance
from random_books import LAST, fill
from tenants import Router

needs_hledger = pytest.mark.skipif(not shutil.which("hledger"), reason="hledger isn't installed")

BEGIN, END = date(2026, 1, 1), date(2026, 12, 31)


def account(code, figures, kind="asset", name="Cash", local_name="", branches=False):
    """A row of a trial balance."""
    return AccountRow(1, code, name, local_name, kind, None, 0, branches, figures, figures)


def part(slug, *rows, currency="THB", decimals=2, failure=""):
    """A company that was read, or failed."""
    scope = Scope(currency, decimals, BEGIN, END)
    report = TrialBalance(scope, list(rows), NOTHING, Sides(0, 0), Sides(0, 0))
    known = (slug, slug.title(), "", currency, decimals)
    return Part(*known, failure=failure) if failure else Part(*known, report)


def only_block(*parts):
    """The one block that they make."""
    (block,) = consolidate(BEGIN, END, parts).blocks
    return block


def test_accounts_are_the_same_where_code_and_type_are():
    """Figures stand in their company's column; who lacks the account has None, not zero."""
    block = only_block(
        part("a", account("1000", Figures(500, 30, 10)), account("2000", Figures(-520, 0, 0))),
        part(
            "b", account("1000", Figures(7, 1, 2)), account("1000", Figures(5), "expense", "Rent")
        ),
    )
    rows = {(row.kind, row.code): row for row in block.rows}
    assert rows["asset", "1000"].figures == [Figures(500, 30, 10), Figures(7, 1, 2)]
    assert rows["asset", "1000"].total == Figures(507, 31, 12)
    assert rows["asset", "2000"].figures == [Figures(-520), None]
    assert rows["expense", "1000"].figures == [None, Figures(5)]
    assert [column.closing for column in block.columns] == [Sides(520, 520), Sides(11, 0)]
    assert block.closing == Sides(531, 520)
    assert block.total == Figures(-8, 31, 12)


def test_rows_come_by_type_and_code():
    """As in a balance sheet and then a profit and loss, whichever company brought an account."""
    block = only_block(
        part("a", account("9", Figures(1), "income"), account("5", Figures(1), "expense")),
        part("b", account("8", Figures(1)), account("7", Figures(1), "equity")),
        part("c", account("2", Figures(1)), account("1", Figures(1), "liability")),
    )
    order = [(row.kind, row.code) for row in block.rows]
    assert order == [
        ("asset", "2"), ("asset", "8"), ("liability", "1"), ("equity", "7"), ("income", "9"),
        ("expense", "5"),
    ]  # fmt: skip


def test_every_name_of_an_account_is_kept_once():
    """The first company's comes first."""
    block = only_block(
        part("a", account("1", Figures(1), name="Cash", local_name="เงินสด")),
        part("b", account("1", Figures(1), name="Petty cash")),
        part("c", account("1", Figures(1), name="Cash", local_name="เงินสด")),
    )
    (row,) = block.rows
    assert row.names == [AccountName("Cash", "เงินสด"), AccountName("Petty cash", "")]
    assert (row.name, row.local_name) == ("Cash", "เงินสด")


def test_currencies_are_never_added_up():
    """A block for each, in the order in which they first appear, however the companies are mixed."""
    made = consolidate(
        BEGIN,
        END,
        [
            part("a", account("1", Figures(1))),
            part("b", account("1", Figures(10)), currency="USD"),
            part("c", account("1", Figures(100))),
        ],
    )
    found = [
        (block.currency, [column.slug for column in block.columns], block.total.closing)
        for block in made.blocks
    ]
    assert found == [("THB", ["a", "c"], 101), ("USD", ["b"], 10)]


def test_one_currency_with_different_minor_units_is_added_up_in_the_finest():
    """1.5 and 2.25 make 3.75, exactly."""
    block = only_block(
        part("a", account("1", Figures(15, 3, 1)), decimals=1),
        part("b", account("1", Figures(225)), decimals=2),
    )
    assert block.decimals == 2
    assert block.rows[0].figures == [Figures(150, 30, 10), Figures(225)]
    assert block.rows[0].total == Figures(375, 30, 10)


def test_who_could_not_be_read_keeps_its_place_and_the_sums_say_so():
    """The column stands where it was asked for, with the reason; only its currency's sums lack."""
    made = consolidate(
        BEGIN,
        END,
        [
            part("a", account("1", Figures(1))),
            part("b", failure="suspended"),
            part("c", account("1", Figures(4))),
            part("d", account("1", Figures(9)), currency="USD"),
        ],
    )
    baht, dollars = made.blocks
    assert [column.failure for column in baht.columns] == ["", "suspended", ""]
    assert baht.rows[0].figures == [Figures(1), None, Figures(4)]
    assert baht.columns[1].total == NOTHING
    assert (baht.complete, dollars.complete, made.complete) == (False, True, False)


def test_where_nobody_could_be_read_there_is_a_block_without_rows():
    """The currency that the catalogue knows keeps the columns."""
    block = only_block(part("a", failure="late", currency="KWD", decimals=3))
    assert (block.currency, block.decimals, block.rows) == ("KWD", 3, [])
    assert not block.complete


def test_groups_count_by_what_was_posted_to_themselves():
    """A group's subtotal would be counted twice; what was posted to it before it was one, isn't lost."""
    block = only_block(
        part(
            "a",
            account("1", NOTHING, branches=True),
            account("2", Figures(3), branches=True),
            account("21", Figures(4)),
        )
    )
    assert [(row.code, row.total.closing) for row in block.rows] == [("2", 3), ("21", 4)]


# Against hledger

COMPANIES = {"north": ("USD", 3), "south": ("USD", 4), "east": ("THB", 5), "west": ("USD", 6)}
RANGES = [
    (None, LAST),
    (date(2024, 1, 1), date(2024, 12, 31)),
    (date(2024, 3, 10), date(2025, 7, 19)),
    (date(2025, 2, 28), date(2025, 3, 1)),
]


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """A router with four companies of random books, and the folder of their journals and the joint one."""
    router = Router(tmp_path_factory.mktemp("group"))
    folder = tmp_path_factory.mktemp("journals")
    joint = ""
    for slug, (currency, seed) in COMPANIES.items():
        text = journal_text(
            fill(router, slug, seed=seed, vouchers=120, currency=currency), currency
        )
        (folder / f"{slug}.journal").write_text(text)
        joint += text
    (folder / "joint.journal").write_text(joint)
    yield router, folder
    router.close()


def journal_text(books, currency):
    """The books as hledger reads them; accounts by type and code, which are the same in all companies."""
    vouchers = defaultdict(list)
    for posting in books.postings:
        vouchers[posting.voucher].append(posting)
    lines = []
    for voucher, postings in vouchers.items():
        lines.append(f"\n{postings[0].date} voucher {voucher}")
        for posting in postings:
            node = books.accounts[posting.account]
            amount = format_plain(posting.amount, 2)
            lines.append(f"    {node.type}:{node.code}  {amount} {currency}")
    return "\n".join(lines) + "\n"


def hledger(journal, currency, *options):
    """Balance by (type, code) in one currency, as hledger gives it; zeros are left out."""
    command = (
        "hledger", "-f", str(journal), "balance", "--flat", "-N", "-O", "csv",
        f"cur:{currency}", *options,
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = {}
    for name, amount in list(csv.reader(io.StringIO(done.stdout)))[1:]:
        kind, _, code = name.partition(":")
        found[kind, code] = round(float(amount.replace(currency, "").replace(",", "")) * 100)
    return {key: amount for key, amount in found.items() if amount}


def read(router, slug, first, last):
    """A company's part."""
    with router.using(slug):
        report = trial_balance(first, last)
    return Part(slug, slug, "", report.scope.currency, report.scope.decimals, report)


@needs_hledger
@pytest.mark.parametrize(("first", "last"), RANGES)
def test_the_totals_are_hledgers_of_the_joint_journal(group, first, last):
    """Movement and closing balance of each account and currency, and each company's column."""
    router, folder = group
    made = consolidate(first, last, [read(router, slug, first, last) for slug in COMPANIES])
    assert [block.currency for block in made.blocks] == ["USD", "THB"]
    before = ("-e", (last + timedelta(days=1)).isoformat())
    within = before if first is None else ("-b", first.isoformat(), *before)
    for block in made.blocks:
        journals = ["joint", *(column.slug for column in block.columns)]
        for number, name in enumerate(journals):
            shown = {
                (row.kind, row.code): row.figures[number - 1] if number else row.total
                for row in block.rows
            }
            theirs = hledger(folder / f"{name}.journal", block.currency, *before)
            moved = hledger(folder / f"{name}.journal", block.currency, *within)
            assert {key: f.closing for key, f in shown.items() if f and f.closing} == theirs
            assert {key: f.moved for key, f in shown.items() if f and f.moved} == moved


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_each_block_balances(group, first, last):
    """Debits equal credits in every column and in the totals: in opening, movement and closing."""
    router, _ = group
    made = consolidate(first, last, [read(router, slug, first, last) for slug in COMPANIES])
    for block in made.blocks:
        assert block.rows
        for part in (block, *block.columns):
            assert part.opening.debit == part.opening.credit
            assert part.total.debit == part.total.credit
            assert part.closing.debit == part.closing.credit > 0
            assert part.total.closing == 0
