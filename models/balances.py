"""Balances per account and month, kept as vouchers post, so that reports needn't read the lines."""

from __future__ import annotations

from functools import lru_cache

from peewee import BigIntegerField, BooleanField, Check, CompositeKey, ForeignKeyField, IntegerField

from models.accounts import Account
from tenants import RoutedModel


class Balance(RoutedModel):
    """What one account took in one month, in minor units.

    Attributes:
        month: as a number, 202602 for February 2026.
        closing: true for what closing vouchers (and their reversals) did. The profit and loss of a closed
            year leaves those rows out; the balance sheet doesn't.
        debit: the sum of debits, never negative; ``credit`` likewise.
    """

    account = ForeignKeyField(Account, column_name="account_stid", index=False)
    month = IntegerField()
    closing = BooleanField(default=False)
    debit = BigIntegerField(constraints=[Check("debit >= 0")])
    credit = BigIntegerField(constraints=[Check("credit >= 0")])

    class Meta:
        store = "books"
        table_name = "balances"
        primary_key = CompositeKey("account", "month", "closing")
        without_rowid = True


@lru_cache(maxsize=256)
def keep_sql(accounts: int) -> str:
    """Return the statement that adds to that many accounts' balances.

    Takes (account, month, closing, debit, credit) for each of them, no account twice.
    """
    rows = ", ".join(["(?, ?, ?, ?, ?)"] * accounts)
    return (
        f"INSERT INTO balances (account_stid, month, closing, debit, credit) VALUES {rows}"  # noqa: S608 -- marks alone
        " ON CONFLICT (account_stid, month, closing) DO UPDATE SET"
        " debit = balances.debit + excluded.debit, credit = balances.credit + excluded.credit"
    )
