"""hledger and ledger, given the same transactions, come to the same figures."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections import defaultdict
from datetime import date, timedelta

import pytest

from models.money import format_plain
from models.reports.balance_sheet import balance_sheet
from models.reports.profit_loss import profit_loss
from models.reports.trial_balance import trial_balance
from random_books import FIRST, LAST, fill
from tenants import Router

needs_hledger = pytest.mark.skipif(not shutil.which("hledger"), reason="hledger isn't installed")
needs_ledger = pytest.mark.skipif(not shutil.which("ledger"), reason="ledger isn't installed")

KINDS = {"asset": "A", "liability": "L", "equity": "E", "income": "R", "expense": "X"}

RANGES = [
    (FIRST, LAST),
    (date(2024, 1, 1), date(2024, 12, 31)),
    (date(2024, 3, 10), date(2025, 7, 19)),
    (date(2025, 1, 1), date(2025, 12, 31)),
    (date(2025, 2, 28), date(2025, 3, 1)),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A router with the random company, its books, and two journals: with and without closings."""
    router = Router(tmp_path_factory.mktemp("oracle"))
    books = fill(router, "random", seed=7)
    folder = tmp_path_factory.mktemp("journals")
    for name, closing in (("all", True), ("open", False)):
        (folder / f"{name}.journal").write_text(journal_text(books, with_closing=closing))
    yield router, books, folder
    router.close()


def journal_text(books, *, with_closing):
    """The books as hledger and ledger read them; accounts are named by type and stid."""
    lines = [
        f"account {account_name(node)}  ; type:{KINDS[node.type]}"
        for node in books.accounts.values()
    ]
    vouchers = defaultdict(list)
    for posting in books.postings:
        if with_closing or not posting.closing:
            vouchers[posting.voucher].append(posting)
    for voucher, postings in vouchers.items():
        lines.append(f"\n{postings[0].date} voucher {voucher}")
        for posting in postings:
            name = account_name(books.accounts[posting.account])
            lines.append(f"    {name}  {format_plain(posting.amount, 2)} USD")
    return "\n".join(lines) + "\n"


def account_name(node):
    """Something that no chart of accounts misleads the programs with."""
    return f"{node.type}:n{node.stid}"


def run(*command):
    """Output of a program that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def minor(text):
    """Minor units of what hledger and ledger write: "-12.34 USD", "0"."""
    number = text.replace(" USD", "").replace(",", "").strip()
    whole, _, cents = number.lstrip("-").partition(".")
    value = int(whole or 0) * 100 + int((cents or "0").ljust(2, "0"))
    return -value if number.startswith("-") else value


def hledger_balances(journal, *options):
    """Balance by stid as hledger gives it."""
    command = ("hledger", "-f", str(journal), "balance", "--flat", "-N", "-O", "csv", *options)
    rows = list(csv.reader(io.StringIO(run(*command))))[1:]
    return {int(name.split(":n")[1]): minor(amount) for name, amount in rows}


def after(day):
    """hledger's and ledger's ends are exclusive."""
    return (day + timedelta(days=1)).isoformat()


@needs_hledger
@pytest.mark.parametrize(("first", "last"), RANGES)
def test_the_trial_balance_is_hledgers(exported, first, last):
    """What moved, and every closing balance, account by account."""
    router, _, folder = exported
    journal = folder / "all.journal"
    with router.using("random"):
        rows = trial_balance(first, last).rows
    moved = {row.stid: row.own.moved for row in rows if row.own.moved}
    closing = {row.stid: row.own.closing for row in rows if row.own.closing}
    assert moved == hledger_balances(journal, "-b", first.isoformat(), "-e", after(last))
    assert closing == hledger_balances(journal, "-e", after(last))


@needs_ledger
@pytest.mark.parametrize(("first", "last"), RANGES)
def test_the_trial_balance_is_ledgers(exported, first, last):
    """The same by the other program."""
    router, _, folder = exported
    shown = run(
        *("ledger", "-f", str(folder / "all.journal"), "balance", "--flat", "--no-total"),
        *("-b", first.isoformat(), "-e", after(last), "--format", "%(account)\t%(amount)\n"),
    )
    pairs = (line.split("\t") for line in shown.splitlines())
    theirs = {int(name.split(":n")[1]): minor(amount) for name, amount in pairs}
    with router.using("random"):
        rows = trial_balance(first, last).rows
    assert {row.stid: row.own.moved for row in rows if row.own.moved} == theirs


@needs_hledger
@pytest.mark.parametrize(("first", "last"), RANGES)
def test_profit_and_loss_is_hledgers_before_closing(exported, first, last):
    """Income, expenses and result of a closed year too: its closing vouchers don't count."""
    router, _, folder = exported
    journal = folder / "open.journal"
    options = ("-b", first.isoformat(), "-e", after(last))
    with router.using("random"):
        ours = profit_loss(first, last)
    income = hledger_balances(journal, *options, "^income:")
    expense = hledger_balances(journal, *options, "^expense:")
    assert {r.stid: r.own.moved for r in ours.income.rows if r.own.moved} == income
    assert {r.stid: r.own.moved for r in ours.expense.rows if r.own.moved} == expense
    assert (ours.income.moved, ours.expense.moved) == (-sum(income.values()), sum(expense.values()))
    shown = run("hledger", "-f", str(journal), "incomestatement", "-O", "csv", *options)
    net = next(row for row in csv.reader(io.StringIO(shown)) if row[0] == "Net:")
    assert ours.result == (minor(net[1]) if net[1:] else 0)


@needs_hledger
@pytest.mark.parametrize("last", [last for _, last in RANGES])
def test_the_balance_sheet_is_hledgers(exported, last):
    """Assets, liabilities and equity; the result of a year that isn't closed is what lacks to zero."""
    router, _, folder = exported
    with router.using("random"):
        ours = balance_sheet(last)
    everything = hledger_balances(folder / "all.journal", "-e", after(last))
    kind = {stid: node.type for stid, node in exported[1].accounts.items()}
    totals = defaultdict(int)
    for stid, balance in everything.items():
        totals[kind[stid]] += balance
    assert ours.assets.closing == totals["asset"]
    assert ours.liabilities.closing == -totals["liability"]
    assert ours.equity.closing == -totals["equity"]
    assert ours.open_result.total == -totals["income"] - totals["expense"]
    assert ours.assets.closing == ours.funds_total


@needs_hledger
def test_closing_a_year_carries_its_result_and_no_more(exported):
    """After the closing income and expense are zero, and equity has grown by hledger's net income."""
    router, _, folder = exported
    day = date(2024, 12, 31)
    with router.using("random"):
        closed = balance_sheet(day)
        after_closing = profit_loss(date(2024, 1, 1), day, with_closing=True)
        rows = trial_balance(None, day).rows
    assert closed.open_result.total == 0
    assert after_closing.result == after_closing.income.moved == after_closing.expense.moved == 0
    assert not any(row.own.closing for row in rows if row.kind in ("income", "expense"))
    before = hledger_balances(folder / "open.journal", "-e", after(day), "^equity:")
    net = hledger_balances(folder / "open.journal", "-e", after(day), "^income:|^expense:")
    assert closed.equity.closing == -sum(before.values()) - sum(net.values())
