"""A company with three years of made-up vouchers, and the same vouchers as plain Python values."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from models.accounts import AccountNode, account_tree
from models.actors import Actor
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.journals import list_books
from models.posting import post_many
from models.reversing import reverse
from models.vouchers import get_voucher
from models.years import close_year
from tenants import Router

FIRST, LAST = date(2023, 11, 3), date(2026, 2, 20)
BY = Actor.system("test")


@dataclass
class Posting:
    """One line as anybody would write it down."""

    date: date
    voucher: int
    line: int
    account: int
    amount: int
    closing: bool


@dataclass
class RandomBooks:
    """What was posted, line by line, and the chart of accounts by stid."""

    postings: list[Posting] = field(default_factory=list)
    accounts: dict[int, AccountNode] = field(default_factory=dict)

    def sums(
        self, first: date | None, last: date, *, with_closing: bool = True
    ) -> dict[int, tuple[int, int, int]]:
        """Opening, debits and credits by account, by looking at each line. Zeros are left out."""
        found: dict[int, list[int]] = {}
        for posting in self.postings:
            if posting.date > last or (posting.closing and not with_closing):
                continue
            row = found.setdefault(posting.account, [0, 0, 0])
            if first is not None and posting.date < first:
                row[0] += posting.amount
            else:
                row[1 if posting.amount > 0 else 2] += abs(posting.amount)
        return {account: tuple(row) for account, row in found.items() if any(row)}

    def add(self, voucher_id: int) -> None:
        """Write down a posted voucher."""
        view = get_voucher(voucher_id)
        self.postings += [
            Posting(view.date, view.id, line.n, line.account_stid, line.amount, view.closing)
            for line in view.lines
        ]


def fill(
    router: Router, slug: str, *, seed: int = 1, vouchers: int = 300, currency: str = "USD"
) -> RandomBooks:
    """Make a company, post random vouchers out of order, reverse some, and close two fiscal years."""
    create_company(router, slug=slug, name="Random", template="general", currency=currency)
    chance = random.Random(seed)
    books = RandomBooks()
    with router.using(slug):
        books.accounts = {node.stid: node for node in account_tree()}
        leaves = [node.stid for node in books.accounts.values() if not node.is_group]
        journals = [book.stid for book in list_books()]
        given = [(_voucher(chance, leaves, journals), f"key {n}") for n in range(vouchers)]
        posted = post_many(given, by=BY)
        for one in posted:
            books.add(one.id)
        for one in chance.sample(posted, vouchers // 30):
            books.add(reverse(one.id, by=BY, date=LAST, reason="Mistake").id)
        for year in (2023, 2024):
            books.add(close_year(year, by=BY).id)
    return books


def _voucher(chance: random.Random, leaves: list[int], journals: list[int]) -> VoucherInput:
    day = FIRST + timedelta(days=chance.randrange((LAST - FIRST).days + 1))
    if chance.random() < 0.2:  # the edges of months are where sums go wrong
        day = day.replace(day=1) - timedelta(days=chance.randrange(2))
        day = max(day, FIRST)
    amounts = [chance.randint(-99_999, 99_999) for _ in range(chance.randint(1, 4))]
    amounts.append(-sum(amounts))
    lines = [LineInput(chance.choice(leaves), amount) for amount in amounts]
    if not any(amounts):
        lines[0], lines[1] = LineInput(leaves[0], 1), LineInput(leaves[1], -1)
    text = chance.choice(["Rent", "Sales 5%", "ค่าเช่า", "Bank_charge"])
    return VoucherInput(chance.choice(journals), day, text, lines, reference=f"R{day.day}")
