"""Imported books against beanquery, which sums up the same files with code that isn't ours."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import beanquery
import pytest

from cuneifox.demo.tenyears import generate
from cuneifox.imports.beancount import start_reading
from cuneifox.imports.errors import FileRefused
from cuneifox.imports.posting import Imported, import_read
from models.check import check_company
from models.companies import create_company
from models.settings import books_settings
from tenants import Router, current_store

CENT = Decimal("0.01")
Balances = dict[tuple[str, str], Decimal]

SEEDS = {
    1: ("2016-01-01", "2026-01-01"),
    2: ("2023-01-01", "2026-01-01"),
    3: ("2024-01-01", "2026-01-01"),
}

ROUNDS = """option "operating_currency" "USD"
option "inferred_tolerance_default" "USD:0.02"
2020-01-01 open Assets:Cash
2020-01-01 open Assets:Shares
2020-01-01 open Expenses:Fees
2020-01-02 * "thirds: three lines rounded down, one that can't make up for it"
  Assets:Shares  1 ACME {0.333 USD}
  Expenses:Fees  0.333 USD
  Expenses:Fees  0.334 USD
  Assets:Cash   -1.000 USD
2020-01-03 * "halves go to the even cent, one up and one down"
  Expenses:Fees  0.005 USD
  Expenses:Fees  0.015 USD
  Assets:Cash   -0.020 USD
2020-01-04 * "two halves that both go down"
  Expenses:Fees  0.005 USD
  Expenses:Fees  0.005 USD
  Assets:Cash   -0.010 USD
"""


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of bean-example's, of the seed and years above."""
    path = tmp_path_factory.mktemp("examples") / f"seed{request.param}.beancount"
    first, last = SEEDS[request.param]
    generate(path, "--seed", str(request.param), "--date-begin", first, "--date-end", last)
    return path


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of bean-example's."""
    path = tmp_path_factory.mktemp("examples") / "short.beancount"
    generate(path, "--seed", "4", "--date-begin", "2024-01-01", "--date-end", "2026-01-01")
    return path


def imported(router: Router, path: Path, **options: bool) -> Imported:
    with start_reading(path) as reading:
        return import_read(router, router.tenant("acme"), reading, **options)


@pytest.fixture
def acme(router: Router) -> Router:
    """A router with the company `acme`, which keeps its books in USD."""
    create_company(router, slug="acme", name="Acme", currency="USD", template="general")
    return router


def asked(path: Path) -> tuple[Balances, Balances]:
    """By beanquery: dollars at cost, each posting rounded half-even; and exact other units."""
    dollars: Balances = defaultdict(Decimal)
    units: Balances = defaultdict(Decimal)
    cursor = beanquery.connect(f"beancount:{path}").execute(
        "SELECT account, units(position), cost(position)"
    )
    for account, held, cost in cursor.fetchall():
        if cost.currency == "USD":
            rounded = cost.number.quantize(CENT, ROUND_HALF_EVEN)
            dollars[account, "USD"] += rounded
        if held.currency != "USD":
            units[account, held.currency] += held.number
    return _filled(dollars), _filled(units)


def kept(router: Router) -> tuple[Balances, Balances, Decimal]:
    """By our books: balances and quantities by the accounts' full names, and the rounding account."""
    dollars: Balances = {}
    units: Balances = defaultdict(Decimal)
    rounding = Decimal(0)
    with router.using("acme"):
        store = current_store("books")
        balances = store.execute_sql(
            "SELECT a.stid, a.code, sum(b.debit - b.credit) FROM balances b"
            " JOIN accounts a ON a.stid = b.account_stid GROUP BY a.stid"
        )
        for stid, code, minor in balances.fetchall():
            if stid == books_settings().rounding_stid:
                rounding = Decimal(minor) * CENT
            else:
                dollars[code, "USD"] = Decimal(minor) * CENT
        lines = store.execute_sql(
            "SELECT a.code, l.commodity, l.quantity, l.quantity_decimals FROM lines l"
            " JOIN accounts a ON a.stid = l.account_stid WHERE l.quantity IS NOT NULL"
        )
        for code, commodity, quantity, decimals in lines.fetchall():
            units[code, commodity] += Decimal(quantity).scaleb(-decimals)
    return _filled(dollars), _filled(units), rounding


def _filled(balances: Balances) -> Balances:
    return {key: number for key, number in balances.items() if number}


def test_every_balance_and_quantity_is_beanquery_s(acme: Router, example: Path):
    """To the cent and to the last decimal; the rounding account holds the rest; the books check out."""
    done = imported(acme, example)
    dollars, units = asked(example)
    ours, quantities, rounding = kept(acme)
    assert done.result.posted > 700
    assert len(dollars) > 30
    assert {"VACHR", "IRAUSD"} < {commodity for _, commodity in units}
    assert ours == {(_code(a), c): number for (a, c), number in dollars.items()}
    assert quantities == {(_code(a), c): number for (a, c), number in units.items()}
    assert rounding == -sum(dollars.values())
    assert check_company(acme, "acme") == []


def _code(account: str) -> str:
    """An account's code where it isn't its name: names over 40 characters are shortened."""
    from models.importing.chart import account_code

    return account_code(account)


def test_importing_again_adds_nothing(acme: Router, short: Path):
    """The second time all is there already, and the chain's head hasn't moved."""
    first = imported(acme, short)
    before = kept(acme)
    again = imported(acme, short)
    assert again.result.posted == 0
    assert again.result.present == first.result.posted
    assert kept(acme) == before


def test_a_longer_file_adds_only_what_is_new(acme: Router, short: Path, tmp_path: Path):
    """A file that has grown by one transaction adds one, equal to an older one or not."""
    done = imported(acme, short)
    text = short.read_text()
    coffee = '\n2025-12-30 * "Cafe" "Coffee"\n  Expenses:Food:Coffee  3.50 USD\n'
    coffee += "  Liabilities:US:Chase:Slate\n"
    grown = tmp_path / "grown.beancount"
    grown.write_text(text + coffee)
    assert imported(acme, grown).result.posted == 1
    grown.write_text(text + coffee + coffee)
    assert imported(acme, grown).result.posted == 1
    assert imported(acme, grown).result.present == done.result.posted + 2


def test_what_rounding_takes_goes_to_the_rounding_account(acme: Router, tmp_path: Path):
    """Half-even line by line: worked out by hand, and as beanquery has it."""
    path = tmp_path / "rounds.beancount"
    path.write_text(ROUNDS)
    done = imported(acme, path)
    ours, quantities, rounding = kept(acme)
    # 0.33 + 0.33 + 0.33 - 1.00 lacks 0.01; 0.00 + 0.02 - 0.02 nothing; 0.00 + 0.00 - 0.01 lacks 0.01
    assert (done.result.rounded, done.result.rounding) == (2, 2)
    assert rounding == Decimal("0.02")
    assert ours["Expenses:Fees", "USD"] == Decimal("0.68")
    assert ours == asked(path)[0]
    assert quantities == {("Assets:Shares", "ACME"): Decimal(1)}


def test_a_dry_run_changes_nothing(acme: Router, tmp_path: Path):
    """It tells what an import would do, and leaves neither vouchers nor accounts."""
    path = tmp_path / "rounds.beancount"
    path.write_text(ROUNDS)
    would = imported(acme, path, dry_run=True)
    assert kept(acme) == ({}, {}, 0)
    with acme.using("acme"):
        found = current_store("books").execute_sql(
            "SELECT count(*) FROM accounts WHERE code LIKE '%:%'"
        )
        assert found.fetchone()[0] == 0
    did = imported(acme, path)
    assert (would.result.posted, would.result.accounts) == (did.result.posted, did.result.accounts)


def test_nothing_comes_in_if_one_transaction_cannot(acme: Router, tmp_path: Path):
    """A month that is closed refuses its transactions by line, and the others stay out too."""
    from models.actors import Actor
    from models.months import close_month

    with acme.using("acme"):
        close_month(202001, by=Actor.system("test"))
    path = tmp_path / "books.beancount"
    late = '2020-02-03 * "fine by itself"\n  Expenses:Fees  1 USD\n  Assets:Cash\n'
    path.write_text(ROUNDS + late)
    with pytest.raises(FileRefused) as refused:
        imported(acme, path)
    assert [line for line, _ in refused.value.problems] == [6, 11, 15]
    assert all("closed" in text for _, text in refused.value.problems)
    assert refused.value.lines()[0].startswith("books.beancount:6: ")
    assert kept(acme) == ({}, {}, 0)


def test_a_file_in_another_currency_is_refused(acme: Router, tmp_path: Path):
    """Both currencies are named; one of several operating currencies is enough."""
    path = tmp_path / "euro.beancount"
    path.write_text(ROUNDS.replace('operating_currency" "USD"', 'operating_currency" "EUR"'))
    with pytest.raises(FileRefused, match="currency is EUR and the company's is USD"):
        imported(acme, path)
    path.write_text('option "operating_currency" "EUR"\n' + ROUNDS)
    assert imported(acme, path).result.posted == 3
