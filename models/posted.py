"""Posted vouchers and their lines, which nothing changes or deletes; triggers see to that."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    Check,
    CompositeKey,
    DateField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from models.accounts import Account
from models.journals import JournalBook
from models.money import LIMIT
from tenants import RoutedModel


class Voucher(RoutedModel):
    """A posted voucher; the database refuses to change or delete it.

    Attributes:
        id: the same that it had as a draft.
        number: as people read it, "GJ-2569-000001"; ``serial`` counts from 1 per book and fiscal year.
        fiscal_year: the year CE in which it ends.
        closing: it carries a year's result to retained earnings, or reverses one that did.
        reverses: the voucher that it takes back; UNIQUE, so that each is reversed once.
        key: the caller's idempotency key, and ``digest`` what was asked for under it.
        chain_no: 1 for the first voucher ever posted; ``chain_hash`` covers its content and the hash before.
        posted_by: the actor's id; ``posted_by_name`` its name at the time.
        posted_at: microseconds since 1970, UTC.
    """

    book_stid: int
    reverses_id: int | None

    id = BigIntegerField(primary_key=True)
    number = CharField(unique=True)
    book = ForeignKeyField(JournalBook, column_name="book_stid", index=False)
    fiscal_year = IntegerField()
    serial = BigIntegerField()
    date = DateField()
    text = TextField()
    reference = CharField(default="")
    closing = BooleanField(default=False)
    reverses = ForeignKeyField(
        "self", null=True, column_name="reverses_id", index=False, backref="reversals"
    )
    key = CharField(null=True)
    digest = CharField(null=True)
    chain_no = BigIntegerField(unique=True)
    chain_hash = CharField()
    posted_by = CharField()
    posted_by_name = CharField()
    posted_at = BigIntegerField()

    class Meta:
        store = "books"
        table_name = "vouchers"
        indexes = (
            (("book", "fiscal_year", "serial"), True),
            (("date", "id"), False),
            (("book", "date", "id"), False),
        )


Voucher.add_index(Voucher.key, unique=True, where=Voucher.key.is_null(False))
Voucher.add_index(Voucher.reverses, unique=True, where=Voucher.reverses.is_null(False))
Voucher.add_index(Voucher.fiscal_year, where=Voucher.closing, name="vouchers_closing")


class Line(RoutedModel):
    """One line of a posted voucher.

    Attributes:
        n: 1 for the first line.
        date: the voucher's, repeated here so that one index gives an account's ledger in order.
        amount: minor units of the company's currency, debit positive.
        quantity: with ``quantity_decimals``: 1234 and 2 are 12.34 of ``commodity``.
        register: a register's kind, and ``register_stid`` the row in it.
    """

    # Deferred, for lines go in ahead of their voucher, whose row is refused unless they balance.
    voucher = ForeignKeyField(
        Voucher, column_name="voucher_id", index=False, deferrable="INITIALLY DEFERRED",
        backref="lines",
    )  # fmt: skip
    n = IntegerField()
    account = ForeignKeyField(Account, column_name="account_stid", index=False)
    date = DateField()
    amount = BigIntegerField(constraints=[Check(f"amount > -{LIMIT} AND amount < {LIMIT}")])
    text = TextField(default="")
    quantity = BigIntegerField(null=True)
    quantity_decimals = IntegerField(null=True)
    commodity = CharField(null=True)
    register = CharField(null=True)
    register_stid = BigIntegerField(null=True)

    class Meta:
        store = "books"
        table_name = "lines"
        primary_key = CompositeKey("voucher", "n")
        without_rowid = True
        indexes = ((("account", "date", "voucher", "n"), False),)


Line.add_index(Line.register, Line.register_stid, where=Line.register.is_null(False))
Line.add_index(Line.account, Line.commodity, where=Line.commodity.is_null(False))
