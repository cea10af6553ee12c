"""Short ways to say which voucher a test means; amounts in minor units."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models.accounts import find_account
from models.actors import Actor
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.posting import Posted, post_input
from models.registers import Customer
from tenants import Router, current_store

BY = Actor.system("test")
TODAY = datetime.date(2030, 1, 1)
"""When months are closed in tests: all that tests post is over by then."""


def customer(code: str = "C1") -> int:
    """The stid of a new customer of the current company."""
    return int(Customer.add(code=code, name=f"Customer {code}").stid)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def voucher(date: str, *lines: tuple[str, int], book: str = "GJ", text: str = "") -> VoucherInput:
    """A voucher with lines as (account's code, amount)."""
    given = [LineInput(find_account(code).stid, amount) for code, amount in lines]
    return VoucherInput(find_book(book).stid, day(date), text, given)


def sale(date: str = "2026-02-03", amount: int = 1000, **more: Any) -> VoucherInput:
    """A cash sale in the general template."""
    return voucher(date, ("1110", amount), ("4100", -amount), **more)


def post_sale(date: str = "2026-02-03", amount: int = 1000, **more: Any) -> Posted:
    return post_input(sale(date, amount, **more), by=BY)


@contextmanager
def books(router: Router, slug: str = "acme", **more: Any) -> Iterator[None]:
    """An entry of a new company of the general template."""
    create_company(router, **{"slug": slug, "name": slug.title(), "template": "general"} | more)
    with router.using(slug):
        yield


class Undo(Exception):
    """Ends a transaction without keeping it."""


def post_and_undo(**more: Any) -> None:
    """Post in a transaction (within one, a savepoint) that is rolled back; raises Undo."""
    with current_store("books").writing():
        post_sale(**more)
        raise Undo


def rows(sql: str, *params: Any) -> list[Any]:
    """What the current company's books answer."""
    return current_store("books").execute_sql(sql, params).fetchall()


def everything() -> dict[str, list[Any]]:
    """Every row of every table of the current company's books."""
    tables = rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return {name: sorted(rows(f"SELECT * FROM {name}"), key=repr) for (name,) in tables}


def balances() -> dict[str, int]:
    """Every account's balance by code, debit positive, as the lines have it."""
    return dict(
        rows(
            "SELECT a.code, sum(l.amount) FROM lines l JOIN accounts a ON a.stid = l.account_stid"
            " GROUP BY a.code HAVING sum(l.amount) <> 0"
        )
    )
